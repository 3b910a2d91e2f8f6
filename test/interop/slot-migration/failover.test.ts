import {afterAll, beforeAll, expect, it} from 'vitest'
import {hashSlot} from '../../../src/lib/protocol/hash-slot.js'
import {describeWithPeers} from '../../support/peers.js'
import {waitFor} from '../../support/processes.js'
import {type AnyNode, waitForFlags, waitForOneView} from '../mixed-cluster-support.js'
import {expectSameData} from '../replication/support.js'
import {beginMove, jobOf, move, startCluster, untilState} from './support.js'

const VALUE = 'v'.repeat(20_000)
const KEYS = Array.from({length: 1000}, (_, i) => `{hold}${i}`)
const SLOT = hashSlot('hold')

describeWithPeers('an atomic migration between primaries with replicas', () => {
  let nodes: AnyNode[]
  let source: AnyNode
  let target: AnyNode
  let sourceHeir: AnyNode
  let targetHeir: AnyNode

  beforeAll(async () => {
    nodes = await startCluster(2, 2)
    // 0-8191 are the first one's.
    const order = SLOT <= 8191 ? [0, 1, 2, 3] : [1, 0, 3, 2]
    ;[source, target, sourceHeir, targetHeir] = order.map((at) => nodes[at]) as [AnyNode, AnyNode, AnyNode, AnyNode]
    await source.call('MSET', ...KEYS.flatMap((key) => [key, VALUE]))
    await expectSameData(source, sourceHeir)
  })

  afterAll(() => Promise.all(nodes.map((node) => node.stop())))

  const keysAt = async (node: AnyNode) => await node.call('DBSIZE')

  it('leaves all copies alike, hides keys at replicas until then, and shows them the job', async () => {
    const name = await beginMove(source, target, SLOT, SLOT)
    const seen = new Set<unknown>()
    let shown: unknown
    await waitFor(
      async () => {
        const before = (await jobOf(target, name))?.state
        seen.add(`${before} ${await keysAt(targetHeir)}`)
        shown ??= (await jobOf(targetHeir, name))?.state
        return before === 'success'
      },
      {what: 'success at the target', everyMs: 1},
    )
    expect(
      [...seen].filter((one) => !/ 0$/.test(String(one)) && !/success|granted|requested/.test(String(one))),
    ).toEqual([])
    expect(await untilState(targetHeir, name, 'success')).toMatchObject({operation: 'IMPORT'})
    await expectSameData(target, targetHeir)
    expect(await keysAt(targetHeir)).toBe(KEYS.length)
    await waitFor(async () => (await keysAt(sourceHeir)) === 0, {what: 'no key at the replica of the source'})
    await expectSameData(source, sourceHeir)
    expect(String(shown)).toMatch(/occurring-on-primary|success/)
    await move(target, source, SLOT, SLOT)
    await expectSameData(source, sourceHeir)
  })

  it('ends when the target fails over; its heir deletes what came', async () => {
    await waitFor(async () => (await keysAt(targetHeir)) === 0, {what: 'an empty heir'})
    const name = await beginMove(source, target, SLOT, SLOT)
    await untilState(target, name, 'receiving-snapshot', 'waiting-for-paused', 'success')
    await targetHeir.call('CLUSTER', 'FAILOVER', 'TAKEOVER')
    const job = await untilState(source, name, 'failed', 'success')
    await waitForOneView(nodes)
    ;[target, targetHeir] = [targetHeir, target]
    const [owner, other] = job.state === 'failed' ? [source, target] : [target, source]
    await waitFor(async () => (await keysAt(owner)) === KEYS.length, {what: 'all keys at their owner'})
    await waitFor(async () => (await keysAt(other)) === 0, {what: 'no key elsewhere'})
    await expectSameData(target, targetHeir)
    expect((await jobOf(targetHeir, name))?.state).toMatch(/failed|success/)
    if (job.state === 'success') await move(target, source, SLOT, SLOT)
  })

  it('ends when the source fails over; the keys stay with its heir', async () => {
    await expectSameData(source, sourceHeir)
    const name = await beginMove(source, target, SLOT, SLOT)
    await untilState(source, name, 'snapshotting', 'replicating', 'success')
    await sourceHeir.call('CLUSTER', 'FAILOVER', 'TAKEOVER')
    await waitForFlags(nodes, sourceHeir.port, /master/)
    await untilState(source, name, 'failed', 'success')
    await untilState(target, name, 'failed', 'success')
    await waitForOneView(nodes)
    ;[source, sourceHeir] = [sourceHeir, source]
    await waitFor(async () => Number(await keysAt(source)) + Number(await keysAt(target)) === KEYS.length, {
      what: 'every key at one of both',
    })
    await expectSameData(source, sourceHeir)
    await expectSameData(target, targetHeir)
  })

  it('ends when the source is killed; the target and its replica delete what came', async () => {
    if ((await keysAt(source)) !== KEYS.length) await move(target, source, SLOT, SLOT)
    const name = await beginMove(source, target, SLOT, SLOT)
    await untilState(target, name, 'receiving-snapshot', 'waiting-for-paused', 'success')
    await source.kill()
    const job = await untilState(target, name, 'failed', 'success')
    const left = job.state === 'success' ? KEYS.length : 0
    await waitFor(async () => (await keysAt(target)) === left && (await keysAt(targetHeir)) === left, {
      what: `${left} keys at the target and its replica`,
    })
    await expectSameData(target, targetHeir)
  })
})
