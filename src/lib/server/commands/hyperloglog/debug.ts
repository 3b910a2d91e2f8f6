import type {Database} from '../../keyspace/database.js'
import {ReplyError} from '../../reply-error.js'
import {COUNT_LIMIT, patternOf, REGISTER_COUNT} from '../../values/hyperloglog/element-hash.js'
import {DENSE_BYTES, invalidObject} from '../../values/hyperloglog/header.js'
import {denseRegister, eachDense, raiseDense} from '../../values/hyperloglog/registers.js'
import {eachRun, toDense} from '../../values/hyperloglog/sparse.js'
import {type CommandContext, defineCommand} from '../command.js'
import {HYPERLOGLOG} from './facts.js'
import {countOfRegisters, isDense, type Sketch, sketchOf} from './sketch.js'

/** The dense form, also as the key's new value. */
function makeDense(db: Database, key: string, sketch: Sketch): Uint8Array {
  const dense = toDense(sketch.bytes, sketch.length)
  if (dense === undefined) throw invalidObject()
  db.putUntold(key, dense.toString('latin1'))
  // It goes out all the same.
  db.state.dirty++
  return dense
}

function describeRuns({bytes, length}: Sketch): string {
  const runs: string[] = []
  eachRun(bytes, length, (_first, run, count, isLong) => {
    if (count > 0) runs.push(`v:${count},${run}`)
    else runs.push(`${isLong ? 'Z' : 'z'}:${run}`)
  })
  return runs.join(' ')
}

function pfdebug({db, reply}: CommandContext, argv: string[]): void {
  const key = argv[2]!
  const held = db.getBytesForWrite(key)
  if (held === undefined) throw new ReplyError('ERR The specified key does not exist')
  const sketch = sketchOf(held)
  switch (argv[1]!.toLowerCase()) {
    case 'getreg': {
      const dense = isDense(sketch) ? sketch.bytes : makeDense(db, key, sketch)
      reply.array(REGISTER_COUNT)
      eachDense(dense, (_register, count) => reply.integer(count))
      break
    }
    case 'decode':
      if (isDense(sketch)) throw new ReplyError('ERR HLL encoding is not sparse')
      reply.bulk(describeRuns(sketch))
      break
    case 'encoding':
      reply.simple(isDense(sketch) ? 'dense' : 'sparse')
      break
    case 'todense':
      if (!isDense(sketch)) makeDense(db, key, sketch)
      reply.integer(isDense(sketch) ? 0 : 1)
      break
    default:
      throw new ReplyError(`ERR Unknown PFDEBUG subcommand '${argv[1]}'`)
  }
}

const TEST_ELEMENTS = 10_000
/** Six times the standard error of 1.04 / sqrt(16384). */
const TEST_ERROR_MAX = 0.049

/** Registers keep what is written to them without touching their neighbours, and estimates are about right. */
function pfselftest({reply}: CommandContext): void {
  const dense = new Uint8Array(DENSE_BYTES)
  const registers = new Uint8Array(REGISTER_COUNT)
  for (let i = 0; i < TEST_ELEMENTS; i++) {
    const pattern = patternOf(`element:${i}`)
    const register = Math.floor(pattern / COUNT_LIMIT)
    registers[register] = Math.max(registers[register]!, pattern % COUNT_LIMIT)
    raiseDense(dense, register, pattern % COUNT_LIMIT)
  }
  for (let register = 0; register < REGISTER_COUNT; register++) {
    if (denseRegister(dense, register) !== registers[register]) {
      throw new ReplyError(`TESTFAILED Register ${register} should be ${registers[register]}`)
    }
  }
  const count = countOfRegisters(registers)
  if (Math.abs(count - TEST_ELEMENTS) > TEST_ELEMENTS * TEST_ERROR_MAX) {
    throw new ReplyError(`TESTFAILED Too big error. card:${TEST_ELEMENTS} estimate:${count}`)
  }
  reply.ok()
}

export const debugCommands = [
  defineCommand({...HYPERLOGLOG.pfdebug, run: pfdebug}),
  defineCommand({...HYPERLOGLOG.pfselftest, run: pfselftest}),
]
