import {afterAll, beforeAll, beforeEach, expect, it} from 'vitest'
import {connectWire, type Wire} from '../../src/lib/client/migration/wire.js'
import {CopyLanes} from '../../src/lib/operations/migration/copy-lanes.js'
import type {Endpoint} from '../../src/lib/operations/migration/types.js'
import {hashSlot} from '../../src/lib/protocol/hash-slot.js'
import {describeWithPeers, formCluster, startReplica} from '../support/peers.js'
import {waitFor} from '../support/processes.js'
import {fakePair} from '../unit/operations/fake-pair.js'
import {type AnyNode, startEmbedded, startReal} from './mixed-cluster-support.js'
import {keysIn} from './reshard-load.js'

/* What happens right between a slot's copy and its switch, on real servers: here it is certain. */

type Called = Pick<AnyNode, 'call' | 'port'>

describeWithPeers('the switch of a copied slot at redis-server', () => testSwitch(startReal))
describeWithPeers('the switch of a copied slot at an embedded node', () => testSwitch(startEmbedded))

function testSwitch(startSource: () => Promise<AnyNode>): void {
  const open: Wire[] = []
  const running: {stop(): Promise<void>}[] = []
  let successor: Called
  let nodes: {source: Called; target: Called}
  let ends: {source: Endpoint; target: Endpoint}
  let round = 0
  let slot: number
  let counter: string
  let keys: string[]

  beforeAll(async () => {
    const [source, target, voter] = await Promise.all([startSource(), startReal(), startReal()])
    running.push(source, target, voter)
    await formCluster([source, target, voter])
    nodes = {source, target}
    const replica = await startReplica(target, [source, target, voter])
    running.push(replica)
    successor = replica
    ends = {source: await endpoint(source), target: await endpoint(target)}
  })
  afterAll(async () => {
    for (const wire of open) wire.close()
    await Promise.all(running.map((node) => node.stop()))
  })

  beforeEach(async () => {
    const [tag] = keysIn({first: 0, last: 5000}, 1, `switched-${round++}`)
    slot = hashSlot(String(tag))
    counter = `{${tag}}counter`
    keys = [counter, `{${tag}}other`]
    await nodes.source.call('SET', counter, 48)
    await nodes.source.call('SET', keys[1] as string, 'v')
    await nodes.target.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', ends.source.id)
  })

  const connect = async ({port}: Called) => {
    const wire = await connectWire({host: '127.0.0.1', port}, {timeoutMs: 10_000})
    open.push(wire)
    return wire
  }
  const endpoint = async (node: Called) => ({
    id: String(await node.call('CLUSTER', 'MYID')) as Endpoint['id'],
    name: `127.0.0.1:${node.port}`,
    wire: await connect(node),
  })

  /** Copies and switches the slot; what is given happens before the switch, and a client counts right after it. */
  const run = (beforeSwitch: () => Promise<unknown>) => {
    const openLane = async (): Promise<Wire> => {
      const lane = await connect(nodes.source)
      const send: Wire['send'] = async (commands) => {
        if (!commands.some(([name]) => name === 'EXEC')) return lane.send(commands)
        await beforeSwitch()
        const replies = await lane.send(commands)
        await nodes.source.call('INCR', counter).catch(() => undefined)
        return replies
      }
      return {name: lane.name, send, close: () => lane.close()}
    }
    const lanes = new CopyLanes(fakePair({}, {...ends, openLane}).context, 1)
    return lanes.run([{slot, keys: keys.map((key) => ({key, bytes: 100}))}])
  }
  const marks = async (node: Called) =>
    String(await node.call('CLUSTER', 'NODES')).match(new RegExp(`\\[${slot}-[<>]-`, 'g')) ?? []

  it('takes the keys from the source and redirects for them', async () => {
    const {switched} = await run(async () => undefined)
    expect(switched).toEqual([{slot, keyCount: 2, left: []}])
    await expect(nodes.source.call('GET', counter)).rejects.toThrow(/^ASK/)
    expect(await marks(nodes.source)).toEqual([`[${slot}->-`])
    expect(await nodes.target.call('CLUSTER', 'COUNTKEYSINSLOT', slot)).toBe(2)
  })

  it('does neither where the user may not delete', async () => {
    const {refused, switched} = await run(() => nodes.source.call('ACL', 'SETUSER', 'default', '-del'))
    await nodes.source.call('ACL', 'SETUSER', 'default', '+del')
    expect([refused, switched]).toEqual([[slot], []])
    expect(await marks(nodes.source)).toEqual([])
    expect(await nodes.source.call('MGET', ...keys)).toEqual(['49', 'v'])
    expect(await nodes.target.call('CLUSTER', 'COUNTKEYSINSLOT', slot)).toBe(0)
  })

  it('does neither where the target has just failed over', async () => {
    const failedOver = run(async () => {
      await successor.call('CLUSTER', 'FAILOVER')
      const seen = new RegExp(`^${ends.target.id} \\S+ slave`, 'm')
      await waitFor(async () => seen.test(String(await nodes.source.call('CLUSTER', 'NODES'))), {
        what: 'the source to see the target as a replica',
      })
    })
    // The copies are the next round's to delete, at the successor.
    await expect(failedOver).rejects.toMatchObject({code: 'PLAN_PARTIAL'})
    expect(await marks(nodes.source)).toEqual([])
    expect(await nodes.source.call('MGET', ...keys)).toEqual(['49', 'v'])
  })
}
