import {parseClusterNodes} from '../../client/cluster-nodes.js'
import {
  isAlreadyOwner,
  isNotOwner,
  isNotPrimary,
  keysInSlot,
  setImporting,
  setMigrating,
  setOwner,
} from '../../client/migration/legacy.js'
import type {WireReply} from '../../client/migration/reply-reader.js'
import {NodeReplyError} from '../../client/reply-error.js'
import {CliError, messageOf} from '../../kernel/errors.js'
import {rangesOf, renderRanges, slotsOf} from '../../model/slot-set.js'
import {epochBarrier, readEpochs} from './barrier.js'
import {Drain, LIST_KEYS} from './drain.js'
import {Pace} from './pace.js'
import {type ListedSlot, type SizedSlot, sizeKeys} from './size-keys.js'
import type {PairContext, WindowRecord} from './types.js'

/** Gossip tells the target of a newer epoch within a ping round, at most half the node timeout. */
const BARRIER_TIMEOUTS = 2
const BARRIER_MS_MIN = 5000

export interface PairResult {
  readonly keys: number
  /** Slots that the target owns now, ascending. */
  readonly done: readonly number[]
  /** Why slots were left behind, if any were. */
  readonly failed: readonly CliError[]
}

/** A window after opening: what is to be drained, and what the target owned before. */
interface OpenWindow {
  readonly slots: readonly number[]
  readonly record: WindowRecord
  readonly sized: readonly SizedSlot[]
  readonly owned: readonly number[]
}

/**
 * Moves slots from one primary to another in windows: while one window drains, the next is opened and the one before is
 * handed over, so that the source's connection never runs dry.
 *
 *   open:  target IMPORTING -> source MIGRATING + first list of keys -> sizes of the keys
 *   drain: MIGRATE until each slot is empty
 *   close: target NODE + check that it owns them -> source NODE, other primaries NODE
 *
 * Every step may be repeated: slots that the target owns already are only closed.
 */
export class PairMove {
  private readonly done: number[] = []
  private readonly failed: CliError[] = []
  private keys = 0

  constructor(private readonly context: PairContext) {}

  /**
   * @param slots - ascending
   * @throws {CliError} if a connection is lost or ownership is not what the plan says; open slots stay open
   */
  async run(slots: readonly number[]): Promise<PairResult> {
    const {emit, epochs, stop, target} = this.context
    await epochBarrier(target, epochs, this.barrierMs, emit)
    const pace = new Pace(this.context.pace, await this.roundTripMs())
    const windows = split(slots, this.context.pace.windowSlots)
    let next = stop.aborted ? undefined : this.openNext(windows.shift(), pace)
    let closing: Promise<void> = Promise.resolve()
    while (next) {
      const window = await next
      const goOn = !stop.aborted && this.failed.length === 0
      next = goOn ? this.openNext(windows.shift(), pace) : undefined
      const result = await new Drain(this.context, pace).run(window.sized)
      await closing
      this.keys += result.keys
      this.failed.push(...result.failed.values())
      closing = this.close(window, [...window.owned, ...result.drained], result.keys)
      closing.catch(() => undefined)
    }
    await closing
    return {keys: this.keys, done: this.done.sort((a, b) => a - b), failed: this.failed}
  }

  private get barrierMs(): number {
    return Math.max(BARRIER_MS_MIN, this.context.nodeTimeoutMs * BARRIER_TIMEOUTS)
  }

  private openNext(slots: readonly number[] | undefined, pace: Pace): Promise<OpenWindow> | undefined {
    if (!slots) return undefined
    const opening = this.open(slots, pace)
    // It is awaited only after the window before has drained; until then a failure must not look unhandled.
    opening.catch(() => undefined)
    return opening
  }

  /** The best of a few PINGs: what a burst must outlast to keep the source busy. */
  private async roundTripMs(): Promise<number> {
    let best = Number.POSITIVE_INFINITY
    for (let i = 0; i < 3; i++) {
      const start = performance.now()
      await this.context.source.wire.send([['PING']])
      best = Math.min(best, performance.now() - start)
    }
    return best
  }

  private async open(slots: readonly number[], pace: Pace): Promise<OpenWindow> {
    const {emit, epochs, journal, source, target} = this.context
    const record = {from: source.id, to: target.id, slots: renderRanges(rangesOf(slots))}
    await journal.opening(record)
    const imports = await target.wire.send([...slots.map((slot) => setImporting(slot, source.id)), ['CLUSTER', 'INFO']])
    const owned = slots.filter((_, index) => isAlreadyOwner(imports[index]))
    const wasOwned = new Set(owned)
    slots.forEach((slot, index) => {
      if (!wasOwned.has(slot)) requireOk(imports[index], `${target.name} does not import slot ${slot}`)
    })
    const moving = slots.filter((slot) => !wasOwned.has(slot))
    const listed = await this.startMigrating(moving)
    const known = readEpochs(imports[slots.length])
    // Somebody took a newer epoch since the barrier: the target must hear of it before it takes these slots.
    if (!known || known.current < epochs.highest) await epochBarrier(target, epochs, this.barrierMs, emit)
    emit({event: 'window-open', ...record})
    return {slots, record, owned, sized: await sizeKeys(this.context, pace, listed)}
  }

  /** MIGRATING comes before the list on the same connection, so no key can appear after its slot was listed. */
  private async startMigrating(slots: readonly number[]): Promise<ListedSlot[]> {
    const {epochs, source, target} = this.context
    const replies = await source.wire.send([
      ...slots.flatMap((slot) => [setMigrating(slot, target.id), keysInSlot(slot, LIST_KEYS)]),
      ['CLUSTER', 'INFO'],
    ])
    const heard = readEpochs(replies[slots.length * 2])
    if (heard) epochs.highest = Math.max(epochs.highest, heard.current)
    return slots.map((slot, index) => {
      const opened = replies[index * 2]
      if (isNotOwner(opened) || isNotPrimary(opened)) {
        throw new CliError('PLAN_PARTIAL', `${source.name} does not own slot ${slot} any more`, {
          details: {slot, nodeId: source.id},
        })
      }
      requireOk(opened, `${source.name} does not migrate slot ${slot}`)
      const keys = replies[index * 2 + 1]
      if (!Array.isArray(keys)) throw replyFailure(keys, `${source.name} does not list the keys of slot ${slot}`)
      return {slot, keys: keys as string[]}
    })
  }

  /** Hands over what is empty at the source: target first, so that no moment is without an owner. */
  private async close(window: OpenWindow, slots: readonly number[], keys: number): Promise<void> {
    const {emit, journal, target} = this.context
    if (slots.length > 0) {
      const commands = slots.map((slot) => setOwner(slot, target.id))
      const taken = await target.wire.send([...commands, ['CLUSTER', 'NODES']])
      slots.forEach((slot, index) => {
        requireOk(taken[index], `${target.name} does not take slot ${slot}`)
      })
      this.requireOwned(slots, taken[slots.length])
      await Promise.all([this.tellSource(slots), ...this.context.others.map((other) => this.tellOther(other, slots))])
      this.done.push(...slots)
    }
    const record = {...window.record, slots: renderRanges(rangesOf([...slots].sort((a, b) => a - b)))}
    await journal.done({...record, keys})
    emit({event: 'window-done', ...record, keys})
  }

  /** The target's own word is what counts: an OK to SETSLOT does not keep a slot that gossip takes away again. */
  private requireOwned(slots: readonly number[], reply: WireReply | undefined): void {
    const {target} = this.context
    if (typeof reply !== 'string') throw replyFailure(reply, `${target.name} does not show its slots`)
    const own = parseClusterNodes(reply, {host: '', port: 0}).find(({myself}) => myself)
    const owned = new Set(own?.role === 'primary' ? slotsOf(own.slots) : [])
    const missing = slots.filter((slot) => !owned.has(slot))
    if (missing.length === 0) return
    throw new CliError(
      'PLAN_PARTIAL',
      `${target.name} does not own slots ${renderRanges(rangesOf(missing))} after taking them`,
      {
        details: {nodeId: target.id, slots: renderRanges(rangesOf(missing)), role: own?.role ?? null},
      },
    )
  }

  private async tellSource(slots: readonly number[]): Promise<void> {
    const {source, target} = this.context
    const replies = await source.wire.send(slots.map((slot) => setOwner(slot, target.id)))
    replies.forEach((reply, index) => {
      // A source without slots may have become a replica of the target by now.
      if (!isNotPrimary(reply)) requireOk(reply, `${source.name} does not give up slot ${slots[index]}`)
    })
  }

  /** Only saves the clients a redirection: gossip tells every node sooner or later. */
  private async tellOther(other: PairContext['others'][number], slots: readonly number[]): Promise<void> {
    try {
      const replies = await other.wire.send(slots.map((slot) => setOwner(slot, this.context.target.id)))
      const refusal = replies.find((reply) => reply instanceof NodeReplyError && !isNotPrimary(reply))
      if (refusal instanceof NodeReplyError) throw refusal
    } catch (error) {
      this.context.emit({event: 'warning', message: `${other.name} was not told of the new owner: ${messageOf(error)}`})
    }
  }
}

function split(slots: readonly number[], size: number): number[][] {
  const windows: number[][] = []
  for (let at = 0; at < slots.length; at += size) windows.push(slots.slice(at, at + size))
  return windows
}

function requireOk(reply: WireReply | undefined, what: string): void {
  if (reply !== 'OK') throw replyFailure(reply, what)
}

function replyFailure(reply: WireReply | undefined, what: string): CliError {
  const text = reply instanceof NodeReplyError ? reply.message : `unexpected reply ${JSON.stringify(reply)}`
  return new CliError('PLAN_PARTIAL', `${what}: ${text}`)
}
