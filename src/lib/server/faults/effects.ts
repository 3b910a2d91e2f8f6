import type {Server} from '../server.js'
import type {FaultPeer, FaultRule} from './rules.js'

/** One try of the way to a peer, under the rules in force. */
export interface FaultProbe {
  readonly peer: Pick<FaultPeer, 'host' | 'port'>
  /** RESP requests, as binary string. */
  readonly payload: string
  /** How many replies they have; the last is told. */
  readonly replyCount: number
}

/** Unix milliseconds; undefined: that did not happen. */
export interface FaultProbeResult {
  readonly sentMs: number | undefined
  readonly answeredMs: number | undefined
  /** The last reply without CRLF, such as `:1`. */
  readonly answer: string | undefined
}

/** The faults between this node and others, as the shell makes them. */
export interface NodeFaults {
  /** Those in force. */
  rules(): FaultRule[]
  /** As `FaultTable.replace`; on connections that stand as on new ones, at once. */
  replace(rules: readonly FaultRule[], madeMs?: number): boolean
  /**
   * @param withinMs - for connecting, and again for the answer
   * @param done - called once, later; one result for each probe
   */
  probe(probes: readonly FaultProbe[], withinMs: number, done: (results: readonly FaultProbeResult[]) => void): void
}

/** The part of the effects that carries it out. */
export interface HasFaults {
  /** Only where `enable-fault-command` is not `no`. */
  readonly faults: NodeFaults | undefined
}

export function faultsOf(server: Server): NodeFaults | undefined {
  return (server.effects as Partial<HasFaults>).faults
}
