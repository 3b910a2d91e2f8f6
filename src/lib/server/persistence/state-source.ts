/** What a snapshot goes through, step by step, besides or in place of the keys. */
export interface SourceWalk {
  /** Writes a piece. @returns false: that was all */
  step(): boolean
  /** Lets the data go. Safe to call twice. */
  close(): void
}

/** Whose state a snapshot holds. */
export interface CrdtIdentity {
  readonly guid: string
  /** Instance id of the nodes that hold it. */
  readonly region: number
}

/**
 * A snapshot holds the state of an active-active database, of which this node has none, or another one. A replica asks again:
 * the configuration is on its way to it from the other nodes of its cluster (crdt/peers/spread.ts).
 */
export class StrangeDatabaseError extends Error {
  override readonly name = 'StrangeDatabaseError'

  constructor({guid, region}: CrdtIdentity) {
    super(`the snapshot holds instance ${region} of the active-active database ${guid}, this node does not`)
  }
}

/** Knows what files hold of an active-active database that the node has left since. */
export interface FormerDatabase {
  /** Is the snapshot of that one? Then nothing of it is loaded. */
  isOf(identity: CrdtIdentity): boolean
  /** @returns whether the command of an append-only file is of that one: it is not carried out */
  leavesOut(argv: readonly string[]): boolean
}

/** Takes what a module kept beside the keys of a snapshot, value by value, in order. */
export interface StateLoading {
  /** @throws Error if the value makes no sense there */
  take(value: number | string): void
  /** The snapshot is whole: the state takes the place of what is there, as the keys do. */
  finish(): void
}

/** The module in whose name a node keeps what an active-active database knows of its data (wire.md 3.1, opcode 247). */
export const CRDT_MODULE = {name: 'shoalcrdt', version: 1} as const
/** Field of a snapshot that holds such data: whose they are, JSON of `CrdtIdentity`. */
export const CRDT_FIELD = 'shoal-crdb'
