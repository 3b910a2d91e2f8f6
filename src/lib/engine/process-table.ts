import {execFile} from 'node:child_process'
import {readdir, readFile} from 'node:fs/promises'
import {promisify} from 'node:util'

/**
 * The process table: /proc on Linux, `ps` on other Unix systems. A pid alone names no process for long; with its start
 * time it does, so nothing here is identified or signalled by pid alone.
 */
export interface ProcessEntry {
  readonly pid: number
  readonly parentPid: number
  /** When it started, in whatever unit the system gives: equal for one process, different for a later one. */
  readonly startToken: string
  /** Arguments, program first. From `ps`, which joins them, this is one string: use `endsWith`, not indexes. */
  readonly commandLine: string
  /** Stopped by a signal. */
  readonly paused: boolean
  readonly uptimeMs: number
  readonly memoryBytes: number
}

const run = promisify(execFile)
/** Linux's unit of process start times, fixed at 100 Hz for user space on every architecture Node runs on. */
const TICK_MS = 10

/**
 * Processes of this user whose command line satisfies `matches`. Zombies are not listed.
 *
 * @param platform - other than `linux`: ask `ps`
 */
export async function listProcesses(
  matches: (commandLine: string) => boolean,
  platform: NodeJS.Platform = process.platform,
): Promise<ProcessEntry[]> {
  return platform === 'linux' ? listFromProc(matches) : listFromPs(matches)
}

/** The process of that pid as it is now, if there is one and its command line satisfies `matches`. */
export async function findProcess(
  pid: number,
  matches: (commandLine: string) => boolean = () => true,
): Promise<ProcessEntry | undefined> {
  if (process.platform === 'linux') return readProc(pid, await systemUptimeMs(), matches)
  return (await listFromPs(matches)).find((entry) => entry.pid === pid)
}

async function systemUptimeMs(): Promise<number> {
  return Number((await readFile('/proc/uptime', 'utf8')).split(' ')[0]) * 1000
}

async function listFromProc(matches: (commandLine: string) => boolean): Promise<ProcessEntry[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const uptimeMs = await systemUptimeMs()
  const entries = await Promise.all(pids.map((pid) => readProc(pid, uptimeMs, matches)))
  return entries.filter((entry) => entry !== undefined)
}

async function readProc(
  pid: number,
  systemUptime: number,
  matches: (commandLine: string) => boolean,
): Promise<ProcessEntry | undefined> {
  try {
    const commandLine = parseCommandLine(await readFile(`/proc/${pid}/cmdline`, 'utf8'))
    if (!matches(commandLine)) return undefined
    const stat = parseStat(await readFile(`/proc/${pid}/stat`, 'utf8'))
    if (stat === undefined || isDead(stat)) return undefined
    const memory = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))
    return {
      commandLine,
      memoryBytes: Number(memory?.[1] ?? 0) * 1024,
      parentPid: stat.parentPid,
      paused: stat.state === 'T',
      pid,
      startToken: String(stat.startTicks),
      uptimeMs: Math.max(0, Math.round(systemUptime - stat.startTicks * TICK_MS)),
    }
  } catch {
    // It ended meanwhile, or is another user's.
    return undefined
  }
}

/**
 * /proc/PID/cmdline: arguments ended by NUL. Joined by spaces, as `ps` does, so that one matcher serves both. It is empty
 * for a process that is ending, which may still hold its ports.
 */
export function parseCommandLine(text: string): string {
  return text.replace(/\0+$/, '').replaceAll('\0', ' ')
}

export interface ProcStat {
  readonly state: string
  readonly parentPid: number
  readonly threads: number
  readonly startTicks: number
}

/** /proc/PID/stat: fields 3 (state), 4 (parent), 20 (threads) and 22 (start). Field 2 may itself contain blanks and brackets. */
export function parseStat(text: string): ProcStat | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state] = fields
  const startTicks = Number(fields[19])
  if (state === undefined || !Number.isFinite(startTicks)) return undefined
  return {parentPid: Number(fields[1]), startTicks, state, threads: Number(fields[17])}
}

/** A zombie whose other threads still end is not dead yet: they hold its ports. */
export function isDead({state, threads}: ProcStat): boolean {
  return state === 'X' || (state === 'Z' && threads <= 1)
}

async function listFromPs(matches: (commandLine: string) => boolean): Promise<ProcessEntry[]> {
  const columns = ['pid=', 'ppid=', 'stat=', 'rss=', 'etime=', 'lstart=', 'command=']
  const args = ['-xww', ...columns.flatMap((column) => ['-o', column])]
  // A fixed locale and zone: the start time is compared as text.
  const {stdout} = await run('ps', args, {env: {...process.env, LC_ALL: 'C', TZ: 'UTC'}, maxBuffer: 1 << 26})
  return stdout
    .split('\n')
    .map(parsePsLine)
    .filter((entry) => entry !== undefined && matches(entry.commandLine)) as ProcessEntry[]
}

/** One line of `ps -o pid=,ppid=,stat=,rss=,etime=,lstart=,command=`; undefined for a zombie or anything else. */
export function parsePsLine(line: string): ProcessEntry | undefined {
  const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\d+)\s+([\d:-]+)\s+(\w{3}\s+\w{3}\s+\d+\s+[\d:]+\s+\d{4})\s+(.+)$/.exec(
    line,
  )
  if (!match) return undefined
  const [, pid, parentPid, stat, rss, elapsed, started, commandLine] = match as unknown as [string, ...string[]]
  if (stat?.startsWith('Z')) return undefined
  return {
    commandLine: commandLine ?? '',
    memoryBytes: Number(rss) * 1024,
    parentPid: Number(parentPid),
    paused: stat?.startsWith('T') ?? false,
    pid: Number(pid),
    startToken: (started ?? '').replace(/\s+/g, ' '),
    uptimeMs: elapsedMs(elapsed ?? ''),
  }
}

/** `[[days-]hours:]minutes:seconds` */
function elapsedMs(text: string): number {
  const [days, clock] = text.includes('-') ? text.split('-') : ['0', text]
  const seconds = (clock ?? '').split(':').reduce((total, part) => total * 60 + Number(part), 0)
  return (Number(days) * 86_400 + seconds) * 1000
}
