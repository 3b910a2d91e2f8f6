import type {SystemScenario} from './scenario.js'

export interface Script {
  readonly name: string
  readonly regions: number
  readonly replicas?: boolean
  readonly shards?: number
  readonly lines: readonly string[]
}

/** And writes before it has heard of anybody. */
const TAKES_OVER = ['failover 1 0', '1: PFADD {b}hll y']

const COMPARES = ['compare 1', 'run 1000']

/** Scripts that once broke a rule, or that show what a rule means: all must hold. */
export const SCRIPTS: readonly Script[] = [
  {
    lines: ['full 3', '3: PFADD {b}hll z 25 | DEL {b}hll', '1: PFMERGE {b}hll {b}k', 'run 3000'],
    name: 'a mark is kept while a write is on its way that did not see the deletion',
    regions: 3,
  },
  {
    lines: [
      'cut 2 3',
      '3: SET {b}k 1',
      'run 100',
      'remove-region 3',
      '1: INCR {b}n',
      'run 200',
      'failover 1 0',
      'run 100',
    ],
    name: 'what waits for a region that is gone is asked for where it came from last',
    regions: 3,
    replicas: true,
  },
  {
    lines: ['2: PFADD {b}hll x', 'run 2000', 'hold 1', '2: DEL {b}hll', 'run 3000', ...TAKES_OVER],
    name: 'a mark is kept while a replica is on its way to know of the deletion',
    regions: 2,
    replicas: true,
  },
  {
    lines: [
      '2: PFADD {b}hll x',
      'run 2000',
      'hold 1',
      '2: DEL {b}hll',
      'run 600',
      'break 1 2',
      'run 9000',
      ...TAKES_OVER,
    ],
    name: 'so it is when its primary asked anew meanwhile, and told all it had',
    regions: 2,
    replicas: true,
  },
  {
    lines: ['2: PFADD {b}hll x', 'run 2000', 'hold 1', 'break 1 1', '2: DEL {b}hll', 'run 3000', ...TAKES_OVER],
    name: 'so it is for a replica that is away',
    regions: 2,
    replicas: true,
  },
  {
    lines: ['1: SET {a}k 1 | HSET {a}h f v', 'run 3000', 'damage 2 {a}h', ...COMPARES, ...COMPARES],
    name: 'what a bug lets one region lose is found and made the same',
    regions: 2,
    replicas: true,
  },
  {
    lines: ['1 keep {a} 1', 'run 3000', 'remove-region 1', 'run 600', 'add-region'],
    name: 'a new region gets what one that was removed has written',
    regions: 3,
  },
  {
    lines: ['1 keep {a} 1', 'cut 1 2', '1 keep {a} 2', '2: DEL {a}kept', 'run 2000'],
    name: 'what was written during a cut survives the deletion that did not see it',
    regions: 2,
  },
  {
    lines: [
      '1: INCRBY {a}n 5',
      'run 600',
      'cut 1 2',
      '1: INCRBY {a}n 3',
      'failover 1 0',
      '1: INCRBY {a}n 1',
      'run 600',
    ],
    name: 'a promoted replica counts under a name of its own',
    regions: 2,
    replicas: true,
  },
  {
    lines: [
      '1: SET {a}k 1',
      'run 600',
      'move 1 {a}',
      '1: INCR {a}k',
      'run 600',
      'move 1 {a}',
      '1: INCR {a}k',
      '2: INCR {a}k',
    ],
    name: 'a slot moves to another shard and back',
    regions: 2,
    shards: 2,
  },
]

/** From the moment when all regions are linked, to where all must have come to the same. */
export function scenarioOf({lines, regions, replicas = false, shards = 1}: Script): SystemScenario {
  return {lines: ['run 3000', ...lines, 'settle'], regions, replicas, seed: 0, shards}
}
