import type {ActorTable} from './actors.js'
import type {CounterExplanation, Dot, RowExplanation} from './api.js'
import type {Birth, Context, Join, Operation, OwnOperation} from './container.js'
import {
  Counter,
  checkResets,
  increment,
  joinCounters,
  nextTotal,
  packCounter,
  resetCounters,
  resetOwnCounters,
  unpackCounter,
} from './counter.js'
import type {Decoder} from './decoder.js'
import type {Digest} from './digest.js'
import {actorOf} from './dot.js'
import type {Encoder} from './encoder.js'
import {clockMs, clockTick} from './hybrid-clock.js'
import {joinRows, Row, unseenRows, winningRow} from './rows.js'
import {decodeTotal, encodeTotal, type Total, totalText} from './total.js'

/**
 * One string, field or scored member: rows, which whole values were written, and counters, what was added. Nearly always
 * it is one row or one counter alone; `Cell` holds everything else.
 */
export type Register<V> = Row<V> | Counter | Cell<V>

export class Cell<V> {
  constructor(
    readonly rows: readonly Row<V>[],
    readonly counters: readonly Counter[],
  ) {}
}

const NO_ROWS: readonly never[] = []
const NO_COUNTERS: readonly Counter[] = []

export function rowsOf<V>(register: Register<V> | undefined): readonly Row<V>[] {
  if (register === undefined || register instanceof Counter) return NO_ROWS
  return register instanceof Row ? [register] : register.rows
}

export function countersOf<V>(register: Register<V> | undefined): readonly Counter[] {
  if (register === undefined || register instanceof Row) return NO_COUNTERS
  return register instanceof Counter ? [register] : register.counters
}

/** The leanest form; undefined: nothing is left. */
function registerOf<V>(rows: readonly Row<V>[], counters: readonly Counter[]): Register<V> | undefined {
  if (counters.length === 0 && rows.length < 2) return rows[0]
  if (rows.length === 0 && counters.length === 1) return counters[0]
  return new Cell(rows, counters)
}

export function isVisible<V>(register: Register<V> | undefined): boolean {
  if (register === undefined) return false
  if (register instanceof Row) return true
  if (register instanceof Counter) return register.isLive
  return register.rows.length > 0 || register.counters.some((counter) => counter.isLive)
}

/** A whole value was written. Reads what `assignOwn` wrote behind the value. */
export function assign<V>(
  register: Register<V> | undefined,
  value: V,
  operation: Operation,
  seen: Decoder,
): Register<V> {
  const counters = countersOf(register)
  resetCounters(counters, operation.dot, operation.ledger, seen)
  return withRow(register, counters, value, operation)
}

/** A whole value is written here, and behind it what others must know of the counters that it resets. */
export function assignOwn<V>(register: Register<V> | undefined, value: V, operation: OwnOperation): Register<V> {
  const counters = countersOf(register)
  resetOwnCounters(counters, operation.dot, operation.ledger, operation.out)
  return withRow(register, counters, value, operation)
}

function withRow<V>(
  register: Register<V> | undefined,
  counters: readonly Counter[],
  value: V,
  operation: Operation,
): Register<V> {
  if (register instanceof Row && operation.sees(register.dot)) {
    register.dot = operation.dot
    register.clock = operation.clock
    register.value = value
    return register
  }
  const row = new Row(operation.dot, operation.clock, value)
  if (register === undefined) return row
  return registerOf([...unseenRows(rowsOf(register), operation), row], counters)!
}

/** Drops what is seen. @param seen - undefined: no counters were seen */
export function erase<V>(
  register: Register<V>,
  operation: Operation,
  seen: Decoder | undefined,
): Register<V> | undefined {
  const counters = countersOf(register)
  if (seen) resetCounters(counters, operation.dot, operation.ledger, seen)
  return registerOf(unseenRows(rowsOf(register), operation), counters)
}

/** Drops all of it, and writes what others must know of its counters. */
export function eraseOwn<V>(register: Register<V>, operation: OwnOperation): Register<V> | undefined {
  const counters = countersOf(register)
  resetOwnCounters(counters, operation.dot, operation.ledger, operation.out)
  return registerOf<V>([], counters)
}

/** Must a reset of it tell of counters? */
export function hasLiveCounter<V>(register: Register<V> | undefined): boolean {
  return countersOf(register).some((counter) => counter.isLive)
}

/** @param total - after it; undefined: the actor's entry begins anew with it */
export function encodeStep(step: Total, total: Total | undefined, out: Encoder): void {
  encodeTotal(step, out)
  out.byte(total === undefined ? 0 : 1)
  if (total !== undefined) encodeTotal(total, out)
}

/** Adds a step, and writes it: total after it, unless the actor's entry begins anew, and the step. */
export function addOwn<V>(register: Register<V> | undefined, step: Total, operation: OwnOperation): Register<V> {
  const {out} = operation
  const total = nextTotal(entryOf(register, operation.actor), step)
  encodeStep(step, total, out)
  return addStep(register, step, total, operation)
}

/** Reads what `addOwn` wrote. */
export function addFrom<V>(register: Register<V> | undefined, decoder: Decoder, operation: Operation): Register<V> {
  const step = decodeTotal(decoder)
  const total = decoder.byte() === 0 ? undefined : decodeTotal(decoder)
  return addStep(register, step, total, operation)
}

/** @throws CrdtError */
export function checkStep(decoder: Decoder): void {
  decodeTotal(decoder)
  if (decoder.byte() !== 0) decodeTotal(decoder)
}

export {checkResets}

function entryOf<V>(register: Register<V> | undefined, actor: number): Counter | undefined {
  if (register instanceof Counter) return register.actor === actor ? register : undefined
  return countersOf(register).find((counter) => counter.actor === actor)
}

function addStep<V>(
  register: Register<V> | undefined,
  step: Total,
  total: Total | undefined,
  operation: Operation,
): Register<V> {
  const entry = entryOf(register, operation.actor)
  const counter = increment(entry, step, total, operation)
  if (entry !== undefined) return register!
  if (register === undefined) return counter
  return registerOf(rowsOf(register), [...countersOf(register), counter])!
}

/** The row that is read. */
export function winnerOf<V>(register: Register<V>, actors: ActorTable): Row<V> | undefined {
  if (register instanceof Row) return register
  return register instanceof Counter ? undefined : winningRow(register.rows, actors)
}

/** The contributions that count, in no order. */
export function contributionsOf<V>(register: Register<V>): Total[] {
  return countersOf(register)
    .filter((counter) => counter.isLive)
    .map((counter) => counter.contribution)
}

export function registerBirth<V>(register: Register<V>, actors: ActorTable): Birth | undefined {
  let birth: Birth | undefined
  for (const write of [...rowsOf(register), ...countersOf(register).filter((counter) => counter.isLive)]) {
    birth = earlier(birth, write, actors)
  }
  return birth
}

/** The earlier of two births. */
export function earlier(a: Birth | undefined, b: Birth | undefined, actors: ActorTable): Birth | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return (b.clock - a.clock || actors.compareDots(b.dot, a.dot)) < 0 ? b : a
}

export function joinRegisters<V>(
  mine: Register<V> | undefined,
  theirs: Register<V> | undefined,
  join: Join,
): Register<V> | undefined {
  if (mine instanceof Row && theirs instanceof Row && mine.dot === theirs.dot) return mine
  const counters: Counter[] = []
  const others = countersOf(theirs)
  for (const counter of countersOf(mine)) {
    const other = others.find(({actor}) => actor === counter.actor)
    const joined = joinCounters(counter, other, join)
    if (joined) counters.push(joined)
  }
  for (const other of others) {
    if (countersOf(mine).some(({actor}) => actor === other.actor)) continue
    const joined = joinCounters(undefined, other, join)
    if (joined) counters.push(joined)
  }
  return registerOf(joinRows(rowsOf(mine), rowsOf(theirs), join), counters)
}

export function packRegister<V>(register: Register<V>, out: Encoder, packValue: (value: V) => void): void {
  const rows = rowsOf(register)
  const counters = countersOf(register)
  out.varint(rows.length * 2 + (counters.length > 0 ? 1 : 0))
  for (const {clock, dot, value} of rows) {
    out.dot(dot)
    out.varint(clock)
    packValue(value)
  }
  if (counters.length === 0) return
  out.varint(counters.length)
  for (const counter of counters) packCounter(counter, out)
}

/** @throws CrdtError */
export function unpackRegister<V>(decoder: Decoder, unpackValue: () => V): Register<V> {
  const word = decoder.count()
  const rows: Row<V>[] = []
  for (let left = word >>> 1; left > 0; left--) {
    rows.push(new Row(decoder.dot(), decoder.varint(), unpackValue()))
  }
  const counters: Counter[] = []
  if (word % 2 === 1) for (let left = decoder.count(); left > 0; left--) counters.push(unpackCounter(decoder))
  const register = registerOf(rows, counters)
  if (register === undefined) decoder.fail('has an element that holds nothing')
  return register
}

/** How many counters are kept for their resets only. */
export function registerGarbage<V>(register: Register<V> | undefined): number {
  if (register instanceof Row) return 0
  let count = 0
  for (const counter of countersOf(register)) if (!counter.isLive) count++
  return count
}

/** Drops counters whose resets all regions know of. */
export function collectRegister<V>(
  register: Register<V>,
  isStable: (dot: Dot) => boolean,
  {ledger}: Context,
): Register<V> | undefined {
  const kept = countersOf(register).filter((counter) => counter.isLive || !isStable(counter.reset!.by))
  ledger.garbage -= countersOf(register).length - kept.length
  return registerOf(rowsOf(register), kept)
}

const ROW = 1
const COUNTER = 2

/** @param name - of the element */
export function digestRegister<V extends string | number>(
  register: Register<V>,
  name: string,
  kind: number,
  digest: Digest,
  actors: ActorTable,
): void {
  for (const {clock, dot, value} of rowsOf(register)) {
    digest
      .begin(kind + ROW)
      .text(name)
      .number(clock)
    actors.digestDot(dot, digest)
    if (typeof value === 'number') digest.number(value)
    else digest.text(value)
    digest.end()
  }
  for (const counter of countersOf(register)) {
    if (!counter.isLive) continue
    digest.begin(kind + COUNTER).text(name)
    actors.digestDot(counter.dot, digest)
    digest.text(totalText(counter.contribution)).end()
  }
}

export function explainRows<V>(
  rows: readonly Row<V>[],
  winner: Row<V> | undefined,
  actors: ActorTable,
  text: (value: V) => string,
): RowExplanation[] {
  return rows.map((row) => ({
    atMs: clockMs(row.clock),
    dot: actors.nameOf(row.dot),
    region: actors.regionOf(actorOf(row.dot)),
    tick: clockTick(row.clock),
    value: text(row.value),
    wins: row === winner,
  }))
}

export function explainCounters<V>(register: Register<V>, actors: ActorTable): CounterExplanation[] {
  return countersOf(register).map(({actor, reset, total}) => ({
    epoch: actors.at(actor).epoch,
    region: actors.regionOf(actor),
    reset: totalText(reset === undefined ? 0 : reset.total),
    total: totalText(total),
  }))
}

/** Of the writes that it exists by. */
export function dotsOf<V>(register: Register<V>, actors: ActorTable): string[] {
  const live = countersOf(register).filter((counter) => counter.isLive)
  return [...rowsOf(register), ...live].map(({dot}) => actors.nameOf(dot))
}
