import {parseInt64} from '../../arguments.js'
import type {Translate} from './unit.js'

/** Sets, hashes and sorted sets. */

const smove: Translate = (unit, argv) => {
  const [, source, target, member] = argv as [string, string, string, string]
  unit.writer(source).removeMembers(source, [member])
  unit.writer(target).addMembers(target, [member])
}

const hset: Translate = (unit, argv) => {
  const pairs: (readonly [string, string])[] = []
  for (let i = 2; i < argv.length; i += 2) pairs.push([argv[i]!, argv[i + 1]!])
  unit.writer(argv[1]!).setFields(argv[1]!, pairs)
}

const takeOut: Translate = (unit, argv) => {
  if (unit.removed.length > 0) unit.writer(argv[1]!).removeScored(argv[1]!, unit.removed)
}

export const ELEMENT_TRANSLATORS: readonly (readonly [string, Translate])[] = [
  ['sadd', (unit, argv) => unit.writer(argv[1]!).addMembers(argv[1]!, argv.slice(2))],
  ['srem', (unit, argv) => unit.writer(argv[1]!).removeMembers(argv[1]!, argv.slice(2))],
  ['smove', smove],
  ['hset', hset],
  ['hmset', hset],
  ['hsetnx', hset],
  ['hdel', (unit, argv) => unit.writer(argv[1]!).removeFields(argv[1]!, argv.slice(2))],
  ['hincrby', (unit, argv) => unit.writer(argv[1]!).addToField(argv[1]!, argv[2]!, parseInt64(argv[3]!)!)],
  ['zrem', (unit, argv) => unit.writer(argv[1]!).removeScored(argv[1]!, argv.slice(2))],
  ['zpopmin', takeOut],
  ['zpopmax', takeOut],
  ['zremrangebyrank', takeOut],
  ['zremrangebyscore', takeOut],
  ['zremrangebylex', takeOut],
]
