import type {CrdtType} from './api.js'
import type {ContainerType} from './container.js'

/**
 * First opcode of each type's sixteen. 1..15 are the framework's. The order is also the last tie-break of clashes.
 * list: LIST_OPCODE.., stream: STREAM_OPCODE.., hll: SKETCH_OPCODE..
 */
export const STRING_OPCODE = 16
export const SET_OPCODE = 32
export const HASH_OPCODE = 48
export const ZSET_OPCODE = 64
export const LIST_OPCODE = 80
export const STREAM_OPCODE = 96
export const SKETCH_OPCODE = 112

/** A row per type. */
export const CONTAINER_TYPES: readonly ContainerType[] = []

const byType = new Map(CONTAINER_TYPES.map((row) => [row.type, row]))

export function containerType(type: CrdtType): ContainerType | undefined {
  return byType.get(type)
}
