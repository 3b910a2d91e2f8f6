import {describe, expect, it} from 'vitest'
import {AofReader} from '../../../../../src/lib/protocol/aof/reader.js'
import {hashSlot} from '../../../../../src/lib/protocol/hash-slot.js'
import {encodeCommand} from '../../../../../src/lib/protocol/resp/encode-command.js'
import {FormerData} from '../../../../../src/lib/server/crdt/durability/former-data.js'
import {CommandPlayer} from '../../../../../src/lib/server/persistence/command-player.js'
import {Snapshot} from '../../../../../src/lib/server/persistence/snapshot.js'
import {SnapshotLoader} from '../../../../../src/lib/server/persistence/snapshot-loader.js'
import {StrangeDatabaseError} from '../../../../../src/lib/server/persistence/state-source.js'
import {Region} from '../regions.js'
import {CONFIG} from './rigs.js'

const HOUR_MS = 3_600_000

function snapshotOf({server}: Region): Buffer {
  const snapshot = new Snapshot(server, {})
  const chunks: Uint8Array[] = []
  for (let chunk = snapshot.next(); chunk !== undefined; chunk = snapshot.next()) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function load({server}: Region, bytes: Buffer): void {
  const loader = new SnapshotLoader(server)
  loader.push(bytes)
  loader.finish()
}

/** As from an append-only file. */
function play({server}: Region, commands: readonly (readonly string[])[]): void {
  const player = new CommandPlayer(server)
  const reader = new AofReader(0)
  reader.push(Buffer.from(commands.map(encodeCommand).join(''), 'latin1'))
  player.begin()
  for (let item = reader.next(); item !== undefined; item = reader.next()) {
    if (item.kind === 'command') player.play(item.argv)
    else if (item.kind === 'transaction') for (const argv of item.commands) player.play([...argv])
  }
  player.end()
}

const LINES = [
  'SET text x',
  'INCRBY count 5',
  'SADD set a b c',
  'SREM set a',
  'HSET hash f v',
  'HINCRBY hash n 2',
  'ZADD scored 1 a 2 b',
  'RPUSH list 1 2 3',
  'LPOP list',
  'XADD stream * f v',
  'XGROUP CREATE stream g 0',
  'XREADGROUP GROUP g one STREAMS stream >',
  'PFADD sketch a b',
  'SET short 1 PX 1000',
]
const QUESTIONS = [
  'GET text',
  'GET count',
  'SMEMBERS set',
  'HGETALL hash',
  'LRANGE list 0 -1',
  'XPENDING stream g',
  'PFCOUNT sketch',
]

describe('the state of a real engine', () => {
  it('comes back from a snapshot and from the stream, and shows as it did', () => {
    const region = new Region(1, CONFIG)
    for (const line of LINES) expect(region.do(line)).not.toMatch(/^-/)
    const others = [new Region(1, CONFIG), new Region(1, CONFIG)] as const
    load(others[0], snapshotOf(region))
    play(others[1], region.passed)
    for (const other of others) {
      expect(other.differences()).toEqual([])
      for (const slot of region.crdt.core.slots()) {
        expect(other.crdt.core.digestSlot(slot)).toBe(region.crdt.core.digestSlot(slot))
      }
      for (const question of QUESTIONS) expect(other.do(question)).toBe(region.do(question))
    }
  })

  it('holds what came late to readers of a stream, for them and for whoever takes over', () => {
    const [here, there] = [new Region(1, CONFIG), new Region(2, CONFIG)]
    for (const line of ['XGROUP CREATE s g 0 MKSTREAM', 'XADD s 20 a b', 'XREADGROUP GROUP g one STREAMS s >'])
      here.do(line)
    for (const id of ['5', '6', '7']) there.do(`XADD s ${id} a b`)
    expect(here.receive(there.outbox)).toEqual(['applied', 'applied', 'applied'])
    const saved = snapshotOf(here)
    const [again, reader] = [new Region(1, CONFIG), new Region(1, CONFIG)]
    load(again, saved)
    expect(again.do('XREADGROUP GROUP g one STREAMS s >')).toBe('[[s [[5-2 [a b]] [6-2 [a b]] [7-2 [a b]]]]]')
    expect(again.do('XREADGROUP GROUP g one STREAMS s >')).toBe('nil')
    // Part of it is read, without acknowledgements: those who follow have the rest.
    expect(here.do('XREADGROUP GROUP g one COUNT 1 NOACK STREAMS s >')).toBe('[[s [[5-2 [a b]]]]]')
    play(reader, here.passed)
    for (const one of [here, reader]) {
      expect(one.do('XREADGROUP GROUP g one STREAMS s >')).toBe('[[s [[6-2 [a b]] [7-2 [a b]]]]]')
    }
  })

  it('is not taken for that of a database which the node joined after it had left this one', () => {
    const [before, after] = [new Region(1, CONFIG), new Region(2, {...CONFIG, guid: 'another'})]
    before.do('SET key 1')
    const saved = snapshotOf(before)
    before.passed.length = 0
    for (const line of ['SADD set a', 'SET key 2']) before.do(line)
    after.do('SET key 3')
    const file = [
      ['CRDT.BEGIN', CONFIG.guid, '1'],
      ...before.passed,
      ['SET', 'plain', '1'],
      ['CRDT.BEGIN', 'another', '2'],
      ...after.passed,
    ]
    for (const hasSnapshot of [false, true]) {
      const again = new Region(2, {...CONFIG, guid: 'another'})
      const former = new FormerData(again.server, {guid: CONFIG.guid, region: 1})
      again.server.former = former
      const {followed} = again.server.migrations
      // From the primary it would be a mistake.
      if (hasSnapshot) expect(() => load(again, saved)).toThrow(StrangeDatabaseError)
      followed.isOfFile = true
      if (hasSnapshot) load(again, saved)
      play(again, file.slice(hasSnapshot ? 1 : 0))
      expect(again.dump()).toEqual(after.dump())
      expect(again.differences()).toEqual([])
      expect([...again.crdt.core.slots()]).toEqual([...after.crdt.core.slots()])
      expect(former.hasLeftOut).toBe(true)
    }
    const strange = new Region(2, {...CONFIG, guid: 'another'})
    strange.server.former = new FormerData(strange.server, {guid: 'a third', region: 1})
    expect(() => load(strange, saved)).toThrow(StrangeDatabaseError)
  })

  it('is believed by its own file though the clock was set back since', () => {
    const region = new Region(1, CONFIG)
    region.nowMs += HOUR_MS
    region.server.state.setTime(region.nowMs)
    region.do('SET key 1')
    const [peer, again] = [new Region(2, CONFIG), new Region(1, CONFIG)]
    expect(peer.receive(region.outbox)).toEqual(['ahead'])
    play(again, region.passed)
    expect(again.do('GET key')).toBe('1')
    // What is written next wins over it.
    again.do('SET key 2')
    expect(again.crdt.core.look(hashSlot('key'), 'key')!.text()).toBe('2')
    expect(again.differences()).toEqual([])
  })

  it('bears other names from life to life', () => {
    const region = new Region(1, CONFIG)
    region.do('SET key 1')
    const saved = snapshotOf(region)
    region.do('SET key lost')
    // The same clock, the same seed.
    const again = new Region(1, CONFIG)
    load(again, saved)
    again.do('SET key anew')
    const [lost, anew] = [region.outbox.at(-1)!, again.outbox.at(-1)!].map((effect) => region.crdt.core.headOf(effect))
    expect(anew!.actor).not.toEqual(lost!.actor)
    const peer = new Region(2, CONFIG)
    expect(peer.receive([...region.outbox, ...again.outbox])).toEqual(['applied', 'applied', 'applied'])
  })
})
