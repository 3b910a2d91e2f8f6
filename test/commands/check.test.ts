import {afterAll, beforeAll, expect, it} from 'vitest'
import {connectNode} from '../../src/lib/client/node-connection.js'
import type {ErrorDocument} from '../../src/lib/kernel/errors.js'
import type {CheckReport} from '../../src/lib/operations/check.js'
import {runShoal} from '../support/cli.js'
import {describeWithPeers, type RealCluster, type RedisNode, startRealCluster, startRedis} from '../support/peers.js'
import {waitFor} from '../support/processes.js'

const check = (seed: string, args: readonly string[] = []) => runShoal(['check', seed, '--json', ...args])
const idsOf = ({findings}: CheckReport) => findings.map(({id}) => id)

describeWithPeers('shoal check and info', () => {
  let cluster: RealCluster

  beforeAll(async () => {
    cluster = await startRealCluster(3)
  })
  afterAll(() => cluster?.stop())

  it('finds a sound cluster sound, but says what it could do better', async () => {
    const result = await check(cluster.seed)
    expect(result.code, result.stdout).toBe(0)
    const report = result.json<CheckReport>()
    expect(report.totals).toMatchObject({primaries: 3, replicas: 0, slotsCovered: 16384})
    expect(idsOf(report)).toEqual(['primary-without-replica', 'shard-on-one-host', 'persistence-off'])
    expect((await check(cluster.seed, ['--fail-on', 'warning'])).code).toBe(9)
  })

  it('prints for people, without colour in a pipe', async () => {
    const {stdout, stderr} = await runShoal(['check', cluster.seed])
    expect(stdout).toMatch(/^127\.0\.0\.1:\d+: 3 primaries, 0 replicas, 16,384 of 16,384 slots, 0 keys\nWARNING {2}/)
    expect(stdout).not.toContain('\u001B')
    expect(stderr).toBe('')
  })

  it('finds open slots on both sides, and exits 9', async () => {
    const [a, b] = cluster.nodes as [RedisNode, RedisNode]
    const [idA, idB] = [String(await a.call('CLUSTER', 'MYID')), String(await b.call('CLUSTER', 'MYID'))]
    await b.call('CLUSTER', 'SETSLOT', 100, 'IMPORTING', idA)
    await a.call('CLUSTER', 'SETSLOT', 100, 'MIGRATING', idB)
    const result = await check(cluster.seed)
    await a.call('CLUSTER', 'SETSLOT', 100, 'STABLE')
    await b.call('CLUSTER', 'SETSLOT', 100, 'STABLE')
    expect(result.code).toBe(9)
    const open = result.json<CheckReport>().findings.filter(({id}) => id === 'slots-open')
    expect(open.map(({nodes, slots}) => [nodes[0]?.id, slots])).toEqual([
      [idA, '100'],
      [idB, '100'],
    ])
    expect((await check(cluster.seed, ['--fail-on', 'never'])).code).toBe(0)
  })

  it('names slots that nobody owns', async () => {
    const [a] = cluster.nodes as [RedisNode]
    await a.call('CLUSTER', 'DELSLOTS', 7)
    const result = await check(cluster.seed, ['--settle', '100ms'])
    await a.call('CLUSTER', 'ADDSLOTS', 7)
    expect(result.code).toBe(9)
    expect(result.json<CheckReport>().findings).toContainEqual(
      expect.objectContaining({id: 'slots-uncovered', slots: '7'}),
    )
    await waitFor(async () => String(await a.call('CLUSTER', 'INFO')).includes('cluster_state:ok'), {
      what: 'the slot to be back',
    })
  })

  it('finds keys where clients do not, when asked to', async () => {
    const [a, b] = cluster.nodes as [RedisNode, RedisNode]
    const slot = Number(await a.call('CLUSTER', 'KEYSLOT', 'stray'))
    const [owner, other] = slot <= 5460 ? [a, b] : [b, a]
    await other.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(await owner.call('CLUSTER', 'MYID')))
    const link = await connectNode(other, {timeoutMs: 2000})
    await link.pipeline([['ASKING'], ['SET', 'stray', 'x'], ['CLUSTER', 'SETSLOT', slot, 'STABLE']])
    const found = await check(cluster.seed, ['--cluster-search-multiple-owners'])
    const unasked = await check(cluster.seed)
    await other.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(await owner.call('CLUSTER', 'MYID')))
    await link.pipeline([['ASKING'], ['DEL', 'stray'], ['CLUSTER', 'SETSLOT', slot, 'STABLE']])
    link.close()
    expect([found.code, unasked.code]).toEqual([9, 0])
    expect(found.json<CheckReport>().findings[0]).toMatchObject({
      id: 'keys-stray',
      nodes: [{address: `127.0.0.1:${other.port}`}],
      slots: String(slot),
    })
    expect((await check(cluster.seed, ['--search-stray-keys'])).code).toBe(0)
  })

  it('shows a line per primary and a map', async () => {
    const {code, stdout} = await runShoal(['info', cluster.seed])
    expect(code).toBe(0)
    const lines = stdout.trimEnd().split('\n')
    expect(lines[0]).toMatch(/PRIMARY +ID +KEYS +SLOTS +REPLICAS +MEMORY/)
    expect(lines.slice(1, 4).map((line) => line[0])).toEqual(['A', 'B', 'C'])
    expect(lines).toHaveLength(23)
    const json = (await runShoal(['info', cluster.seed, '--json'])).json<{shards: {slots: string}[]}>()
    expect(json.shards).toHaveLength(3)
  })

  it('names an id without an address, and how to get rid of it', async () => {
    const extra = await startRedis({cluster: true})
    const id = String(await extra.call('CLUSTER', 'MYID'))
    const [a] = cluster.nodes as [RedisNode]
    await a.call('CLUSTER', 'MEET', '127.0.0.1', extra.port)
    const linesOfId = async () =>
      (await Promise.all(cluster.nodes.map(async (node) => String(await node.call('CLUSTER', 'NODES')))))
        .flatMap((text) => text.split('\n'))
        .filter((line) => line.startsWith(id))
    await waitFor(async () => (await linesOfId()).length === 3, {what: 'the node to be known'})
    // At its address another id answers from now on.
    await extra.call('CLUSTER', 'RESET', 'HARD')
    await waitFor(async () => (await linesOfId()).every((line) => /noaddr/.test(line)), {
      what: 'the address to be lost',
    })
    const found = (await check(cluster.seed)).json<CheckReport>().findings.find((each) => each.nodes[0]?.id === id)
    expect(found).toMatchObject({id: 'node-without-address', severity: 'warning'})
    expect(found?.suggestion).toBe(`If it is gone: shoal del-node ${cluster.seed} ${id}`)
    await extra.stop()
    const removed = await runShoal(['del-node', cluster.seed, id, '--yes'])
    expect([removed.code, removed.stdout], removed.stderr).toEqual([0, expect.stringContaining(`${id} is removed.`)])
    expect((await check(cluster.seed)).code).toBe(0)
  })

  it('refuses a node that is no cluster node', async () => {
    const plain = await startRedis()
    const result = await check(`127.0.0.1:${plain.port}`)
    await plain.stop()
    expect(result.code).toBe(3)
    expect(result.json<ErrorDocument>().error.code).toBe('NOT_CLUSTER_MODE')
  })

  it('names a node that died, from any other', async () => {
    const victim = cluster.nodes[2] as RedisNode
    await victim.kill()
    const early = await check(cluster.seed)
    expect(early.code).toBe(9)
    const found = early.json<CheckReport>().findings.find(({id}) => id === 'node-unreachable' || id === 'node-failed')
    expect(found?.nodes[0]?.address).toBe(`127.0.0.1:${victim.port}`)
    await waitFor(async () => idsOf((await check(cluster.seed)).json<CheckReport>()).includes('node-failed'), {
      what: 'the node to be marked as failed',
      everyMs: 200,
    })
    const info = await runShoal(['info', cluster.seed])
    expect(info.code).toBe(7)
    expect(info.stdout).toContain(`127.0.0.1:${victim.port} does not answer: `)
    expect(info.stdout).toMatch(/15360 {2}\?+\n$/)
    expect((await check(`127.0.0.1:${victim.port}`)).code).toBe(7)
  })
})
