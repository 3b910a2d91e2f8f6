/** What stands before each operation of an effect. */
export const KEY = 1
export const RESET = 2
/** All but the values of one type. */
export const RESET_OTHERS = 3
export const DEADLINE = 4
export const CLEAR_DEADLINE = 5
export const PUBLISH = 6
export const RESET_SLOT = 7

/** First of the sixteen of each type. */
export const STRING_OPCODE = 16
export const SET_OPCODE = 32
export const HASH_OPCODE = 48
export const ZSET_OPCODE = 64
export const LIST_OPCODE = 80
export const STREAM_OPCODE = 96
export const SKETCH_OPCODE = 112

/** Names a type in bytes, 1..7. */
export function codeOf(opcode: number): number {
  return opcode >>> 4
}
