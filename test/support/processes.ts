import {type ChildProcess, type SpawnOptions, spawn} from 'node:child_process'
import {mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {setTimeout as delay} from 'node:timers/promises'
import {afterAll} from 'vitest'

/**
 * Processes, folders and waiting for tests. Whatever is started or made through this file is gone when the test file
 * ends, whether it passed, failed or threw; nothing is ended but by its own id.
 */

const tracked = new Set<ChildProcess>()
const folders = new Set<string>()

/** Started by a test, ended with the test file at the latest. */
export function spawnTracked(command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
  const child = spawn(command, args, {stdio: 'ignore', ...options})
  tracked.add(child)
  child.once('exit', () => tracked.delete(child))
  child.once('error', () => tracked.delete(child))
  return child
}

/** A new empty folder, removed when the test file ends. */
export function temporaryFolder(label = 'test'): string {
  const folder = mkdtempSync(join(tmpdir(), `shoal-${label}-`))
  folders.add(folder)
  return folder
}

export interface WaitOptions {
  /** From now, in ms. Generous: it bounds a failure, not a success. Default 10 s. */
  readonly deadlineMs?: number
  /** For the failure message: "waited 10000 ms for WHAT". A function is asked at the end. */
  readonly what: string | (() => string)
  readonly everyMs?: number
}

type Truthy<T> = Exclude<T, false | 0 | '' | null | undefined>

/**
 * Polls `condition` until it gives something truthy, which is returned. What it throws counts as "not yet" and is named
 * as the cause if the deadline passes.
 */
export async function waitFor<T>(condition: () => Promise<T> | T, options: WaitOptions): Promise<Truthy<T>> {
  const {deadlineMs = 10_000, everyMs = 10, what} = options
  const end = Date.now() + deadlineMs
  let cause: unknown
  for (;;) {
    try {
      const value = await condition()
      if (value) return value as Truthy<T>
      cause = undefined
    } catch (error) {
      cause = error
    }
    if (Date.now() >= end) {
      throw new Error(`waited ${deadlineMs} ms for ${typeof what === 'string' ? what : what()}`, {cause})
    }
    await delay(everyMs)
  }
}

/** Whether a process of that id exists and is not a zombie. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // A zombie leader whose threads still end holds its ports.
    return fields[0] !== 'Z' || Number(fields[17]) > 1
  } catch {
    return process.platform !== 'linux'
  }
}

/** Ids of the processes whose command line contains `text` (Linux; elsewhere none). */
export function processesWith(text: string): number[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').includes(text) && isAlive(pid)
      } catch {
        return false
      }
    })
}

/** SIGTERM, then SIGKILL after `graceMs`; resolves when the process is gone. */
export async function endProcess(child: ChildProcess, graceMs = 2000): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  // A stopped process does not see SIGTERM before it is continued.
  child.kill('SIGCONT')
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
  await gone
  clearTimeout(timer)
}

function endAllNow(): void {
  for (const child of tracked) child.kill('SIGKILL')
  // A server of this very process may still be writing there.
  for (const folder of folders) rmSync(folder, {force: true, maxRetries: 10, recursive: true, retryDelay: 50})
}

afterAll(async () => {
  await Promise.all([...tracked].map((child) => endProcess(child, 500)))
  endAllNow()
  tracked.clear()
  folders.clear()
})
process.once('exit', endAllNow)
