import type {Database} from '../keyspace/database.js'
import type {Server} from '../server.js'
import {migrationEffects} from './link.js'

/** Keys deleted between two looks at the clock, and for how long in one turn of the loop. */
const KEYS_PER_LOOK = 64
const TURN_US = 1000

interface Task {
  /** Those still to be emptied. */
  readonly slots: Set<number>
  /** Unix milliseconds: not before. */
  startMs: number
  readonly onEnd: () => void
}

/**
 * Deletes the keys of hidden slots in slices, so that neither clients nor the stream to replicas notice more than a few
 * deletions at a time. A slot is visible again once it is empty.
 */
export class SlotPurge {
  private readonly tasks: Task[] = []
  private isScheduled = false

  constructor(
    private readonly server: Server,
    /** Whether a slot is another one's business too, and stays hidden. */
    private readonly reveal: (slot: number) => void,
  ) {}

  get isIdle(): boolean {
    return this.tasks.length === 0
  }

  /** Slots waiting to be emptied. */
  get slots(): number[] {
    return this.tasks.flatMap(({slots}) => [...slots])
  }

  has(slot: number): boolean {
    return this.tasks.some(({slots}) => slots.has(slot))
  }

  /** @param slots - hidden @param startMs - unix milliseconds: not before */
  add(slots: readonly number[], startMs: number, onEnd: () => void): void {
    this.tasks.push({onEnd, slots: new Set(slots), startMs})
    this.schedule()
  }

  /** Somebody waits for the slots. */
  hurry(): void {
    for (const task of this.tasks) task.startMs = 0
    this.schedule()
  }

  /** Empties one slot at once. */
  finishSlot(slot: number): void {
    for (const {slots} of this.tasks) {
      if (!slots.delete(slot)) continue
      this.server.crdt?.durability.forgetSlot(slot)
      this.database.deleteSlot(slot)
      this.reveal(slot)
    }
    this.schedule()
  }

  /** The data are no longer this node's own to delete. */
  abandon(): void {
    for (const {slots} of this.tasks.splice(0)) for (const slot of slots) this.reveal(slot)
  }

  /** Every 100 ms. */
  cron(): void {
    if (!this.isIdle) this.schedule()
  }

  private get database(): Database {
    return this.server.databases[0]!
  }

  private schedule(): void {
    if (this.isScheduled || this.isIdle) return
    this.isScheduled = true
    migrationEffects(this.server).soon(() => {
      this.isScheduled = false
      this.run()
    })
  }

  private run(): void {
    const {effects, state} = this.server
    const task = this.tasks[0]
    // Nothing is deleted while the stream must stand still.
    if (task === undefined || state.keepExpired || task.startMs > effects.nowMs()) return
    const startedUs = effects.monotonicUs()
    const isOver = (): boolean => effects.monotonicUs() - startedUs >= TURN_US
    for (const slot of task.slots) {
      this.server.crdt?.durability.forgetSlot(slot)
      while (this.database.countKeysInSlot(slot) > 0 && !isOver()) this.database.deleteSlot(slot, KEYS_PER_LOOK)
      if (this.database.countKeysInSlot(slot) > 0) break
      task.slots.delete(slot)
      this.reveal(slot)
      if (isOver()) break
    }
    if (task.slots.size === 0) {
      this.tasks.shift()
      task.onEnd()
    }
    this.schedule()
  }
}
