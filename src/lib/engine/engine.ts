import type {Address} from '../model/address.js'
import type {LinkRule} from '../model/links.js'
import type {LinkControl} from './links.js'

export const ENGINES = ['embedded', 'process', 'docker'] as const
export type EngineKind = (typeof ENGINES)[number]

/**
 * Where nodes run. An engine holds no state of its own: what exists is what the process table or Docker says, so that
 * nothing goes stale when a node or the CLI is killed.
 */
export interface Engine {
  readonly kind: EngineKind | 'fake'
  /**
   * Never throws: what is missing is an answer, with the reason and the remedy to show.
   *
   * @param program - as `NodeSpec.program`
   */
  probe(program?: string): Promise<Probe>
  /**
   * Makes what the nodes of an environment share (networks, proxies between them), before the first start and again after
   * some of it went. Safe to repeat: what stands is kept. Nodes may have come or gone since.
   *
   * @param onProgress - told what takes its time, or what was decided, for people
   * @returns the host under which each node is known to the others, by name; none for nodes whose `address` serves for both
   */
  prepare(
    layout: Layout,
    signal: AbortSignal,
    onProgress?: (text: string) => void,
  ): Promise<ReadonlyMap<string, string>>
  /**
   * Resolves once the node answers PING. A node that was stopped starts again with what it kept.
   *
   * @throws {CliError} PORT_IN_USE, NODE_START_FAILED, TIMED_OUT or INTERRUPTED; then this call leaves nothing behind
   */
  start(spec: NodeSpec, signal: AbortSignal): Promise<NodeRef>
  /** Running and paused nodes, by environment and name; of all environments without one. Also those an earlier CLI started. */
  list(environment?: string): Promise<NodeRef[]>
  /** Whether anything of the environment is there: nodes that run or not, networks, proxies. */
  has(environment: string): Promise<boolean>
  /** SIGTERM, then SIGKILL after `graceMs`. Resolves when the node is gone. Stopping a stopped node succeeds; a paused one ends too. */
  stop(node: NodeRef, graceMs: number): Promise<void>
  /** @returns false if the node is gone */
  signal(node: NodeRef, name: NodeJS.Signals): Promise<boolean>
  /** Freezes the node: it keeps its connections, and answers nobody. Safe to repeat. @returns false if it is gone */
  pause(node: NodeRef): Promise<boolean>
  /** Safe to repeat. @returns false if the node is gone */
  unpause(node: NodeRef): Promise<boolean>
  /** The last lines a node logged; none if there is no log. */
  logTail(environment: string, name: string): Promise<string[]>
  /** Lines of a node's log, oldest first. Ends at the end of the log, or, followed, when `signal` aborts. */
  logs(environment: string, name: string, options: LogOptions, signal: AbortSignal): AsyncIterable<string>
  /** How a command is run beside a node: in its container, or on this machine in its folder. */
  execution(node: NodeRef, command: readonly [string, ...string[]], options: {readonly tty: boolean}): Execution
  /** Deletes what one stopped node still has: data, configuration, log. Nothing there is fine. */
  discardNode(environment: string, name: string): Promise<void>
  /** Deletes what an environment whose nodes are stopped still has: data, configuration, logs, networks, proxies. Nothing there is fine. */
  discard(environment: string): Promise<void>
  readonly links: LinkControl
}

/** `remedy`: a command line to paste, or one sentence where no command helps. */
export type Probe =
  | {readonly available: true}
  | {readonly available: false; readonly reason: string; readonly remedy?: string}

export interface LogOptions {
  /** Goes on with what comes. */
  readonly follow: boolean
  /** The last so many; all without. */
  readonly lines?: number
}

export interface Execution {
  readonly file: string
  readonly args: readonly string[]
  /** Beside those of this process. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/** The nodes of one environment as they are meant to be. */
export interface Layout {
  readonly environment: string
  readonly nodes: readonly NodeSpec[]
  /** What they run, also while there are none yet; as `NodeSpec.program`. */
  readonly program?: string
  /** Only Shoal's own node will do. */
  readonly ownNode?: true
  /** Of Docker's network between the nodes, as A.B.C.D/BITS; one that is free without. */
  readonly subnet?: string
}

export interface NodeSpec {
  readonly environment: string
  /** Unique in the environment, such as `n1`. */
  readonly name: string
  /** A loopback address: where clients on this machine connect. */
  readonly address: Address
  readonly busPort: number
  /** The host under which the other nodes know it, where that is not `address`: what `prepare` said. Ports are the same. */
  readonly peerHost?: string
  /** Without: a node of its own, or of a replication without cluster. */
  readonly cluster: boolean
  /** Without cluster: where the primary is that it replicates, as its peers know it. */
  readonly primary?: Address
  readonly region?: string
  /** What runs: the path of a redis-server or valkey-server, or an image. The engine's own choice without. */
  readonly program?: string
  /** What clients and the other nodes must give. */
  readonly password?: string
  /** Further redis.conf lines: directive and value. */
  readonly settings?: readonly (readonly [directive: string, value: string])[]
  /** For `start`: what is in force between the nodes of its environment, and must be before this one speaks to another. */
  readonly faults?: FaultsInForce
}

/** As `LinkControl.apply` takes them; it is called with them, or others, once the node has started. */
export interface FaultsInForce {
  readonly layout: Layout
  readonly rules: readonly LinkRule[]
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
  /** Frozen by `pause`. */
  readonly paused: boolean
  readonly uptimeMs: number
  /** Resident set, bytes; 0 where the engine cannot tell. */
  readonly memoryBytes: number
}

/** @returns where the other nodes reach it */
export function peerAddress({address, peerHost}: NodeSpec): Address {
  return peerHost === undefined ? address : {host: peerHost, port: address.port}
}
