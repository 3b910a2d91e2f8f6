import type {Client} from './client.js'

export type LogLevel = 'debug' | 'verbose' | 'notice' | 'warning'

export interface ShutdownOptions {
  readonly save: boolean
  readonly noSave: boolean
  /** Do not wait for replicas. */
  readonly now: boolean
  /** Go on if saving fails. */
  readonly force: boolean
}

/** One exchange with another server, as MIGRATE needs it. Requests are written in one go, then replies are awaited. */
export interface PeerExchange {
  readonly host: string
  readonly port: number
  /** Bound on connecting, and on each silence after that. */
  readonly timeoutMs: number
  /** RESP requests, as binary string. */
  readonly payload: string
  /** How many replies to wait for. */
  readonly replyCount: number
  /** Called once, from the event loop, never before `exchange` returned. */
  readonly done: (result: PeerResult) => void
}

export type PeerResult =
  /** Each reply without CRLF: `+OK`, `-ERR ...`, `:1`; as binary string. */
  | {readonly kind: 'replies'; readonly replies: readonly string[]}
  | {readonly kind: 'failed'; readonly stage: 'connect' | 'write' | 'read'; readonly replies: readonly string[]}

/** What the pure server asks of the world. The shell in node/ implements it; tests use a recording one. */
export interface ServerEffects {
  log(level: LogLevel, text: string): void
  /** Unix milliseconds, right now; commands use the cached `context.nowMs`. */
  nowMs(): number
  /** Unix microseconds, right now (TIME). */
  unixUs(): number
  /** Monotonic microseconds, for durations. */
  monotonicUs(): number
  /** Ends the process or the embedded node. @param onFailed - told why it goes on running */
  shutdown(options: ShutdownOptions, onFailed: (error: string) => void): void
  /** @returns whether a shutdown was under way that has not come too far */
  abortShutdown(): boolean
  /** Output was added outside the client's own turn: write it soon. */
  flush(client: Client): void
  /** Closes the connection; after pending output is written if `afterReply`. */
  closeClient(client: Client, afterReply: boolean): void
  /** A client that was parked may go on: process what it has sent meanwhile. */
  resume(client: Client): void
  /** Settings changed at run time: listeners, timeouts, log file. Names as in redis.conf. */
  configChanged(names: readonly string[]): void
  /** The text of the config file; undefined without one. @throws Error if it cannot be read */
  readConfigFile(): string | undefined
  /** Replaces the config file atomically. @throws Error with the system's message */
  writeConfigFile(text: string): void
  /** The text of the file `aclfile` names. @throws Error with the system's message */
  readAclFile(): string
  /** Replaces that file atomically. @throws Error with the system's message */
  writeAclFile(text: string): void
  exchange(request: PeerExchange): void
  /** Blocks the whole node, as DEBUG SLEEP asks. */
  sleep(durationMs: number): void
  /** Memory of the process: bytes. */
  memory(): {
    readonly heapTotal: number
    readonly heapUsed: number
    readonly rss: number
    readonly peakRss: number
  }
  /** Seconds of CPU time: system, user. */
  cpu(): {readonly system: number; readonly user: number}
}
