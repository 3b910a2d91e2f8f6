import {describe, expect, it} from 'vitest'
import {makeState} from './describe-histories.js'
import {runScenario} from './run.js'

/** Scripts that once broke a rule, or that say what a rule means: all must hold. */
const SCRIPTS: readonly [name: string, regions: number, lines: string][] = [
  ['an operation on a key that is not there leaves the one before alone', 2, '1: sadd k a; srem l a'],
  [
    'DEL and INCR in one unit, after more of the same',
    2,
    '1: incr k 5\n1: incr k 3; del k; incr k 1\n1>2 join\n2: del k\n1: incr k 2',
  ],
  ['10 seen and deleted, 5 unseen: 5', 2, '1: incr k 10\n1>2 all\n1: del k\n2: incr k 5'],
  [
    'the score of ZADD goes, the increment that was not seen stays',
    2,
    '1: zadd k a 4\n1>2 all\n1: zrem k a\n2: zincr k a 2',
  ],
  [
    'a deadline that is left of a deleted key does not come back with it',
    2,
    '1: sadd k a\n1>2 all\n2: expire k 1900000000000\n1: del k\n2>1 all\n1: sadd k b',
  ],
  [
    'a flush takes deadlines of keys that are not visible too',
    3,
    '2: lpush k 1\n2: expire k 1900000000000; lrem k 3 2\n2>1 join\n1: flush\n3: rpush k 1',
  ],
  [
    'a removal resets what is hidden',
    2,
    '2: sadd k a b\n1: hincr k a -3\n1: hset k a x b x\n2: sadd k a b\n2>1 next\n1: srem k a c',
  ],
  [
    'a sketch is gone though more was counted meanwhile',
    3,
    '1: pfadd k 1\n1>2 all\n1: del k\n2: pfadd k 2\n2>3 all\n3: pfadd k 3',
  ],
  [
    'a state from far ahead is not taken, and nothing is written before it',
    2,
    'skew 2 1000000\n2: rpush k 1\n2>1 join\n1: rpush k 1',
  ],
  [
    'what is hidden is reset everywhere by the next write, collected or not',
    3,
    '2: sadd k b\n3: zincr k c 2\nsettle\ncollect all\n1>3 join\ncollect all\n1: sadd k a b',
  ],
  [
    'a promoted replica that lost its tail: both tails count',
    3,
    '1: incr k 1\nsave 1\n1: incr k 2\n1>2 all\npromote 1\n1: incr k 4\n2: incr k 8\n1: del k',
  ],
]

describe('scripts of the engine', () => {
  for (const [name, regions, lines] of SCRIPTS) {
    it(name, () => {
      const scenario = {lines: [...lines.split('\n'), 'laws', 'settle', 'collect all', 'settle'], regions, seed: 0}
      expect(runScenario(scenario, makeState).failure).toBeUndefined()
    })
  }
})
