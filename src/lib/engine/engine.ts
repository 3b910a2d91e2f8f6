import type {Address} from '../model/address.js'

/**
 * Where nodes run. An engine holds no state of its own: what exists is what the process table says,
 * so that nothing goes stale when a process or the CLI is killed.
 */
export interface Engine {
  readonly kind: 'embedded' | 'fake'
  /** Never throws: what is missing is an answer, with the reason to show. */
  probe(): Promise<Probe>
  /**
   * Resolves once the node answers PING. A node that was stopped starts again with what it kept.
   *
   * @throws {CliError} PORT_IN_USE, NODE_START_FAILED, TIMED_OUT or INTERRUPTED; then this call leaves nothing behind
   */
  start(spec: NodeSpec, signal: AbortSignal): Promise<NodeRef>
  /** Running nodes, by environment and name; of all environments without one. Also those an earlier CLI started. */
  list(environment?: string): Promise<NodeRef[]>
  /** SIGTERM, then SIGKILL after `graceMs`. Resolves when the node is gone. Stopping a stopped node succeeds. */
  stop(node: NodeRef, graceMs: number): Promise<void>
  /** The last lines a node logged; none if there is no log. */
  logTail(environment: string, name: string): Promise<string[]>
  /** Deletes what stopped nodes of the environment keep: data, configuration, log. Nothing there is fine. */
  discard(environment: string): Promise<void>
}

export type Probe = {readonly available: true} | {readonly available: false; readonly reason: string}

export interface NodeSpec {
  readonly environment: string
  /** Unique in the environment, such as `n1`. */
  readonly name: string
  /** A loopback address. */
  readonly address: Address
  readonly busPort: number
  /** What clients and the other nodes must give. */
  readonly password?: string
  /** Further redis.conf lines: directive and value. */
  readonly settings?: readonly (readonly [directive: string, value: string])[]
}

/** A running node. */
export interface NodeRef {
  readonly environment: string
  readonly name: string
  readonly pid: number
  /** Tells this process from a later one with the same pid. Opaque; equal means the same process. */
  readonly startToken: string
  /** From the node's start configuration; undefined if that is gone. */
  readonly address?: Address
  readonly uptimeMs: number
  /** Resident set, bytes. */
  readonly memoryBytes: number
}
