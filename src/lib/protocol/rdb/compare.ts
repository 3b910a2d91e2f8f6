import {RdbError, RdbReader} from './reader.js'
import {readString} from './string.js'

/** What the bytes of two DUMP payloads tell of the values in them. */
export type PayloadComparison =
  /** The values are the same. */
  | 'same'
  | 'different'
  /** The same value can look like either: only a node that loads both can tell. */
  | 'unclear'

/** Version and checksum at the end of a payload: they differ between versions of the server, the value need not. */
const FOOTER_LENGTH = 10

/** Type bytes of what a server writes in no fixed order, or compressed or not as its configuration says. */
const STRING = 0
const SET = 2
const HASH = 4

const KINDS: readonly [kind: string, types: readonly number[]][] = [
  ['string', [0]],
  ['list', [1, 10, 14, 18]],
  ['set', [2, 11, 20]],
  ['zset', [3, 5, 12, 17]],
  ['hash', [4, 9, 13, 16, 22, 23, 24, 25]],
  ['stream', [15, 19, 21]],
  ['module', [6, 7]],
]

/** What TYPE would say of a payload's value: `string`, `list`, ...; `unknown` for types of a later version. */
export function kindOfPayload(payload: string): string {
  const type = payload.charCodeAt(0)
  return KINDS.find(([, types]) => types.includes(type))?.[0] ?? 'unknown'
}

/**
 * Compares two payloads without loading them.
 *
 * The same bytes are the same value. Large sets and hashes are written in the order of a table whose seed is the server's
 * own, and strings compressed or not, so those are read and compared by content. Everything else that differs in bytes
 * may be the same value laid out by another version, or grown in another way.
 *
 * @param a - a whole payload of DUMP, binary (latin1) text
 */
export function comparePayloads(a: string, b: string): PayloadComparison {
  if (a.slice(0, -FOOTER_LENGTH) === b.slice(0, -FOOTER_LENGTH)) return 'same'
  const type = a.charCodeAt(0)
  if (kindOfPayload(a) !== kindOfPayload(b) && kindOfPayload(a) !== 'unknown' && kindOfPayload(b) !== 'unknown')
    return 'different'
  if (type !== b.charCodeAt(0)) return 'unclear'
  try {
    switch (type) {
      case STRING:
        return readString(bodyOf(a)) === readString(bodyOf(b)) ? 'same' : 'different'
      case SET:
        return sameStrings(readMembers(a, 1), readMembers(b, 1)) ? 'same' : 'different'
      case HASH:
        return sameStrings(readMembers(a, 2), readMembers(b, 2)) ? 'same' : 'different'
      default:
        return 'unclear'
    }
  } catch (error) {
    if (error instanceof RdbError) return 'unclear'
    throw error
  }
}

function bodyOf(payload: string): RdbReader {
  return new RdbReader(payload, 1, Math.max(1, payload.length - FOOTER_LENGTH))
}

/** @returns the members in ascending order; of a hash, each field with its value, told apart by the field's length */
function readMembers(payload: string, width: 1 | 2): string[] {
  const reader = bodyOf(payload)
  const members = new Array<string>(checkedCount(reader))
  for (let i = 0; i < members.length; i++) {
    const first = readString(reader)
    members[i] = width === 1 ? first : `${first.length}:${first}${readString(reader)}`
  }
  return members.sort()
}

/** A member takes a byte at least, so a hostile count ends here. */
function checkedCount(reader: RdbReader): number {
  const count = reader.length()
  reader.need(count)
  return count
}

function sameStrings(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((member, index) => member === b[index])
}
