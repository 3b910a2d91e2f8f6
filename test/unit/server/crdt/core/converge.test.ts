import {describe, expect, it} from 'vitest'
import {type Rng, seededRng} from '../../../../../src/lib/kernel/rng.js'
import type {Actor, SlotWriter, VectorEntries} from '../../../../../src/lib/server/crdt/core/api.js'
import {expectEqual, Mirror, Region, SLOT, START_MS, visible} from './rig.js'

const KEYS = ['a', 'b', 'c']
const NAMES = ['x', 'y', 'z']
const HISTORIES = Number(process.env['HISTORIES'] ?? 40)
const STEPS = 60

/** One random operation, as a command of the type that is there would make it, or of any type. */
function operate(writer: SlotWriter, region: Region, rng: Rng): void {
  const key = rng.pick(KEYS)
  const name = rng.pick(NAMES)
  const number = rng.below(20) - 5
  const type = (rng.chance(0.9) && region.look(key)?.type) || rng.pick(['string', 'set', 'hash', 'zset'] as const)
  const choice = rng.below(8)
  if (choice === 0) writer.resetKey(key)
  else if (choice === 1) writer.setDeadline(key, rng.chance(0.2) ? Infinity : START_MS + rng.below(1000))
  else if (choice === 2 && rng.chance(0.1)) writer.resetSlot()
  else if (type === 'set') rng.chance(0.6) ? writer.addMembers(key, [name]) : writer.removeMembers(key, [name])
  else if (type === 'hash') {
    if (choice < 4) writer.addToField(key, name, rng.chance(0.3) ? {float: number / 10} : number)
    else if (choice < 6) writer.setFields(key, [[name, String(number)]])
    else writer.removeFields(key, [name])
  } else if (type === 'zset') {
    if (choice < 4) writer.addToScore(key, name, rng.chance(0.1) ? Infinity : number / 10)
    else if (choice < 6) writer.setScores(key, [[name, number / 7]])
    else writer.removeScored(key, [name])
  } else if (choice < 4) writer.setString(key, rng.chance(0.8) ? String(number) : 'text')
  else if (choice < 5) writer.clearDeadline(key)
  else writer.addToString(key, rng.chance(0.3) ? {float: number / 10} : number)
}

/** What the regions acknowledged to one of them, as far as it has what they had then. */
class Acknowledgements {
  private readonly heard = new Map<number, VectorEntries>()

  constructor(
    private readonly region: Region,
    private readonly all: readonly Region[],
  ) {}

  stable(): VectorEntries {
    for (const {core, id} of this.all) {
      const vector = core.vectorOf(SLOT)
      if (vector.every(([actor, sequence]) => this.region.core.covers(SLOT, actor, sequence)))
        this.heard.set(id, vector)
    }
    if (this.heard.size < this.all.length) return []
    return this.region.core.vectorOf(SLOT).map(([actor, sequence]) => {
      const heard = [...this.heard.values()].map((vector) => sequenceIn(vector, actor))
      return [actor, Math.min(sequence, ...heard)]
    })
  }
}

function sequenceIn(vector: VectorEntries, {region}: Actor): number {
  return vector.find(([actor]) => actor.region === region)?.[1] ?? 0
}

function expectShown(mirror: Mirror, region: Region): void {
  expect(Object.fromEntries([...mirror.keys].sort(([a], [b]) => (a < b ? -1 : 1)))).toEqual(visible(region))
}

function history(seed: number): Region[] {
  const rng = seededRng(seed)
  const all = Array.from({length: 2 + rng.below(3)}, (_, i) => new Region(i + 1))
  const mirrors = all.map((region) => new Mirror(region))
  const acknowledgements = all.map((region) => new Acknowledgements(region, all))
  for (let step = 0; step < STEPS; step++) {
    const region = rng.pick(all)
    region.nowMs += rng.below(3)
    const choice = rng.below(10)
    if (choice < 5) {
      region.write((writer) => {
        for (let count = 1 + rng.below(3); count > 0; count--) operate(writer, region, rng)
      })
      mirrors[region.id - 1]!.wrote(KEYS)
    } else if (choice < 9) {
      // Some of what somebody made, in any order, some of it twice.
      const {made} = rng.pick(all)
      for (let count = rng.below(8); count > 0 && made.length > 0; count--) region.core.apply(rng.pick(made))
    } else {
      const other = rng.pick(all)
      const before = visible(region)
      region.core.joinSlot(SLOT, other.core.packSlot(SLOT))
      if (other === region) expect(visible(region)).toEqual(before)
    }
    if (rng.chance(0.2)) {
      const {garbage} = region.core
      expect(region.core.collect(SLOT, acknowledgements[region.id - 1]!.stable())).toBe(garbage - region.core.garbage)
    }
    expectShown(mirrors[region.id - 1]!, region)
  }
  return all
}

function settle(all: readonly Region[], rng: Rng): void {
  for (let isMoving = true; isMoving; ) {
    isMoving = false
    for (const to of all) {
      const from = rng.pick(all)
      if (rng.chance(0.2) && to.core.joinSlot(SLOT, from.core.packSlot(SLOT))) isMoving = true
      for (const {made} of all) for (const effect of made) if (to.core.apply(effect) === 'applied') isMoving = true
    }
  }
}

describe('random histories', () => {
  it('end equal, whatever the order, with duplicates and joins', () => {
    for (let seed = 1; seed <= HISTORIES; seed++) {
      const all = history(seed)
      settle(all, seededRng(seed))
      try {
        expectEqual(...all)
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).message}`)
      }
      for (const {core} of all) {
        for (let round = 0; round < 2; round++) core.collect(SLOT, core.vectorOf(SLOT))
        expect(core.garbage).toBe(0)
      }
      expectEqual(...all)
      const fresh = new Region(9)
      fresh.core.joinSlot(SLOT, all[0]!.core.packSlot(SLOT))
      expectEqual(all[0]!, fresh)
    }
  })
})
