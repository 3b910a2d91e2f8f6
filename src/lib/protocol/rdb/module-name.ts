import type {ChunkCursor} from './chunk-cursor.js'

/** A module's id holds its name: nine characters of six bits each, then ten bits of a version (wire.md 3.3). */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const NAME_LENGTH = 9
const VERSION_BITS = 10n
const LENGTH_64 = 0x81

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
