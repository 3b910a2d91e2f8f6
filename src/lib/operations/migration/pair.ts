import {pause} from '../../client/abort.js'
import {parseClusterNodes} from '../../client/cluster-nodes.js'
import {
  countKeysInSlot,
  isAlreadyOwner,
  isNotOwner,
  isNotPrimary,
  keysInSlot,
  setImporting,
  setMigrating,
  setOwner,
  takeSlots,
} from '../../client/migration/legacy.js'
import type {WireReply} from '../../client/migration/reply-reader.js'
import {NodeReplyError} from '../../client/reply-error.js'
import {CliError} from '../../kernel/errors.js'
import type {NodeRecord} from '../../model/cluster-view.js'
import {rangesOf, renderRanges} from '../../model/slot-set.js'
import {epochBarrier, gossipMs, readEpochs, sourceCollides} from './barrier.js'
import {CopyLanes} from './copy-lanes.js'
import {Drain, LIST_KEYS} from './drain.js'
import {Pace} from './pace.js'
import {type ListedSlot, type SizedSlot, sizeKeys} from './size-keys.js'
import type {PairContext, WindowRecord} from './types.js'

/** Gossip of a node in reach takes less than a millisecond, unless either end is busy. */
const HEAR_MS_FIRST = 1
const HEAR_MS_MAX = 50

export interface PairResult {
  readonly keys: number
  /** Slots that the target owns now, ascending. */
  readonly done: readonly number[]
  /** Why slots were left behind, if any were. */
  readonly failed: readonly CliError[]
}

/** A window after opening: what is to be moved, and what the target owned before. */
interface OpenWindow {
  readonly record: WindowRecord
  /** Slots to copy; the source is stable in them. */
  readonly copied: readonly SizedSlot[]
  /** Slots to move by MIGRATE; the source is stable in them yet, unless it was midway. */
  readonly waiting: readonly number[]
  /** Slots that the source migrates, with their first keys. */
  readonly migrating: readonly SizedSlot[]
  readonly owned: readonly number[]
  /** The highest epoch the target knew of. */
  readonly targetEpoch: number
}

/**
 * Moves slots from one primary to another in windows: while one window drains, the next is opened and the one before is
 * handed over, so that the source's connection never runs dry.
 *
 *   open:  target IMPORTING, first lists of keys and their sizes
 *   drain: source MIGRATING and MIGRATE until empty; to a far target, slots of small keys are copied and switched
 *   close: target NODE + check that it owns them -> the source hears of it by gossip -> source NODE
 *
 * Every step may be repeated: slots that the target owns already are only closed.
 */
export class PairMove {
  private readonly done: number[] = []
  private readonly failed: CliError[] = []
  private keys = 0
  /** Slots of which the target held no key when they were opened. */
  private readonly clean = new Set<number>()
  /** The source shared its config epoch when the target was last seen to own its slots. */
  private collides = false

  constructor(private readonly context: PairContext) {}

  /**
   * @param slots - ascending
   * @throws {CliError} if a connection is lost or ownership is not what the plan says; open slots stay open
   */
  async run(slots: readonly number[]): Promise<PairResult> {
    const {canSwitch, emit, source, stop, transfer} = this.context
    if (transfer === 'copy' && !canSwitch) {
      emit({event: 'warning', message: `${source.name} cannot switch copied slots over; all go by MIGRATE`})
    }
    await epochBarrier(this.context, this.barrierMs)
    const roundTripMs = await this.roundTripMs()
    const pace = new Pace(this.context.pace, roundTripMs)
    const lanes = new CopyLanes(this.context, roundTripMs)
    const windows = split(slots, this.context.pace.windowSlots)
    let next = stop.aborted ? undefined : this.openNext(windows.shift(), pace, lanes)
    let closing: Promise<void> = Promise.resolve()
    try {
      while (next) {
        const window = await next
        const goOn = !stop.aborted && this.failed.length === 0
        next = goOn ? this.openNext(windows.shift(), pace, lanes) : undefined
        const {drained, keys} = await this.drain(window, pace, lanes)
        await closing
        closing = this.close(window, ascending([...window.owned, ...drained]), keys)
        closing.catch(() => undefined)
      }
      await closing
    } finally {
      // After a failure, what goes on beside must not reach into whatever is done about it.
      await Promise.allSettled([next, closing])
      await lanes.close()
    }
    return this.result
  }

  /** What was done so far; also after a failure. */
  get result(): PairResult {
    return {keys: this.keys, done: ascending(this.done), failed: this.failed}
  }

  private get barrierMs(): number {
    return gossipMs(this.context.nodeTimeoutMs)
  }

  private openNext(
    slots: readonly number[] | undefined,
    pace: Pace,
    lanes: CopyLanes,
  ): Promise<OpenWindow> | undefined {
    if (!slots) return undefined
    const opening = this.open(slots, pace, lanes)
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

  private async open(slots: readonly number[], pace: Pace, lanes: CopyLanes): Promise<OpenWindow> {
    const {emit, journal, source, target} = this.context
    const record = {from: source.id, to: target.id, slots: renderRanges(rangesOf(slots))}
    await journal.opening(record)
    const imports = await target.wire.send([
      ...slots.flatMap((slot) => [setImporting(slot, source.id), countKeysInSlot(slot)]),
      ['CLUSTER', 'INFO'],
    ])
    const owned = slots.filter((_, index) => isAlreadyOwner(imports[index * 2]))
    const wasOwned = new Set(owned)
    const held = new Map(slots.map((slot, index) => [slot, imports[index * 2 + 1]]))
    slots.forEach((slot, index) => {
      if (!wasOwned.has(slot)) requireOk(imports[index * 2], `${target.name} does not import slot ${slot}`)
    })
    const moving = slots.filter((slot) => !wasOwned.has(slot))
    for (const slot of moving) if (held.get(slot) === 0) this.clean.add(slot)
    await this.discardOldCopies(moving.filter((slot) => held.get(slot) !== 0))
    emit({event: 'window-open', ...record})
    const targetEpoch = readEpochs(imports[slots.length * 2])?.current ?? 0
    const common = {record, owned, targetEpoch}
    if (!this.copies(pace)) {
      const migrating = await sizeKeys(this.context, pace, await this.startMigrating(moving))
      return {...common, copied: [], waiting: [], migrating}
    }
    const sized = await this.listKeys(moving, pace)
    const copied = sized.filter(
      (listed) => held.get(listed.slot) === 0 && !this.context.midway.has(listed.slot) && lanes.accepts(listed),
    )
    const byCopy = new Set(copied.map(({slot}) => slot))
    return {...common, copied, waiting: moving.filter((slot) => !byCopy.has(slot)), migrating: []}
  }

  private copies(pace: Pace): boolean {
    const {canSwitch, transfer} = this.context
    return canSwitch && (transfer === 'copy' || (transfer === 'auto' && pace.targetIsFar))
  }

  /**
   * Copies that an earlier run made and did not come to switch: the source has not redirected anybody since, so it holds
   * the truth, and it may have changed. They must be gone before it redirects.
   */
  private async discardOldCopies(slots: readonly number[]): Promise<void> {
    const {isFenced, midway, reopened, source, target} = this.context
    const suspects = slots.filter((each) => reopened.has(each) && !midway.has(each))
    if (suspects.length === 0) return
    if (!isFenced) throw unfencedError(this.context)
    // What a process that was killed had sent may have been carried out since the source was observed: ask again.
    const [nodes, ...counts] = await source.wire.send([['CLUSTER', 'NODES'], ...suspects.map(countKeysInSlot)])
    if (typeof nodes !== 'string') throw replyFailure(nodes, `${source.name} does not show its slots`)
    const own = ownRecordIn(nodes)
    // And where the source has nothing, the target may hold all there is: a key too many is better than one too few.
    for (const slot of suspects.filter((each, index) => !own?.migrating.has(each) && counts[index] !== 0)) {
      for (;;) {
        const [keys] = await target.wire.send([keysInSlot(slot, LIST_KEYS)])
        if (!Array.isArray(keys)) throw replyFailure(keys, `${target.name} does not list the keys of slot ${slot}`)
        if (keys.length === 0) break
        const [, deleted] = await target.wire.send([['ASKING'], ['DEL', ...(keys as string[])]])
        if (typeof deleted !== 'number') throw replyFailure(deleted, `${target.name} does not delete old copies`)
      }
    }
  }

  /** The keys of slots that the source is still stable in. */
  private async listKeys(slots: readonly number[], pace: Pace): Promise<SizedSlot[]> {
    const {epochs, source} = this.context
    const replies = await source.wire.send([...slots.map((slot) => keysInSlot(slot, LIST_KEYS)), ['CLUSTER', 'INFO']])
    const heard = readEpochs(replies[slots.length])
    if (heard) epochs.highest = Math.max(epochs.highest, heard.current)
    const listed = slots.map((slot, index): ListedSlot => {
      const keys = replies[index]
      if (!Array.isArray(keys)) throw replyFailure(keys, `${source.name} does not list the keys of slot ${slot}`)
      return {slot, keys: keys as string[]}
    })
    return sizeKeys(this.context, pace, listed)
  }

  /** Brings the keys of a window to the target. */
  private async drain(
    {copied, migrating, waiting}: OpenWindow,
    pace: Pace,
    lanes: CopyLanes,
  ): Promise<{keys: number; drained: readonly number[]}> {
    const {refused, switched} = await lanes.run(copied)
    const listed = await this.startMigrating([...waiting, ...refused])
    const left = switched.map(({left: keys, slot}) => ({slot, keys}))
    const drain = new Drain(this.context, pace, this.clean)
    const late = await sizeKeys(this.context, pace, [...left, ...listed])
    const result = await drain.run([...migrating, ...late])
    const keys = result.keys + switched.reduce((sum, {keyCount}) => sum + keyCount, 0)
    this.keys += keys
    this.failed.push(...result.failed.values())
    return {keys, drained: result.drained}
  }

  /** MIGRATING comes before the list on the same connection, so no key can appear after its slot was listed. */
  private async startMigrating(slots: readonly number[]): Promise<ListedSlot[]> {
    if (slots.length === 0) return []
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
    const {emit, epochs, journal, target} = this.context
    // Somebody took a newer epoch since the barrier, or may: the target must hear of it before it takes these slots.
    if (window.targetEpoch < epochs.highest || this.collides) await epochBarrier(this.context, this.barrierMs)
    if (slots.length > 0) {
      const commands = takeSlots(slots, target.id)
      const taken = await target.wire.send([...commands, ['CLUSTER', 'NODES']])
      commands.forEach((command, index) => {
        requireOk(taken[index], `${target.name} does not take slot ${command[2]}`)
      })
      this.requireOwned(slots, taken[commands.length])
      await this.sourceHears(slots)
      await this.tellSource(slots)
      this.done.push(...slots)
    }
    const record = {...window.record, slots: renderRanges(rangesOf(slots))}
    await journal.done({...record, keys})
    emit({event: 'window-done', ...record, keys})
  }

  /** The target's own word is what counts: an OK to SETSLOT does not keep a slot that gossip takes away again. */
  private requireOwned(slots: readonly number[], reply: WireReply | undefined): void {
    const {source, target} = this.context
    if (typeof reply !== 'string') throw replyFailure(reply, `${target.name} does not show its slots`)
    const records = parseClusterNodes(reply, {host: '', port: 0})
    this.collides = sourceCollides(records, source.id)
    const own = records.find(({myself}) => myself)
    const missing = missingFrom(own, slots)
    if (missing.length === 0) return
    throw new CliError(
      'PLAN_PARTIAL',
      `${target.name} does not own slots ${renderRanges(rangesOf(missing))} after taking them`,
      {
        details: {nodeId: target.id, slots: renderRanges(rangesOf(missing)), role: own?.role ?? null},
      },
    )
  }

  /**
   * Waits until the source gives up the slots by the target's own gossip, which the target sent when it took them.
   *
   * Nobody is told of the new owner before that. A node that is told first hears an older message of the target next, which
   * does not claim these slots, and remembers that their owner stopped claiming them. In Redis 7.0.12 to 7.0.15 that outlasts
   * every SETSLOT: should the node ever own such a slot again, the first stale claim takes it away, whatever its epoch, and
   * the keys are deleted. For the same reason the other primaries are left to the gossip altogether.
   */
  private async sourceHears(slots: readonly number[]): Promise<void> {
    const {emit, source, target} = this.context
    const deadline = performance.now() + this.barrierMs
    for (let waitMs = HEAR_MS_FIRST; ; waitMs = Math.min(waitMs * 2, HEAR_MS_MAX)) {
      const [reply] = await source.wire.send([['CLUSTER', 'NODES']])
      if (typeof reply !== 'string') throw replyFailure(reply, `${source.name} does not show its slots`)
      if (missingFrom(ownRecordIn(reply), slots).length === slots.length) return
      if (performance.now() + waitMs > deadline) break
      await pause(waitMs)
    }
    // It may have lost them since: then the source is the owner.
    const [nodes] = await target.wire.send([['CLUSTER', 'NODES']])
    this.requireOwned(slots, nodes)
    emit({
      event: 'warning',
      message: `${source.name} has not heard from ${target.name} in ${Math.round(this.barrierMs / 1000)} s and is told of the new owner`,
    })
  }

  private async tellSource(slots: readonly number[]): Promise<void> {
    const {source, target} = this.context
    const replies = await source.wire.send(slots.map((slot) => setOwner(slot, target.id)))
    replies.forEach((reply, index) => {
      // A source without slots may have become a replica of the target by now.
      if (!isNotPrimary(reply)) requireOk(reply, `${source.name} does not give up slot ${slots[index]}`)
    })
  }
}

/** The switch of such a slot may still be under way: then the copies are all there is. */
function unfencedError({source, target}: PairContext): CliError {
  return new CliError(
    'PREFLIGHT_FAILED',
    `the connections of the earlier run to ${source.name} or ${target.name} cannot be closed, so what it sent may still be carried out`,
    {suggestions: ['Let the user do so: ACL SETUSER ... +client|list +client|kill +client|setname']},
  )
}

function ownRecordIn(nodes: string): NodeRecord | undefined {
  return parseClusterNodes(nodes, {host: '', port: 0}).find(({myself}) => myself)
}

/** Those of `slots` that a node does not own by its own word. */
function missingFrom(own: NodeRecord | undefined, slots: readonly number[]): number[] {
  const owned = own?.role === 'primary' ? own.slots : []
  return slots.filter((slot) => !owned.some(({first, last}) => first <= slot && slot <= last))
}

function ascending(slots: readonly number[]): number[] {
  return [...slots].sort((a, b) => a - b)
}

/** Small windows first, which show how far the target is before much has been decided. */
const FIRST_WINDOWS = [8, 16]

function split(slots: readonly number[], size: number): number[][] {
  const windows: number[][] = []
  for (let at = 0; at < slots.length; ) {
    const count = Math.min(size, FIRST_WINDOWS[windows.length] ?? size)
    windows.push(slots.slice(at, at + count))
    at += count
  }
  return windows
}

function requireOk(reply: WireReply | undefined, what: string): void {
  if (reply !== 'OK') throw replyFailure(reply, what)
}

function replyFailure(reply: WireReply | undefined, what: string): CliError {
  const text = reply instanceof NodeReplyError ? reply.message : `unexpected reply ${JSON.stringify(reply)}`
  return new CliError('PLAN_PARTIAL', `${what}: ${text}`)
}
