import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {seededRng} from '../../../../src/lib/kernel/rng.js'
import {
  bisect,
  bridgeGroups,
  type Grudges,
  isolate,
  oneWay,
  randomGroups,
  ring,
  rulesOf,
  separate,
  shuffle,
  withRest,
} from '../../../../src/lib/plan/faults/grudges.js'

const nodesOf = (count: number) => Array.from({length: count}, (_, index) => `n${index + 1}`)
const nodes = (min: number) => fc.integer({max: 12, min}).map(nodesOf)
const withSome = (min: number) =>
  nodes(min).chain((all) => fc.tuple(fc.constant(all), fc.subarray(all, {minLength: 1})))
const withGroups = fc
  .tuple(nodes(2), fc.integer({max: 3, min: 1}))
  .chain(([all, count]) =>
    fc.tuple(fc.constant(all), fc.array(fc.subarray(all, {minLength: 1}), {maxLength: count, minLength: 1})),
  )

const refuses = (grudges: Grudges, receiver: string, source: string) => grudges.get(receiver)?.has(source) === true
const heardBy = (grudges: Grudges, all: readonly string[], receiver: string) =>
  all.filter((source) => !refuses(grudges, receiver, source))

function expectSymmetric(grudges: Grudges): void {
  for (const [receiver, sources] of grudges) {
    expect(sources.has(receiver)).toBe(false)
    for (const source of sources) expect(refuses(grudges, source, receiver)).toBe(true)
  }
}

describe('groups', () => {
  it('cover all nodes, each once unless it is named twice', () => {
    fc.assert(
      fc.property(withGroups, ([all, groups]) => {
        const members = withRest(all, groups).flat()
        expect(new Set(members)).toEqual(new Set(all))
        for (const node of all) {
          const named = groups.filter((group) => group.includes(node)).length
          expect(members.filter((member) => member === node)).toHaveLength(Math.max(1, named))
        }
      }),
    )
  })

  it('hear each other within, and nobody else', () => {
    fc.assert(
      fc.property(withGroups, ([all, groups]) => {
        const grudges = separate(all, groups)
        expectSymmetric(grudges)
        const whole = withRest(all, groups)
        for (const receiver of all) {
          const near = all.filter((source) => whole.some((group) => group.includes(receiver) && group.includes(source)))
          expect(heardBy(grudges, all, receiver)).toEqual(near)
        }
      }),
    )
  })

  it('n1,n2 of five leave the other three together', () => {
    const grudges = separate(nodesOf(5), [['n1', 'n2']])
    expect(heardBy(grudges, nodesOf(5), 'n1')).toEqual(['n1', 'n2'])
    expect(heardBy(grudges, nodesOf(5), 'n4')).toEqual(['n3', 'n4', 'n5'])
  })

  it('that overlap make a bridge', () => {
    const grudges = separate(nodesOf(3), [
      ['n1', 'n2'],
      ['n2', 'n3'],
    ])
    expect(grudges).toEqual(
      new Map([
        ['n1', new Set(['n3'])],
        ['n3', new Set(['n1'])],
      ]),
    )
  })

  it('cut nothing if one of them has all', () => {
    expect(separate(nodesOf(4), [nodesOf(4)]).size).toBe(0)
  })
})

describe('isolated nodes', () => {
  it('hear themselves alone, and the others hear the others', () => {
    fc.assert(
      fc.property(withSome(2), ([all, alone]) => {
        const grudges = isolate(all, alone)
        expectSymmetric(grudges)
        const others = all.filter((node) => !alone.includes(node))
        for (const node of alone) expect(heardBy(grudges, all, node)).toEqual([node])
        for (const node of others) expect(heardBy(grudges, all, node)).toEqual(others)
      }),
    )
  })
})

describe('one way', () => {
  it('closes the way there, never the way back', () => {
    fc.assert(
      fc.property(withSome(2), ([all, from]) => {
        const to = all.filter((node) => !from.includes(node))
        const grudges = oneWay(from, to)
        for (const receiver of all) {
          const heard = all.filter((source) => !(from.includes(source) && to.includes(receiver)))
          expect(heardBy(grudges, all, receiver)).toEqual(heard)
        }
      }),
    )
  })

  it('leaves a node that is on both sides its own voice', () => {
    expect(oneWay(['n1', 'n2'], ['n2'])).toEqual(new Map([['n2', new Set(['n1'])]]))
    expect(oneWay(['n1'], ['n1']).size).toBe(0)
  })
})

describe('a bridge', () => {
  it('hears all and is heard by all, while the halves hear nothing of each other', () => {
    fc.assert(
      fc.property(nodes(3), ([bridge = '', ...others]) => {
        const all = [bridge, ...others]
        const grudges = separate(all, bridgeGroups(all, [bridge]))
        expectSymmetric(grudges)
        expect(heardBy(grudges, all, bridge)).toEqual(all)
        const [one, two] = bisect(others)
        for (const node of one) expect(heardBy(grudges, all, node)).toEqual([bridge, ...one])
        for (const node of two) expect(heardBy(grudges, all, node)).toEqual([bridge, ...two])
      }),
    )
  })

  it('joins the groups that it is given', () => {
    expect(bridgeGroups(nodesOf(5), ['n3'], [['n1', 'n3'], ['n2']])).toEqual([
      ['n1', 'n3'],
      ['n2', 'n3'],
      ['n4', 'n5', 'n3'],
    ])
  })
})

describe('a ring', () => {
  it('gives each node a majority, no two the same', () => {
    fc.assert(
      fc.property(nodes(4), (all) => {
        const grudges = ring(all)
        expectSymmetric(grudges)
        expect(grudges.size).toBe(all.length)
        const majorities = all.map((node) => heardBy(grudges, all, node))
        for (const majority of majorities) expect(majority.length).toBeGreaterThan(all.length / 2)
        // Who reaches all but one both ways around shares no majority either.
        expect(new Set(majorities.map((majority) => majority.join())).size).toBe(all.length)
      }),
    )
  })

  it('of five is heard by its neighbours', () => {
    expect(heardBy(ring(nodesOf(5)), nodesOf(5), 'n1')).toEqual(['n1', 'n2', 'n5'])
  })

  it('of three has nothing to cut', () => {
    expect(ring(nodesOf(3)).size).toBe(0)
  })
})

describe('chance', () => {
  it('makes two groups of all nodes, the same ones for the same seed', () => {
    fc.assert(
      fc.property(nodes(2), fc.integer(), (all, seed) => {
        const [one, two] = randomGroups(all, seededRng(seed))
        expect([one.length > 0, two.length > 0]).toEqual([true, true])
        expect([...one, ...two].sort()).toEqual([...all].sort())
        expect(randomGroups(all, seededRng(seed))).toEqual([one, two])
      }),
    )
  })

  it('reaches every order of three', () => {
    const orders = new Set(Array.from({length: 200}, (_, seed) => shuffle(nodesOf(3), seededRng(seed)).join()))
    expect(orders.size).toBe(6)
  })
})

it('grudges become one rule per link, from the source to the receiver', () => {
  expect(rulesOf(oneWay(['n1'], ['n2', 'n3']), {kind: 'drop'}, 5)).toEqual([
    {effect: {kind: 'drop'}, from: 'n1', to: 'n2', untilMs: 5},
    {effect: {kind: 'drop'}, from: 'n1', to: 'n3', untilMs: 5},
  ])
})
