import {rangesOf, type SlotRange} from '../../model/slot-set.js'

/** Of a source; each may end in failed or cancelled. */
export type ExportState =
  | 'connecting'
  | 'sending-auth-command'
  | 'reading-auth-response'
  | 'sending-establish-command'
  | 'reading-establish-response'
  | 'waiting-to-snapshot'
  | 'snapshotting'
  | 'replicating'
  | 'waiting-to-pause'
  | 'failover-paused'
  | 'failover-granted'

/** Of a target, and of its replicas. */
export type ImportState =
  | 'waiting-for-ack'
  | 'receiving-snapshot'
  | 'waiting-for-paused'
  | 'failover-requested'
  | 'failover-granted'
  | 'cleaning-up'
  | 'occurring-on-primary'

export type EndState = 'success' | 'failed' | 'cancelled'

export interface JobFacts {
  /** 40 hex characters, the same at both ends. */
  readonly name: string
  readonly operation: 'EXPORT' | 'IMPORT'
  /** Ascending, each once; not empty. */
  readonly slots: readonly number[]
  /** Ids; the source is unknown to replicas of the target. */
  readonly source: string | undefined
  readonly target: string
  /** Unix milliseconds. */
  readonly nowMs: number
}

/** One slot migration as CLUSTER GETSLOTMIGRATIONS shows it. */
export class Job {
  readonly name: string
  readonly operation: 'EXPORT' | 'IMPORT'
  readonly slots: readonly number[]
  readonly ranges: readonly SlotRange[]
  readonly source: string | undefined
  readonly target: string
  readonly createdMs: number
  updatedMs: number
  /** When the other end was last heard of. */
  ackMs: number
  message = ''
  /** Bytes of the stream that the target has not confirmed. */
  remainingBytes = 0
  private current: ExportState | ImportState | EndState
  private readonly own: ReadonlySet<number>

  constructor(facts: JobFacts, state: ExportState | ImportState) {
    this.name = facts.name
    this.operation = facts.operation
    this.slots = facts.slots
    this.own = new Set(facts.slots)
    this.ranges = rangesOf(facts.slots)
    this.source = facts.source
    this.target = facts.target
    this.createdMs = facts.nowMs
    this.updatedMs = facts.nowMs
    this.ackMs = facts.nowMs
    this.current = state
  }

  get state(): ExportState | ImportState | EndState {
    return this.current
  }

  hasSlot(slot: number): boolean {
    return this.own.has(slot)
  }

  get isEnded(): boolean {
    const {current} = this
    return current === 'success' || current === 'failed' || current === 'cancelled'
  }

  become(state: ExportState | ImportState | EndState, nowMs: number): void {
    this.current = state
    this.updatedMs = nowMs
  }

  /** `0-9 20-29` */
  get rangesText(): string {
    return this.ranges.map(({first, last}) => `${first}-${last}`).join(' ')
  }
}
