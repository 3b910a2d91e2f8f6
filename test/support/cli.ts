import {spawn} from 'node:child_process'
import {existsSync} from 'node:fs'
import {join, resolve} from 'node:path'
import {temporaryFolder} from './processes.js'

/**
 * The built program, run as a user runs it: `bin/run.js` over `dist/`. `SHOAL_TEST_PACKAGE` names another folder that
 * holds them. Every test file has its own state folder unless it gives one.
 */
const PACKAGE = process.env['SHOAL_TEST_PACKAGE'] ?? resolve(import.meta.dirname, '../..')

/** Variables of the caller that would change what the program does. */
const CLEARED = ['SHOAL_PASSWORD', 'REDISCLI_AUTH', 'FORCE_COLOR', 'DEBUG', 'NODE_OPTIONS', 'VITEST', 'NODE_ENV']

let stateFolder: string | undefined

export function packageFolder(): string {
  return PACKAGE
}

/** The state folder of this test file (SHOAL_STATE_DIR), shared by its runs. */
export function stateDir(): string {
  stateFolder ??= temporaryFolder('state')
  return stateFolder
}

export function shoalEnv(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const base = Object.fromEntries(Object.entries(process.env).filter(([name]) => !CLEARED.includes(name)))
  return {...base, NO_COLOR: '1', SHOAL_STATE_DIR: extra['SHOAL_STATE_DIR'] ?? stateDir(), ...extra}
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  /** What is typed or piped in. Without it stdin is closed, as in a job. */
  readonly stdin?: string
  readonly cwd?: string
  /** SIGKILL after this; the result then has `signal: 'SIGKILL'`. Default 50 s. */
  readonly timeoutMs?: number
  /** Called with the process once it runs, for tests that interrupt it. */
  readonly onStart?: (run: {readonly pid: number; readonly kill: (signal: NodeJS.Signals) => void}) => void
  /** Called with all of stderr so far, whenever more comes. */
  readonly onStderr?: (text: string) => void
}

export interface RunResult {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  readonly ms: number
  /** stdout as the one JSON document that `--json` promises. @throws if it is anything else */
  json<T = Record<string, unknown>>(): T
}

/** Runs `shoal ARGS...` to its end. Never throws because of an exit code. */
export function runShoal(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return runProgram(process.execPath, [join(PACKAGE, 'bin', 'run.js'), ...args], options)
}

export async function runProgram(program: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  if (!existsSync(join(PACKAGE, 'dist'))) throw new Error(`${PACKAGE}/dist is missing: run npm run build first`)
  const {cwd, env = {}, onStart, onStderr, stdin, timeoutMs = 50_000} = options
  const started = performance.now()
  const child = spawn(program, args, {
    env: shoalEnv(env),
    stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : {cwd}),
  })
  const {pid} = child
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    onStderr?.(stderr)
  })
  child.stdin?.on('error', () => undefined).end(stdin)
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
  const ended = new Promise<{code: number | null; signal: NodeJS.Signals | null}>((fulfil, reject) => {
    child.once('error', reject)
    // 'close' waits for the pipes; a node left behind that holds one must not hang the test, so bound it by 'exit'.
    child.once('exit', (code, signal) => {
      const finish = () => fulfil({code, signal})
      child.once('close', finish)
      setTimeout(finish, 1000).unref()
    })
  })
  if (pid !== undefined) onStart?.({kill: (signal) => child.kill(signal), pid})
  const {code, signal} = await ended
  clearTimeout(timer)
  return {code, json: <T>() => JSON.parse(stdout) as T, ms: performance.now() - started, signal, stderr, stdout}
}
