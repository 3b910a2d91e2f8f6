import type {ChunkCursor} from './chunk-cursor.js'

/** A module's id holds its name: nine characters of six bits each, then ten bits of a version (wire.md 3.3). */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const NAME_LENGTH = 9
const VERSION_BITS = 10n
const LENGTH_64 = 0x81

/** Tags of the values that a module leaves beside the data; `end` follows the last one. */
export const MODULE_TAG = {end: 0, number: 2, text: 5} as const

/** Reads an id, which is written as a length. @returns the name in it @throws INCOMPLETE */
export function moduleName(cursor: ChunkCursor): string {
  const start = cursor.at
  let id: bigint
  if (cursor.byte() === LENGTH_64) {
    const high = BigInt(cursor.uintBE(4))
    id = (high << 32n) | BigInt(cursor.uintBE(4))
  } else {
    cursor.at = start
    id = BigInt(cursor.length())
  }
  let name = ''
  for (let i = NAME_LENGTH - 1; i >= 0; i--) name += ALPHABET[Number((id >> (VERSION_BITS + 6n * BigInt(i))) & 63n)]
  return name
}

/** @param name - of nine characters @param version - 0..1023 */
export function moduleId(name: string, version: number): bigint {
  let id = 0n
  for (const character of name) id = (id << 6n) | BigInt(ALPHABET.indexOf(character))
  return (id << VERSION_BITS) | BigInt(version)
}
