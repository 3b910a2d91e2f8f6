import {REGISTER_COUNT} from '../../values/hyperloglog/element-hash.js'
import {cacheCount, cachedCount} from '../../values/hyperloglog/header.js'
import {type CommandContext, defineCommand} from '../command.js'
import {HYPERLOGLOG} from './facts.js'
import {changeInPlace, countOf, countOfRegisters, mergeInto, sketchOf} from './sketch.js'

function pfcount({db, reply}: CommandContext, argv: string[]): void {
  if (argv.length > 2) {
    reply.integer(allDigits(countOfUnion(db, argv)))
    return
  }
  const key = argv[1]!
  const held = db.getBytes(key)
  if (held === undefined) {
    reply.integer(0)
    return
  }
  const sketch = sketchOf(held)
  const cached = cachedCount(sketch.bytes)
  if (cached !== undefined) {
    reply.integer(cached)
    return
  }
  const count = countOf(sketch)
  changeInPlace(db, key, (bytes) => {
    cacheCount(bytes, count)
    return true
  })
  reply.integer(allDigits(count))
}

/** Large numbers as texts of JavaScript's are rounded. */
function allDigits(count: number): number | bigint {
  return Number.isSafeInteger(count) ? count : BigInt(count)
}

function countOfUnion(db: CommandContext['db'], argv: readonly string[]): number {
  const registers = new Uint8Array(REGISTER_COUNT)
  for (let i = 1; i < argv.length; i++) {
    const held = db.getBytes(argv[i]!)
    if (held !== undefined) mergeInto(registers, sketchOf(held))
  }
  return countOfRegisters(registers)
}

/** What it finds is kept in the value, so it reaches replicas. */
export const countCommand = defineCommand({...HYPERLOGLOG.pfcount, mayReplicate: true, run: pfcount})
