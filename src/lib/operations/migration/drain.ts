import {pause} from '../../client/abort.js'
import {classifyMigrateFailure, isUnanswered, keysInSlot, migrateKeys} from '../../client/migration/legacy.js'
import type {WireReply} from '../../client/migration/reply-reader.js'
import type {WireCommand} from '../../client/migration/wire.js'
import {NodeReplyError} from '../../client/reply-error.js'
import {CliError} from '../../kernel/errors.js'
import {settleBusyKeys} from './busy-keys.js'
import {type BurstLoad, batchBytes, type Pace, type SizedKey} from './pace.js'
import {type SizedSlot, sizeKeys} from './size-keys.js'
import type {PairContext} from './types.js'

/** Keys asked for at a time: few enough that the list itself does not block the source. */
export const LIST_KEYS = 500

/** Bursts in flight: while the source works on one, the next is on its way. */
const BURSTS_IN_FLIGHT = 2

const RETRY_MS_FIRST = 50
const RETRY_MS_MAX = 1000

/** Lists of one slot in a row that bring no key nearer to the target. */
const FRUITLESS_LISTS_MAX = 50

/** One slot on its way, open on both sides. */
interface SlotState {
  readonly slot: number
  moved: number
  /** Keys that may be sent over what the target has. */
  readonly replaceable: Set<string>
  fruitlessLists: number
}

interface Batch {
  readonly state: SlotState
  readonly keys: readonly SizedKey[]
  readonly replace: boolean
  /** Ask afterwards what is left in the slot. */
  readonly last: boolean
}

interface Burst {
  readonly batches: readonly Batch[]
  readonly load: BurstLoad
  readonly sentAt: number
  readonly replies: Promise<WireReply[]>
}

export interface DrainResult {
  readonly keys: number
  /** Slots that are empty at the source. */
  readonly drained: readonly number[]
  /** Slots that could not be emptied, and why; they stay open. */
  readonly failed: ReadonlyMap<number, CliError>
}

/**
 * Moves all keys of open slots, until each slot is found empty at its source after the last MIGRATE.
 *
 * The slots migrate already, so no key can appear at the source: what one list did not name is old and comes with the
 * next. Two bursts of MIGRATEs are kept in flight on the source's connection.
 */
export class Drain {
  private queue: Batch[] = []
  private readonly flying: Burst[] = []
  private readonly drained: number[] = []
  private readonly failed = new Map<number, CliError>()
  private lastReplyAt = 0
  private keys = 0
  private retry: {since: number; waitMs: number; wait: boolean} | undefined

  constructor(
    private readonly context: PairContext,
    private readonly pace: Pace,
    /** Slots of which the target held no key when they were opened. */
    private readonly clean: ReadonlySet<number> = new Set(),
  ) {}

  /**
   * @param slots - open on both sides, with their first keys
   * @throws {CliError} if a connection is lost, or what may pass by itself did not pass in time
   */
  async run(slots: readonly SizedSlot[]): Promise<DrainResult> {
    for (const {keys, slot} of slots) {
      const state: SlotState = {slot, moved: 0, replaceable: new Set(), fruitlessLists: 0}
      if (keys.length === 0) this.drained.push(slot)
      else this.enqueue(state, keys)
    }
    while (this.queue.length > 0 || this.flying.length > 0) {
      while (this.queue.length > 0 && this.flying.length < BURSTS_IN_FLIGHT && !this.retry?.wait) this.launch()
      const burst = this.flying.shift()
      if (burst) await this.land(burst)
      if (this.retry?.wait && this.flying.length === 0) await this.waitForRetry(this.retry)
    }
    return {keys: this.keys, drained: this.drained, failed: this.failed}
  }

  private enqueue(state: SlotState, keys: readonly SizedKey[]): void {
    const always = this.context.migrate.replace
    const isReplaceable = ({key}: SizedKey) => always || state.replaceable.has(key)
    const sure = state.replaceable.size === 0 ? [] : this.pace.batches(keys.filter(isReplaceable))
    const rest = state.replaceable.size === 0 ? keys : keys.filter((key) => !isReplaceable(key))
    const batches = [
      ...sure.map((batch) => ({keys: batch, replace: true})),
      ...this.pace.batches(rest).map((batch) => ({keys: batch, replace: always})),
    ]
    batches.forEach((batch, index) => {
      this.queue.push({state, ...batch, last: index === batches.length - 1})
    })
  }

  private launch(): void {
    const commands: WireCommand[] = []
    const batches: Batch[] = []
    let estimatedMs = 0
    let timeoutMs = this.context.migrate.timeoutMs
    for (let batch = this.queue[0]; batch; batch = this.queue[0]) {
      const batchMs = this.pace.estimateMs(batch.keys.length, batchBytes(batch.keys))
      if (batches.length > 0 && estimatedMs + batchMs > this.pace.burstMs) break
      this.queue.shift()
      batches.push(batch)
      estimatedMs += batchMs
      // A key that takes long must not be cut off half-way: MIGRATE would only start over.
      timeoutMs = Math.max(timeoutMs, batchMs * 4)
      const keys = batch.keys.map(({key}) => key)
      commands.push(migrateKeys(keys, {...this.context.migrate, replace: batch.replace, timeoutMs}))
      if (batch.last) commands.push(keysInSlot(batch.state.slot, LIST_KEYS))
    }
    // MIGRATE answers by its own timeout; only a source that is gone stays silent beyond that.
    const silenceMs = timeoutMs * 2 + this.context.nodeTimeoutMs
    const replies = this.context.source.wire.send(commands, silenceMs)
    replies.catch(() => undefined)
    const keyCount = batches.reduce((sum, {keys}) => sum + keys.length, 0)
    const bytes = batches.reduce((sum, {keys}) => sum + batchBytes(keys), 0)
    const load = {migrateCount: batches.length, keyCount, bytes}
    this.flying.push({batches, load, sentAt: performance.now(), replies})
  }

  private async land({batches, load, replies, sentAt}: Burst): Promise<void> {
    const answers = await replies.catch((error: unknown) => {
      // The source may still carry it out, and not hear of the end either.
      for (const batch of batches) this.doubt(batch)
      throw error
    })
    const now = performance.now()
    this.pace.learn(load, now - Math.max(sentAt + this.pace.roundTripMs, this.lastReplyAt))
    this.lastReplyAt = now
    let next = 0
    const before = {keys: this.keys, slots: this.drained.length}
    for (const batch of batches) {
      const outcome = answers[next++]
      if (outcome instanceof NodeReplyError) await this.onFailure(batch, outcome)
      else this.onMoved(batch)
      if (batch.last) await this.onList(batch.state, answers[next++])
    }
    const {source, target} = this.context
    const moved = {keys: this.keys - before.keys, slots: this.drained.length - before.slots}
    this.context.emit({event: 'progress', from: source.id, to: target.id, ...moved})
  }

  private onMoved({keys, state}: Batch): void {
    state.moved += keys.length
    state.fruitlessLists = 0
    this.keys += keys.length
    this.retry = undefined
  }

  private async onFailure(batch: Batch, error: NodeReplyError): Promise<void> {
    const {slot} = batch.state
    switch (classifyMigrateFailure(error)) {
      case 'transient':
        if (isUnanswered(error)) this.doubt(batch)
        this.onTransient(slot, error)
        return
      case 'busy-key':
        await this.onBusy(batch)
        return
      case 'lost-slot':
        throw new CliError(
          'PLAN_PARTIAL',
          `${this.context.source.name} no longer serves slot ${slot}: ${error.message}`,
        )
      case 'fatal':
        this.failed.set(slot, this.slotError(slot, error.message))
    }
  }

  /** The target may have taken the keys, and nobody heard of it. Whatever else it holds of the slot is not ours to judge. */
  private doubt({keys, state}: Batch): void {
    if (!this.clean.has(state.slot)) return
    for (const {key} of keys) this.context.inDoubt.add(key)
  }

  /**
   * Keys of a MIGRATE without an answer are at the target as they were then, while the source went on serving them: its
   * own count. Others are compared.
   */
  private async onBusy({keys, state}: Batch): Promise<void> {
    const {inDoubt} = this.context
    const names = keys.map(({key}) => key)
    for (const key of names) if (inDoubt.has(key)) state.replaceable.add(key)
    const unclear = names.filter((key) => !inDoubt.has(key))
    if (unclear.length === 0) return
    const {conflict, replaceable} = await settleBusyKeys(this.context, state.slot, unclear)
    for (const key of replaceable) state.replaceable.add(key)
    if (conflict) this.failed.set(state.slot, conflict)
  }

  private onTransient(slot: number, error: NodeReplyError): void {
    const now = performance.now()
    this.retry ??= {since: now, waitMs: RETRY_MS_FIRST, wait: false}
    this.retry.wait = true
    if (now - this.retry.since > this.context.retryMs) throw this.slotError(slot, error.message)
  }

  private async waitForRetry(retry: {waitMs: number; wait: boolean}): Promise<void> {
    await pause(retry.waitMs)
    // A target that is gone does not come back on this connection: then there is nothing to wait for.
    await this.context.target.wire.send([['PING']])
    retry.waitMs = Math.min(retry.waitMs * 2, RETRY_MS_MAX)
    retry.wait = false
  }

  /** What is left of the slot after its last batch: nothing, or more work. Retries come from here as well. */
  private async onList(state: SlotState, reply: WireReply | undefined): Promise<void> {
    if (this.failed.has(state.slot)) return
    if (!Array.isArray(reply)) {
      const text = reply instanceof NodeReplyError ? reply.message : 'no list of keys'
      this.failed.set(state.slot, this.slotError(state.slot, text))
      return
    }
    if (reply.length === 0) {
      this.drained.push(state.slot)
      return
    }
    state.fruitlessLists++
    if (state.fruitlessLists > FRUITLESS_LISTS_MAX && !this.retry) {
      this.failed.set(state.slot, this.slotError(state.slot, `${reply.length} keys do not leave the source`))
      return
    }
    const [sized] = await sizeKeys(this.context, this.pace, [{slot: state.slot, keys: reply as string[]}])
    this.enqueue(state, sized?.keys ?? [])
  }

  private slotError(slot: number, message: string): CliError {
    const {source, target} = this.context
    return new CliError('PLAN_PARTIAL', `slot ${slot} from ${source.name} to ${target.name}: ${message}`, {
      details: {slot, from: source.id, to: target.id},
    })
  }
}
