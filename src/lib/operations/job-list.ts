import {readdir} from 'node:fs/promises'
import {uptime} from 'node:os'
import {countSlots, parseRanges} from '../model/slot-set.js'
import {isLoad, type JobHeader, type JobRecord, readJob} from './journal.js'

/** The jobs of this machine, as their files tell. */

export type JobState = 'running' | 'finished' | 'stopped' | 'broken-off'

/** A job, as its file tells. */
export interface JobSummary {
  readonly id: string
  readonly command: JobHeader['command']
  readonly at: string
  readonly seed: string
  /** `broken-off`: its process is gone without a word. */
  readonly state: JobState
  /** Where an import or a restore takes its keys from: a server, a folder. */
  readonly from?: string
  /** Of an import: the database there. */
  readonly database?: number
  /** None for an import or a restore. */
  readonly slotCount: number
  /** Slots that windows brought to their target, by the journal; the cluster may be further. */
  readonly slotsDone: number
  /** Of an import or a restore: written to the cluster, by the journal. */
  readonly keysMoved: number
  /** Why it stopped. */
  readonly reason?: string
  /** How to go on, if it was cut short. */
  readonly suggestion?: string
}

/** All jobs, the newest last. A file that is none is left out. */
export async function readJobs(folder: string): Promise<JobRecord[]> {
  const names = await readdir(folder).catch(() => [] as string[])
  const ids = names.filter((name) => name.endsWith('.ndjson')).map((name) => name.slice(0, -'.ndjson'.length))
  const jobs = await Promise.all(
    ids.map(async (id) => {
      try {
        return [await readJob(folder, id)]
      } catch {
        return []
      }
    }),
  )
  return jobs.flat().sort((a, b) => (a.header.at < b.header.at ? -1 : 1))
}

/** What `readJobs` found, in short. */
export async function listJobs(folder: string): Promise<JobSummary[]> {
  return (await readJobs(folder)).map(summarise)
}

/** Whether a job was begun, is not at an end, and nobody is at it. */
export function isCutShort({state}: JobSummary): boolean {
  return state === 'stopped' || state === 'broken-off'
}

/** The state of a job by its last run. */
export function summarise(record: JobRecord): JobSummary {
  const {header, lines} = record
  let state: JobState = 'broken-off'
  let reason: string | undefined
  let keysMoved = 0
  const done = new Set<string>()
  let slotsDone = 0
  for (const line of lines) {
    switch (line.type) {
      case 'job':
        break
      case 'run':
        state = isAlive(line) ? 'running' : 'broken-off'
        reason = undefined
        break
      case 'opening':
        break
      case 'reached':
        keysMoved = line.keys
        break
      case 'done':
        keysMoved += line.keys
        if (!done.has(line.slots)) slotsDone += countSlots(parseRanges(line.slots) ?? [])
        done.add(line.slots)
        break
      case 'stopped':
        state = 'stopped'
        reason = line.reason
        break
      case 'finished':
        state = 'finished'
    }
  }
  const {at, command, id, seed} = header
  const slotCount = isLoad(header) ? 0 : header.plan.cost.slotCount
  const summary: JobSummary = {
    id,
    command,
    at,
    seed,
    state,
    ...originOf(header),
    slotCount,
    slotsDone: state === 'finished' ? slotCount : Math.min(slotsDone, slotCount),
    keysMoved,
    ...(reason !== undefined && {reason}),
  }
  return isCutShort(summary) ? {...summary, suggestion: `shoal resume ${id}`} : summary
}

function originOf(header: JobHeader): Pick<JobSummary, 'from' | 'database'> {
  if (header.command === 'import') return {from: header.import.source, database: header.import.database}
  return header.command === 'restore' ? {from: header.restore.folder} : {}
}

/** A clock that was set a little meanwhile. */
const CLOCK_MARGIN_MS = 2000

/**
 * Whether the process of a run lives. Pids are used again: after a start of the machine, and by this very process, which in
 * a container has the same one every time.
 */
function isAlive({at, pid}: {readonly at: string; readonly pid: number}): boolean {
  const sinceMs = (pid === process.pid ? process.uptime() : uptime()) * 1000
  if (Date.parse(at) < Date.now() - sinceMs - CLOCK_MARGIN_MS) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as {code?: string}).code === 'EPERM'
  }
}
