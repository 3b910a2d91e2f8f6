import {describe, expect, it} from 'vitest'
import {hashSlot} from '../../../../../src/lib/protocol/hash-slot.js'
import {RequestParser} from '../../../../../src/lib/protocol/resp/request-parser.js'
import type {ClusterBinding} from '../../../../../src/lib/server/cluster/api.js'
import {CommandPlayer} from '../../../../../src/lib/server/persistence/command-player.js'
import type {RunSink} from '../../../../../src/lib/server/propagation/propagation.js'
import {Rig} from '../../rig.js'
import {FakeInstance} from './rigs.js'

const CLUSTER = 'cluster-enabled yes'
const [A, B] = [hashSlot('a'), hashSlot('b')]

/** What goes to the append-only file. */
function recordFile({rig}: FakeInstance): string[][] {
  const fed: string[][] = []
  const sink: RunSink = {
    feed: (_database, argv) => fed.push([...argv]),
    feedArgument: (name, argument) => fed.push([name, argument]),
    feedBytes: (name, argument) => fed.push([name, argument.text()]),
  }
  rig.server.state.propagation.setAof(sink)
  return fed
}

function commandsIn(text: string): string[][] {
  const parser = new RequestParser({bulkBytesMax: 1e9, requestBytesMax: 1e9})
  const bytes = Buffer.from(text, 'latin1')
  parser.feed(bytes, bytes.length)
  const commands: string[][] = []
  for (let argv = parser.next(); argv !== undefined; argv = parser.next()) commands.push(argv)
  return commands
}

describe('slots of an active-active database', () => {
  it('move with their state, then with the effects that come after it', () => {
    const [source, target] = [new FakeInstance(new Rig(CLUSTER)), new FakeInstance(new Rig(CLUSTER, 8))]
    source.set('a', '1')
    source.set('b', '1')
    source.set('other', '1')
    let text = ''
    const walk = source.crdt.durability.openExport([A, B], (commands) => {
      text += commands
    })
    expect(walk.tells(A)).toBe(false)
    source.set('a', '2')
    expect(walk.step()).toBe(true)
    expect([walk.tells(A), walk.tells(B)]).toEqual([true, false])
    const effect = source.core.set('a', '3')
    expect(walk.step()).toBe(true)
    expect(walk.step()).toBe(false)

    const player = new CommandPlayer(target.rig.server)
    player.begin()
    for (const argv of commandsIn(text)) player.play(argv)
    player.play(['CRDT.EFFECT', effect])
    player.end()
    expect(target.keys()).toEqual({a: '3', b: '1'})
    for (const slot of [A, B]) expect(target.core.digestSlot(slot)).toBe(source.core.digestSlot(slot))
  })

  it('are known from what changes them', () => {
    const {core, crdt} = new FakeInstance(new Rig(CLUSTER))
    const {durability} = crdt
    expect(durability.slotOf(['CRDT.EFFECT', core.set('a', '1')])).toBe(A)
    expect(durability.slotOf(['crdt.merge', '7', 'state'])).toBe(7)
    expect(durability.slotOf(['CRDT.STABLE', '8'])).toBe(8)
    expect(durability.slotOf(['CRDT.STREAM', 'b', 'facts'])).toBe(B)
    expect(durability.slotOf(['CRDT.FORGET', '7'])).toBeUndefined()
    expect(durability.slotOf(['SET', 'a', '1'])).toBeUndefined()
  })

  it('are forgotten here and on disk when they are lost, and no key of theirs counts as deleted', () => {
    const instance = new FakeInstance(new Rig(CLUSTER))
    instance.set('a', '1')
    instance.set('b', '1')
    const {epoch} = instance.core
    const file = recordFile(instance)
    instance.rig.server.migrations.dropSlots([A, 5])
    expect(instance.keys()).toEqual({b: '1'})
    expect([...instance.core.slots()]).toEqual([B])
    expect(file[0]).toEqual(['CRDT.FORGET', String(A)])
    expect(file.length).toBeLessThanOrEqual(2)
    // Whoever has the slot now may lack some of what was written here.
    expect(instance.core.epoch).toBeGreaterThan(epoch)
  })

  it('that go together take one name with them', () => {
    const instance = new FakeInstance(new Rig(CLUSTER))
    for (let i = 0; i < 50; i++) instance.set(`key:${i}`, '1')
    const {epoch} = instance.core
    instance.rig.server.migrations.dropSlots([...instance.core.slots()])
    expect(instance.core.epoch).toBe(epoch + 16)
  })

  it('that never were here are nothing to forget', () => {
    const instance = new FakeInstance(new Rig(CLUSTER))
    const {epoch} = instance.core
    const file = recordFile(instance)
    instance.crdt.durability.forgetSlot(A)
    expect(file).toEqual([])
    expect(instance.core.epoch).toBe(epoch)
  })

  it('stand still while they are handed over, and while a replica takes over', () => {
    const instance = new FakeInstance(new Rig(CLUSTER))
    const {crdt, rig} = instance
    const peer = new FakeInstance(new Rig(CLUSTER), 2)
    const [first, second] = [peer.core.set('a', '1'), peer.core.set('a', '2')]
    rig.server.pauseForFailover(rig.nowMs + 1000)
    expect(crdt.receive(first)).toBe('early')
    expect(crdt.join(A, peer.core.packSlot(A))).toBe(false)
    expect(crdt.durability.collect(A, [[{epoch: 1, region: 2}, 1]])).toBe(0)
    rig.server.endFailoverPause()
    expect(crdt.receive(first)).toBe('applied')
    rig.server.pause(rig.nowMs + 1000, true)
    rig.server.migrations.isStill = (slot) => slot === A
    expect(crdt.receive(second)).toBe('early')
    expect(crdt.receive(peer.core.set('b', '1'))).toBe('applied')
    expect(instance.keys()).toEqual({a: '1', b: '1'})
  })

  it('of another shard are left out of what is on its way', () => {
    const instance = new FakeInstance(new Rig(CLUSTER))
    const {crdt, rig} = instance
    const peer = new FakeInstance(new Rig(CLUSTER), 2)
    const effect = peer.core.set('a', '1')
    const myself = {}
    let owner = {}
    rig.server.cluster = {core: {myself, ownerOf: () => owner}} as unknown as ClusterBinding
    expect(crdt.receive(effect)).toBe('known')
    expect(crdt.join(A, peer.core.packSlot(A))).toBe(false)
    expect(instance.keys()).toEqual({})
    owner = myself
    expect(crdt.receive(effect)).toBe('applied')
  })
})
