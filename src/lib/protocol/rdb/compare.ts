import {compareElements, type PayloadComparison} from './elements.js'

/** Version and checksum at the end of a payload: they differ between versions of the server, the value need not. */
const FOOTER_LENGTH = 10

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
 * Compares two payloads without loading them: the same bytes are the same value, and what is laid out in another way is
 * read and compared by its elements.
 *
 * @param a - a whole payload of DUMP, binary (latin1) text
 */
export function comparePayloads(a: string, b: string): PayloadComparison {
  if (a.slice(0, -FOOTER_LENGTH) === b.slice(0, -FOOTER_LENGTH)) return 'same'
  const kinds = [kindOfPayload(a), kindOfPayload(b)]
  if (!kinds.includes('unknown') && kinds[0] !== kinds[1]) return 'different'
  return compareElements(a, b)
}
