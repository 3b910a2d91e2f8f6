import {describe, expect, it} from 'vitest'
import type {BusBody, BusHeader} from '../../../../src/lib/protocol/bus/message.js'
import {slotsInBitmap} from '../../../../src/lib/server/cluster/slot-bitmap.js'
import {bitmap, formedCluster, header, type TestNet, TestNode} from './support.js'

const PING: BusBody = {type: 'ping', gossip: [], extensions: []}

/** What `from` would say to `to`, with these changes, arriving on the link that `from` dialled. */
function say(net: TestNet, from: TestNode, to: TestNode, changes: Partial<BusHeader>, body: BusBody = PING) {
  const link = to.core.nodes.get(from.id)!.inboundLink!.id
  const {myself} = from.core
  const own = {
    port: myself.port,
    busPort: myself.busPort,
    currentEpoch: from.core.currentEpoch,
    configEpoch: myself.configEpoch,
    slots: myself.slots.snapshot(),
  }
  const message = {header: header(from.id, {...own, ...changes}), body}
  const effects = to.core.step({kind: 'packet', link, message}, net.nowMs)
  to.effects.push(...effects)
  return effects
}

function pair(): {net: TestNet; a: TestNode; b: TestNode} {
  const net = formedCluster(2)
  const [a, b] = net.nodes as [TestNode, TestNode]
  return {net, a, b}
}

describe('epochs (wire.md 1.7, 1.9)', () => {
  it('adopts a greater current epoch, and a greater config epoch of the sender durably', () => {
    const {a, b, net} = pair()
    const effects = say(net, b, a, {currentEpoch: 50, configEpoch: 40})
    expect(a.core.currentEpoch).toBe(50)
    expect(a.core.nodes.get(b.id)?.configEpoch).toBe(40)
    expect(effects[0]).toEqual({kind: 'save', fsync: true})
  })

  it('never lowers an epoch', () => {
    const {a, b, net} = pair()
    say(net, b, a, {currentEpoch: 50, configEpoch: 40})
    say(net, b, a, {currentEpoch: 1, configEpoch: 1})
    expect(a.core.currentEpoch).toBe(50)
    expect(a.core.nodes.get(b.id)?.configEpoch).toBe(40)
  })

  it('on a collision the smaller id takes a new epoch, saved before anything is sent; the greater does nothing', () => {
    const {a, b, net} = pair()
    const [small, great] = a.id < b.id ? [a, b] : [b, a]
    const equal = {configEpoch: great.core.myself.configEpoch}
    small.core.myself.configEpoch = equal.configEpoch
    const effects = say(net, great, small, equal)
    expect(small.core.myself.configEpoch).toBe(small.core.currentEpoch)
    expect(small.core.myself.configEpoch).toBeGreaterThan(equal.configEpoch)
    expect(effects[0]).toEqual({kind: 'save', fsync: true})
    const before = great.core.myself.configEpoch
    say(net, small, great, {configEpoch: before})
    expect(great.core.myself.configEpoch).toBe(before)
  })

  it('clusters born with one epoch end with different ones', () => {
    const net = formedCluster(4)
    for (const node of net.nodes) node.core.myself.configEpoch = 1
    net.run(5000)
    expect(new Set(net.nodes.map((node) => node.core.myself.configEpoch)).size).toBe(4)
  })

  it('BUMPEPOCH does nothing for the greatest epoch', () => {
    const {a, b} = pair()
    expect(b.core.bumpEpoch()).toMatchObject({bumped: false, epoch: 2})
    const bump = a.core.bumpEpoch()
    expect(bump).toMatchObject({bumped: true, epoch: 3})
    expect(bump.effects[0]).toEqual({kind: 'save', fsync: true})
  })
})

describe('claims (wire.md 1.9)', () => {
  it('a claim with a greater epoch rebinds a slot and drops its keys', () => {
    const {a, b, net} = pair()
    a.keys.set(7, 3)
    const effects = say(net, b, a, {configEpoch: 9, slots: bitmap(7, 8, 9000)})
    expect(a.core.ownerOf(7)?.id).toBe(b.id)
    expect(effects).toContainEqual({kind: 'delete-slot-keys', slots: [7]})
    expect(effects).toContainEqual({kind: 'slots-lost', slots: [7, 8]})
    expect(a.core.serves[7]).toBe(0)
  })

  it('a claim with a lower or equal epoch changes nothing and is told so by one UPDATE', () => {
    const {a, b, net} = pair()
    a.core.myself.configEpoch = 9
    say(net, b, a, {configEpoch: 2, slots: bitmap(7, 8, 9000)})
    expect(a.core.ownerOf(7)?.id).toBe(a.id)
    const updates = a.sent('update')
    expect(updates).toHaveLength(1)
    expect(updates[0]?.body).toMatchObject({id: a.id, configEpoch: 9})
  })

  it('a claim with the epoch of the owner neither wins nor is corrected', () => {
    const net = formedCluster(3)
    const [a, b, c] = net.nodes as [TestNode, TestNode, TestNode]
    const slot = slotsInBitmap(c.core.myself.slots.snapshot())[0] as number
    say(net, b, a, {configEpoch: c.core.myself.configEpoch, slots: bitmap(slot)})
    expect(a.core.ownerOf(slot)?.id).toBe(c.id)
    expect(a.sent('update')).toEqual([])
    say(net, b, a, {configEpoch: c.core.myself.configEpoch + 1, slots: bitmap(slot)})
    expect(a.core.ownerOf(slot)?.id).toBe(b.id)
  })

  it('a slot that is being imported changes by SETSLOT only', () => {
    const {a, b, net} = pair()
    a.core.delSlots([7])
    a.core.setSlotImporting(7, b.id)
    say(net, b, a, {configEpoch: 9, slots: bitmap(7)})
    expect(a.core.ownerOf(7)).toBeUndefined()
  })

  it('an unowned slot goes to whoever claims it', () => {
    const {a, b, net} = pair()
    a.core.delSlots([7])
    say(net, b, a, {configEpoch: 0, slots: bitmap(7)})
    expect(a.core.ownerOf(7)?.id).toBe(b.id)
  })

  it('a slot that its owner stopped claiming stays bound, is free for others, and is not told in UPDATEs', () => {
    const net = formedCluster(3)
    const [a, b, c] = net.nodes as [TestNode, TestNode, TestNode]
    const slots = b.core.myself.slots.snapshot()
    const [first, second] = slotsInBitmap(slots) as [number, number]
    const without = slots.slice()
    without[first >> 3] = (without[first >> 3] as number) & ~(1 << (first & 7))
    say(net, b, a, {slots: without})
    expect(a.core.ownerOf(first)?.id).toBe(b.id)
    a.effects.length = 0
    // A stale claim of `second` makes a tell about b.
    a.core.nodes.get(b.id)!.configEpoch = 20
    say(net, c, a, {configEpoch: 3, slots: bitmap(second)})
    const [update] = a.sent('update')
    const told = update?.body.type === 'update' ? slotsInBitmap(update.body.slots) : []
    expect(told).toContain(second)
    expect(told).not.toContain(first)
    say(net, c, a, {configEpoch: 3, slots: bitmap(first)})
    expect(a.core.ownerOf(first)?.id).toBe(c.id)
  })

  it('claiming it again ends that', () => {
    const net = formedCluster(3)
    const [a, b, c] = net.nodes as [TestNode, TestNode, TestNode]
    const slots = b.core.myself.slots.snapshot()
    const first = slotsInBitmap(slots)[0] as number
    const without = slots.slice()
    without[first >> 3] = (without[first >> 3] as number) & ~(1 << (first & 7))
    say(net, b, a, {slots: without})
    say(net, b, a, {slots})
    say(net, c, a, {configEpoch: 1, slots: bitmap(first)})
    expect(a.core.ownerOf(first)?.id).toBe(b.id)
  })

  it('UPDATE is believed only with a greater epoch about a known node', () => {
    const net = formedCluster(3)
    const [a, b, c] = net.nodes as [TestNode, TestNode, TestNode]
    const update = (configEpoch: number, id: string): BusBody => ({type: 'update', id, configEpoch, slots: bitmap(1)})
    say(net, b, a, {}, update(3, c.id))
    say(net, b, a, {}, update(30, 'z'.repeat(40)))
    expect(a.core.ownerOf(1)?.id).toBe(a.id)
    say(net, b, a, {}, update(30, c.id))
    expect(a.core.ownerOf(1)?.id).toBe(c.id)
    expect(a.core.nodes.get(c.id)?.configEpoch).toBe(30)
  })

  it('a primary that loses its last slot to a claim becomes a replica of the claimant', () => {
    const {a, b, net} = pair()
    const effects = say(net, b, a, {configEpoch: 9, slots: new Uint8Array(2048).fill(255)})
    expect(a.core.myself.isReplica).toBe(true)
    expect(a.core.myself.primary?.id).toBe(b.id)
    expect(effects).toContainEqual({kind: 'role-changed', primary: {id: b.id, host: '127.0.0.1', port: b.port}})
    expect(a.core.serves.includes(1)).toBe(false)
  })

  it('... unless replica migration is off and the claimant had slots of others too', () => {
    const net = formedCluster(2, {allowReplicaMigration: false})
    const [a, b] = net.nodes as [TestNode, TestNode]
    say(net, b, a, {configEpoch: 9, slots: new Uint8Array(2048).fill(255)})
    expect(a.core.myself.isPrimary).toBe(true)
  })
})

describe('roles (wire.md 1.7)', () => {
  it('a primary that says it is a replica loses its slots here and follows its primary', () => {
    const {a, b, net} = pair()
    say(net, b, a, {replicaOf: a.id, slots: a.core.myself.slots.snapshot(), configEpoch: 1, flags: 18})
    const known = a.core.nodes.get(b.id)!
    expect(known.isReplica).toBe(true)
    expect(known.primary?.id).toBe(a.id)
    expect(known.slots.count).toBe(0)
    expect(a.core.renderNode(a.core.myself)).toContain('myself,master')
  })

  it('a replica that says it is a primary is one again', () => {
    const {a, b, net} = pair()
    say(net, b, a, {replicaOf: a.id, flags: 18})
    say(net, b, a, {slots: bitmap(16000)})
    const known = a.core.nodes.get(b.id)!
    expect(known.isPrimary).toBe(true)
    expect(known.primary).toBeUndefined()
    expect(a.core.ownerOf(16000)?.id).toBe(b.id)
  })

  it('follows its primary to the one that took it over', () => {
    const net = formedCluster(3)
    const [a, b, c] = net.nodes as [TestNode, TestNode, TestNode]
    const replica = net.add(7009)
    net.perform(replica, replica.core.meet('127.0.0.1', 7000, 17000))
    net.run(2000)
    net.perform(replica, replica.core.replicate(b.id))
    net.run(1000)
    expect(a.core.replicasOf(a.core.nodes.get(b.id)!).map(({id}) => id)).toEqual([replica.id])
    // b becomes a replica of c, which claims its slots.
    const all = [...slotsInBitmap(c.core.myself.slots.snapshot()), ...slotsInBitmap(b.core.myself.slots.snapshot())]
    say(net, b, replica, {replicaOf: c.id, flags: 18})
    say(net, c, replica, {configEpoch: 30, slots: bitmap(...all)})
    expect(replica.core.myself.primary?.id).toBe(c.id)
  })
})

describe('moving a slot (wire.md 1.16)', () => {
  it('source and target agree after SETSLOT NODE, by an epoch of the target', () => {
    const net = formedCluster(3)
    const [a, b, c] = net.nodes as [TestNode, TestNode, TestNode]
    net.perform(b, b.core.setSlotImporting(5, a.id))
    net.perform(a, a.core.setSlotMigrating(5, b.id))
    expect([a.core.serves[5], b.core.serves[5]]).toEqual([0, 0])
    net.perform(b, b.core.setSlotNode(5, b.id))
    expect(b.core.myself.configEpoch).toBe(4)
    // The target told everybody at once.
    expect(c.core.ownerOf(5)?.id).toBe(b.id)
    expect(a.core.ownerOf(5)?.id).toBe(b.id)
    expect(a.core.migratingTo(5)?.id).toBe(b.id)
    net.perform(a, a.core.setSlotNode(5, b.id))
    expect(a.core.migratingTo(5)).toBeUndefined()
    expect([a.core.serves[5], b.core.serves[5]]).toEqual([0, 1])
  })

  it('the epoch of an import is durable before it is told', () => {
    const {a, b} = pair()
    a.core.delSlots([5])
    a.core.setSlotImporting(5, b.id)
    const kinds = a.core.setSlotNode(5, a.id).map((effect) => `${effect.kind}${'fsync' in effect ? effect.fsync : ''}`)
    expect(kinds.indexOf('savetrue')).toBe(0)
    expect(kinds.indexOf('send')).toBeGreaterThan(0)
  })

  it('a source left without slots becomes a replica of the target', () => {
    const {a, b, net} = pair()
    for (const slot of slotsInBitmap(a.core.myself.slots.snapshot())) net.perform(a, a.core.setSlotNode(slot, b.id))
    expect(a.core.myself.primary?.id).toBe(b.id)
  })
})

describe('hot path', () => {
  it('serves says exactly what the tables say, whatever is done', () => {
    const {a, b, net} = pair()
    const {serves} = a.core
    const check = () => {
      for (let slot = 0; slot < 16384; slot++) {
        const mine = a.core.ownerOf(slot) === a.core.myself && a.core.stateOk
        const open = a.core.migratingTo(slot) ?? a.core.importingFrom(slot)
        if (serves[slot] !== (mine && !open ? 1 : 0)) throw new Error(`slot ${slot}`)
      }
      expect(a.core.serves).toBe(serves)
    }
    const steps: (() => unknown)[] = [
      () => a.core.setSlotMigrating(1, b.id),
      () => a.core.setSlotStable(1),
      () => a.core.setSlotImporting(9000, b.id),
      () => a.core.setSlotNode(9000, a.id),
      () => a.core.setSlotNode(2, b.id),
      () => a.core.delSlots([3, 4]),
      () => a.core.addSlots([3, 4]),
      () => a.core.setSlotMigrating(6, b.id),
      () => a.core.forget(b.id),
      () => net.run(500),
      () => a.core.flushSlots(),
      () => net.run(500),
      () => a.core.reset(true),
    ]
    check()
    for (const step of steps) {
      step()
      check()
    }
  })
})

it('a fresh node saves itself durably before anything else', () => {
  const node = new TestNode(7000)
  expect(node.core.start()[0]).toEqual({kind: 'save', fsync: true})
})
