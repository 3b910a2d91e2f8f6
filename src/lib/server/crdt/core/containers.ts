import type {CrdtType} from './api.js'
import type {ContainerType} from './container.js'
import {listType} from './containers/list-value.js'
import {sketchType} from './containers/sketch-value.js'
import {streamType} from './containers/stream-value.js'
import {hashType} from './hash-value.js'
import {codeOf} from './opcodes.js'
import {setType} from './set-value.js'
import {sortedSetType} from './sorted-set-value.js'
import {stringType} from './string-value.js'

/** A row per type. */
const CONTAINER_TYPES: readonly ContainerType[] = [
  stringType,
  setType,
  hashType,
  sortedSetType,
  listType,
  streamType,
  sketchType,
]

const byType = new Map(CONTAINER_TYPES.map((row) => [row.type, row]))
const byCode = CONTAINER_TYPES.reduce<(ContainerType | undefined)[]>((rows, row) => {
  rows[codeOf(row.firstOpcode)] = row
  return rows
}, [])

export function containerType(type: CrdtType): ContainerType {
  return byType.get(type)!
}

/** @param code - `codeOf` one of its opcodes; undefined: no type has it */
export function containerTypeOf(code: number): ContainerType | undefined {
  return byCode[code]
}

export function codeOfType(type: CrdtType): number {
  return codeOf(containerType(type).firstOpcode)
}
