import {describe, expect, it} from 'vitest'
import {type ComparedSlot, compareRegions, differingKeys, sumBehind} from '../../../../src/lib/plan/crdb/compare.js'

/** `1.1:5 2.1:3=abc`: a vector and the digest of what came of it. */
function slot(text: string): ComparedSlot {
  const [vector, digest] = text.split('=') as [string, string]
  const entries = vector.split(' ').filter((entry) => entry !== '')
  return {digest, vector: new Map(entries.map((entry) => entry.split(':')).map(([actor, at]) => [actor!, Number(at)]))}
}

const region = (slots: Record<number, string>) =>
  new Map(Object.entries(slots).map(([number, text]) => [Number(number), slot(text)]))

const compare = (...regions: Record<number, string>[]) =>
  compareRegions(new Map(regions.map((slots, index) => [index + 1, region(slots)])))

describe('regions, slot by slot', () => {
  it('are equal where vectors and digests are', () => {
    expect(compare({7: '1.1:5 2.1:3=abc'}, {7: '2.1:3 1.1:5=abc'}, {7: '1.1:5 2.1:3=abc'})).toEqual([])
    expect(compare({}, {})).toEqual([])
    expect(compare({7: '1.1:5=abc'})).toEqual([])
  })

  it('are behind by what the furthest has, of each writer, whatever the digests', () => {
    expect(compare({7: '1.1:5 2.1:3=abc'}, {7: '1.1:4 2.1:9=abc'}, {7: '1.1:5 2.1:9=abc'})).toEqual([
      {
        behind: [
          {effects: 6, of: 2, region: 1},
          {effects: 1, of: 1, region: 2},
        ],
        kind: 'behind',
        slot: 7,
      },
    ])
  })

  it('add up the epochs of a writer', () => {
    expect(compare({7: '3.1:5 3.2:2=abc'}, {7: '3.1:4=abc'})).toEqual([
      {behind: [{effects: 3, of: 3, region: 2}], kind: 'behind', slot: 7},
    ])
  })

  it('lack all of a slot of which they know nothing', () => {
    expect(compare({7: '1.1:5=abc'}, {})).toEqual([{behind: [{effects: 5, of: 1, region: 2}], kind: 'behind', slot: 7}])
  })

  it('have diverged where all have applied the same and differ', () => {
    expect(compare({7: '1.1:5=abc'}, {7: '1.1:5=abd'})).toEqual([{behind: [], kind: 'diverged', slot: 7}])
    expect(compare({7: '=abc'}, {})).toEqual([{behind: [], kind: 'diverged', slot: 7}])
  })

  it('come with all slots that differ, ascending, and no other', () => {
    const found = compare({9: '1.1:1=a', 12: '1.1:1=a', 100: '1.1:1=a'}, {9: '1.1:2=b', 12: '1.1:1=a', 100: '1.1:1=b'})
    expect(found.map(({kind, slot}) => `${slot} ${kind}`)).toEqual(['9 behind', '100 diverged'])
  })
})

it('what is lacked is added up over slots, by who lacks it and who wrote it', () => {
  const found = compare(
    {1: '1.1:5=a', 2: '1.1:2 2.1:9=a', 3: '3.1:1=a'},
    {1: '1.1:1=b', 2: '1.1:1 2.1:9=b', 3: '3.1:4=a'},
  )
  expect(sumBehind(found)).toEqual([
    {effects: 3, of: 3, region: 1},
    {effects: 5, of: 1, region: 2},
  ])
  expect(sumBehind([])).toEqual([])
})

it('keys differ where one is absent or its digest is another', () => {
  const [a, b] = [
    new Map(Object.entries({same: '1', other: '2', here: '3'})),
    new Map(Object.entries({same: '1', other: '9'})),
  ]
  expect(differingKeys([a, b])).toEqual(['here', 'other'])
  expect(differingKeys([a, b, new Map()])).toEqual(['here', 'other', 'same'])
  expect(differingKeys([a])).toEqual([])
})
