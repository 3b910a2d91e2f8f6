/** What one fault does to what flows one way between this node and another. */
export type FaultEffect =
  | {readonly kind: 'drop'}
  | {readonly kind: 'reset'}
  | {readonly kind: 'delay'; readonly ms: number; readonly jitterMs: number}
  | {readonly kind: 'loss'; readonly probability: number}

/** `out`: from this node to the peer; `in`: from the peer to this node. */
export type FaultDirection = 'in' | 'out'

/** Another node, by what this one dials. */
export interface FaultPeer {
  readonly host: string
  readonly port: number
  /** 0 for a node without cluster. */
  readonly busPort: number
}

export interface FaultRule {
  readonly peer: FaultPeer
  readonly direction: FaultDirection
  readonly effect: FaultEffect
  /** Unix milliseconds: without effect from then on. */
  readonly untilMs?: number
}

/** All rules of one direction, added up. */
export interface Condition {
  readonly dropped: boolean
  readonly reset: boolean
  readonly delayMs: number
  /** Evenly spread over `delayMs` minus this to `delayMs` plus this. */
  readonly jitterMs: number
  /** Probability that a packet is lost, below 1. */
  readonly loss: number
}

/** Both directions of a connection; undefined: nothing is in the way. */
export interface Conditions {
  readonly in: Condition | undefined
  readonly out: Condition | undefined
}

/**
 * The faults of one node. Which rules a connection falls under is decided when the rules or the time change, never per
 * chunk.
 */
export class FaultTable {
  private all: readonly FaultRule[] = []
  private madeMs = 0

  /**
   * Takes the place of all rules there were.
   *
   * @param madeMs - when somebody wanted it so, Unix milliseconds: a node that was frozen hears of all at once, in any order
   * @returns false: a later table is in force, and stays
   */
  replace(rules: readonly FaultRule[], madeMs = this.madeMs): boolean {
    if (madeMs < this.madeMs) return false
    this.madeMs = madeMs
    this.all = rules
    return true
  }

  /** Those in force, in the order they were given. */
  rulesAt(nowMs: number): FaultRule[] {
    return this.all.filter(({untilMs}) => untilMs === undefined || untilMs > nowMs)
  }

  /** When the next of them ends by itself: Unix milliseconds. */
  nextEndMs(nowMs: number): number | undefined {
    const ends = this.rulesAt(nowMs).flatMap(({untilMs}) => untilMs ?? [])
    return ends.length === 0 ? undefined : Math.min(...ends)
  }

  /** @param host - as it is dialled @param port - of clients or of the bus */
  conditionsOf(host: string, port: number, nowMs: number): Conditions {
    const plain = plainHost(host)
    const rules = this.rulesAt(nowMs).filter(
      ({peer}) => plainHost(peer.host) === plain && (peer.port === port || peer.busPort === port),
    )
    return {in: conditionOf(rules, 'in'), out: conditionOf(rules, 'out')}
  }
}

/** Delays add up; of losses each has its chance. Where everything is lost there is silence. */
function conditionOf(rules: readonly FaultRule[], direction: FaultDirection): Condition | undefined {
  const effects = rules.filter((rule) => rule.direction === direction).map(({effect}) => effect)
  if (effects.length === 0) return undefined
  let [delayMs, jitterMs, kept] = [0, 0, 1]
  for (const effect of effects) {
    if (effect.kind === 'delay') {
      delayMs += effect.ms
      jitterMs += effect.jitterMs
    } else if (effect.kind === 'loss') kept *= 1 - effect.probability
  }
  const has = (kind: FaultEffect['kind']) => effects.some((effect) => effect.kind === kind)
  return {delayMs, dropped: has('drop') || kept <= 0, jitterMs, loss: 1 - kept, reset: has('reset')}
}

/** One spelling of this machine's loopback, whichever a command or nodes.conf used. */
function plainHost(host: string): string {
  const lower = host.toLowerCase()
  if (lower === 'localhost') return '127.0.0.1'
  return lower.startsWith('::ffff:') ? lower.slice('::ffff:'.length) : lower
}
