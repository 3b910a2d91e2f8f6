import {describe, expect, it} from 'vitest'
import {type Rng, seededRng} from '../../../../src/lib/kernel/rng.js'
import {SortedSet} from '../../../../src/lib/server/values/zset/sorted-set.js'

/** Random changes to a sorted set and to the simplest thing that could be one; all answers must agree. */

const LIMITS = {zsetMaxListpackEntries: 128, zsetMaxListpackValue: 64}

type Model = Map<string, number>

function sorted(model: Model): [string, number][] {
  return [...model].sort(([a, x], [b, y]) => (x === y ? (a < b ? -1 : 1) : x < y ? -1 : 1))
}

const SCORES = [0, 1, -1, 1.5, -1.5, 1e300, -1e300, 5e-324, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 53]

function randomScore(rng: Rng): number {
  if (rng.chance(0.2)) return rng.pick(SCORES)
  return rng.chance(0.5) ? rng.below(50) : rng.below(1_000_000) / 7 - 50_000
}

function expectSame(zset: SortedSet, model: Model): void {
  const expected = sorted(model)
  expect(zset.size).toBe(expected.length)
  const {members, scores} = zset.list()
  expect(members.map((member, i) => [member, scores[i]])).toEqual(expected)
  for (let rank = 0; rank < expected.length; rank += 1 + Math.floor(expected.length / 50)) {
    const [member, score] = expected[rank]!
    expect(zset.rankOf(member)).toBe(rank)
    expect(zset.scoreOf(member)).toBe(score)
    expect(zset.countBefore((other) => other < score)).toBe(expected.filter(([, other]) => other < score).length)
    expect(zset.countBefore((other) => other <= score)).toBe(expected.filter(([, other]) => other <= score).length)
    const slice = zset.slice(rank, Math.min(7, expected.length - rank))
    expect(slice.members).toEqual(expected.slice(rank, rank + 7).map(([name]) => name))
  }
}

function change(zset: SortedSet, model: Model, rng: Rng, memberCount: number, limits = LIMITS): void {
  const member = `member:${rng.below(memberCount)}`
  const before = model.get(member)
  expect(zset.scoreOf(member)).toBe(before)
  if (rng.chance(0.3)) {
    expect(zset.remove(member)).toBe(model.delete(member))
    return
  }
  const score = randomScore(rng)
  if (before === undefined) zset.add(member, score, limits)
  else zset.setScore(member, before, score)
  model.set(member, score)
}

/** Of a large one: so much per element, and its members. */
function expectSize(zset: SortedSet, model: Model): void {
  if (zset.encoding() !== 'skiplist') return
  const texts = [...model.keys()].reduce((sum, member) => sum + member.length, 0)
  expect(zset.sizeBytes()).toBe(78 * model.size + texts)
}

describe('a sorted set', () => {
  for (const [name, memberCount, rounds] of [
    ['packed', 100, 2000],
    ['large', 3000, 20_000],
  ] as const) {
    it(`is what a map and a sort are: ${name}`, () => {
      const rng = seededRng(memberCount)
      const zset = SortedSet.forMember(1, LIMITS)
      const model: Model = new Map()
      for (let i = 0; i < rounds; i++) {
        change(zset, model, rng, memberCount)
        if (i % Math.floor(rounds / 20) === 0) expectSame(zset, model)
        if (i % 100 === 0 && name === 'large') expectSize(zset, model)
        if (i % 997 !== 0 || model.size === 0) continue
        const rank = rng.below(model.size)
        const count = rng.below(Math.min(model.size - rank, 300) + 1)
        zset.removeRange(rank, count)
        for (const [member] of sorted(model).slice(rank, rank + count)) model.delete(member)
        expectSame(zset, model)
      }
      expect(zset.encoding()).toBe(name === 'packed' ? 'listpack' : 'skiplist')
      expectSame(zset, model)
      expectSame(zset.copy(), model)
      expectSame(SortedSet.fromRdb(zset.toRdb(), LIMITS), model)
    })
  }

  for (const direction of [1, -1]) {
    it(`takes elements in ${direction > 0 ? 'ascending' : 'descending'} order and loses them again`, () => {
      const zset = SortedSet.forMember(1, LIMITS)
      const model: Model = new Map()
      for (let i = 0; i < 10_000; i++) {
        zset.add(`m${i}`, i * direction || 0, LIMITS)
        model.set(`m${i}`, i * direction || 0)
      }
      expectSame(zset, model)
      for (let i = 0; i < 10_000; i++) {
        if (i % 100 === 7) continue
        zset.remove(`m${i}`)
        model.delete(`m${i}`)
      }
      expectSame(zset, model)
      zset.removeRange(0, zset.size)
      expect(zset.size).toBe(0)
      zset.add('again', 1, LIMITS)
      expect(zset.list().members).toEqual(['again'])
    })
  }

  it('shows every member that stays exactly once in a scan, whatever else changes', () => {
    const rng = seededRng(5)
    const zset = SortedSet.forMember(1, LIMITS)
    for (let i = 0; i < 2000; i++) zset.add(`stays:${i}`, i, LIMITS)
    const model: Model = new Map()
    const seen: string[] = []
    let cursor = 0
    do {
      const page = SortedSet.forMember(1, LIMITS).list()
      cursor = zset.scan(cursor, 10, page)
      seen.push(...page.members.filter((member) => member.startsWith('stays')))
      for (let i = 0; i < 20; i++) change(zset, model, rng, 500)
      const moved = `stays:${rng.below(2000)}`
      zset.setScore(moved, zset.scoreOf(moved)!, randomScore(rng))
    } while (cursor !== 0)
    expect(seen).toHaveLength(2000)
    expect(new Set(seen).size).toBe(2000)
  })

  it('keeps members of any length and bytes in the packed form', () => {
    const limits = {zsetMaxListpackEntries: 1000, zsetMaxListpackValue: 100_000}
    const zset = SortedSet.forMember(0, limits)
    const model: Model = new Map()
    for (const length of [0, 1, 12, 13, 64, 254, 255, 256, 70_000]) {
      const member = '\xff\0'.repeat(length).slice(0, length)
      zset.add(member, -length, limits)
      model.set(member, -length || 0)
    }
    expectSame(zset, model)
    expect(zset.encoding()).toBe('listpack')
  })
})
