import {Buffer} from 'node:buffer'
import type {Database} from '../../keyspace/database.js'
import type {StringBytes} from '../../keyspace/string-bytes.js'
import {DENSE, encodingOf, invalidObject, requireHyperLogLog} from '../../values/hyperloglog/header.js'
import {addDense, emptyHistogram, estimate, mergeDense} from '../../values/hyperloglog/registers.js'
import {eachRun} from '../../values/hyperloglog/sparse.js'
import {edit} from '../bitmap/edit.js'

/** A HyperLogLog to read from. */
export interface Sketch {
  readonly bytes: Uint8Array
  readonly length: number
}

/** @throws ReplyError if the string is none */
export function sketchOf(held: string | StringBytes): Sketch {
  const bytes = typeof held === 'string' ? Buffer.from(held, 'latin1') : held.bytes
  requireHyperLogLog(bytes, held.length)
  return {bytes, length: held.length}
}

export function isDense({bytes}: Sketch): boolean {
  return encodingOf(bytes) === DENSE
}

/** @throws ReplyError for runs that are not exactly all registers */
export function countOf(sketch: Sketch): number {
  const histogram = emptyHistogram()
  if (isDense(sketch)) {
    addDense(histogram, sketch.bytes)
  } else {
    const isWhole = eachRun(sketch.bytes, sketch.length, (_first, run, count) => {
      histogram[count]! += run
    })
    if (!isWhole) throw invalidObject()
  }
  return estimate(histogram)
}

export function countOfRegisters(registers: Uint8Array): number {
  const histogram = emptyHistogram()
  for (const count of registers) histogram[count]!++
  return estimate(histogram)
}

/** Raises `registers` to the sketch's. @throws ReplyError as `countOf` */
export function mergeInto(registers: Uint8Array, sketch: Sketch): void {
  if (isDense(sketch)) {
    mergeDense(registers, sketch.bytes)
    return
  }
  const isWhole = eachRun(sketch.bytes, sketch.length, (first, run, count) => {
    if (count === 0) return
    for (let i = first; i < first + run; i++) if (count > registers[i]!) registers[i] = count
  })
  if (!isWhole) throw invalidObject()
}

/** Lets `change` alter bytes of the string where it is held. The key must exist. */
export function changeInPlace(db: Database, key: string, change: (bytes: Uint8Array) => boolean): boolean {
  edit.open(db, key, 0)
  const isChanged = change(edit.bytes)
  edit.close(db, key, isChanged)
  return isChanged
}
