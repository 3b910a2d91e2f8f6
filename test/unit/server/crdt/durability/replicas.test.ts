import {describe, expect, it} from 'vitest'
import {CommandPlayer} from '../../../../../src/lib/server/persistence/command-player.js'
import {madeEffect} from '../../../../support/crdt/made-effect.js'
import {LinkedRigs} from '../../replication/linked-rigs.js'
import {Rig} from '../../rig.js'
import {FakeInstance} from './rigs.js'

function pair(): {readonly rigs: LinkedRigs; readonly primary: FakeInstance; readonly replica: FakeInstance} {
  const rigs = new LinkedRigs('cluster-enabled no', 'cluster-enabled no')
  const [primary, replica] = rigs.rigs.map((rig) => new FakeInstance(rig)) as [FakeInstance, FakeInstance]
  return {primary, replica, rigs}
}

function follow(rigs: LinkedRigs, replica: FakeInstance, port: number): void {
  replica.rig.run(replica.rig.connect(), `REPLICAOF 127.0.0.1 ${port}`)
  rigs.settle()
}

function expectSame(one: FakeInstance, other: FakeInstance): void {
  expect(other.digests()).toEqual(one.digests())
  expect(other.keys()).toEqual(one.keys())
}

const statsOf = ({rig}: FakeInstance) => {
  const {fullSyncs, partialSyncs} = rig.server.replication.replicas
  return {fullSyncs, partialSyncs}
}

describe('replicas of a shard of an active-active database', () => {
  it('begin with its state and go on with its effects', () => {
    const {primary, replica, rigs} = pair()
    primary.set('a', '1')
    replica.set('a', 'of before')
    replica.set('b', 'of before')
    follow(rigs, replica, 0)
    expectSame(primary, replica)
    primary.set('a', '2')
    primary.set('c', '3')
    const peer = new FakeInstance(new Rig(), 2)
    primary.crdt.receive(peer.core.set('d', 'of elsewhere'))
    const slot = [...peer.core.slots()][0]!
    peer.core.set('d', 'joined')
    primary.crdt.join(slot, peer.core.packSlot(slot))
    rigs.settle()
    expect(replica.keys()).toEqual({a: '2', c: '3', d: 'joined'})
    expectSame(primary, replica)
    expect(replica.rig.log.filter((line) => line.includes('CRITICAL'))).toEqual([])
  })

  it('go on where they were when their connection breaks', () => {
    const {primary, replica, rigs} = pair()
    primary.set('a', '1')
    follow(rigs, replica, 0)
    rigs.disconnect(replica.rig)
    primary.set('a', '2')
    rigs.pass(2)
    expectSame(primary, replica)
    expect(statsOf(primary)).toEqual({fullSyncs: 1, partialSyncs: 1})
  })

  it('tell rings of their own what they take', () => {
    const {primary, replica, rigs} = pair()
    const took: string[] = []
    replica.crdt.listeners.push({
      joined: (slot) => took.push(`joined ${slot}`),
      made: (effect) => took.push(`made ${effect.text()}`),
      took: (effect) => took.push(effect),
    })
    primary.set('a', '1')
    follow(rigs, replica, 0)
    const effect = primary.core.set('a', '2')
    primary.crdt.made(madeEffect(primary.core, effect))
    rigs.settle()
    expect(took).toEqual(['joined 15495', effect])
  })

  it('take a unit of several slots whole', () => {
    const {primary, replica, rigs} = pair()
    follow(rigs, replica, 0)
    const effects = [primary.core.set('a', '1'), primary.core.set('b', '2')]
    primary.crdt.madeAll(effects.map((effect) => madeEffect(primary.core, effect)))
    rigs.settle()
    expect(replica.keys()).toEqual({a: '1', b: '2'})
  })

  it('hand it on to replicas of theirs', () => {
    const {primary, replica, rigs} = pair()
    const third = new FakeInstance(rigs.add())
    primary.set('a', '1')
    follow(rigs, replica, 0)
    follow(rigs, third, 1)
    rigs.pass(2)
    primary.set('b', '2')
    rigs.settle()
    expectSame(primary, third)
  })

  it('write under a name of their own once they are promoted, and replicas go on where they are', () => {
    const {primary, replica, rigs} = pair()
    const third = new FakeInstance(rigs.add())
    follow(rigs, replica, 0)
    follow(rigs, third, 0)
    primary.set('a', '1')
    rigs.settle()
    const {epoch} = primary.core
    replica.rig.run(replica.rig.connect(), 'REPLICAOF NO ONE')
    // All clocks stand still here.
    expect(replica.core.epoch).toBeGreaterThan(epoch)
    follow(rigs, third, 1)
    replica.set('a', '2')
    rigs.settle()
    expectSame(replica, third)
    expect(third.core.vectorOf(15495)).toEqual([
      [{epoch, region: 1}, 1],
      [{epoch: replica.core.epoch, region: 1}, 1],
    ])
    expect(statsOf(replica)).toEqual({fullSyncs: 0, partialSyncs: 1})
    // Nobody is promoted under a name that he had before.
    const before = third.core.epoch
    third.rig.run(third.rig.connect(), 'REPLICAOF NO ONE')
    expect(third.core.epoch).toBeGreaterThan(before)
  })

  it('ask for everything when an effect builds on what they lack', () => {
    const {primary, replica, rigs} = pair()
    follow(rigs, replica, 0)
    primary.core.set('a', 'kept from the stream')
    primary.set('a', '2')
    rigs.settle()
    rigs.pass(2)
    expectSame(primary, replica)
    expect(statsOf(primary).fullSyncs).toBe(2)
  })

  it('are told of stable writes, and forget slots', () => {
    const {primary, replica, rigs} = pair()
    follow(rigs, replica, 0)
    const collected: unknown[] = []
    replica.core.collect = (slot, stable) => collected.push([slot, stable])
    primary.rig.server.state.propagation.passOn([['CRDT.STABLE', '3', '2', '5', '7']])
    primary.set('a', '1')
    primary.crdt.durability.forgetSlot(15495)
    rigs.settle()
    expect(collected).toEqual([[3, [[{epoch: 5, region: 2}, 7]]]])
    expect([...replica.core.slots()]).toEqual([])
  })

  it('are refused if they do not understand it', () => {
    const {primary} = pair()
    const client = primary.rig.connect()
    const refusal = '-NOMASTERLINK this database replicates only to CRDT capable replicas\r\n'
    expect(primary.rig.run(client, 'REPLCONF capa eof capa psync2', 'PSYNC ? -1')).toBe(`+OK\r\n${refusal}`)
    expect(primary.rig.run(client, 'SYNC')).toBe(refusal)
  })

  it('begin anew when their primary gets a database', () => {
    const rigs = new LinkedRigs('', '')
    const [first, second] = rigs.rigs as [Rig, Rig]
    second.run(second.connect(), 'REPLICAOF 127.0.0.1 0')
    rigs.settle()
    const primary = new FakeInstance(first)
    primary.set('a', '1')
    rigs.pass(1)
    expect(second.log.at(-1)).toMatch(/instance 1 of the active-active database .*, this node does not/)
    const replica = new FakeInstance(second)
    rigs.pass(2)
    expectSame(primary, replica)
  })
})

describe('commands of the stream', () => {
  it("are nobody else's to give", () => {
    const {primary} = pair()
    const client = primary.rig.connect()
    for (const line of ['CRDT.EFFECT x', 'CRDT.MERGE 1 x', 'CRDT.FORGET 1', 'CRDT.STABLE 1', 'CRDT.STREAM k x']) {
      const name = line.split(' ')[0]
      expect(primary.rig.run(client, line)).toBe(`-ERR ${name} comes from a primary or a file only\r\n`)
    }
  })

  it('make the state anew from a file', () => {
    const instance = new FakeInstance(new Rig())
    const player = new CommandPlayer(instance.rig.server)
    const {core} = new FakeInstance(new Rig())
    player.begin()
    for (const effect of [core.set('a', '1'), core.set('a', '2'), core.set('b', '3')])
      player.play(['CRDT.EFFECT', effect])
    player.end()
    expect(instance.keys()).toEqual({a: '2', b: '3'})
  })
})
