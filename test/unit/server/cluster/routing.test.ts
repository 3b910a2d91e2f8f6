import {beforeAll, describe, expect, it} from 'vitest'
import type {RouteRequest} from '../../../../src/lib/server/cluster/api.js'
import {route} from '../../../../src/lib/server/cluster/routing.js'
import {config, formedCluster, type TestNet, type TestNode} from './support.js'

const MINE = 5
const THEIRS = 9000

let net: TestNet
let a: TestNode
let b: TestNode

function setUp(): void {
  net = formedCluster(2)
  ;[a, b] = net.nodes as [TestNode, TestNode]
}
beforeAll(setUp)

function ask(slots: number[], changes: Partial<RouteRequest> & {there?: boolean[]} = {}): string | undefined {
  const {there = slots.map(() => true), ...rest} = changes
  return route(a.core, {
    slots,
    exists: (index) => there[index] as boolean,
    isWrite: false,
    isReadonlyClient: false,
    asking: false,
    isMigrate: false,
    isShardPubsub: false,
    ...rest,
  })
}

const MOVED = `MOVED ${THEIRS} 127.0.0.1:7001`
const DOWN = 'CLUSTERDOWN The cluster is down'
const TRYAGAIN = 'TRYAGAIN Multiple keys request during rehashing of slot'

describe('routing (wire.md 1.13)', () => {
  it('serves its own slots and sends others away', () => {
    expect(ask([MINE])).toBeUndefined()
    expect(ask([MINE, MINE])).toBeUndefined()
    expect(ask([THEIRS])).toBe(MOVED)
  })

  it('different slots cross, whoever owns them', () => {
    expect(ask([MINE, THEIRS])).toBe("CROSSSLOT Keys in request don't hash to the same slot")
    expect(ask([THEIRS, MINE])).toBe("CROSSSLOT Keys in request don't hash to the same slot")
  })

  it('while migrating: keys that are here are served, gone ones asked for, mixtures tried again', () => {
    a.core.setSlotMigrating(MINE, b.id)
    const ASK = `ASK ${MINE} 127.0.0.1:7001`
    expect(ask([MINE])).toBeUndefined()
    expect(ask([MINE], {there: [false]})).toBe(ASK)
    expect(ask([MINE, MINE], {there: [true, true]})).toBeUndefined()
    expect(ask([MINE, MINE], {there: [false, false]})).toBe(ASK)
    expect(ask([MINE, MINE], {there: [true, false]})).toBe(TRYAGAIN)
    expect(ask([MINE], {there: [false], isMigrate: true})).toBeUndefined()
    a.core.setSlotStable(MINE)
  })

  it('while importing: only with ASKING, several keys only if all are here', () => {
    a.core.setSlotImporting(THEIRS, b.id)
    expect(ask([THEIRS])).toBe(MOVED)
    expect(ask([THEIRS], {asking: true, there: [false]})).toBeUndefined()
    expect(ask([THEIRS, THEIRS], {asking: true})).toBeUndefined()
    expect(ask([THEIRS, THEIRS], {asking: true, there: [true, false]})).toBe(TRYAGAIN)
    expect(ask([THEIRS], {isMigrate: true})).toBeUndefined()
    a.core.setSlotStable(THEIRS)
  })

  it('ASKING changes nothing for a slot that is not open', () => {
    expect(ask([THEIRS], {asking: true})).toBe(MOVED)
  })

  it('names the endpoint as configured', () => {
    const step = (changes: object) => a.core.step({kind: 'config-changed', config: config(7000, changes)}, net.nowMs)
    step({preferredEndpointType: 'hostname'})
    expect(ask([THEIRS])).toBe(`MOVED ${THEIRS} ?:7001`)
    a.core.nodes.get(b.id)!.hostname = 'b.example'
    expect(ask([THEIRS])).toBe(`MOVED ${THEIRS} b.example:7001`)
    step({preferredEndpointType: 'unknown-endpoint'})
    expect(ask([THEIRS])).toBe(`MOVED ${THEIRS} :7001`)
    step({})
    expect(ask([THEIRS])).toBe(MOVED)
  })

  it('a replica serves reads of READONLY clients for its own primary, and shard pub/sub', () => {
    setUp()
    const replica = net.add(7009)
    net.perform(replica, replica.core.meet('127.0.0.1', 7000, 17000))
    net.run(3000)
    net.perform(replica, replica.core.replicate(b.id))
    a = replica
    expect(ask([THEIRS])).toBe(MOVED)
    expect(ask([THEIRS], {isReadonlyClient: true})).toBeUndefined()
    expect(ask([THEIRS], {isReadonlyClient: true, isWrite: true})).toBe(MOVED)
    expect(ask([MINE], {isReadonlyClient: true})).toBe(`MOVED ${MINE} 127.0.0.1:7000`)
    expect(ask([THEIRS], {isShardPubsub: true})).toBeUndefined()
    setUp()
  })
})

describe('when the cluster is down (wire.md 1.13)', () => {
  beforeAll(() => {
    setUp()
    net.perform(b, b.core.delSlots([THEIRS]))
    net.perform(a, a.core.delSlots([THEIRS]))
  })

  it('an unowned slot is told before slots that differ, those before the state', () => {
    expect(ask([THEIRS])).toBe('CLUSTERDOWN Hash slot not served')
    expect(ask([THEIRS, MINE])).toBe('CLUSTERDOWN Hash slot not served')
    expect(ask([MINE, THEIRS])).toBe("CROSSSLOT Keys in request don't hash to the same slot")
    expect(ask([MINE])).toBe(DOWN)
    expect(ask([MINE], {isMigrate: true})).toBe(DOWN)
  })

  it('reads and shard pub/sub as configured', () => {
    expect(ask([MINE], {isShardPubsub: true})).toBeUndefined()
    const changed = config(7000, {allowReadsWhenDown: true, allowPubsubshardWhenDown: false})
    a.core.step({kind: 'config-changed', config: changed}, net.nowMs)
    expect(ask([MINE])).toBeUndefined()
    expect(ask([MINE], {isWrite: true})).toBe('CLUSTERDOWN The cluster is down and only accepts read commands')
    expect(ask([MINE], {isShardPubsub: true})).toBe(DOWN)
  })

  it('without the need for full coverage the rest goes on', () => {
    a.core.step({kind: 'config-changed', config: config(7000, {requireFullCoverage: false})}, net.nowMs)
    expect(ask([MINE])).toBeUndefined()
    expect(ask([THEIRS])).toBe('CLUSTERDOWN Hash slot not served')
  })
})

describe('cluster state (wire.md 1.13)', () => {
  it('a primary stays in fail for 2 s after its start', () => {
    const fresh = formedCluster(1)
    const [node] = fresh.nodes as [TestNode]
    const again = fresh.add(7005, {}, node.core.renderNodesConf())
    fresh.run(2000 - 100)
    expect(again.core.stateOk).toBe(false)
    fresh.run(200)
    expect(again.core.stateOk).toBe(true)
  })

  it('after a minority it waits before it is ok again', () => {
    const three = formedCluster(3)
    const [node, ...others] = three.nodes as [TestNode, TestNode, TestNode]
    for (const other of others) three.kill(other)
    three.run(5000)
    expect(node.core.stateOk).toBe(false)
    for (const other of others) {
      three.nodes.splice(three.nodes.indexOf(other), 1)
      three.add(other.port, {}, other.core.renderNodesConf())
    }
    const healedMs = three.nowMs
    while (!node.core.stateOk && three.nowMs < healedMs + 10_000) three.run(100)
    expect(three.nowMs - healedMs).toBeGreaterThanOrEqual(2000)
    expect(three.nowMs - healedMs).toBeLessThan(10_000)
  })
})
