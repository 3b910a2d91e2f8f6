import type {ClusterEffect, ClusterInput} from '../../../src/lib/server/cluster/types.js'
import type {SimNode} from '../sim-node.js'

/** Watches a world. Throws {@link Violation} the moment a rule is broken, so that the event to blame is the last one. */
export interface Checker {
  beforeStep?(node: SimNode, input: ClusterInput): void
  /** @param input - undefined after an admin command */
  afterStep?(node: SimNode, input: ClusterInput | undefined): void
  /** Before the effect is carried out. */
  onEffect?(node: SimNode, effect: ClusterEffect): void
  /** The text was given to the disk. */
  onSaved?(node: SimNode, text: string): void
  onStarted?(node: SimNode): void
  onStopped?(node: SimNode): void
  /** A client's write was accepted. @param askingSent - the client said ASKING just before it */
  onWrite?(node: SimNode, key: string, askingSent: boolean): void
}

/** A broken rule. `rule` is a short name that stays the same while a run is made smaller. */
export class Violation extends Error {
  override readonly name = 'Violation'

  constructor(
    readonly rule: string,
    message: string,
  ) {
    super(`${rule}: ${message}`)
  }
}
