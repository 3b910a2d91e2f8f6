import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {countSlots, rangesOf, renderRanges, SLOT_COUNT, slotsOf} from '../../../../src/lib/model/slot-set.js'
import {planRebalance, type RebalanceRequest} from '../../../../src/lib/plan/moves/rebalance.js'
import {idOf, type NodeSketch, viewOf} from '../view-of.js'

const THREE: readonly NodeSketch[] = [
  {name: 'a', slots: '0-5460'},
  {name: 'b', slots: '5461-10922'},
  {name: 'c', slots: '10923-16383'},
]
const EMPTY: NodeSketch = {name: 'd'}

function request(change: Partial<RebalanceRequest> = {}): RebalanceRequest {
  return {weights: new Map(), useEmptyPrimaries: false, thresholdPercent: 2, ...change}
}

function planned(
  sketches: readonly NodeSketch[],
  change: Partial<RebalanceRequest> = {},
  loadOf?: (slot: number) => number,
) {
  const {moves, shares} = planRebalance(viewOf(sketches), request(change), loadOf)
  return {
    moves: moves.map(({from, slots, to}) => `${from[0]}>${to[0]} ${renderRanges(slots)}`),
    after: Object.fromEntries(shares.map(({after, id}) => [id[0], after])),
  }
}

describe('planRebalance', () => {
  it('has nothing to do for an even cluster, nor for an empty primary that was not asked for', () => {
    expect(planned(THREE).moves).toEqual([])
    expect(planned([...THREE, EMPTY]).moves).toEqual([])
  })

  it('fills an empty primary in whole ranges from the edges of the others', () => {
    expect(planned([...THREE, EMPTY], {useEmptyPrimaries: true})).toEqual({
      moves: ['b>d 9557-10922', 'a>d 4096-5460', 'c>d 10923-12287'],
      after: {a: 4096, b: 4096, c: 4096, d: 4096},
    })
  })

  it('leaves a difference within the threshold, and evens out one beyond it to the slot', () => {
    const uneven = [
      {name: 'a', slots: '0-8200'},
      {name: 'b', slots: '8201-16383'},
    ]
    expect(planned(uneven, {thresholdPercent: 2}).moves).toEqual([])
    expect(planned(uneven, {thresholdPercent: 0})).toEqual({moves: ['a>b 8192-8200'], after: {a: 8192, b: 8192}})
  })

  it('follows weights, given by id or by address', () => {
    const weights = new Map([
      [idOf('a'), 2],
      ['127.0.0.1:7001', 1],
      [idOf('c'), 1],
    ])
    expect(planned(THREE, {weights}).after).toEqual({a: 8192, b: 4096, c: 4096})
  })

  it('takes in an empty primary that has a weight', () => {
    expect(planned([...THREE, EMPTY], {weights: new Map([[idOf('d'), 1]])}).after['d']).toBe(4096)
  })

  it('drains a primary of weight 0 to the last slot, one that is too heavy for any share included', () => {
    const weights = new Map([[idOf('b'), 0]])
    expect(planned(THREE, {weights}).after).toEqual({a: 8192, b: 0, c: 8192})
    const four = [...THREE.slice(0, 2), {name: 'c', slots: '10923-13000'}, {name: 'd', slots: '13001-16383'}]
    const {moves} = planRebalance(viewOf(four), request({weights}), (slot) => (slot === 6000 ? 1_000_000 : 0))
    expect(countSlots(moves.flatMap(({from, slots}) => (from === idOf('b') ? slots : [])))).toBe(5462)
  })

  it('has nothing to take from a primary of weight 0 that is empty already, however even the others are', () => {
    expect(planned([...THREE, EMPTY], {thresholdPercent: 0, weights: new Map([[idOf('d'), 0]])}).moves).toEqual([])
  })

  it('does not blame the weights where no primary has slots', () => {
    expect(planned([EMPTY]).moves).toEqual([])
  })

  it('evens out keys where slots are even already', () => {
    const {after, moves} = planned(THREE, {thresholdPercent: 1}, (slot) => (slot < 5461 ? 10 : 1))
    const fair = (5461 * 10 + 10_923) / 3
    for (const keys of Object.values(after)) expect(Math.abs((keys as number) - fair) / fair).toBeLessThan(0.01)
    expect(moves).toHaveLength(2)
  })

  it('does not move a slot that would only turn the imbalance around', () => {
    const {moves} = planned(THREE, {}, (slot) => (slot === 100 ? 1000 : 0))
    expect(moves.some((move) => /\b100\b/.test(move))).toBe(false)
  })

  it('spreads slots where there are no keys at all', () => {
    expect(planned([...THREE, EMPTY], {useEmptyPrimaries: true}, () => 0).moves).not.toEqual([])
  })

  it.each<[name: string, weights: readonly (readonly [string, number])[], words: RegExp]>([
    [
      'all weights 0',
      [
        [idOf('a'), 0],
        [idOf('b'), 0],
        [idOf('c'), 0],
      ],
      /all weights are 0/,
    ],
    [
      'one node twice',
      [
        [idOf('a'), 1],
        ['127.0.0.1:7000', 2],
      ],
      /two weights/,
    ],
    ['a node nobody knows', [['127.0.0.1:9', 1]], /no node of this cluster/],
  ])('refuses %s', (_, weights, words) => {
    expect(() => planned(THREE, {weights: new Map(weights)})).toThrow(words)
  })

  it('never loses a slot, never lets a node give and get, and ends within one slot of the shares', () => {
    const clusters = fc.record({
      cuts: fc.uniqueArray(fc.integer({min: 1, max: SLOT_COUNT - 1}), {minLength: 0, maxLength: 30}),
      owners: fc.array(fc.integer({min: 0, max: 7}), {minLength: 31, maxLength: 31}),
      weights: fc.array(fc.integer({min: 0, max: 3}), {minLength: 8, maxLength: 8}),
    })
    fc.assert(
      fc.property(clusters, ({cuts, owners, weights}) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), SLOT_COUNT]
        const owned = Array.from({length: 8}, () => [] as number[])
        for (let i = 0; i + 1 < edges.length; i++) {
          for (let slot = edges[i] as number; slot < (edges[i + 1] as number); slot++)
            owned[owners[i] as number]?.push(slot)
        }
        const sketches = owned.map((slots, index) => ({
          name: 'abcdef01'[index] as string,
          slots: renderRanges(rangesOf(slots)),
        }))
        fc.pre(weights.some((weight) => weight > 0))
        const {moves, shares} = planRebalance(
          viewOf(sketches),
          request({
            thresholdPercent: 0,
            weights: new Map(weights.map((weight, index) => [idOf(sketches[index]?.name ?? ''), weight])),
          }),
        )
        const owner = new Map(
          owned.flatMap((slots, index) => slots.map((slot) => [slot, idOf(sketches[index]?.name ?? '')])),
        )
        for (const {from, slots, to} of moves) {
          const given = slotsOf(slots)
          expect(given.filter((slot) => owner.get(slot) !== from)).toEqual([])
          for (const slot of given) owner.set(slot, to)
        }
        const froms = new Set(moves.map(({from}) => from))
        expect(moves.filter(({to}) => froms.has(to))).toEqual([])
        expect(moves.length).toBeLessThan(8)
        for (const {after, fair} of shares) expect(Math.abs(after - fair)).toBeLessThan(1)
        expect(shares.reduce((sum, {after}) => sum + after, 0)).toBe(SLOT_COUNT)
      }),
      {numRuns: 30},
    )
  })
})
