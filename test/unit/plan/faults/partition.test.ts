import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {seededRng} from '../../../../src/lib/kernel/rng.js'
import {
  type PartitionRequest,
  PRESETS,
  partitionAsksNodes,
  planPartition,
} from '../../../../src/lib/plan/faults/partition.js'
import {SIX} from './nodes.js'

const plan = (request: PartitionRequest, nodes = SIX, seed?: number) =>
  planPartition(nodes, request, {rng: seededRng(seed ?? 1), shuffled: seed !== undefined})

describe('a partition', () => {
  it.each<[PartitionRequest, string]>([
    [{groups: ['n1,n2', 'n3'], kind: 'groups'}, 'n1,n2 / n3 / n4,n5,n6'],
    [{groups: ['shard:0'], kind: 'groups'}, 'n2,n5 / n1,n3,n4,n6'],
    [{bridge: 'n3', groups: ['n1,n2', 'n4'], kind: 'groups'}, 'n1,n2,n3 / n3,n4 / n3,n5,n6'],
    [{kind: 'isolate', selector: 'n1,n2'}, 'n1 / n2 / n3,n4,n5,n6'],
    [{kind: 'one-way', pair: 'n1:role:replica'}, 'n1 -> n4,n5,n6'],
    [{kind: 'bridge', selector: 'n3'}, 'n1,n2,n3 / n3,n4,n5,n6'],
    [{kind: 'regions', names: []}, 'n1,n3,n5 / n2,n4,n6'],
    [{kind: 'regions', names: ['us']}, 'n2,n4,n6 / n1,n3,n5'],
    [{kind: 'minority'}, 'n1 / n2,n3,n4,n5,n6'],
    [{kind: 'majority'}, 'n1,n2 / n3,n4,n5,n6'],
    [{kind: 'primaries'}, 'n1 / n2 / n3 / n4,n5,n6'],
    // The replicas of those who are on the other side: each side could serve all slots.
    [{kind: 'halves'}, 'n1,n5,n6 / n2,n3,n4'],
    [{kind: 'ring'}, 'ring n1 n2 n3 n4 n5 n6'],
  ])('%j', (request, text) => {
    expect(plan(request).text).toBe(text)
  })

  it.each(PRESETS)('%s takes others with another seed, the same with the same', (kind) => {
    const texts = new Set(Array.from({length: 40}, (_, seed) => plan({kind}, SIX, seed).text))
    // All primaries are all primaries.
    expect(texts.size > 1 || kind === 'primaries').toBe(true)
    expect(plan({kind}, SIX, 3)).toEqual(plan({kind}, SIX, 3))
  })

  it('cuts something, and nobody from itself, whatever the preset and the seed', () => {
    fc.assert(
      fc.property(fc.constantFrom(...PRESETS), fc.nat(), (kind, seed) => {
        const {grudges} = plan({kind}, SIX, seed)
        expect(grudges.size).toBeGreaterThan(0)
        for (const [receiver, sources] of grudges) expect(sources.has(receiver)).toBe(false)
      }),
    )
  })

  it.each<[PartitionRequest, boolean]>([
    [{groups: ['n1', 'role:primary'], kind: 'groups'}, true],
    [{bridge: 'shard:0', groups: ['n1'], kind: 'groups'}, true],
    [{groups: ['n*', 'region:eu,random:1'], kind: 'groups'}, false],
    [{kind: 'isolate', selector: 'key:a'}, true],
    [{kind: 'one-way', pair: 'n1:role:replica'}, true],
    [{kind: 'one-way', pair: 'n1:n2'}, false],
    [{kind: 'halves'}, true],
    [{kind: 'ring'}, false],
  ])('asks nodes for their roles where these matter: %j, %s', (request, asks) => {
    expect(partitionAsksNodes(request)).toBe(asks)
  })

  it('counts primaries that own slots, if any do', () => {
    const five = Array.from({length: 5}, (_, index) => ({
      name: `n${index + 1}`,
      role: 'primary' as const,
      slots: [{first: index, last: index}],
    }))
    const nodes = [{name: 'n0', role: 'primary' as const, slots: []}, ...five]
    expect(plan({kind: 'minority'}, nodes).text).toBe('n1,n2 / n0,n3,n4,n5')
    expect(plan({kind: 'majority'}, nodes).text).toBe('n1,n2,n3 / n0,n4,n5')
    expect(plan({kind: 'halves'}, five).text).toBe('n1,n2 / n3,n4,n5')
  })

  it.each<PartitionRequest>([
    {groups: ['all'], kind: 'groups'},
    {groups: [], kind: 'groups'},
    {kind: 'one-way', pair: 'n1:n1'},
    {kind: 'bridge', selector: 'all'},
  ])('that would cut nothing is refused: %j', (request) => {
    expect(() => plan(request)).toThrow(expect.objectContaining({code: 'PREFLIGHT_FAILED', exitCode: 3}))
  })

  it.each<[PartitionRequest, number]>([
    [{kind: 'minority'}, 2],
    [{kind: 'majority'}, 2],
    [{kind: 'ring'}, 3],
    [{kind: 'random'}, 1],
    [{kind: 'halves'}, 1],
    [{kind: 'primaries'}, 0],
  ])('of too few is refused: %j of %i', (request, count) => {
    expect(() => plan(request, SIX.slice(0, count))).toThrow(expect.objectContaining({code: 'NOT_ENOUGH_NODES'}))
  })

  it('by regions needs regions', () => {
    expect(() => plan({kind: 'regions', names: []}, [{name: 'n1'}])).toThrow('no node has a region')
    expect(() => plan({kind: 'regions', names: ['usa']})).toThrow('did you mean us?')
  })
})
