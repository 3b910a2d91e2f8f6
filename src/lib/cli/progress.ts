import type {NodeId} from '../model/node-id.js'
import {countSlots, parseRanges} from '../model/slot-set.js'
import type {MigrationEvent} from '../operations/migration/types.js'
import type {MovePlan} from '../plan/moves/reshard-document.js'
import {renderDuration} from './duration.js'

/** What is known of the progress of a plan: one entry per source-target pair, fed by events. */
export class MoveProgress {
  readonly pairs: readonly PairProgress[]

  constructor(plan: MovePlan, nowMs: number) {
    this.pairs = plan.steps.map((step) => new PairProgress(step.from, step.to, step.slotCount, step.keyCount, nowMs))
  }

  /** Who stands in for a node of the plan -> that node. */
  private readonly stoodInFor = new Map<NodeId, NodeId>()

  take(event: MigrationEvent, nowMs: number): void {
    if (event.event === 'failover') this.stoodInFor.set(event.successor, this.planned(event.node))
    if (!('from' in event)) return
    const [source, target] = [this.planned(event.from), this.planned(event.to)]
    const pair = this.pairs.find(({from, to}) => from === source && to === target)
    pair?.take(event, nowMs)
  }

  private planned(id: NodeId): NodeId {
    return this.stoodInFor.get(id) ?? id
  }
}

type PairEvent = Extract<MigrationEvent, {readonly from: NodeId}>

export class PairProgress {
  /** Resolves once the target owns all slots of the pair. */
  readonly finished: Promise<void>
  isFinished = false
  private finish: () => void = () => undefined
  private slotsDone = 0
  private keysDone = 0
  private startedAt: number | undefined
  private endedAt: number
  /** Of an atomic migration, in the nodes' words. */
  private state: string | undefined

  /**
   * @param keyCount - when the plan was made; it may have changed since
   */
  constructor(
    readonly from: NodeId,
    readonly to: NodeId,
    readonly slotCount: number,
    private readonly keyCount: number,
    nowMs: number,
  ) {
    this.endedAt = nowMs
    this.finished = new Promise((resolve) => {
      this.finish = resolve
    })
  }

  take(event: PairEvent, nowMs: number): void {
    this.startedAt ??= nowMs
    this.endedAt = nowMs
    if (event.event === 'progress') this.keysDone += event.keys
    if (event.event === 'task') this.state = event.state
    if (event.event !== 'window-done') return
    this.slotsDone += countSlots(parseRanges(event.slots) ?? [])
    if (this.slotsDone < this.slotCount) return
    this.isFinished = true
    this.finish()
  }

  /** `640/2048 slots, 15660 keys, 41k keys/s, snapshotting, 0.9 s left`; waiting pairs say so. */
  describe(nowMs: number): string {
    if (this.startedAt === undefined) return 'waiting'
    const elapsedMs = nowMs - this.startedAt
    const parts = [`${this.slotsDone}/${this.slotCount} slots`, `${this.keysDone} keys`]
    if (elapsedMs > 0 && this.keysDone > 0) parts.push(`${renderRate((this.keysDone * 1000) / elapsedMs)} keys/s`)
    const share = this.share()
    if (this.state !== undefined) parts.push(this.state)
    if (share > 0 && share < 1) parts.push(`${renderDuration((elapsedMs * (1 - share)) / share)} left`)
    return parts.join(', ')
  }

  /** `50210 keys in 0.9 s` */
  summary(): string {
    const tookMs = this.startedAt === undefined ? 0 : this.endedAt - this.startedAt
    return `${this.keysDone} keys in ${renderDuration(tookMs)}`
  }

  /** How much is done, 0..1: keys where there are some, since they take the time. */
  private share(): number {
    const slots = this.slotsDone / this.slotCount
    return this.keyCount > this.slotCount ? Math.min(1, this.keysDone / this.keyCount) : slots
  }
}

/** `41k`, `850` */
export function renderRate(perSecond: number): string {
  return perSecond >= 10_000 ? `${Math.round(perSecond / 1000)}k` : String(Math.round(perSecond))
}
