import {afterAll, beforeAll, beforeEach, expect, it} from 'vitest'
import {connectWire} from '../../src/lib/client/migration/wire.js'
import {ClusterWriter, type ClusterWriterOptions} from '../../src/lib/operations/load/cluster-writer.js'
import type {DumpedKey} from '../../src/lib/operations/load/types.js'
import {type ObservedCluster, observeCluster} from '../../src/lib/operations/observe.js'
import {hashSlot} from '../../src/lib/protocol/hash-slot.js'
import {
  callRedis,
  describeWithPeers,
  type RealCluster,
  type RedisNode,
  startRealCluster,
  startRedis,
} from '../support/peers.js'

/** One connection; keys and values are latin1 text. */
interface Caller {
  call(...command: string[]): Promise<unknown>
  close(): void
}

async function callerTo(port: number): Promise<Caller> {
  const wire = await connectWire({host: '127.0.0.1', port}, {timeoutMs: 5000})
  return {call: async (...command) => (await wire.send([command]))[0], close: () => wire.close()}
}

describeWithPeers('ClusterWriter', () => {
  let cluster: RealCluster
  let source: RedisNode
  let raw: Caller
  let observed: ObservedCluster

  beforeAll(async () => {
    ;[cluster, source] = await Promise.all([startRealCluster(3), startRedis()])
    raw = await callerTo(source.port)
    observed = await observeCluster({host: '127.0.0.1', port: cluster.ports[0] as number}, {timeoutMs: 5000})
  })
  afterAll(async () => {
    raw?.close()
    observed?.close()
    await Promise.all([cluster?.stop(), source?.stop()])
  })
  beforeEach(async () => {
    await Promise.all([...cluster.nodes, source].map((node) => node.call('FLUSHALL')))
  })

  const ownerOf = (key: string) => {
    const index = [5460, 10_922, 16_383].findIndex((last) => hashSlot(key) <= last)
    return cluster.nodes[index] as RedisNode
  }
  const dump = async (key: string, expireAtMs?: number): Promise<DumpedKey> => ({
    key,
    payload: (await raw.call('DUMP', key)) as string,
    ...(expireAtMs !== undefined && {expireAtMs}),
  })
  const write = async (keys: readonly DumpedKey[], options: Partial<ClusterWriterOptions> = {}) => {
    const writer = await ClusterWriter.open(observed, {replace: false, ...options})
    try {
      const outcomes = await writer.write(keys)
      return {outcomes, counts: await writer.finish(), conflicts: writer.conflicts}
    } finally {
      writer.close()
    }
  }

  it('writes keys of any bytes with their deadlines, and the same again without a change', async () => {
    const binary = 'a\0b\r\n\xff{'
    const expireAtMs = Date.now() + 3_600_123
    await raw.call('SET', binary, '\0\xfe')
    await raw.call('SET', 'plain', 'x')
    await raw.call('SET', 'gone', 'x')
    const keys = [await dump(binary), await dump('plain', expireAtMs), await dump('gone', Date.now() - 5000)]
    expect((await write(keys)).outcomes).toEqual(['written', 'written', 'expired'])
    expect(await ownerOf('plain').call('PEXPIRETIME', 'plain')).toBe(expireAtMs)
    const target = await callerTo(ownerOf(binary).port)
    expect(await target.call('GET', binary)).toBe('\0\xfe')
    target.close()
    const again = await write(keys)
    expect(again.outcomes).toEqual(['equal', 'equal', 'expired'])
    expect(again.counts).toMatchObject({written: 0, equal: 2, expired: 1, conflict: 0, bytes: 0})
  })

  it('keeps what differs at the cluster and reports it, or replaces it where asked to', async () => {
    await raw.call('SET', 'k', 'ours')
    await raw.call('SET', 'ttl', 'same')
    await ownerOf('k').call('RPUSH', 'k', 'theirs')
    await ownerOf('ttl').call('SET', 'ttl', 'same', 'EX', 100)
    const keys = [await dump('k'), await dump('ttl')]
    const kept = await write(keys)
    expect(kept.outcomes).toEqual(['conflict', 'conflict'])
    expect([...kept.conflicts].sort((a, b) => (a.key < b.key ? -1 : 1))).toMatchObject([
      {key: '"k"', differs: 'value', sourceType: 'string', targetType: 'list'},
      {key: '"ttl"', differs: 'expiry'},
    ])
    expect(await ownerOf('k').call('LRANGE', 'k', 0, -1)).toEqual(['theirs'])
    const replaced = await write(keys, {replace: true})
    expect(replaced.outcomes).toEqual(['replaced', 'replaced'])
    expect(await ownerOf('k').call('GET', 'k')).toBe('ours')
    expect(await ownerOf('ttl').call('TTL', 'ttl')).toBe(-1)
  })

  it('knows the same large set, hash and list by content, however they grew', async () => {
    const members = Array.from({length: 600}, (_, i) => `member:${i}`)
    const pairs = members.flatMap((member) => [member, member])
    await raw.call('SADD', 's', ...members)
    await raw.call('HSET', 'h', ...pairs)
    for (const member of members) await raw.call('RPUSH', 'l', member.padEnd(60))
    await ownerOf('s').call('SADD', 's', ...[...members].reverse())
    const backwards = [...members].reverse().flatMap((member) => [member, member])
    await ownerOf('h').call('HSET', 'h', ...backwards)
    await ownerOf('l').call('CONFIG', 'SET', 'list-max-listpack-size', '7')
    await ownerOf('l').call('RPUSH', 'l', ...members.map((member) => member.padEnd(60)))
    await ownerOf('l').call('CONFIG', 'SET', 'list-max-listpack-size', '-2')
    const keys = [await dump('s'), await dump('h'), await dump('l')]
    expect((await write(keys)).outcomes.slice(0, 2)).toEqual(['equal', 'equal'])
    await ownerOf('s').call('SREM', 's', 'member:1')
    await ownerOf('h').call('HSET', 'h', 'member:1', 'other')
    expect((await write(keys.slice(0, 2))).outcomes).toEqual(['conflict', 'conflict'])
    // Comparisons leave nothing behind.
    const counts = await Promise.all(cluster.nodes.map((node) => node.call('DBSIZE')))
    expect(counts.reduce((sum: number, count) => sum + Number(count), 0)).toBe(3)
  })

  it('follows a slot that moves, and finds a key on either side of it', async () => {
    const slot = hashSlot('{move}')
    const from = ownerOf('{move}')
    const to = cluster.nodes.find((node) => node !== from) as RedisNode
    const [fromId, toId] = await Promise.all([from, to].map(async (node) => String(await node.call('CLUSTER', 'MYID'))))
    for (const name of ['1', '2', '3']) await raw.call('SET', `{move}${name}`, name)
    const keys = await Promise.all(['1', '2', '3'].map((name) => dump(`{move}${name}`)))
    await write(keys.slice(0, 1))
    await to.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId as string)
    await from.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId as string)
    expect((await write(keys.slice(0, 2))).outcomes).toEqual(['equal', 'written'])
    await from.call('MIGRATE', '127.0.0.1', to.port, '{move}1', 0, 5000)
    expect((await write(keys.slice(0, 2))).outcomes).toEqual(['equal', 'equal'])
    const writer = await ClusterWriter.open(observed, {replace: false})
    for (const node of [to, from, ...cluster.nodes]) await node.call('CLUSTER', 'SETSLOT', slot, 'NODE', toId as string)
    // The writer still takes `from` for the owner.
    expect(await writer.write(keys)).toEqual(['equal', 'equal', 'written'])
    writer.close()
    expect(await to.call('CLUSTER', 'COUNTKEYSINSLOT', slot)).toBe(3)
    await observed.observe()
  })

  it('stops when a node is out of memory, and says what was written', async () => {
    await raw.call('SET', 'k', 'v')
    const key = await dump('k')
    const full = ownerOf('k')
    const other = ['a', 'b', 'c'].find((name) => ownerOf(name) !== full) as string
    await raw.call('SET', other, 'v')
    await full.call('CONFIG', 'SET', 'maxmemory', '1')
    try {
      const writer = await ClusterWriter.open(observed, {replace: false})
      await writer.write([await dump(other)])
      void writer.write([key])
      const refused = {code: 'PLAN_PARTIAL', details: {counts: {written: 1}}}
      await expect(writer.finish()).rejects.toMatchObject(refused)
      await expect(writer.ready()).rejects.toThrow(/OOM/)
      writer.close()
      await expect(write([key])).rejects.toThrow(/OOM/)
    } finally {
      await full.call('CONFIG', 'SET', 'maxmemory', '0')
    }
  })

  it('waits for a node that is away, and gives up in time', async () => {
    await raw.call('SET', 'k', 'v')
    const key = await dump('k')
    const owner = ownerOf('k')
    // A busy node is silent for a while: nothing is lost, nothing is reported.
    void callRedis(owner.port, ['DEBUG', 'SLEEP', '0.3'])
    expect((await write([key])).outcomes).toEqual(['written'])
    await owner.call('DEL', 'k')
    await owner.call('CLUSTER', 'DELSLOTS', hashSlot('k'))
    try {
      await expect(write([key], {retryMs: 300})).rejects.toMatchObject({code: 'CLUSTER_UNHEALTHY'})
    } finally {
      await owner.call('CLUSTER', 'ADDSLOTS', hashSlot('k'))
    }
    expect((await write([key])).outcomes).toEqual(['written'])
  })
})
