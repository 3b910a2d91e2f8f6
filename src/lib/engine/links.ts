import type {Link, LinkEffect, LinkRule} from '../model/links.js'
import type {Layout, Probe} from './engine.js'

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
