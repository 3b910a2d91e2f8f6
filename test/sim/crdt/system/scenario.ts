import {type Rng, seededRng} from '../../../../src/lib/kernel/rng.js'
import type {WorldOptions} from './system-world.js'

export interface SystemScenario extends WorldOptions {
  readonly lines: readonly string[]
}

const MEMBERS = ['x', 'y', 'z']

type Make = (rng: Rng, key: string, other: string) => string

const member = (rng: Rng): string => rng.pick(MEMBERS)

/** Commands by type; `key` is a key for this type, `other` another one of the same slot, for whatever type. */
const COMMANDS: Readonly<Record<string, readonly Make[]>> = {
  any: [
    (_rng, key) => `DEL ${key}`,
    (_rng, key) => `UNLINK ${key}`,
    (rng, key) => `PEXPIRE ${key} ${rng.pick([30, 200, 100_000, 200_000])}`,
    (_rng, key) => `PERSIST ${key}`,
    (_rng, key, other) => `RENAME ${key} ${other}`,
    (_rng, key, other) => `COPY ${key} ${other} REPLACE`,
  ],
  hash: [
    (rng, key) => `HSET ${key} ${member(rng)} ${rng.below(9)} ${member(rng)} text`,
    (rng, key) => `HINCRBY ${key} n${member(rng)} ${rng.below(9)}`,
    (rng, key) => `HINCRBYFLOAT ${key} n${member(rng)} 0.5`,
    (rng, key) => `HDEL ${key} ${member(rng)} n${member(rng)}`,
    (rng, key) => `HSETNX ${key} ${member(rng)} 1`,
  ],
  hll: [(rng, key) => `PFADD ${key} ${member(rng)} ${rng.below(50)}`, (_rng, key, other) => `PFMERGE ${key} ${other}`],
  list: [
    (rng, key) => `RPUSH ${key} r${rng.below(9)} r${rng.below(9)}`,
    (rng, key) => `LPUSH ${key} l${rng.below(9)} l${rng.below(9)}`,
    (_rng, key) => `LPOP ${key}`,
    (_rng, key) => `RPOP ${key} 2`,
    (rng, key) => `LINSERT ${key} BEFORE r${rng.below(9)} i${rng.below(9)}`,
    (rng, key) => `LSET ${key} ${rng.below(3)} s${rng.below(9)}`,
    (rng, key) => `LREM ${key} 0 r${rng.below(9)}`,
    (rng, key) => `LTRIM ${key} ${rng.below(2)} ${5 + rng.below(3)}`,
    (_rng, key, other) => `LMOVE ${key} ${other} LEFT RIGHT`,
  ],
  set: [
    (rng, key) => `SADD ${key} ${member(rng)} ${member(rng)}`,
    (rng, key) => `SREM ${key} ${member(rng)}`,
    (_rng, key) => `SPOP ${key}`,
    (rng, key, other) => `SMOVE ${key} ${other} ${member(rng)}`,
    (_rng, key, other) => `SUNIONSTORE ${other} ${key} ${other}`,
    (_rng, key, other) => `SORT ${key} ALPHA STORE ${other}`,
  ],
  stream: [
    (rng, key) => `XADD ${key} * f ${rng.below(9)}`,
    (_rng, key) => `XADD ${key} MAXLEN 3 * f v`,
    (_rng, key) => `XTRIM ${key} MAXLEN 2`,
    (rng, key) => `XGROUP CREATE ${key} g${rng.below(2)} 0 MKSTREAM`,
    (rng, key) => `XGROUP DESTROY ${key} g${rng.below(2)}`,
    (rng, key) => `XREADGROUP GROUP g${rng.below(2)} c COUNT 2 STREAMS ${key} >`,
    (rng, key) => `XREADGROUP GROUP g${rng.below(2)} c NOACK COUNT 2 STREAMS ${key} >`,
  ],
  string: [
    (rng, key) => `SET ${key} ${rng.below(99)}`,
    (rng, key) => `SET ${key} ${rng.below(99)} PX ${rng.pick([50, 90_000])}`,
    (rng, key) => `SET ${key} word KEEPTTL ${rng.pick(['', 'GET'])}`.trimEnd(),
    (rng, key) => `INCRBY ${key} ${rng.below(9)}`,
    (_rng, key) => `INCRBYFLOAT ${key} 0.25`,
    (rng, key) => `APPEND ${key} ${rng.below(9)}`,
    (_rng, key) => `SETRANGE ${key} 1 q`,
    (rng, key) => `SETBIT ${key} ${rng.below(20)} 1`,
    (_rng, key) => `GETDEL ${key}`,
    (_rng, key) => `GETEX ${key} PERSIST`,
    (rng, key, other) => `MSET ${key} ${rng.below(9)} ${other} ${rng.below(9)}`,
  ],
  zset: [
    (rng, key) => `ZADD ${key} ${rng.below(9)} ${member(rng)}`,
    (rng, key) => `ZADD ${key} XX INCR 2 ${member(rng)}`,
    (rng, key) => `ZINCRBY ${key} ${rng.pick(['1', '2.5', '-1'])} ${member(rng)}`,
    (rng, key) => `ZREM ${key} ${member(rng)}`,
    (_rng, key) => `ZPOPMIN ${key}`,
    (rng, key) => `ZREMRANGEBYSCORE ${key} 0 ${rng.below(5)}`,
    (_rng, key, other) => `ZUNIONSTORE ${other} 1 ${key}`,
    (rng, key) => `GEOADD ${key} ${rng.below(90)} ${rng.below(80)} ${member(rng)}`,
  ],
}

const TYPES = Object.keys(COMMANDS).filter((type) => type !== 'any')

/** Which faults there are, and how often, differs from seed to seed. */
export function systemScenario(seed: number): SystemScenario {
  const rng = seededRng(seed)
  const regions = 2 + rng.below(2)
  const shards = rng.pick([1, 1, 2])
  const replicas = rng.chance(0.5)
  const swarm = new Swarm(rng, regions, shards, replicas)
  return {lines: swarm.lines(40 + rng.below(80)), regions, replicas, seed, shards}
}

class Swarm {
  private readonly types: readonly string[]
  private readonly weights: readonly [weight: number, make: () => string][]
  private kept = 0

  constructor(
    private readonly rng: Rng,
    regions: number,
    shards: number,
    replicas: boolean,
  ) {
    this.types = TYPES.filter(() => rng.chance(0.4))
    const at = (): number => 1 + rng.below(regions)
    const two = (): string => {
      const first = at()
      return `${first} ${1 + (first % regions)}`
    }
    const sometimes = (weight: number): number => (rng.chance(0.5) ? weight : 0)
    this.weights = [
      [40, () => `${at()}: ${this.unit()}`],
      [6, () => `${at()} keep ${this.tag()} ${++this.kept}`],
      [20, () => `run ${rng.pick([10, 30, 100, 600])}`],
      [1, () => `run ${rng.pick([3000, 8000])}`],
      [sometimes(3), () => `cut ${two()}`],
      [sometimes(2), () => `break ${two()}`],
      [sometimes(2), () => 'heal'],
      [replicas ? sometimes(2) : 0, () => `hold ${at()}`],
      [replicas ? sometimes(2) : 0, () => `failover ${at()} ${rng.below(shards)}`],
      [replicas || shards === 1 ? 0 : 2, () => `move ${at()} ${this.tag()}`],
      [sometimes(1), () => `skew ${at()} ${rng.pick([-60_000, -20, 15, 3000])}`],
      [sometimes(1), () => `${rng.pick(['full', 'room'])} ${at()}`],
      [rng.chance(0.2) ? 1 : 0, () => 'add-region'],
      [rng.chance(0.2) ? 1 : 0, () => `remove-region ${at()}`],
      [2, () => `compare ${at()}`],
      [2, () => 'check'],
    ]
  }

  lines(count: number): string[] {
    const lines = ['run 3000', ...Array.from({length: count}, () => this.line()), 'settle']
    if (this.rng.chance(0.3)) lines.push(...Array.from({length: 10}, () => this.line()), 'settle')
    return lines
  }

  private line(): string {
    let at = this.rng.below(this.weights.reduce((sum, [weight]) => sum + weight, 0))
    for (const [weight, make] of this.weights) {
      at -= weight
      if (at < 0) return make()
    }
    return 'check'
  }

  private tag(): string {
    return this.rng.pick(['{a}', '{b}'])
  }

  private unit(): string {
    const tag = this.tag()
    if (this.rng.chance(0.8)) return this.command(tag)
    const commands = Array.from({length: 1 + this.rng.below(4)}, () => this.command(tag))
    if (this.rng.chance(0.3)) return commands.join(' | ')
    return ['MULTI', ...commands, 'EXEC'].join(' | ')
  }

  private command(tag: string): string {
    const {rng} = this
    const type = rng.pick(this.types.length === 0 ? TYPES : this.types)
    const key = `${tag}${rng.chance(0.9) ? type : 'k'}`
    const other = `${tag}${rng.pick([type, `${type}2`, 'k'])}`
    const makes = rng.chance(0.15) ? COMMANDS['any'] : COMMANDS[type]
    return rng.pick(makes as readonly Make[])(rng, key, other)
  }
}
