import type {ClusterNode} from './node.js'
import type {ClusterState} from './state.js'

/** What is under way when a replica takes over: election.ts and manual-failover.ts work on it, a change of role ends it. */

export interface Election {
  /** When the request goes out. Unix ms. */
  startMs: number
  /** Siblings that are ahead of us: each puts the start off by a second. */
  rank: number
  /** 0 until the request was sent. */
  epoch: number
  readonly voters: Set<ClusterNode>
}

/** Why a replica of a failed primary does not take over yet. */
export type StallReason = 'data-age' | 'expired' | 'waiting-delay' | 'waiting-votes'

export interface ManualFailover {
  readonly endMs: number
  /** On the primary: who is to take over. Undefined on a replica. */
  readonly replica: ClusterNode | undefined
  /** On the replica: the paused primary's offset, once it was told. */
  primaryOffset: number | undefined
  /** On the replica: nothing is left to wait for. */
  canStart: boolean
}

/** Forgets a manual failover, as replica or as primary, which writes again. Safe to call at any time. */
export function endManualFailover(state: ClusterState): void {
  if (state.pausedUntilMs > state.nowMs) state.emit({kind: 'resume-writes'})
  state.pausedUntilMs = 0
  dropManualFailover(state)
}

/** Forgets it, but lets the pause run its time. */
export function dropManualFailover(state: ClusterState): void {
  // Votes that were asked for by force are not to be used once the force is gone.
  if (state.manual?.canStart) state.election = undefined
  state.manual = undefined
}
