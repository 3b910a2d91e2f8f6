import {beforeAll, expect, it} from 'vitest'
import {describeWithPeers} from '../support/peers.js'
import {claimPorts} from '../support/ports.js'
import {waitFor} from '../support/processes.js'
import {
  type AnyNode,
  readKeys,
  redisCli,
  signatureOf,
  startEmbedded,
  startReal,
  waitForFlags,
  waitForOneView,
  writeKeys,
} from './mixed-cluster-support.js'

const KEY_COUNT = 300

describeWithPeers('a cluster of redis-servers and embedded nodes (wire.md 8.2)', () => {
  let nodes: AnyNode[] = []

  /** The node of a kind with that number, 0..2. */
  const at = (kind: AnyNode['kind'], index: number) => nodes.filter((node) => node.kind === kind)[index] as AnyNode
  const idOf = async (node: AnyNode) => String(await node.call('CLUSTER', 'MYID'))

  beforeAll(async () => {
    const base = await claimPorts(6)
    nodes = await Promise.all(
      [0, 1, 2, 3, 4, 5].map((index) =>
        index % 2 === 0 ? startReal({port: base + index}) : startEmbedded({port: base + index}),
      ),
    )
    await redisCli('--cluster', 'create', ...nodes.map(({port}) => `127.0.0.1:${port}`), '--cluster-yes')
    await waitForOneView(nodes)
  })

  it('agrees on everything, and goes on to', async () => {
    const view = await waitForOneView(nodes)
    const lines = view.split('\n')
    expect(lines).toHaveLength(6)
    expect(new Set(lines.map((line) => line.split(' ')[4])).size).toBe(6)
    for (let turn = 0; turn < 30; turn++) {
      for (const node of nodes) expect(await signatureOf(node)).toBe(view)
    }
  })

  it('serves a cluster client whatever node it asks', async () => {
    await writeKeys(at('embedded', 0), KEY_COUNT)
    expect(await readKeys(at('real', 0), KEY_COUNT)).toBe(KEY_COUNT)
    expect(await readKeys(at('embedded', 2), KEY_COUNT)).toBe(KEY_COUNT)
  })

  it.each([
    ['real', 'embedded'],
    ['embedded', 'real'],
    ['embedded', 'embedded'],
  ] as const)('redis-cli reshards from %s to %s with keys', async (from, to) => {
    const source = at(from, 0)
    const target = at(to, 1)
    const route = ['--cluster-from', await idOf(source), '--cluster-to', await idOf(target), '--cluster-slots', 200]
    await redisCli('--cluster', 'reshard', `127.0.0.1:${nodes[0]?.port}`, ...route, '--cluster-yes')
    await waitForOneView(nodes)
    const check = await redisCli('--cluster', 'check', `127.0.0.1:${target.port}`)
    expect(check).toContain('All 16384 slots covered')
    expect(check).toContain(`${KEY_COUNT} keys in 6 masters`)
    expect(await readKeys(source, KEY_COUNT)).toBe(KEY_COUNT)
  })

  it.each(['real', 'embedded'] as const)(
    'a killed %s node is marked FAIL by both kinds, and welcome again',
    async (kind) => {
      const victim = at(kind, 2)
      const others = nodes.filter((node) => node !== victim)
      await victim.kill()
      await waitForFlags(others, victim.port, /^master,fail$/)
      await waitForFlags(others, victim.port, /fail/)
      const again = await victim.restart()
      nodes = nodes.map((node) => (node === victim ? again : node))
      await waitForFlags(others, victim.port, /^master$/)
      await waitForOneView(nodes)
    },
  )

  it('each kind goes on with the nodes.conf of the other', async () => {
    const pair = [at('real', 0), at('embedded', 0)] as const
    const ids = await Promise.all(pair.map(idOf))
    await Promise.all(pair.map((node) => node.stop()))
    const swapped = await Promise.all(
      pair.map(({folder, kind, port}) => (kind === 'real' ? startEmbedded({folder, port}) : startReal({folder, port}))),
    )
    nodes = nodes.map((node) => swapped[pair.findIndex(({port}) => port === node.port)] ?? node)
    expect(await Promise.all(swapped.map(idOf))).toEqual(ids)
    await waitForOneView(nodes)
  })

  it('an embedded replica is one for all, down and up again', async () => {
    const primary = at('real', 0)
    const replica = await startEmbedded()
    await replica.call('CLUSTER', 'MEET', '127.0.0.1', primary.port)
    await waitForOneView([...nodes, replica])
    await replica.call('CLUSTER', 'REPLICATE', await idOf(primary))
    await waitForFlags(nodes, replica.port, /^slave$/)
    await waitForOneView([...nodes, replica])
    const listed = await Promise.all(nodes.map(async (node) => node.call('CLUSTER', 'REPLICAS', await idOf(primary))))
    for (const lines of listed) expect(lines).toHaveLength(1)
    expect(String(await replica.call('INFO', 'replication'))).toContain('master_link_status:down')
    await expect(replica.call('GET', 'key:1')).rejects.toThrow(/^MOVED/)
    await replica.kill()
    await waitForFlags(nodes, replica.port, /^slave,fail$/)
    const again = await replica.restart()
    await waitForFlags(nodes, replica.port, /^slave$/)
    await waitForOneView([...nodes, again])
    const id = await idOf(again)
    await again.call('CLUSTER', 'RESET')
    for (const node of nodes) await node.call('CLUSTER', 'FORGET', id)
    await waitForOneView(nodes)
  })

  it('embedded nodes show a real replica, and their votes make it primary when its primary dies', async () => {
    const primary = at('real', 1)
    const replica = await startReal()
    await replica.call('CLUSTER', 'MEET', '127.0.0.1', primary.port)
    await waitForFlags([...nodes], replica.port, /master/)
    await waitForOneView([...nodes, replica])
    await replica.call('CLUSTER', 'REPLICATE', await idOf(primary))
    await waitForFlags(nodes, replica.port, /^slave$/)
    await waitForOneView([...nodes, replica])
    const isSynced = async () => String(await replica.call('INFO', 'replication')).includes('master_link_status:up')
    await waitFor(isSynced, {deadlineMs: 20_000, what: 'the replica to hold the data'})
    // With two of six primaries gone the quorum of four needs every vote of the three embedded ones.
    await at('real', 2).kill()
    const voters = nodes.filter((node) => node !== primary && node !== at('real', 2))
    await primary.kill()
    await waitForFlags(voters, replica.port, /^master$/)
    const view = await Promise.all(voters.map(signatureOf))
    expect(new Set(view).size).toBe(1)
  })
})
