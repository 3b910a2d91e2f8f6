import type {Layout, Probe} from './engine.js'

/** What flows from one node to another, bus and data connections alike, by whichever of them it was opened. */
export interface Link {
  readonly from: string
  readonly to: string
}

/**
 * `drop`: silence; connections stay, nothing comes through, what was under way may come late. `reset`: connections are
 * refused and torn down. `loss`: packets are lost with that probability, which a connection shows as pauses.
 */
export type LinkEffect =
  | {readonly kind: 'drop'}
  | {readonly kind: 'reset'}
  | {readonly kind: 'delay'; readonly ms: number; readonly jitterMs: number}
  | {readonly kind: 'loss'; readonly probability: number}

export interface LinkRule extends Link {
  readonly effect: LinkEffect
  /** Unix time, ms: the engine heals it by itself then, also if nobody is there to ask for it. */
  readonly untilMs?: number
}

export interface LinkReading extends Link {
  /** Whether bytes came through, in that direction. */
  readonly passes: boolean
  /** How long they took, if they did; a way's own time on this machine is below 1 ms. */
  readonly delayMs?: number
}

/** Faults between the nodes of an environment. No state: what is in force is what nodes, proxies or the kernel have. */
export interface LinkControl {
  /** Whether this engine on this machine can make that effect; never throws. */
  supports(kind: LinkEffect['kind']): Promise<Probe>
  /**
   * Makes all links of the environment as said and no others: a link without a rule is open. One link has one rule of a
   * kind at most; several kinds add up. Safe to repeat. Nodes that do not run are left out.
   *
   * @throws {CliError} ENVIRONMENT_LACKS if an effect cannot be made here, UNREACHABLE, INTERRUPTED
   */
  apply(layout: Layout, rules: readonly LinkRule[], signal: AbortSignal): Promise<void>
  /**
   * Tries links as the nodes would, with real bytes. Links from or to nodes that do not run are left out.
   *
   * @param withinMs - a link through which nothing came by then does not pass
   */
  probe(layout: Layout, links: readonly Link[], withinMs: number, signal: AbortSignal): Promise<LinkReading[]>
}
