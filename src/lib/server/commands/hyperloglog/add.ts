import {Buffer} from 'node:buffer'
import type {Database} from '../../keyspace/database.js'
import {NOTIFY_STRING} from '../../keyspace/notifications.js'
import type {Server} from '../../server.js'
import {COUNT_LIMIT, patternOf, REGISTER_COUNT} from '../../values/hyperloglog/element-hash.js'
import {
  DENSE,
  DENSE_BYTES,
  EMPTY,
  ENCODING_AT,
  HEADER_BYTES,
  invalidateCount,
  invalidObject,
} from '../../values/hyperloglog/header.js'
import {packDense, raiseDense} from '../../values/hyperloglog/registers.js'
import {SparseEdit, toDense} from '../../values/hyperloglog/sparse.js'
import {type CommandContext, defineCommand} from '../command.js'
import {HYPERLOGLOG} from './facts.js'
import {changeInPlace, isDense, mergeInto, type Sketch, sketchOf} from './sketch.js'

/** What registers are to be raised to, as patterns (`register * COUNT_LIMIT + count`), one after the other. */
type Patterns = Iterable<number>

function* patternsOf(argv: readonly string[]): Generator<number> {
  for (let i = 2; i < argv.length; i++) yield patternOf(argv[i]!)
}

function raiseAllDense(bytes: Uint8Array, patterns: Patterns): boolean {
  let isRaised = false
  for (const pattern of patterns) {
    if (raiseDense(bytes, Math.floor(pattern / COUNT_LIMIT), pattern % COUNT_LIMIT)) isRaised = true
  }
  return isRaised
}

/**
 * Raises registers of a sparse one, which becomes dense where it must.
 *
 * @param isKept - false: a new key, stored whatever comes of it
 * @returns whether anything was raised
 */
function raiseSparse(
  server: Server,
  db: Database,
  key: string,
  sketch: Sketch,
  patterns: Iterator<number>,
  isKept: boolean,
): boolean {
  const bytesMax = server.config.values.hllSparseMaxBytes
  const sparse = new SparseEdit(sketch.bytes, sketch.length)
  let isRaised = false
  for (let next = patterns.next(); !next.done; next = patterns.next()) {
    const pattern = next.value
    const raised = sparse.raise(Math.floor(pattern / COUNT_LIMIT), pattern % COUNT_LIMIT, bytesMax)
    if (raised === 'corrupt') throw invalidObject()
    if (raised === 'raised') isRaised = true
    if (raised !== 'dense') continue
    const dense = toDense(sparse.bytes, sparse.length)
    if (dense === undefined) throw invalidObject()
    raiseAllDense(dense, [pattern])
    raiseAllDense(dense, {[Symbol.iterator]: () => patterns})
    invalidateCount(dense)
    db.put(key, dense.toString('latin1'))
    return true
  }
  if (!isRaised && isKept) return false
  invalidateCount(sparse.bytes)
  db.put(key, sparse.bytes.toString('latin1', 0, sparse.length))
  return isRaised
}

function pfadd({db, reply, server}: CommandContext, argv: string[]): void {
  const key = argv[1]!
  const held = db.getBytesForWrite(key)
  const sketch = sketchOf(held ?? EMPTY)
  const isChanged = isDense(sketch)
    ? changeInPlace(db, key, (bytes) => {
        const isRaised = raiseAllDense(bytes, patternsOf(argv))
        if (isRaised) invalidateCount(bytes)
        return isRaised
      })
    : raiseSparse(server, db, key, sketch, patternsOf(argv), held !== undefined) || held === undefined
  if (isChanged) db.notify(NOTIFY_STRING, 'pfadd', key)
  reply.integer(isChanged ? 1 : 0)
}

function* patternsOfRegisters(registers: Uint8Array): Generator<number> {
  for (let register = 0; register < REGISTER_COUNT; register++) {
    const count = registers[register]!
    if (count > 0) yield register * COUNT_LIMIT + count
  }
}

function pfmerge({db, reply, server}: CommandContext, argv: string[]): void {
  const key = argv[1]!
  const registers = new Uint8Array(REGISTER_COUNT)
  let toBeDense = false
  for (let i = 1; i < argv.length; i++) {
    const held = db.getBytes(argv[i]!)
    if (held === undefined) continue
    const sketch = sketchOf(held)
    if (isDense(sketch)) toBeDense = true
    mergeInto(registers, sketch)
  }
  const target = sketchOf(db.getBytesForWrite(key) ?? EMPTY)
  if (toBeDense) {
    // The registers are at least the target's, which was merged like the others.
    const dense = Buffer.alloc(DENSE_BYTES)
    dense.set(target.bytes.subarray(0, HEADER_BYTES))
    dense[ENCODING_AT] = DENSE
    packDense(dense, registers)
    invalidateCount(dense)
    db.put(key, dense.toString('latin1'))
  } else {
    raiseSparse(server, db, key, target, patternsOfRegisters(registers), false)
  }
  db.notify(NOTIFY_STRING, 'pfadd', key)
  reply.ok()
}

export const addCommands = [
  defineCommand({...HYPERLOGLOG.pfadd, run: pfadd}),
  defineCommand({...HYPERLOGLOG.pfmerge, run: pfmerge}),
]
