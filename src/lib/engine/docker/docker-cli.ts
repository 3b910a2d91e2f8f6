import {readFile} from 'node:fs/promises'
import {connect} from 'node:net'
import {homedir} from 'node:os'
import {join} from 'node:path'
import type {Readable} from 'node:stream'
import {CliError} from '../../kernel/errors.js'
import type {Probe} from '../engine.js'

/**
 * The docker program, or one that takes the same arguments (DOCKER_CLI=podman). Contexts, remote daemons and credentials
 * are its business. No shell, nothing secret in an argument, output in a fixed form.
 */
export interface DockerCallOptions {
  readonly input?: Buffer | Readable
  readonly signal?: AbortSignal
  /** Default 60 s. */
  readonly timeoutMs?: number
}

/** A call of docker that failed, in docker's words. */
export class DockerError extends Error {
  override readonly name = 'DockerError'

  constructor(
    args: readonly string[],
    readonly stderr: string,
    readonly how: 'failed' | 'missing' | 'timed-out',
    /** What it printed before. */
    readonly stdout = '',
  ) {
    super(`docker ${args.slice(0, 2).join(' ')}: ${reasonOf(stderr)}`)
  }
}

const CALL_MS_MAX = 60_000
const LOOK_MS_MAX = 5000
const GLANCE_MS_MAX = 3000
const CONNECT_MS_MAX = 1000
const VERSION = ['version', '--format', '{{.Server.Version}}']
const DEFAULT_SOCKET = '/var/run/docker.sock'

export class DockerCli {
  readonly file: string

  constructor(private readonly env: Readonly<Record<string, string | undefined>> = process.env) {
    this.file = env['DOCKER_CLI'] || 'docker'
  }

  /**
   * @returns what it printed, without the last end of line
   * @throws {DockerError} as it fails
   * @throws {CliError} INTERRUPTED
   */
  async run(
    args: readonly string[],
    {input, signal, timeoutMs = CALL_MS_MAX}: DockerCallOptions = {},
  ): Promise<string> {
    if (signal?.aborted) throw new CliError('INTERRUPTED', 'interrupted')
    // Loaded at the first call: commands that need no Docker do not wait for it.
    const {execa} = await import('execa')
    const {code, exitCode, isCanceled, message, stderr, stdout, timedOut} = await execa(this.file, args, {
      env: {...this.env, DOCKER_CLI_HINTS: 'false', LC_ALL: 'C'},
      maxBuffer: 1 << 26,
      reject: false,
      timeout: timeoutMs,
      ...(input === undefined ? {stdin: 'ignore'} : {input}),
      ...(signal && {cancelSignal: signal}),
    } as const)
    if (exitCode === 0) return stdout
    if (isCanceled) throw new CliError('INTERRUPTED', 'interrupted')
    const how = code === 'ENOENT' ? 'missing' : timedOut ? 'timed-out' : 'failed'
    throw new DockerError(args, stderr || message || '', how, stdout)
  }

  /** Output of `--format '{{json .}}'`: a document per line. */
  async lines<T>(args: readonly string[], options?: DockerCallOptions): Promise<T[]> {
    const text = await this.run([...args, '--format', '{{json .}}'], options)
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as T)
  }

  /** Output of `-q`. */
  async ids(args: readonly string[], options?: DockerCallOptions): Promise<string[]> {
    return (await this.run([...args, '-q'], options)).split('\n').filter((line) => line !== '')
  }

  /** Those that are there, in the order given; what is gone is left out. */
  async inspect<T>(
    kind: 'container' | 'image' | 'network',
    names: readonly string[],
    options?: DockerCallOptions,
  ): Promise<T[]> {
    if (names.length === 0) return []
    const text = await this.run([kind, 'inspect', ...names], options).catch((error) => {
      // One that is missing fails the call, after the others were printed.
      if (error instanceof DockerError && isAbsence(error)) return error.stdout || '[]'
      throw error
    })
    return JSON.parse(text) as T[]
  }

  /**
   * Does `work` where there is a daemon, and gives `otherwise` where there is none: quick also where its address leads
   * nowhere, or to something else.
   */
  async whereThere<T>(otherwise: T, work: () => Promise<T>): Promise<T> {
    const endpoint = await this.endpoint()
    if (endpoint !== undefined && !(await canConnect(endpoint))) return otherwise
    try {
      if (endpoint === undefined) await this.run(VERSION, {timeoutMs: GLANCE_MS_MAX})
    } catch {
      return otherwise
    }
    try {
      return await work()
    } catch (error) {
      // One that is only slow is there.
      if (error instanceof DockerError && isUnreachable(error) && error.how !== 'timed-out') return otherwise
      throw error
    }
  }

  /** Never throws. */
  async probe(): Promise<Probe> {
    try {
      await this.run(VERSION, {timeoutMs: LOOK_MS_MAX})
      return {available: true}
    } catch (error) {
      return absenceOf(error, this.file)
    }
  }

  /** Where the daemon listens, where that can be known without asking the program. */
  private async endpoint(): Promise<{path: string} | {host: string; port: number} | undefined> {
    if (this.file !== 'docker' || process.platform === 'win32') return undefined
    const host = this.env['DOCKER_HOST']
    if (!host) {
      const config = join(this.env['DOCKER_CONFIG'] || join(homedir(), '.docker'), 'config.json')
      const hasContext =
        this.env['DOCKER_CONTEXT'] || (await readFile(config, 'utf8').catch(() => '')).includes('"currentContext"')
      return hasContext ? undefined : {path: DEFAULT_SOCKET}
    }
    if (host.startsWith('unix://')) return {path: host.slice('unix://'.length)}
    const [, name, port] = /^tcp:\/\/\[?([^\]/]+?)\]?:(\d+)/.exec(host) ?? []
    return name === undefined ? undefined : {host: name, port: Number(port)}
  }
}

function canConnect(endpoint: {path: string} | {host: string; port: number}): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(endpoint)
    const finish = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(CONNECT_MS_MAX, () => finish(false))
    socket.once('connect', () => finish(true)).once('error', () => finish(false))
  })
}

/** What was asked for is not there, whereas the daemon is. */
export function isAbsence(error: unknown): boolean {
  return error instanceof DockerError && /no such|not found/i.test(error.stderr) && !isUnreachable(error)
}

function isUnreachable({how, stderr}: DockerError): boolean {
  const words =
    /cannot connect to|error during connect|failed to connect|permission denied while trying|supports the requested API/i
  return how !== 'failed' || words.test(stderr)
}

/** Why docker itself could not be asked; what else went wrong is thrown again. */
export function absenceOf(error: unknown, file = 'docker'): Probe & {available: false} {
  if (!(error instanceof DockerError) || !isUnreachable(error)) throw error
  if (error.how === 'missing') {
    const remedy =
      'Install Docker Engine: https://docs.docker.com/engine/install/ (on Debian: apt-get install docker.io)'
    return {available: false, reason: `there is no ${file} on PATH`, remedy}
  }
  if (error.how === 'timed-out') {
    return {available: false, reason: 'the Docker daemon does not answer', remedy: 'docker info'}
  }
  if (/permission denied/i.test(error.stderr)) {
    return {
      available: false,
      reason: 'this user may not use the Docker daemon',
      remedy: 'sudo usermod -aG docker "$USER"   # then log in again',
    }
  }
  const remedy = daemonRemedy(error.stderr, process.platform)
  return {available: false, reason: `no Docker daemon: ${reasonOf(error.stderr)}`, remedy}
}

/** What to do about a daemon that does not answer. @param text - docker's, which says where it was looked for */
export function daemonRemedy(text: string, platform: NodeJS.Platform): string {
  if (/\b(?:tcp|ssh|https?):\/\//.test(text)) return 'unset DOCKER_HOST   # or choose another: docker context ls'
  return platform === 'linux' ? 'sudo systemctl start docker' : 'Start Docker Desktop or colima.'
}

/** As a CliError: that Docker is not there, or what it said. */
export function toCliError(error: unknown): CliError {
  if (error instanceof CliError) return error
  if (!(error instanceof DockerError)) throw error
  if (isUnreachable(error)) {
    const {reason, remedy} = absenceOf(error)
    return new CliError('ENVIRONMENT_LACKS', reason, {cause: error, suggestions: remedy === undefined ? [] : [remedy]})
  }
  return new CliError('ENVIRONMENT_LACKS', error.message, {cause: error})
}

/** The line of docker's that says what went wrong. */
export function reasonOf(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '' && !/^See 'docker|^Run 'docker/.test(line))
  return (lines[0] ?? 'it said nothing').replace(/^(?:docker: )?Error response from daemon: /, '').trim()
}
