import {describe, expect, it} from 'vitest'
import {formedCluster, type TestNet, TestNode} from './support.js'

const UNKNOWN = 'x'.repeat(40)

function pair(): {net: TestNet; a: TestNode; b: TestNode} {
  const net = formedCluster(2)
  const [a, b] = net.nodes as [TestNode, TestNode]
  return {net, a, b}
}

describe('refusals change nothing (wire.md 1.16)', () => {
  const {a, b, net} = pair()
  const replica = net.add(7009)
  net.perform(replica, replica.core.meet('127.0.0.1', 7000, 17000))
  net.run(2000)
  net.perform(replica, replica.core.replicate(b.id))
  net.run(1000)
  a.keys.set(5, 1)
  const replicaId = replica.id
  const refusals: [string, () => unknown, string][] = [
    ['ADDSLOTS busy', () => a.core.addSlots([5]), 'ERR Slot 5 is already busy'],
    ['DELSLOTS twice', () => a.core.delSlots([5, 5]), 'ERR Slot 5 specified multiple times'],
    ['FLUSHSLOTS', () => a.core.flushSlots(), 'ERR DB must be empty to perform CLUSTER FLUSHSLOTS.'],
    ['MIGRATING', () => a.core.setSlotMigrating(9000, b.id), "ERR I'm not the owner of hash slot 9000"],
    ['MIGRATING', () => a.core.setSlotMigrating(5, UNKNOWN), `ERR I don't know about node ${UNKNOWN}`],
    ['MIGRATING', () => a.core.setSlotMigrating(5, replicaId), 'ERR Target node is not a master'],
    ['IMPORTING', () => a.core.setSlotImporting(5, b.id), "ERR I'm already the owner of hash slot 5"],
    ['NODE', () => a.core.setSlotNode(5, UNKNOWN), `ERR Unknown node ${UNKNOWN}`],
    ['NODE', () => a.core.setSlotNode(5, replicaId), 'ERR Target node is not a master'],
    [
      'NODE with keys',
      () => a.core.setSlotNode(5, b.id),
      "ERR Can't assign hashslot 5 to a different node while I still hold keys for this hash slot.",
    ],
    ['SETSLOT', () => replica.core.setSlotStable(5), 'ERR Please use SETSLOT only with masters.'],
    ['FORGET', () => a.core.forget(UNKNOWN), `ERR Unknown node ${UNKNOWN}`],
    ['FORGET', () => a.core.forget(a.id), "ERR I tried hard but I can't forget myself..."],
    ['FORGET', () => replica.core.forget(b.id), "ERR Can't forget my master!"],
    ['REPLICATE', () => a.core.replicate(UNKNOWN), `ERR Unknown node ${UNKNOWN}`],
    ['REPLICATE', () => a.core.replicate(a.id), "ERR Can't replicate myself"],
    ['REPLICATE', () => a.core.replicate(replicaId), 'ERR I can only replicate a master, not a replica.'],
    [
      'REPLICATE',
      () => a.core.replicate(b.id),
      'ERR To set a master the node must be empty and without assigned slots.',
    ],
    [
      'SET-CONFIG-EPOCH',
      () => a.core.setConfigEpoch(9),
      'ERR The user can assign a config epoch only when the node does not know any other node.',
    ],
    ['RESET', () => a.core.reset(false), "ERR CLUSTER RESET can't be called with master nodes containing keys"],
  ]
  for (const [name, run, text] of refusals) {
    it(`${name}: ${text}`, () => {
      const before = [a, b, replica].map((node) => node.core.renderNodesConf())
      expect(run).toThrow(text)
      expect([a, b, replica].map((node) => node.core.renderNodesConf())).toEqual(before)
    })
  }
})

describe('CLUSTER FORGET', () => {
  it('keeps gossip from bringing the node back for a minute', () => {
    const net = formedCluster(3)
    const [a, b, c] = net.nodes as [TestNode, TestNode, TestNode]
    net.perform(a, a.core.forget(c.id))
    expect(a.core.nodes.has(c.id)).toBe(false)
    // b still tells a about c all the time; c itself may answer but is a stranger.
    net.run(55_000)
    expect(a.core.nodes.has(c.id)).toBe(false)
    expect(b.core.nodes.has(c.id)).toBe(true)
    net.run(15_000)
    expect(a.core.nodes.has(c.id)).toBe(true)
  })

  it('unbinds its slots and closes what was open with it', () => {
    const {a, b} = pair()
    a.core.setSlotMigrating(5, b.id)
    a.core.forget(b.id)
    expect(a.core.migratingTo(5)).toBeUndefined()
    expect(a.core.ownerOf(9000)).toBeUndefined()
  })
})

it('forgetting the target of a migration serves the slot again', () => {
  const {a, net} = pair()
  const spare = net.add(7009)
  net.perform(spare, spare.core.meet('127.0.0.1', 7000, 17000))
  net.run(2000)
  net.perform(a, a.core.setSlotMigrating(5, spare.id))
  expect(a.core.serves[5]).toBe(0)
  net.perform(a, a.core.forget(spare.id))
  expect(a.core.serves[5]).toBe(1)
})

describe('CLUSTER RESET', () => {
  it('soft: forgets all but its id and epoch', () => {
    const {a} = pair()
    const {id} = a
    const epoch = a.core.currentEpoch
    a.core.reset(false)
    expect(a.core.nodes.size).toBe(1)
    expect(a.id).toBe(id)
    expect(a.core.currentEpoch).toBe(epoch)
    expect(a.core.myself.slots.count).toBe(0)
  })

  it('hard: is another node, with epochs of 0', () => {
    const {a} = pair()
    const {id} = a
    a.core.reset(true)
    expect(a.id).not.toBe(id)
    expect(a.core.nodes.get(a.id)).toBe(a.core.myself)
    expect([a.core.currentEpoch, a.core.myself.configEpoch, a.core.lastVoteEpoch]).toEqual([0, 0, 0])
  })

  it('turns a replica into an empty primary', () => {
    const {b, net} = pair()
    const replica = net.add(7009)
    net.perform(replica, replica.core.meet('127.0.0.1', 7000, 17000))
    net.run(2000)
    net.perform(replica, replica.core.replicate(b.id))
    replica.keys.set(1, 1)
    const kinds = replica.core.reset(false).map(({kind}) => kind)
    expect(kinds).toContain('empty-database')
    expect(kinds).toContain('role-changed')
    expect(replica.core.myself.isPrimary).toBe(true)
  })
})

describe('other commands', () => {
  it('ADDSLOTS of a slot that was being imported ends the import', () => {
    const {a, b} = pair()
    a.core.delSlots([5])
    a.core.setSlotImporting(5, b.id)
    a.core.addSlots([5])
    expect(a.core.importingFrom(5)).toBeUndefined()
  })

  it('SET-CONFIG-EPOCH raises the current epoch', () => {
    const node = new TestNode(7000)
    node.core.setConfigEpoch(12)
    expect(node.core.currentEpoch).toBe(12)
    expect(() => node.core.setConfigEpoch(13)).toThrow('ERR Node config epoch is already non-zero')
    expect(() => new TestNode(7001).core.setConfigEpoch(-1)).toThrow('ERR Invalid config epoch specified: -1')
  })

  it('killed links are dialled again', () => {
    const {a, b, net} = pair()
    net.perform(a, a.core.killLinks('all', b.id)!)
    expect(a.core.nodes.get(b.id)?.link).toBeUndefined()
    net.run(200)
    expect(a.core.nodes.get(b.id)?.link?.open).toBe(true)
    expect(a.core.killLinks('all', UNKNOWN)).toBeUndefined()
  })

  it('dropped packets are not heard', () => {
    const {a, b, net} = pair()
    a.core.dropPacketFilter = -2
    net.run(10_000)
    expect(a.core.nodes.get(b.id)?.suspected || a.core.nodes.get(b.id)?.failed).toBe(true)
    a.core.dropPacketFilter = -1
    net.run(10_000)
    expect(a.core.nodes.get(b.id)?.suspected || a.core.nodes.get(b.id)?.failed).toBe(false)
  })

  it('a link over its send buffer limit is closed and counted', () => {
    const net = formedCluster(2, {linkSendbufLimitBytes: 1000})
    const [a, b] = net.nodes as [TestNode, TestNode]
    const link = a.core.nodes.get(b.id)!.link!.id
    a.core.step({kind: 'link-buffer', link, queuedBytes: 1001}, net.nowMs)
    expect(a.core.step({kind: 'tick'}, net.nowMs)).toContainEqual({kind: 'close-link', link})
    expect(a.core.renderInfo()).toContain('total_cluster_links_buffer_limit_exceeded:1\r\n')
  })

  it('a new hostname is announced and shown', () => {
    const {a, b, net} = pair()
    net.perform(
      a,
      a.core.step({kind: 'config-changed', config: {...a.core.config, announceHostname: 'a.example'}}, net.nowMs),
    )
    net.run(2000)
    expect(b.core.renderNode(b.core.nodes.get(a.id)!)).toContain('127.0.0.1:7000@17000,a.example master')
  })

  it('an announced address that could not stand in nodes.conf is ignored', () => {
    const {a, net} = pair()
    net.perform(
      a,
      a.core.step({kind: 'config-changed', config: {...a.core.config, announceIp: '10.0.0.1 x\n'}}, net.nowMs),
    )
    expect(a.core.config.announceIp).toBe('')
    expect(() => new TestNode(7000, {}, a.core.renderNodesConf())).not.toThrow()
  })

  it('PUBLISH reaches all nodes, a sharded one those of the shard', () => {
    const net = formedCluster(3)
    const [a, b, c] = net.nodes as [TestNode, TestNode, TestNode]
    net.perform(a, a.core.publish('chan', 'text', false))
    for (const node of [b, c]) {
      expect(node.take('deliver-publish')).toEqual([
        {kind: 'deliver-publish', channel: 'chan', message: 'text', sharded: false},
      ])
    }
    net.perform(a, a.core.publish('chan', 'text', true))
    expect(b.take('deliver-publish')).toEqual([])
  })
})
