import {type Rng, seededRng} from '../../../../src/lib/kernel/rng.js'

/** A run as data: every line stands alone, so that any of them can be left out. */
export interface Scenario {
  readonly seed: number
  readonly regions: number
  readonly lines: readonly string[]
}

const KEYS = ['k', 'l']
const ELEMENTS = ['a', 'b', 'c']
/** Milliseconds; few, so that equal ones meet. */
const DEADLINES = ['1800000000000', '1800000000500', '1900000000000']

type Make = (rng: Rng, key: string) => string

const elements = (rng: Rng): string => ELEMENTS.filter(() => rng.chance(0.5)).join(' ') || rng.pick(ELEMENTS)
const step = (rng: Rng): string => rng.pick(['1', '2', '5', '-3', '40'])
const where = (rng: Rng): string => String(rng.below(8))

/** Families of operations: a history draws from one to three of them, so that collisions are common. */
const FAMILIES: Readonly<Record<string, readonly Make[]>> = {
  hash: [
    (rng, key) => `hset ${key} ${rng.pick(ELEMENTS)} ${rng.pick(['x', 'y', '7'])}`,
    (rng, key) => `hset ${key} a ${rng.pick(['x', 'y'])} b ${rng.pick(['x', 'y'])}`,
    (rng, key) => `hincr ${key} ${rng.pick(ELEMENTS)} ${step(rng)}`,
    (rng, key) => `hincr ${key} ${rng.pick(ELEMENTS)} ${step(rng)}`,
    (rng, key) => `hincrfloat ${key} ${rng.pick(ELEMENTS)} ${rng.pick(['0.5', '-1.25'])}`,
    (rng, key) => `hdel ${key} ${elements(rng)}`,
  ],
  hll: [
    (rng, key) => `pfadd ${key} ${rng.below(16)}`,
    (rng, key) => `pfadd ${key} ${rng.below(16)} ${16 + rng.below(8)}`,
  ],
  list: [
    (rng, key) => `rpush ${key} ${1 + rng.below(3)}`,
    (rng, key) => `lpush ${key} ${1 + rng.below(3)}`,
    (rng, key) => `linsert ${key} ${where(rng)}`,
    (rng, key) => `linsert ${key} ${where(rng)}`,
    (rng, key) => `lset ${key} ${where(rng)}`,
    (rng, key) => `lrem ${key} ${where(rng)} ${where(rng)}`,
    (_rng, key) => `lrem ${key} 0`,
  ],
  set: [
    (rng, key) => `sadd ${key} ${elements(rng)}`,
    (rng, key) => `sadd ${key} ${elements(rng)}`,
    (rng, key) => `srem ${key} ${elements(rng)}`,
  ],
  stream: [
    (_rng, key) => `xadd ${key}`,
    (_rng, key) => `xadd ${key}`,
    (rng, key) => `xdel ${key} ${where(rng)}`,
    (rng, key) => `xgroup ${key} ${rng.pick(['g', 'h'])} ${rng.below(5)}`,
    (rng, key) => `xgroupdel ${key} ${rng.pick(['g', 'h'])}`,
    (rng, key) => `xack ${key} ${rng.pick(['g', 'h'])} ${rng.below(9)}`,
  ],
  string: [
    (rng, key) => `set ${key} ${rng.pick(['10', '4', 'abc'])}`,
    (rng, key) => `setkeep ${key} ${rng.pick(['10', '7'])}`,
    (rng, key) => `incr ${key} ${step(rng)}`,
    (rng, key) => `incr ${key} ${step(rng)}`,
    (rng, key) => `incr ${key} ${step(rng)}`,
    (rng, key) => `incrfloat ${key} ${rng.pick(['0.5', '2.25'])}`,
  ],
  zset: [
    (rng, key) => `zadd ${key} ${rng.pick(ELEMENTS)} ${rng.pick(['4', '1.5', '-2'])}`,
    (rng, key) => `zincr ${key} ${rng.pick(ELEMENTS)} ${rng.pick(['1', '2', '0.5'])}`,
    (rng, key) => `zincr ${key} ${rng.pick(ELEMENTS)} ${rng.pick(['1', '2'])}`,
    (rng, key) => `zrem ${key} ${elements(rng)}`,
  ],
}

const OF_KEYS: readonly Make[] = [
  (_rng, key) => `del ${key}`,
  (_rng, key) => `del ${key}`,
  (rng, key) => `expire ${key} ${rng.pick(DEADLINES)}`,
  (_rng, key) => `persist ${key}`,
]

export interface SwarmOptions {
  /** Names of FAMILIES to draw from. */
  readonly families: readonly string[]
}

export const ALL_FAMILIES = Object.keys(FAMILIES)

/** Which faults there are, and how often, differs from seed to seed. */
export function swarmScenario(seed: number, {families}: SwarmOptions = {families: ALL_FAMILIES}): Scenario {
  const rng = seededRng(seed)
  const regions = 2 + rng.below(rng.chance(0.3) ? 3 : 2)
  const drawn = Array.from({length: rng.chance(0.6) ? 1 : 2 + rng.below(2)}, () => rng.pick(families))
  const keys = rng.chance(0.8) ? KEYS.slice(0, 1) : KEYS
  const swarm = new Swarm(
    rng,
    regions,
    drawn.flatMap((name) => FAMILIES[name] ?? []),
    keys,
  )
  return {lines: swarm.lines(12 + rng.below(36)), regions, seed}
}

class Swarm {
  private readonly keyRate: number
  private readonly weights: readonly [weight: number, make: () => string][]

  constructor(
    private readonly rng: Rng,
    regions: number,
    private readonly makes: readonly Make[],
    private readonly keys: readonly string[],
  ) {
    this.keyRate = rng.pick([0.05, 0.15, 0.3])
    const at = (): string => String(1 + rng.below(regions))
    const link = (): string => {
      const from = rng.below(regions)
      return `${from + 1}>${1 + ((from + 1 + rng.below(regions - 1)) % regions)}`
    }
    const sometimes = (weight: number): number => (rng.chance(0.5) ? weight : 0)
    this.weights = [
      [30, () => `${at()}: ${this.unit()}`],
      [rng.pick([6, 15, 30]), () => `${link()} next`],
      [sometimes(5), () => `${link()} skip ${1 + rng.below(3)}`],
      [sometimes(3), () => `${link()} again ${rng.below(9)}`],
      [rng.pick([1, 4]), () => `${link()} all`],
      [sometimes(5), () => `${link()} join`],
      [sometimes(3), () => `${link()} join-saved`],
      [2, () => `save ${at()}`],
      [sometimes(3), () => `promote ${at()}`],
      [sometimes(1), () => `restart ${at()}`],
      [sometimes(2), () => `trim ${at()} ${rng.below(4)}`],
      [2, () => `advance ${rng.pick([0, 1, 7, 1000])}`],
      [sometimes(3), () => `skew ${at()} ${rng.pick([-5000, -1, 2, 4000, 200_000, -200_000, 1_000_000])}`],
      [sometimes(4), () => `collect ${rng.chance(0.5) ? at() : 'all'}`],
      [1, () => 'check'],
      [sometimes(1), () => 'settle'],
    ]
  }

  lines(count: number): string[] {
    const lines: string[] = []
    for (let index = 0; index < count; index++) lines.push(this.line())
    if (this.rng.chance(0.5)) lines.push('laws')
    lines.push('settle')
    if (this.rng.chance(0.4)) {
      lines.push('collect all', 'settle')
      for (let index = 0; index < 6; index++) lines.push(this.line())
      lines.push('settle')
    }
    return lines
  }

  private line(): string {
    const total = this.weights.reduce((sum, [weight]) => sum + weight, 0)
    let at = this.rng.below(total)
    for (const [weight, make] of this.weights) {
      at -= weight
      if (at < 0) return make()
    }
    return 'check'
  }

  private unit(): string {
    const count = this.rng.chance(0.75) ? 1 : 2 + this.rng.below(2)
    return Array.from({length: count}, () => this.operation()).join('; ')
  }

  private operation(): string {
    const key = this.rng.pick(this.keys)
    if (this.rng.chance(0.01)) return this.rng.pick(['flush', 'publish c hello'])
    return this.rng.pick(this.rng.chance(this.keyRate) ? OF_KEYS : this.makes)(this.rng, key)
  }
}
