import type {Decoder} from '../decoder.js'
import type {Encoder} from '../encoder.js'
import {ListElements, type Row} from './list-elements.js'
import type {Position} from './position.js'

const IDX_LIMIT = 2 ** 31
const CLOCK_LIMIT = 2 ** 53

/** Components behind one another: `num` with its sign, actor, idx. */
export function encodePosition(out: Encoder, position: Position): void {
  out.varint(position.length / 3)
  for (let i = 0; i < position.length; i += 3) {
    encodeNum(out, position[i]!)
    out.actor(position[i + 1]!)
    out.signed(position[i + 2]!)
  }
}

/** @throws CrdtError */
export function decodePosition(decoder: Decoder): Position {
  const position: number[] = []
  for (let left = decoder.count(); left > 0; left--) {
    position.push(decodeNum(decoder), decoder.actor(), decodeIdx(decoder))
  }
  if (position.length === 0) decoder.fail('has a position without components')
  return position
}

/** All 53 bits and a sign. */
export function encodeNum(out: Encoder, num: number): void {
  out.byte(num < 0 ? 1 : 0)
  out.varint(Math.abs(num))
}

/** @throws CrdtError */
export function decodeNum(decoder: Decoder): number {
  const sign = decoder.byte()
  if (sign > 1) decoder.fail('has a number of unknown sign')
  const num = decoder.varint()
  return sign === 1 ? -num : num
}

function decodeIdx(decoder: Decoder): number {
  const idx = decoder.signed()
  if (idx < -IDX_LIMIT || idx >= IDX_LIMIT) decoder.fail('has an index beyond 32 bits')
  return idx
}

/** How an element is written: as the next of the same push, as a push, or with all that may be. */
const NEXT = 0
const PUSHED = 1
const WHOLE = 2

export function packElements(elements: ListElements, out: Encoder): void {
  const {cells} = elements
  out.varint(elements.length)
  let num = 0
  let next = -1
  let dot = -1
  for (let place = cells.firstPlace(); !cells.isEnd(place); place = cells.next(place)) {
    const isPlain = cells.more(place) === undefined
    if (isPlain && cells.a(place) === num && cells.b(place) === next && cells.dot(place) === dot) {
      out.byte(NEXT)
      out.text(cells.value(place))
    } else if (isPlain) {
      out.byte(PUSHED)
      // Pushes that follow one another are near in time.
      out.signed(cells.a(place) - num)
      out.actor(elements.actorAt(place))
      out.signed(elements.idxAt(place))
      out.dot(cells.dot(place))
      out.text(cells.value(place))
    } else {
      out.byte(WHOLE)
      encodePosition(out, elements.positionAt(place))
      packRows(elements.rowsAt(place), out)
    }
    num = cells.a(place)
    next = isPlain ? cells.b(place) + 1 : -1
    dot = cells.dot(place)
  }
}

function packRows(rows: readonly Row[], out: Encoder): void {
  out.varint(rows.length)
  for (const {clock, dot, value} of rows) {
    out.dot(dot)
    out.varint(clock)
    out.text(value)
  }
}

/** @throws CrdtError */
export function unpackElements(decoder: Decoder): ListElements {
  const elements = new ListElements()
  let position: Position = [0, 0, 0]
  let dot = -1
  for (let left = decoder.count(); left > 0; left--) {
    const before = position
    const kind = decoder.byte()
    if (kind === WHOLE) {
      position = decodePosition(decoder)
      const rows = unpackRows(decoder)
      dot = rows[0]!.dot
      elements.append(position, rows)
      continue
    }
    if (kind === NEXT) {
      position = [before[0]!, before[1]!, before[2]! + 1]
    } else if (kind === PUSHED) {
      position = [before[0]! + decoder.signed(), decoder.actor(), decodeIdx(decoder)]
      dot = decoder.dot()
    } else decoder.fail('has an element of unknown kind')
    const clock = Math.abs(position[0]!)
    if (dot < 0 || clock >= CLOCK_LIMIT || position[2]! >= IDX_LIMIT) decoder.fail('has an element nowhere')
    elements.append(position, [{clock, dot, value: decoder.text()}])
  }
  return elements
}

/** @throws CrdtError */
function unpackRows(decoder: Decoder): Row[] {
  const rows: Row[] = []
  for (let left = decoder.count(); left > 0; left--) {
    rows.push({dot: decoder.dot(), clock: decoder.varint(), value: decoder.text()})
  }
  if (rows.length === 0) decoder.fail('has an element that nobody wrote')
  return rows
}
