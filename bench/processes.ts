import {type ChildProcess, type SpawnOptions, spawn} from 'node:child_process'
import {once} from 'node:events'
import {mkdtempSync, rmSync} from 'node:fs'
import {connect} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'

/** Everything a benchmark starts goes through here, so that nothing outlives it: not on errors, not on Ctrl-C. */

const children = new Set<ChildProcess>()
const folders = new Set<string>()
const lastActs: (() => void)[] = []

/** Runs `act` before everything is ended, in whatever way the benchmark ends; it must be synchronous. */
export function beforeExit(act: () => void): void {
  lastActs.push(act)
}

/** Ends what is left, by force. Safe to call twice. */
export function cleanUp(): void {
  for (const act of lastActs.splice(0)) {
    try {
      act()
    } catch (error) {
      console.error(`bench: cleaning up: ${error instanceof Error ? error.message : error}`)
    }
  }
  for (const child of children) child.kill('SIGKILL')
  children.clear()
  for (const folder of folders) rmSync(folder, {force: true, recursive: true})
  folders.clear()
}

/** Cleans up however the benchmark ends, and ends it after `limitMs` at the latest. */
export function guard(limitMs: number): void {
  process.on('exit', cleanUp)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130))
  setTimeout(() => {
    console.error(`bench: not done after ${Math.round(limitMs / 60_000)} minutes, giving up`)
    process.exit(1)
  }, limitMs).unref()
}

export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-bench-'))
  folders.add(folder)
  return folder
}

/** Registers a child so that it cannot outlive the benchmark. */
export function own<T extends ChildProcess>(child: T): T {
  children.add(child)
  child.once('exit', () => children.delete(child))
  return child
}

export function start(command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
  const child = own(spawn(command, [...args], {stdio: 'ignore', ...options}))
  // Without a listener a missing program would end the benchmark without a word about which.
  child.on('error', (error) => {
    console.error(`bench: ${command}: ${error.message}`)
    process.exit(1)
  })
  return child
}

/** SIGTERM, SIGKILL after 5 s; resolves once it is gone. */
export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000)
  await gone
  clearTimeout(timer)
}

export interface RunResult {
  readonly exitCode: number | null
  readonly durationMs: number
  /** The end of what it printed, both streams. */
  readonly output: string
}

const OUTPUT_MAX = 1 << 20

/** Runs a whole process from spawn to exit, its output kept; killed after `limitMs`. */
export async function run(
  command: string,
  args: readonly string[],
  limitMs: number,
  env: NodeJS.ProcessEnv = process.env,
): Promise<RunResult> {
  const startMs = performance.now()
  const child = start(command, args, {env, stdio: ['ignore', 'pipe', 'pipe']})
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-OUTPUT_MAX)
    })
  }
  const timer = setTimeout(() => child.kill('SIGKILL'), limitMs)
  let durationMs = 0
  child.once('exit', () => {
    durationMs = performance.now() - startMs
  })
  const [exitCode] = (await once(child, 'close')) as [number | null]
  clearTimeout(timer)
  return {durationMs, exitCode, output}
}

/** {@link run} of something that must succeed. @throws Error with the end of its output */
export async function runOk(...call: Parameters<typeof run>): Promise<RunResult> {
  const result = await run(...call)
  if (result.exitCode !== 0) {
    const [command, args] = call
    throw new Error(`${command} ${args.join(' ')}: exit ${result.exitCode}\n${result.output.slice(-2000)}`)
  }
  return result
}

/** One try: does `port` answer PING with PONG? */
function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const end = (answers: boolean): void => {
      socket.destroy()
      resolve(answers)
    }
    socket.on('connect', () => socket.write('PING\r\n'))
    socket.on('data', (chunk) => end(chunk.toString().startsWith('+PONG')))
    socket.on('error', () => end(false))
    socket.setTimeout(1000, () => end(false))
  })
}

/** Polls every `everyMs` until `condition` holds. @throws Error naming `what` after `limitMs` */
export async function until(
  what: string,
  condition: () => Promise<boolean>,
  limitMs = 30_000,
  everyMs = 20,
): Promise<void> {
  const endMs = performance.now() + limitMs
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`${what}: not within ${limitMs / 1000} s`)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}

export async function untilPong(port: number, everyMs = 20): Promise<void> {
  await until(`PONG on port ${port}`, () => answersPing(port), 30_000, everyMs)
}
