import {describe, expect, it, vi} from 'vitest'
import {NodeReplyError} from '../../../../src/lib/client/reply-error.js'
import {CliError} from '../../../../src/lib/kernel/errors.js'
import {explainKey} from '../../../../src/lib/operations/crdb/explain.js'
import type {DatabaseInstance} from '../../../../src/lib/operations/crdb/known.js'
import {verifyDatabase} from '../../../../src/lib/operations/crdb/verify.js'
import {hashSlot} from '../../../../src/lib/protocol/hash-slot.js'
import {FakeNode, FakeRegions, GUID} from './fake-regions.js'

let regions: FakeRegions
vi.mock('../../../../src/lib/operations/crdb/sync.js', () => ({
  openInstances: async (instances: readonly DatabaseInstance[]) => regions.open(instances),
}))

const {signal} = new AbortController()
const SLOT = hashSlot('votes')

interface Content {
  readonly vector?: string
  readonly digest?: string
  /** Key, digest, key, digest. */
  readonly keys?: readonly string[]
  readonly faults?: readonly string[]
  readonly slot?: number
}

/** A node with one slot in which there is something. */
function node({
  digest = 'aa',
  faults = [],
  keys = ['votes', 'd1'],
  slot = SLOT,
  vector = '1.1:3',
}: Content = {}): FakeNode {
  return new FakeNode({
    'CRDT.DEBUG': faults,
    'CRDT.DIGEST': ([first, last]: readonly number[]) =>
      slot >= first! && slot <= last! ? [[slot, digest, ...vector.split(' ')]] : [],
    'CRDT.DIGESTKEYS': ([asked]: readonly unknown[]) =>
      asked === slot ? keys.map((word) => Buffer.from(word, 'latin1')) : [],
    'CRDT.EXPLAIN': ([key]: readonly Buffer[]) =>
      JSON.stringify({
        because: `because of ${vector}`,
        deadlines: [],
        key: key!.toString('latin1'),
        slot,
        type: 'counter',
        values: [{elements: [{value: vector.at(-1)}], visible: true}],
      }),
    DBSIZE: 2,
  })
}

const verify = (content: ConstructorParameters<typeof FakeRegions>[0], more = {}) => {
  regions = new FakeRegions(content)
  return verifyDatabase(regions.known, {isDeep: false, keyLimit: 20, signal, waitMs: 1, ...more})
}

describe('verify', () => {
  it('finds regions equal, however their shards share the slots', async () => {
    const found = await verify({1: [node(), new FakeNode({'CRDT.DIGEST': [], DBSIZE: 1})], 2: [node()]})
    expect(found).toEqual({
      behind: [],
      differingKeys: 0,
      divergedSlots: [],
      equal: true,
      faults: [],
      guid: GUID,
      keys: [],
      name: 'mycrdb',
      regions: [
        {cluster: 'c1', id: 1, keys: 3},
        {cluster: 'c2', id: 2, keys: 2},
      ],
      slots: 1,
      slotsNotLookedInto: 0,
    })
    expect(regions.closes).toBe(regions.opens)
  })

  it('asks for all slots, each once, in steps', async () => {
    await verify({1: [node()], 2: [node()]})
    const asked = (regions.regions[1] as readonly FakeNode[])[0]!.log.filter((line) => line.startsWith('CRDT.DIGEST '))
    const ranges = asked.map((line) => line.split(' ').slice(1).map(Number) as [number, number])
    expect(ranges[0]![0]).toBe(0)
    expect(ranges.at(-1)![1]).toBe(16_383)
    expect(ranges.slice(1).every(([first], index) => first === ranges[index]![1] + 1)).toBe(true)
  })

  it('names who lacks how much of whom, the keys and what each region has of them', async () => {
    const found = await verify({1: [node()], 2: [node({digest: 'bb', keys: ['votes', 'd2'], vector: '1.1:1'})]})
    expect(found).toMatchObject({
      behind: [{effects: 2, of: 1, region: 2}],
      differingKeys: 1,
      divergedSlots: [],
      equal: false,
      keys: [
        {
          key: 'votes',
          kind: 'behind',
          regions: [
            {because: 'because of 1.1:3', id: 1, type: 'counter', value: '3'},
            {because: 'because of 1.1:1', id: 2, type: 'counter', value: '1'},
          ],
          slot: SLOT,
        },
      ],
    })
  })

  it('waits for what is on its way, and looks at nothing else again', async () => {
    const late = node()
    const {'CRDT.DIGEST': then} = late.replies
    let looks = 0
    late.replies['CRDT.DIGEST'] = (args: readonly number[]) => {
      const isAgain = args[0] === SLOT && args[1] === SLOT
      if (isAgain) looks++
      if (looks >= 2) return (then as (args: readonly number[]) => unknown)(args)
      return args[0]! <= SLOT && args[1]! >= SLOT ? [[SLOT, 'bb', '1.1:1']] : []
    }
    expect((await verify({1: [node()], 2: [late]}, {waitMs: 60_000})).equal).toBe(true)
    expect(looks).toBe(2)
  })

  it('does not wait for what no waiting mends', async () => {
    const found = await verify({1: [node()], 2: [node({digest: 'bb', keys: ['votes', 'd2']})]}, {waitMs: 60_000})
    expect(found).toMatchObject({behind: [], divergedSlots: [SLOT], equal: false, keys: [{kind: 'diverged'}]})
  })

  it('is not equal where a region does not answer, though the others are', async () => {
    const found = await verify({1: [node()], 2: 'c2: 127.0.0.1:12002 refuses connections', 3: [node()]})
    expect(found).toMatchObject({behind: [], equal: false, keys: []})
    expect(found.regions[1]).toEqual({
      cluster: 'c2',
      error: 'c2: 127.0.0.1:12002 refuses connections',
      id: 2,
      keys: 0,
    })
  })

  it('asks whoever took over, where a shard goes away amid it', async () => {
    const [lost, successor] = [node(), node()]
    const {'CRDT.DIGEST': then} = lost.replies
    let isGone = false
    lost.replies['CRDT.DIGEST'] = (args: readonly number[]) => {
      isGone ||= args[0]! > 0
      if (isGone) throw new CliError('UNREACHABLE', '127.0.0.1:7000 closed the connection')
      return (then as (args: readonly number[]) => unknown)(args)
    }
    let opens = 0
    const found = await verify(
      {
        1: [node()],
        // The election takes a while: in part first, then whole.
        2: () => {
          opens++
          if (opens === 1) return [lost]
          return opens === 2 ? {gap: 'no primary answers for 16384 slots', primaries: []} : [successor]
        },
      },
      {waitMs: 60_000},
    )
    expect(found.equal).toBe(true)
    expect(opens).toBe(3)
    expect(regions.closes).toBe(regions.opens)
  })

  it('goes on without a region of which a shard has no successor in time', async () => {
    const lost = node()
    lost.replies['CRDT.DIGEST'] = new CliError('TIMED_OUT', '127.0.0.1:7000 did not answer CRDT.DIGEST within 2000 ms')
    const found = await verify({1: [node()], 2: [lost], 3: [node({digest: 'bb', vector: '1.1:1'})]})
    expect(found).toMatchObject({behind: [{effects: 2, of: 1, region: 3}], equal: false})
    expect(found.regions.map(({error}) => error)).toEqual([
      undefined,
      '127.0.0.1:7000 did not answer CRDT.DIGEST within 2000 ms',
      undefined,
    ])
  })

  it('goes on without a region that is part of nothing any more', async () => {
    const left = new FakeNode({'CRDT.DIGEST': new NodeReplyError("ERR unknown command 'CRDT.DIGEST'"), DBSIZE: 0})
    const found = await verify({1: [node()], 2: [left]}, {waitMs: 60_000})
    expect(found.equal).toBe(false)
    expect(found.regions[1]).toMatchObject({error: expect.stringContaining('unknown command')})
  })

  it('names no more keys than it was asked for, and counts them all', async () => {
    const keys = ['a', 'b', 'c'].flatMap((key) => [key, 'x'])
    const found = await verify({1: [node()], 2: [node({digest: 'bb', keys, vector: '1.1:1'})]}, {keyLimit: 2})
    expect([found.keys.map(({key}) => key), found.differingKeys]).toEqual([['a', 'b'], 4])
    expect((await verify(regions.regions, {keyLimit: 0})).keys).toEqual([])
  })

  it('asks for faults only where it is told to', async () => {
    const content = {1: [node()], 2: [node({faults: ['votes: "3", not "4"']})]}
    expect(await verify(content)).toMatchObject({equal: true, faults: []})
    expect(await verify(content, {isDeep: true})).toMatchObject({equal: false, faults: ['c2: votes: "3", not "4"']})
  })
})

describe('explain', () => {
  it('asks the shard that has the slot, and shows bytes as the text they are', async () => {
    const elsewhere = new FakeNode({
      'CRDT.DIGESTKEYS': [],
      'CRDT.EXPLAIN': new NodeReplyError(`MOVED ${SLOT} 127.0.0.1:1`),
    })
    regions = new FakeRegions({1: [elsewhere, node()], 2: [node()]})
    const report = await explainKey(regions.known, 'votes', undefined, signal)
    expect(report).toMatchObject({
      equal: true,
      key: 'votes',
      regions: [{explanation: {type: 'counter'}, id: 1}, {id: 2}],
    })
    const bytes = Buffer.from('grün').toString('latin1')
    regions = new FakeRegions({1: [node()], 2: 'away'})
    expect(await explainKey(regions.known, bytes, bytes, signal)).toMatchObject({
      element: 'grün',
      key: 'grün',
      regions: [{explanation: {key: 'grün'}}, {error: 'away'}],
    })
  })

  it('is not equal where the digests of the key are not', async () => {
    regions = new FakeRegions({1: [node()], 2: [node({keys: ['votes', 'd2']})]})
    expect((await explainKey(regions.known, 'votes', undefined, signal)).equal).toBe(false)
  })
})
