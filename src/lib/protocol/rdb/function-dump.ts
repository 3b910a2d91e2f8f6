import {RdbError, RdbReader} from './reader.js'
import {readString} from './string.js'

/** A library of functions, as its source tells. Text is binary (latin1). */
export interface FunctionLibrary {
  readonly name: string
  readonly code: string
}

const FOOTER_LENGTH = 10
const FUNCTION2 = 245

/**
 * Takes a FUNCTION DUMP apart: any number of `245, source`, then version and checksum as DUMP has them.
 *
 * @throws {RdbError} on bytes that are none
 */
export function readFunctionDump(payload: string): FunctionLibrary[] {
  const reader = new RdbReader(payload, 0, payload.length - FOOTER_LENGTH)
  const libraries: FunctionLibrary[] = []
  while (reader.left > 0) {
    const operation = reader.byte()
    if (operation !== FUNCTION2) throw new RdbError(`operation ${operation} in a dump of functions`)
    libraries.push(libraryOf(readString(reader)))
  }
  return libraries
}

/** @throws {RdbError} for a source that does not start with `#!engine name=...` */
export function libraryOf(code: string): FunctionLibrary {
  const line = code.slice(0, Math.max(0, code.indexOf('\n')))
  const name = /^#!\S+.*\bname=(\S+)/.exec(line)?.[1]
  if (name === undefined) throw new RdbError('a library without a name')
  return {name, code}
}
