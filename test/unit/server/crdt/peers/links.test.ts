import {describe, expect, it} from 'vitest'
import {ringBytes} from '../../../../../src/lib/server/crdt/peers/ring.js'
import {madeEffect} from '../../../../support/crdt/made-effect.js'
import {pair, World, type WorldNode} from './world.js'

const TWO_SHARDS = [[{first: 0, last: 8191}], [{first: 8192, last: 16383}]] as const

function addMany(node: WorldNode, count: number, prefix: string): void {
  for (let index = 0; index < count; index++) node.add(index % 7, `${prefix}${index}`)
}

describe('links between regions', () => {
  it('bring writes both ways, each once', () => {
    const {a, b, world} = pair()
    expect([a.statusOf(2).status, b.statusOf(1).status]).toEqual(['in-sync', 'in-sync'])
    a.add(5, 'from a')
    b.add(5, 'from b')
    world.advance(50)
    expect(a.values(5)).toEqual(['from a', 'from b'])
    expect(b.values(5)).toEqual(['from a', 'from b'])
    expect([a.peers.inbox.known, b.peers.inbox.known]).toEqual([0, 0])
  })

  it('find the shards of a region, and each gets what is in its slots', () => {
    const world = new World(2)
    const a = world.add(1)
    const [low, high] = TWO_SHARDS.map((slots) => world.add(2, {slots})) as [WorldNode, WorldNode]
    world.advance(500)
    a.add(1, 'low')
    a.add(9000, 'high')
    high.add(9001, 'back')
    world.advance(50)
    expect([low.values(1), low.values(9000), high.values(9000), a.values(9001)]).toEqual([
      ['low'],
      [],
      ['high'],
      ['back'],
    ])
    expect(a.statusOf(2)).toMatchObject({shards: 2, slots: 16384, status: 'in-sync'})
  })

  it('go on where they were cut, from the ring', () => {
    const {a, b, world} = pair()
    a.add(1, 'before')
    world.advance(50)
    world.cut(1, 2)
    addMany(a, 1000, 'meanwhile')
    world.advance(3000)
    expect(b.statusOf(1).status).toBe('down')
    expect(b.statusOf(1).lastError).toContain('ECONNREFUSED')
    expect(a.statusOf(2).pendingEffects).toBe(1000)
    world.heal()
    world.advance(1500)
    expect(b.values(1)).toEqual(a.values(1))
    expect(b.statusOf(1)).toMatchObject({fullSyncs: 0, lastError: '', status: 'in-sync'})
    expect(b.peers.inbox.known).toBe(0)
    expect(a.statusOf(2).pendingEffects).toBe(0)
  })

  it('send the slots whose effects the ring has lost as states, and the rest as effects', () => {
    const world = new World(2)
    const a = world.add(1, {settings: {backlogBytes: 20_000}})
    const b = world.add(2)
    world.advance(500)
    world.cut(1, 2)
    addMany(a, 1000, 'old')
    for (let index = 0; index < 20; index++) a.add(100, `new${index}`)
    a.add(0, 'in the state already')
    world.heal()
    world.advance(1500)
    for (const slot of [0, 1, 6, 100]) expect(b.values(slot)).toEqual(a.values(slot))
    expect(b.statusOf(1).fullSyncs).toBe(7)
    expect(b.peers.inbox.known).toBe(0)
    a.add(3, 'after')
    world.advance(50)
    expect(b.values(3)).toContain('after')
  })

  it('find their place again when the ring has gone past a slow receiver', () => {
    const world = new World(2)
    const a = world.add(1, {compression: 0, settings: {backlogBytes: 100_000}})
    const b = world.add(2)
    world.advance(500)
    world.deaf.add(b)
    for (let round = 0; round < 30; round++) {
      addMany(a, 100, `${round}:${'x'.repeat(1000)}`)
      world.advance(50)
    }
    world.deaf.clear()
    world.advance(2000)
    for (let slot = 0; slot < 7; slot++) expect(b.values(slot)).toEqual(a.values(slot))
    expect(b.statusOf(1).fullSyncs).toBeGreaterThan(0)
    expect(b.peers.inbox.early).toBe(0)
  })

  it('are down when nothing comes on them, long before they are given up', () => {
    const {b, world} = pair()
    world.deaf.add(b)
    world.advance(1400)
    expect(b.statusOf(1)).toMatchObject({lastError: '', status: 'in-sync'})
    world.advance(1200)
    expect(b.statusOf(1)).toMatchObject({
      lastError: expect.stringMatching(/^nothing has come for [23] s$/),
      status: 'down',
    })
    world.deaf.clear()
    world.advance(50)
    expect(b.statusOf(1)).toMatchObject({lastError: '', status: 'in-sync'})
  })

  it('deflate what is worth it, as the instance that sends is set', () => {
    for (const [compression, isSmaller] of [
      [0, false],
      [6, true],
    ] as const) {
      const world = new World(2)
      const a = world.add(1, {compression})
      const b = world.add(2)
      world.advance(500)
      addMany(a, 500, 'the same again and again ')
      world.advance(100)
      const {ingressBytes, ingressBytesDecompressed} = b.statusOf(1)
      expect(b.values(2)).toEqual(a.values(2))
      expect(ingressBytes < ingressBytesDecompressed / 2).toBe(isSmaller)
    }
  })

  it('ask for the state of a slot in which something is missing', () => {
    const {a, b, world} = pair()
    const missed = a.fake.add(4, 'missed')
    a.database.made(madeEffect(a.fake, a.fake.add(4, 'behind it')))
    world.advance(100)
    expect(b.values(4)).toEqual([])
    expect(missed).toContain('missed')
    world.advance(2500)
    expect(b.values(4)).toEqual(['behind it', 'missed'])
    expect(b.peers.inbox.held.isEmpty).toBe(true)
  })

  it('hold what comes from a clock that is ahead, and say so', () => {
    const {a, b, world} = pair()
    b.fake.aheadMark = 'early bird'
    a.add(1, 'early bird')
    a.add(2, 'in time')
    world.advance(1500)
    expect([b.values(1), b.values(2)]).toEqual([[], ['in time']])
    expect(b.log.filter((line) => line.includes('too far ahead'))).toHaveLength(1)
    b.fake.aheadMark = undefined
    world.advance(1100)
    expect(b.values(1)).toEqual(['early bird'])
  })

  it('bring back what a node has lost of its own writes', () => {
    const {a, b, world} = pair()
    a.add(9, 'known elsewhere')
    world.advance(50)
    world.kill(a)
    const again = world.add(1, {mustCatchUp: true})
    expect(again.writeRefusal).toContain('region 2')
    world.advance(1000)
    expect(again.values(9)).toEqual(['known elsewhere'])
    expect(again.writeRefusal).toBeUndefined()
    expect(b.values(9)).toEqual(['known elsewhere'])
  })
})

describe('a relay', () => {
  it('brings what a region wrote that cannot be reached', () => {
    const world = new World(3)
    const [a, b, c] = [world.add(1), world.add(2), world.add(3)] as [WorldNode, WorldNode, WorldNode]
    world.advance(500)
    world.cut(1, 3)
    a.add(1, 'from a')
    world.advance(500)
    expect([b.values(1), c.values(1)]).toEqual([['from a'], []])
    world.advance(4000)
    expect(c.values(1)).toEqual(['from a'])
    expect(c.statusOf(1)).toMatchObject({relay: 2, status: 'down'})
    c.add(1, 'from c')
    a.add(1, 'more')
    world.advance(100)
    expect([a.values(1), c.values(1)]).toEqual([
      ['from a', 'from c', 'more'],
      ['from a', 'from c', 'more'],
    ])
    world.heal()
    world.advance(3000)
    expect([c.statusOf(1).relay, c.statusOf(1).status]).toEqual([null, 'in-sync'])
    const {known} = c.peers.inbox
    a.add(1, 'direct')
    world.advance(50)
    expect(c.values(1)).toContain('direct')
    expect(c.peers.inbox.known).toBe(known)
  })
})

describe('what ends links', () => {
  it('cut and restore', () => {
    const {a, b, world} = pair()
    a.peers.cut([2])
    expect(a.statusOf(2).status).not.toBe('in-sync')
    a.add(1, 'behind the cut')
    b.add(1, 'from the other side')
    world.advance(2000)
    expect([a.values(1), b.values(1)]).toEqual([['behind the cut'], ['from the other side']])
    expect(b.statusOf(1)).toMatchObject({status: 'out-of-sync'})
    expect(b.statusOf(1).lastError).toContain('CRDTCUT')
    a.peers.restore()
    b.peers.restore()
    world.advance(50)
    expect(a.values(1)).toEqual(b.values(1))
    expect(a.values(1)).toHaveLength(2)
  })

  it('a region that was removed is refused, and one with the same id', () => {
    const {a, b, world} = pair()
    a.database.config = {...a.database.config, instances: a.database.config.instances.slice(0, 1), removed: [2]}
    a.peers.configChanged(a.database.config)
    world.advance(1500)
    expect(b.statusOf(1)).toMatchObject({status: 'out-of-sync'})
    expect(b.statusOf(1).lastError).toContain('CRDTSTALE region 2 was removed')
    expect(a.peers.status()).toEqual([])
  })

  it('wrong credentials and other databases, each with its reason', () => {
    const world = new World(3)
    const a = world.add(1)
    world.add(2, {password: 'another'})
    const c = world.add(3)
    c.database.config = {...c.database.config, guid: 'other'}
    world.advance(500)
    expect(a.statusOf(2).lastError).toBe('wrong credentials: WRONGPASS invalid password')
    expect(a.statusOf(3).lastError).toContain('CRDTREFUSED this node belongs to another database')
    expect(a.statusOf(3).status).toBe('out-of-sync')
  })

  it('a demotion: the node that is promoted takes over', () => {
    const world = new World(2)
    const old = world.add(1)
    const fresh = world.add(1)
    const b = world.add(2)
    const {place} = fresh
    fresh.place = {...place, isPrimary: false, slots: []}
    world.advance(500)
    old.add(1, 'by the old one')
    world.advance(50)
    fresh.fake.joinSlot(1, old.fake.packSlot(1))
    old.place = {...old.place, isPrimary: false, slots: []}
    fresh.place = place
    fresh.fake.become(2)
    world.advance(2500)
    fresh.add(1, 'by the new one')
    b.add(1, 'by the other region')
    world.advance(50)
    expect(b.values(1)).toEqual(['by the new one', 'by the old one', 'by the other region'])
    expect(fresh.values(1)).toEqual(b.values(1))
    expect(old.peers.status().every(({status}) => status !== 'in-sync')).toBe(true)
  })

  it('no memory: nothing more is taken until there is room', () => {
    const {a, b, world} = pair()
    b.isFull = true
    a.add(1, 'too much')
    world.advance(1000)
    expect(b.values(1)).toEqual([])
    expect(b.statusOf(1)).toMatchObject({lastError: expect.stringContaining('out of memory'), status: 'out-of-sync'})
    b.isFull = false
    world.advance(2500)
    expect(b.values(1)).toEqual(['too much'])
    expect(b.statusOf(1).status).toBe('in-sync')
  })
})

describe('who may write', () => {
  it('a new member once it has all', () => {
    const world = new World(2)
    const a = world.add(1)
    world.advance(200)
    addMany(a, 500, 'there before')
    const b = world.add(2, {mustCatchUp: true})
    expect(b.writeRefusal).toBe(
      'OUTOFSYNC This instance has yet to hear from region 1: until then it serves reads only',
    )
    world.advance(500)
    expect(b.writeRefusal).toBeUndefined()
    expect(b.values(3)).toEqual(a.values(3))
  })

  it('a new member that the others have yet to hear of, however long that takes', () => {
    const world = new World(2)
    const a = world.add(1)
    const later = {...a.database.config, version: 2}
    a.database.config = {...later, instances: later.instances.slice(0, 1), version: 1}
    a.peers.configChanged(a.database.config)
    a.add(1, 'there before')
    const b = world.add(2, {mustCatchUp: true})
    b.database.config = later
    world.advance(7000)
    expect(b.statusOf(1).lastError).toContain('CRDTNOTYET this node has yet to hear of region 2')
    expect(b.writeRefusal).toBeDefined()
    a.database.config = later
    a.peers.configChanged(later)
    world.advance(1500)
    expect([b.writeRefusal, b.values(1)]).toEqual([undefined, ['there before']])
  })

  it('a node that reaches nobody, after five seconds', () => {
    const world = new World(2)
    const a = world.add(1, {mustCatchUp: true})
    world.advance(4900)
    expect(a.writeRefusal).toBeDefined()
    world.advance(1300)
    expect(a.writeRefusal).toBeUndefined()
    expect(a.log.join()).toContain('Region 2 cannot be reached')
  })
})

describe('what all regions have', () => {
  it('is collected, and told to replicas', () => {
    const {a, b, world} = pair()
    a.add(1, 'x')
    b.add(1, 'y')
    world.advance(2500)
    a.fake.garbage = 3
    a.add(1, 'z')
    world.advance(3000)
    const stable = a.fake.collectedSlots.findLast(({slot}) => slot === 1)!
    expect(Object.fromEntries(stable.stable.map(([{region}, sequence]) => [region, sequence]))).toEqual({1: 2, 2: 1})
    expect(a.passed.find(([name]) => name === 'CRDT.STABLE')).toEqual([
      'CRDT.STABLE',
      '1',
      '1',
      '1',
      '2',
      '2',
      '1',
      '1',
    ])
    expect(a.peers.stability.collected).toBe(3)
  })

  it('is what replicas and disks of the regions have', () => {
    const {a, b, world} = pair()
    a.fake.garbage = 1
    a.add(1, 'x')
    world.advance(2500)
    const {collected} = a.peers.stability
    expect(collected).toBeGreaterThan(0)
    b.keptCount = b.takenCount
    a.fake.garbage = 1
    a.add(2, 'y')
    world.advance(5000)
    expect(b.values(2)).toEqual(['y'])
    expect(a.peers.stability.collected).toBe(collected)
    b.keptCount = b.takenCount
    world.advance(200)
    expect(a.peers.stability.collected).toBe(collected + 1)
  })

  it('waits for a region that was never heard of', () => {
    const world = new World(3)
    const a = world.add(1)
    world.add(2)
    world.advance(500)
    a.fake.garbage = 1
    a.add(1, 'z')
    world.advance(6000)
    expect(a.fake.collectedSlots).toEqual([])
  })

  it('says until when it has heard of a region', () => {
    const {a, b, world} = pair()
    b.fake.clock = 4711
    world.advance(1500)
    expect(a.peers.heardUntil(2)).toBe(4711)
    world.cut(1, 2)
    world.advance(100)
    expect(a.peers.heardUntil(2)).toBe(0)
  })
})

it('the ring is a hundredth of the memory, within bounds', () => {
  const megabyte = 1024 * 1024
  expect(ringBytes({backlogBytes: 5, memorySize: 0})).toBe(5)
  expect(ringBytes({backlogBytes: 0, memorySize: 0})).toBe(64 * megabyte)
  expect(ringBytes({backlogBytes: 0, memorySize: megabyte})).toBe(megabyte)
  expect(ringBytes({backlogBytes: 0, memorySize: 1024 * megabyte})).toBe(Math.round(10.24 * megabyte))
  expect(ringBytes({backlogBytes: 0, memorySize: 10 ** 12})).toBe(250 * megabyte)
})
