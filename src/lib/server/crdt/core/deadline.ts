import type {ActorTable} from './actors.js'
import type {Operation} from './container.js'
import type {Decoder} from './decoder.js'
import type {Encoder} from './encoder.js'
import {Row, unseenRows} from './rows.js'

/** Rows of a key's deadline, in unix milliseconds; Infinity: PERSIST. */
export type Deadlines = readonly Row<number>[]

export const NO_DEADLINES: Deadlines = []

/** Of concurrent ones the longest; the lowest region's if there are several. */
export function deadlineInForce(rows: Deadlines, actors: ActorTable): Row<number> | undefined {
  let winner = rows[0]
  for (const row of rows) {
    const longer = row.value - winner!.value
    if (longer > 0 || (row.value === winner!.value && actors.compareDots(row.dot, winner!.dot) < 0)) winner = row
  }
  return winner
}

export function assignDeadline(rows: Deadlines, atMs: number, operation: Operation): Deadlines {
  return [...unseenRows(rows, operation), new Row(operation.dot, operation.clock, atMs)]
}

/** Infinity is 0. */
export function encodeDeadline(atMs: number, out: Encoder): void {
  out.varint(atMs === Infinity ? 0 : Math.max(0, Math.floor(atMs)) + 1)
}

export function decodeDeadline(decoder: Decoder): number {
  const word = decoder.varint()
  return word === 0 ? Infinity : word - 1
}
