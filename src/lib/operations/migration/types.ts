import type {MigrateOptions} from '../../client/migration/legacy.js'
import type {Wire} from '../../client/migration/wire.js'
import type {NodeId} from '../../model/node-id.js'

/** What happens during a move, for progress and for `--events`. */
export type MigrationEvent =
  | {readonly event: 'barrier'; readonly node: NodeId; readonly waitedMs: number}
  | {readonly event: 'window-open'; readonly from: NodeId; readonly to: NodeId; readonly slots: string}
  | {
      readonly event: 'progress'
      readonly from: NodeId
      readonly to: NodeId
      /** Since the last event of this pair. */
      readonly keys: number
      readonly slots: number
    }
  | {
      readonly event: 'window-done'
      readonly from: NodeId
      readonly to: NodeId
      readonly slots: string
      readonly keys: number
    }
  | {
      /** A task of an atomic migration came to another state. */
      readonly event: 'task'
      readonly from: NodeId
      readonly to: NodeId
      readonly slots: string
      readonly task: string
      /** In the nodes' own words. */
      readonly state: string
    }
  /** A primary's place was taken by another node; what is left goes on from or to that. */
  | {readonly event: 'failover'; readonly node: NodeId; readonly successor: NodeId}
  | {readonly event: 'warning'; readonly message: string}

export type Emit = (event: MigrationEvent) => void

/** How gently and how fast. */
export interface PaceOptions {
  /** No MIGRATE should block a node for longer. Milliseconds, > 0. */
  readonly maxBlockMs: number
  /** Upper bound on keys per MIGRATE; unbounded but for time if absent. */
  readonly batchKeysMax?: number | undefined
  /** Slots that are open at a time per pair, before the next window is opened. */
  readonly windowSlots: number
}

/** One end of a move. */
export interface Endpoint {
  readonly id: NodeId
  /** `127.0.0.1:7000 (3f2a1b9c)` */
  readonly name: string
  readonly wire: Wire
}

/**
 * How slots travel: `atomic` leaves it to the nodes, all slots of a task at one moment; `migrate` sends the keys by MIGRATE
 * from node to node; `copy` takes slots of small keys through this process. `auto` is atomic where source and target both
 * offer it, and elsewhere MIGRATE until that is seen to spend its time on the way.
 */
export const TRANSFERS = ['auto', 'atomic', 'copy', 'migrate'] as const
export type Transfer = (typeof TRANSFERS)[number]

/**
 * What becomes of a key that the target has as well: it is sent over the target's, deleted at the source, or the slot is
 * given up with a report of it.
 */
export interface BusyKeyRule {
  /** The same on both sides. */
  readonly equal: 'replace' | 'drop'
  readonly different: 'report' | 'replace' | 'drop'
}

/** The source serves the slot, so its keys are the truth; one that differs is for the operator to judge. */
export const OWNER_MOVES: BusyKeyRule = {equal: 'replace', different: 'report'}

/** What a pair's move works with. */
export interface PairContext {
  readonly source: Endpoint
  readonly target: Endpoint
  /** One more connection to the source. */
  readonly openLane: () => Promise<Wire>
  readonly transfer: Transfer
  /** Whether the source can take SETSLOT within a transaction (`takesSetslotInMulti`), and both ends are fenced. */
  readonly canSwitch: boolean
  /** No earlier run of the job has a command under way at source or target (`fenceOff`). */
  readonly isFenced: boolean
  /** The source does not own the slots: it talks of their keys after ASKING alone. */
  readonly sourceImports: boolean
  /** Slots that the source held as migrating before this run: they are past their switch. */
  readonly midway: ReadonlySet<number>
  /**
   * Slots that the job opened before at this very source, which has been their owner all along: where it does not migrate
   * them, what the target holds of them are copies.
   */
  readonly reopened: ReadonlySet<number>
  /**
   * Keys whose MIGRATE from this source was left without an answer: the target may hold what they were then. The source
   * still serves those it has.
   */
  readonly inDoubt: Set<string>
  readonly migrate: Omit<MigrateOptions, 'timeoutMs'> & {readonly timeoutMs: number}
  readonly busyKeys: BusyKeyRule
  readonly pace: PaceOptions
  /** What a key of the source takes on average, if its data set is too small to hold a big one; else each is asked for. */
  readonly bytesPerKey: number | undefined
  readonly nodeTimeoutMs: number
  readonly emit: Emit
  readonly journal: WindowJournal
  /** Aborted: open no more windows, finish the open ones. */
  readonly stop: AbortSignal
  /** Bound on retrying what may pass by itself. Milliseconds. */
  readonly retryMs: number
  /** Highest epoch that any node is known to hold; grows while the job runs. */
  readonly epochs: EpochWatch
}

export interface EpochWatch {
  highest: number
}

/** Records windows durably. Both resolve once the record is on disk. */
export interface WindowJournal {
  opening(window: WindowRecord): Promise<void>
  done(window: WindowRecord & {readonly keys: number}): Promise<void>
}

export interface WindowRecord {
  readonly from: NodeId
  /** Config epoch of the source when it was last observed; of windows being opened. */
  readonly fromEpoch?: number
  readonly to: NodeId
  readonly slots: string
}
