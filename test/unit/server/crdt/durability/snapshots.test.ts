import {describe, expect, it} from 'vitest'
import {RdbWalker} from '../../../../../src/lib/protocol/rdb/walker.js'
import {Snapshot} from '../../../../../src/lib/server/persistence/snapshot.js'
import {SnapshotLoader} from '../../../../../src/lib/server/persistence/snapshot-loader.js'
import {StrangeDatabaseError} from '../../../../../src/lib/server/persistence/state-source.js'
import {Rig} from '../../rig.js'
import {CONFIG, FakeInstance} from './rigs.js'

function drain(snapshot: Snapshot): Buffer {
  const chunks: Uint8Array[] = []
  for (let chunk = snapshot.next(); chunk !== undefined; chunk = snapshot.next()) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function load(instance: FakeInstance, bytes: Buffer): void {
  const loader = new SnapshotLoader(instance.rig.server)
  for (let at = 0; at < bytes.length; at += 1000) loader.push(bytes.subarray(at, at + 1000))
  loader.finish()
}

function filled(): FakeInstance {
  const instance = new FakeInstance(new Rig('cluster-enabled yes'))
  for (let i = 0; i < 300; i++) instance.set(`key:${i}`, 'x'.repeat(i * 3))
  instance.set('key:7', null)
  return instance
}

describe('snapshots of an active-active database', () => {
  it('hold its state in place of the keys, which come back', () => {
    const instance = filled()
    const bytes = drain(new Snapshot(instance.rig.server, {}))
    const walker = new RdbWalker({keepValues: false})
    walker.push(bytes)
    const kinds = new Set<string>()
    for (let item = walker.next(); item !== undefined; item = walker.next()) kinds.add(item.kind)
    expect([...kinds].sort()).toEqual(['aux', 'end', 'header', 'module-aux'])

    const other = new FakeInstance(new Rig('cluster-enabled yes'))
    other.set('of before', 'gone')
    load(other, bytes)
    expect(other.digests()).toEqual(instance.digests())
    expect(other.keys()).toEqual(instance.keys())
    expect(other.core.clock).toBe(instance.core.clock)
    expect(other.rig.server.state.dirty).toBe(0)
  })

  it('are of one moment, whatever changes while they are made', () => {
    const instance = filled()
    const [digests, keys] = [instance.digests(), instance.keys()]
    const first = new Snapshot(instance.rig.server, {})
    const second = new Snapshot(instance.rig.server, {})
    const begun = first.next()!
    instance.rig.server.migrations.dropSlots([...instance.core.slots()].slice(-50))
    for (let i = 0; i < 400; i++) instance.set(`key:${i}`, i % 3 === 0 ? null : 'changed')
    const peer = new FakeInstance(new Rig('cluster-enabled yes'), 2)
    instance.crdt.receive(peer.core.set('key:5', 'of elsewhere'))
    const slot = [...peer.core.slots()][0]!
    peer.core.set('key:5', 'joined')
    instance.crdt.join(slot, peer.core.packSlot(slot))
    for (const bytes of [Buffer.concat([begun, drain(first)]), drain(second)]) {
      const other = new FakeInstance(new Rig('cluster-enabled yes'))
      load(other, bytes)
      expect(other.digests()).toEqual(digests)
      expect(other.keys()).toEqual(keys)
    }
    expect(instance.core.willChange).toBeUndefined()
    expect(instance.rig.server.state.walks.size).toBe(0)
  })

  it('let go of the state when nobody wants them any more', () => {
    const instance = filled()
    new Snapshot(instance.rig.server, {}).close()
    expect(instance.core.willChange).toBeUndefined()
    expect(instance.rig.server.state.walks.size).toBe(0)
  })

  it('are for nodes of the same instance alone', () => {
    const bytes = drain(new Snapshot(filled().rig.server, {}))
    const strangers = [
      new FakeInstance(new Rig(), 2),
      new FakeInstance(new Rig(), 1, {...CONFIG, guid: '00000000-0000-4000-8000-000000000002'}),
    ]
    for (const stranger of strangers) expect(() => load(stranger, bytes)).toThrow(StrangeDatabaseError)
    expect(() => new SnapshotLoader(new Rig().server).push(bytes)).toThrow(
      `the snapshot holds instance 1 of the active-active database ${CONFIG.guid}, this node does not`,
    )
  })

  it('that break off leave what was there before', () => {
    const bytes = drain(new Snapshot(filled().rig.server, {}))
    const [empty, full] = [new FakeInstance(new Rig()), new FakeInstance(new Rig())]
    full.set('a', '1')
    const digests = full.digests()
    for (const {rig} of [empty, full]) {
      const loader = new SnapshotLoader(rig.server)
      loader.push(bytes.subarray(0, bytes.length / 2))
      loader.abandon()
    }
    expect([empty.keys(), empty.digests()]).toEqual([{}, []])
    expect([full.keys(), full.digests()]).toEqual([{a: '1'}, digests])
  })

  it('name what is written after they are loaded by a name of its own', () => {
    const instance = filled()
    const bytes = drain(new Snapshot(instance.rig.server, {}))
    const lost = JSON.parse(instance.core.set('key:1', 'not in the file')) as {actor: object; sequence: number}
    // The same machine, the same clock.
    load(instance, bytes)
    const next = JSON.parse(instance.core.set('key:1', 'anew')) as {actor: object; sequence: number}
    expect(next.actor).not.toEqual(lost.actor)
    expect(next.sequence).toBe(1)
  })

  it('of before the database leave nothing behind', () => {
    const plain = new Rig()
    plain.run(plain.connect(), 'SET a 1', 'SET b 2')
    const instance = new FakeInstance(new Rig())
    load(instance, drain(new Snapshot(plain.server, {})))
    instance.crdt.durability.settle()
    expect(instance.keys()).toEqual({})
    expect(instance.rig.log.at(-1)).toBe('warning Left out 2 keys of a file of before the active-active database')
  })
})
