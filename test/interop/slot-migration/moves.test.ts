import {afterAll, beforeAll, expect, it} from 'vitest'
import {hashSlot} from '../../../src/lib/protocol/hash-slot.js'
import {describeWithPeers} from '../../support/peers.js'
import {waitFor} from '../../support/processes.js'
import type {AnyNode} from '../mixed-cluster-support.js'
import {fillNode, keysIn, lostAt, Writers} from '../reshard-load.js'
import {expectNoAsk, jobsOf, move, startCluster} from './support.js'

/** Half of the last of three even shares, and the keys that live there. */
const SPAN = {first: 15360, last: 16383}
const KEY_COUNT = 20_000

describeWithPeers('slots that embedded nodes move atomically', () => {
  let nodes: AnyNode[]
  let keys: string[]

  beforeAll(async () => {
    nodes = await startCluster(3)
    keys = keysIn(SPAN, KEY_COUNT, 'base')
    await fillNode(nodes[2]?.port as number, keys)
  })

  afterAll(() => Promise.all(nodes.map((node) => node.stop())))

  it('lose nothing to and fro under writers, and nobody is told to ask', async () => {
    const writers = new Writers(
      nodes.map(({port}) => port),
      SPAN,
      'steady',
    )
    let [from, to] = [nodes[2] as AnyNode, nodes[0] as AnyNode]
    for (let round = 0; round < 6; round++) {
      await move(from, to, SPAN.first, SPAN.last)
      // Where the machine is busy with others, nodes may doubt each other for a moment.
      await waitFor(async () => (await lostAt(to.port, keys)).length === 0, {what: 'all keys at the target'})
      ;[from, to] = [to, from]
    }
    expect(await writers.stop()).toEqual([])
    expect(writers.operations).toBeGreaterThan(500)
    await expectNoAsk(...nodes)
    expect(await jobsOf(from)).toHaveLength(6)
  })

  it('keep every type, large values, deadlines and consumer groups as they were', async () => {
    const [from, to] = [nodes[0] as AnyNode, nodes[1] as AnyNode]
    const slot = hashSlot('all')
    const many = Array.from({length: 5000}, (_, i) => `member:${i}`.padEnd(60, '.'))
    const commands: (string | number)[][] = [
      ['SET', '{all}text', 'x\u0001y'],
      ['SET', '{all}long', 'ab'.repeat(400_000), 'PX', 100_000_000],
      ['SETBIT', '{all}bits', 100_000, 1],
      ['RPUSH', '{all}list', ...many, 'z'.repeat(9000)],
      ['SADD', '{all}ints', 1, 2, 300_000],
      ['SADD', '{all}set', ...many],
      ['HSET', '{all}few', 'a', 1, 'b', 2],
      ['HSET', '{all}hash', ...many.flatMap((one) => [one, 'v'])],
      ['PEXPIRE', '{all}hash', 200_000_000],
      ['ZADD', '{all}zset', ...many.flatMap((one, at) => [at / 7, one])],
      ...many.slice(0, 300).map((one, at) => ['XADD', '{all}stream', `${at + 1}-1`, 'f', one]),
      ['XGROUP', 'CREATE', '{all}stream', 'readers', '0'],
      ['XREADGROUP', 'GROUP', 'readers', 'one', 'COUNT', 10, 'STREAMS', '{all}stream', '>'],
      ['XDEL', '{all}stream', '3-1', '200-1'],
      ['PFADD', '{all}hll', ...many],
    ]
    const owner = await ownerOf('{all}')
    for (const command of commands) await owner.call(...command)
    const target = owner === to ? from : to
    const before = await contentOf(owner, slot)
    expect(before).toHaveLength(11)
    await move(owner, target, slot, slot)
    expect(await contentOf(target, slot)).toEqual(before)
    expect(await owner.call('CLUSTER', 'COUNTKEYSINSLOT', slot)).toBe(0)
  })

  /** Whoever does not answer MOVED. */
  const ownerOf = async (key: string): Promise<AnyNode> => {
    for (const node of nodes) if ((await node.call('EXISTS', key).catch(() => undefined)) !== undefined) return node
    throw new Error(`nobody serves ${key}`)
  }

  const contentOf = async (node: AnyNode, slot: number): Promise<string[]> => {
    const found = ((await node.call('CLUSTER', 'GETKEYSINSLOT', slot, 1000)) as string[]).sort()
    return await Promise.all(
      found.map(async (key) => {
        const digest = await node.call('DEBUG', 'DIGEST-VALUE', key)
        return `${key} ${digest} ${await node.call('PEXPIRETIME', key)} ${await node.call('TYPE', key)}`
      }),
    )
  }
})
