import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {CliError} from '../../../src/lib/kernel/errors.js'
import {SLOT_COUNT} from '../../../src/lib/model/slot-set.js'
import {type CreateNode, type CreateRequest, planCreate, shareOf} from '../../../src/lib/plan/create.js'

const node = (host: string, port = 6379, zone?: string): CreateNode => ({
  address: {host, port},
  host,
  ...(zone !== undefined && {zone}),
})

const plan = (nodes: readonly CreateNode[], replicasPerPrimary = 0, over: Partial<CreateRequest> = {}) =>
  planCreate({nodes, replicasPerPrimary, allowFewPrimaries: false, ...over})

/** `a1 < c1 d1`: primary, then replicas, of each shard. */
const shape = (result: ReturnType<typeof plan>) =>
  result.shards.map(({primary, replicas}) =>
    [primary, ...replicas].map(({address}) => address.replace(':6379', '')).join(' '),
  )

function failure(work: () => unknown): CliError {
  try {
    work()
  } catch (error) {
    if (error instanceof CliError) return error
    throw error
  }
  throw new Error('did not fail')
}

describe('shareOf', () => {
  const tables: [count: number, sizes: number[]][] = [
    [1, [16384]],
    [3, [5461, 5462, 5461]],
    [5, [3277, 3277, 3276, 3277, 3277]],
  ]
  for (const [count, sizes] of tables) {
    it(`cuts ${count} shares as redis-cli does`, () => {
      const shares = sizes.map((_, index) => shareOf(index, count))
      expect(shares.map(({first, last}) => last - first + 1)).toEqual(sizes)
      expect(shares[0]?.first).toBe(0)
      expect(shares.at(-1)?.last).toBe(SLOT_COUNT - 1)
    })
  }

  it('leaves no gap, no overlap, and sizes that differ by one at most', () => {
    fc.assert(
      fc.property(fc.integer({min: 1, max: SLOT_COUNT}), (count) => {
        let next = 0
        const small = Math.floor(SLOT_COUNT / count)
        for (let index = 0; index < count; index++) {
          const {first, last} = shareOf(index, count)
          if (first !== next || last - first + 1 < small || last - first > small) return false
          next = last + 1
        }
        return next === SLOT_COUNT
      }),
      {numRuns: 60},
    )
  })
})

describe('planCreate', () => {
  it('keeps the order given on one host: primaries first', () => {
    const nodes = Array.from({length: 6}, (_, index) => node('127.0.0.1', 7000 + index))
    const result = plan(nodes, 1)
    expect(shape(result)).toEqual([
      '127.0.0.1:7000 127.0.0.1:7003',
      '127.0.0.1:7001 127.0.0.1:7004',
      '127.0.0.1:7002 127.0.0.1:7005',
    ])
    expect(result.shards.map(({slots}) => slots)).toEqual([
      {first: 0, last: 5460},
      {first: 5461, last: 10922},
      {first: 10923, last: 16383},
    ])
    expect(result.violations).toHaveLength(3)
    expect(result.violations[0]).toEqual({
      kind: 'same-host',
      nodes: ['127.0.0.1:7000', '127.0.0.1:7003'],
      where: '127.0.0.1',
      withPrimary: true,
    })
  })

  it('puts replicas in another zone than their primary, and primaries in all zones', () => {
    const nodes = ['a1', 'a2', 'b1', 'b2', 'c1', 'c2'].map((host) => node(host, 6379, host[0]))
    const result = plan(nodes, 1)
    expect(result.violations).toEqual([])
    expect(result.shards.map(({primary}) => primary.zone).sort()).toEqual(['a', 'b', 'c'])
  })

  it('gives surplus nodes to the first shards', () => {
    const nodes = ['a', 'b', 'c', 'd'].map((host) => node(host))
    expect(shape(plan(nodes)).map((text) => text.split(' ').length)).toEqual([1, 1, 1, 1])
    expect(shape(plan([...nodes, ...['e', 'f', 'g'].map((host) => node(host))], 1))).toEqual(['a d g', 'b e', 'c f'])
  })

  it('reports what cannot be avoided', () => {
    const nodes = [...[1, 2, 3, 4].map((port) => node('big', port)), node('x'), node('y')]
    expect(plan(nodes, 1).violations).toEqual([
      {kind: 'same-host', nodes: expect.any(Array), where: 'big', withPrimary: true},
    ])
  })

  it('refuses too few nodes, with ways forward', () => {
    const error = failure(() =>
      plan(
        ['a', 'b', 'c', 'd'].map((host) => node(host)),
        1,
      ),
    )
    expect(error).toMatchObject({code: 'NOT_ENOUGH_NODES', exitCode: 3, details: {nodes: 4, primaries: 2, needed: 6}})
    expect(error.suggestions).toEqual([
      '--replicas 0',
      'Give 2 more nodes.',
      '--allow-few-primaries, for a cluster without failover',
    ])
    expect(shape(plan([node('a')], 0, {allowFewPrimaries: true}))).toEqual(['a'])
    expect(failure(() => plan([node('a')], 1, {allowFewPrimaries: true})).code).toBe('NOT_ENOUGH_NODES')
  })

  it('refuses a node given twice, and zones for some only', () => {
    expect(failure(() => plan([node('a'), node('b'), node('a')])).message).toBe('a:6379 is given twice')
    expect(failure(() => plan([node('a', 1, 'z'), node('b'), node('c')])).suggestions).toEqual([
      '--zone b:6379=ZONE',
      '--zone c:6379=ZONE',
    ])
  })
})

/** Hosts with their zone and number of nodes, shuffled into one list. */
const world = fc
  .record({
    hosts: fc.array(fc.record({zone: fc.integer({min: 0, max: 3}), nodes: fc.integer({min: 1, max: 4})}), {
      minLength: 1,
      maxLength: 8,
    }),
    replicas: fc.integer({min: 0, max: 3}),
    zoned: fc.boolean(),
    order: fc.infiniteStream(fc.nat()),
  })
  .map(({hosts, replicas, zoned, order}) => {
    const nodes = hosts
      .flatMap(({zone, nodes: count}, host) =>
        Array.from({length: count}, (_, port) => node(`h${host}`, 7000 + port, zoned ? `z${zone}` : undefined)),
      )
      .map((item) => ({item, key: order.next().value as number}))
      .sort((a, b) => a.key - b.key)
      .map(({item}) => item)
    return {nodes, replicas}
  })
  .filter(({nodes, replicas}) => Math.floor(nodes.length / (replicas + 1)) >= 1)

describe('placement', () => {
  /** In how many shards some group of `count` nodes must meet itself, at best: members beyond one per shard. */
  const excess = (counts: Iterable<number>, shards: number) =>
    [...counts].reduce((sum, count) => sum + Math.max(0, count - shards), 0)
  const tally = (keys: readonly (string | null | undefined)[]) => {
    const counts = new Map<string, number>()
    for (const key of keys) if (key) counts.set(key, (counts.get(key) ?? 0) + 1)
    return counts
  }

  it('uses every node once, and gives each primary its replicas', () => {
    fc.assert(
      fc.property(world, ({nodes, replicas}) => {
        const {shards} = plan(nodes, replicas, {allowFewPrimaries: true})
        const used = shards.flatMap(({primary, replicas: others}) => [primary, ...others].map(({address}) => address))
        expect([...used].sort()).toEqual(nodes.map(({address}) => `${address.host}:${address.port}`).sort())
        for (const {replicas: others} of shards) expect(others.length).toBeGreaterThanOrEqual(replicas)
      }),
    )
  })

  it('separates hosts and zones as far as is possible at all', () => {
    fc.assert(
      fc.property(world, ({nodes, replicas}) => {
        const {shards, violations} = plan(nodes, replicas, {allowFewPrimaries: true})
        for (const [kind, keyOf] of [
          ['same-host', ({host}: CreateNode) => host],
          ['same-zone', ({zone}: CreateNode) => zone],
        ] as const) {
          const tooMany = violations.filter((violation) => violation.kind === kind)
          const together = tooMany.reduce((sum, violation) => sum + violation.nodes.length - 1, 0)
          expect(together).toBe(excess(tally(nodes.map(keyOf)).values(), shards.length))
        }
      }),
      {numRuns: 300},
    )
  })

  it('spreads primaries over zones so that no single change of leader would do better', () => {
    fc.assert(
      fc.property(world, ({nodes, replicas}) => {
        const {shards} = plan(nodes, replicas, {allowFewPrimaries: true})
        const leaders = tally(shards.map(({primary}) => primary.zone))
        for (const {primary, replicas: others} of shards) {
          if (primary.zone === null) return
          for (const {zone} of others) {
            const gain = (leaders.get(primary.zone) ?? 0) - (leaders.get(zone ?? '') ?? 0)
            expect(gain).toBeLessThan(2)
          }
        }
      }),
      {numRuns: 300},
    )
  })

  it('gives the same plan for the same nodes', () => {
    fc.assert(
      fc.property(world, ({nodes, replicas}) => {
        const request = {nodes, replicasPerPrimary: replicas, allowFewPrimaries: true}
        expect(planCreate(request)).toEqual(planCreate({...request, nodes: [...nodes]}))
      }),
      {numRuns: 30},
    )
  })

  it('places 1000 nodes within 100 ms', () => {
    const nodes = Array.from({length: 1000}, (_, index) => node(`h${index % 250}`, 7000 + index, `z${index % 3}`))
    plan(nodes, 1)
    const started = performance.now()
    plan(nodes, 1)
    expect(performance.now() - started).toBeLessThan(100)
  })
})
