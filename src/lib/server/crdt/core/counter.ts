import type {Dot} from './api.js'
import type {Join, Ledger, Operation} from './container.js'
import type {Decoder} from './decoder.js'
import {actorOf, dotOf, sequenceOf} from './dot.js'
import type {Encoder} from './encoder.js'
import {add, decodeTotal, encodeTotal, subtract, type Total} from './total.js'

/** What was seen of an entry when it was reset. */
interface Reset {
  readonly total: Total
  /** At least `since` of the entry, at most its `at`. */
  readonly at: number
  /** The effect that reset it: once all regions have that, nobody can send an increment that has not seen the reset. */
  readonly by: Dot
}

/**
 * What one actor added: its total, of which only what is not reset counts. Written by that actor alone; resets come from
 * all. A reset names (total, at) as seen; the later `at` wins.
 *
 * An entry whose last increment is reset is garbage. Its actor then begins anew, at 0: resets of before are void.
 */
export class Counter {
  constructor(
    readonly actor: number,
    public total: Total,
    /** Sequence of the last increment. */
    public at: number,
    /** Of the last increment. */
    public clock: number,
    /** Sequence of the first increment. */
    public since: number,
    public reset: Reset | undefined,
  ) {}

  /** The element exists by it. */
  get isLive(): boolean {
    return this.reset === undefined || this.reset.at < this.at
  }

  get dot(): Dot {
    return dotOf(this.actor, this.at)
  }

  get contribution(): Total {
    return this.reset === undefined ? this.total : subtract(this.total, this.reset.total)
  }

  /** @param at - beyond the last increment only if what was sent is wrong @returns whether it is no longer live, and was */
  resetTo(total: Total, at: number, by: Dot, ledger: Ledger): boolean {
    if (at > this.at) return this.resetTo(total, this.at, by, ledger)
    if (at < this.since || (this.reset !== undefined && this.reset.at >= at)) return false
    this.reset = {at, by, total}
    if (at < this.at) return false
    ledger.garbage++
    return true
  }
}

/** Adds one step of the operation's actor. @param total - after it; undefined: the actor began anew with it */
export function increment(
  entry: Counter | undefined,
  step: Total,
  total: Total | undefined,
  {actor, clock, ledger, sequence, dot}: Operation,
): Counter {
  if (entry === undefined) {
    // An actor that goes on where we have nothing: all that came before was reset, and we dropped it.
    const goesOn = total !== undefined && sequence > 1
    const reset = goesOn ? {at: sequence - 1, by: dot, total: subtract(total, step)} : undefined
    return new Counter(actor, total ?? step, sequence, clock, total === undefined ? sequence : 0, reset)
  }
  if (!entry.isLive) ledger.garbage--
  if (total === undefined) {
    entry.since = sequence
    entry.reset = undefined
  }
  entry.total = total ?? step
  entry.at = sequence
  entry.clock = clock
  return entry
}

/** One more step of our own. @returns the total after it; undefined: it begins anew */
export function nextTotal(entry: Counter | undefined, step: Total): Total | undefined {
  return entry?.isLive ? add(entry.total, step) : undefined
}

/** The entry of one actor, of two states; undefined: that state has none. */
export function joinCounters(mine: Counter | undefined, theirs: Counter | undefined, join: Join): Counter | undefined {
  if (mine === undefined || theirs === undefined) {
    const one = (mine ?? theirs)!
    // The side that knows of it and does not have it dropped it, fully reset.
    const isDropped = mine ? join.theirsCovers(one.dot) : join.mineCovers(one.dot)
    if (one === mine && isDropped && !one.isLive) join.ledger.garbage--
    if (one === theirs && !isDropped && !one.isLive) join.ledger.garbage++
    return isDropped ? undefined : one
  }
  const wasLive = mine.isLive
  const [later, earlier] = theirs.at > mine.at ? [theirs, mine] : [mine, theirs]
  let {reset} = later
  const other = earlier.reset
  if (other !== undefined && other.at >= later.since && (reset === undefined || other.at > reset.at)) reset = other
  const joined = new Counter(mine.actor, later.total, later.at, later.clock, later.since, reset)
  if (wasLive !== joined.isLive) join.ledger.garbage += wasLive ? 1 : -1
  return joined
}

export function packCounter(counter: Counter, out: Encoder): void {
  const {actor, at, clock, reset, since, total} = counter
  out.actor(actor)
  out.varint(at)
  out.varint(clock)
  out.varint(since)
  encodeTotal(total, out)
  out.varint(reset === undefined ? 0 : reset.at)
  if (reset === undefined) return
  encodeTotal(reset.total, out)
  out.dot(reset.by)
}

/** @throws CrdtError */
export function unpackCounter(decoder: Decoder): Counter {
  const dot = decoder.dot()
  const [actor, at] = [actorOf(dot), sequenceOf(dot)]
  const clock = decoder.varint()
  const since = decoder.sequence()
  const total = decodeTotal(decoder)
  const resetAt = decoder.sequence()
  const reset = resetAt === 0 ? undefined : {at: resetAt, total: decodeTotal(decoder), by: decoder.dot()}
  if (at < since || resetAt > at) decoder.fail('has a counter that cannot be')
  return new Counter(actor, total, at, clock, since, reset)
}

/** Resets of all entries that count, as they are: what DEL, SET, ZADD, HDEL here must tell others. @returns whether there were any */
export function resetOwnCounters(counters: readonly Counter[], by: Dot, ledger: Ledger, out: Encoder): void {
  let count = 0
  for (const counter of counters) if (counter.isLive) count++
  out.varint(count)
  for (const counter of counters) {
    if (!counter.isLive) continue
    out.actor(counter.actor)
    out.varint(counter.at)
    encodeTotal(counter.total, out)
    counter.resetTo(counter.total, counter.at, by, ledger)
  }
}

/** Reads what `resetOwnCounters` wrote. */
export function resetCounters(counters: readonly Counter[], by: Dot, ledger: Ledger, decoder: Decoder): void {
  for (let count = decoder.count(); count > 0; count--) {
    const actor = decoder.actor()
    const at = decoder.sequence()
    const total = decodeTotal(decoder)
    counters.find((counter) => counter.actor === actor)?.resetTo(total, at, by, ledger)
  }
}

/** @throws CrdtError */
export function checkResets(decoder: Decoder): void {
  for (let count = decoder.count(); count > 0; count--) {
    decoder.actor()
    decoder.sequence()
    decodeTotal(decoder)
  }
}
