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
