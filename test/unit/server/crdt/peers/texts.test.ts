import {deflateRawSync, inflateRawSync} from 'node:zlib'
import {describe, expect, it} from 'vitest'
import {CRDB_DEFAULTS, type CrdbConfig} from '../../../../../src/lib/model/crdb.js'
import {lengthText, Packer, splitBatch, unpack} from '../../../../../src/lib/server/crdt/peers/batch.js'
import {parseCrdbConfig, withSecretsOf} from '../../../../../src/lib/server/crdt/peers/config-text.js'
import {HeldEffects} from '../../../../../src/lib/server/crdt/peers/held-effects.js'
import {EffectRing} from '../../../../../src/lib/server/crdt/peers/ring.js'
import {addressOf} from '../../../../../src/lib/server/crdt/peers/scout.js'
import {parseAnswer, parseRequest} from '../../../../../src/lib/server/crdt/peers/sync-request.js'
import {actorKey, actorOf} from '../../../../../src/lib/server/crdt/peers/vectors.js'
import {madeFrom} from '../../../../support/crdt/made-effect.js'

const zlib = {
  deflate: (text: string, level: number) => deflateRawSync(Buffer.from(text, 'latin1'), {level}).toString('latin1'),
  inflate: (packed: string) => inflateRawSync(Buffer.from(packed, 'latin1')),
}

const config: CrdbConfig = {
  guid: 'g',
  instances: [{cluster: 'c', compression: 3, endpoints: ['[::1]:7000', 'host:7001'], id: 1, password: 'p'}],
  name: 'n',
  removed: [2],
  settings: CRDB_DEFAULTS,
  version: 3,
}

describe('a batch of effects', () => {
  const texts = ['', 'a', 'x'.repeat(127), 'y'.repeat(128), 'z'.repeat(70_000), '\x00\xff']
  const batch = texts.map((text) => lengthText(text.length) + text).join('')

  it('comes apart as it was put together, deflated or not', () => {
    for (const level of [0, 1, 6]) {
      const packed = new Packer(zlib).pack(batch, level)
      expect(splitBatch(unpack(packed, zlib))).toEqual(texts)
      expect(packed.rawLength === 0).toBe(level === 0)
    }
    expect(new Packer(zlib).pack('short', 6)).toEqual({data: 'short', rawLength: 0})
  })

  it('is refused wherever it is cut', () => {
    const bytes = Buffer.from(lengthText(300) + 'x'.repeat(300), 'latin1')
    for (let cut = 1; cut < bytes.length; cut++) expect(() => splitBatch(bytes.subarray(0, cut))).toThrow('batch')
    expect(() => splitBatch(Buffer.alloc(20, 0xff))).toThrow('within a length')
  })
})

describe('the ring', () => {
  const head = (slot: number, sequence: number) => ({
    actor: {epoch: 7, region: 2},
    clock: 0,
    dependencies: [],
    sequence,
    slot,
  })
  const actor = actorKey({epoch: 7, region: 2})

  it('holds what came without a gap, from the oldest that is left', () => {
    const ring = new EffectRing(1000)
    for (let sequence = 1; sequence <= 20; sequence++) ring.push('0123456789', head(5, sequence))
    expect([ring.start, ring.end, ring.bytes]).toEqual([11, 20, 990])
    expect([ring.holds(5, actor, 11, 20), ring.holds(5, actor, 10, 20), ring.holds(5, actor, 11, 21)]).toEqual([
      true,
      false,
      false,
    ])
    expect(ring.nameAt(ring.start).sequence).toBe(12)
    ring.push('0123456789', head(5, 25))
    expect([ring.holds(5, actor, 20, 25), ring.holds(5, actor, 24, 25)]).toEqual([false, true])
  })

  it('finds the place from which a count of wanted entries comes', () => {
    const ring = new EffectRing(1_000_000)
    for (let sequence = 1; sequence <= 3000; sequence++) ring.push('e', head(sequence % 3, Math.ceil(sequence / 3)))
    expect(ring.findStart(2, ({slot}) => slot === 1)).toBe(2994)
    expect(ring.findStart(0, () => true)).toBe(3000)
    ring.resize(0)
    expect([ring.start, ring.end, ring.bytes]).toEqual([3000, 3000, 0])
  })

  it('counts what is wanted from a position on', () => {
    const ring = new EffectRing(700_000)
    const names = Array.from({length: 14_000}, (_, i) => ({
      actor: {epoch: 7, region: 2 + (Math.floor(i / 10) % 2)},
      sequence: i + 1,
      slot: i % 9,
    }))
    for (const name of names) ring.push('e', name)
    const bySlot = [undefined, 'one', 'two', undefined, 'four']
    const isWanted = (key: number) => actorOf(key).region === 3
    for (const from of [0, ring.start, 8191, 8192, 9000, 13_999, 14_000]) {
      const wanted = names
        .slice(Math.max(ring.start, from))
        .filter(({actor: {region}, slot}) => region === 3 && bySlot[slot] !== undefined)
      expect(ring.countFrom(from, isWanted, bySlot)).toBe(wanted.length)
    }
    expect(ring.start).toBeGreaterThan(4096)
  })

  it('gives back what came, of whatever length, while the oldest goes', () => {
    const ring = new EffectRing(3_000_000)
    const pattern = String.fromCharCode(...Array.from({length: 251}, (_, i) => i)).repeat(2400)
    const textOf = (sequence: number) => {
      const length = sequence % 999 === 0 ? 600_000 : (sequence * 7919) % 900
      return pattern.slice(sequence % 251, (sequence % 251) + length)
    }
    const push = (sequence: number) => {
      const [name, text] = [head(sequence % 7, sequence), textOf(sequence)]
      if (sequence % 2 === 0) ring.push(text, name)
      else ring.pushBytes(madeFrom(name, text, 'what was there before'))
    }
    const check = () => {
      for (let position = ring.start; position < ring.end; position++) {
        const sequence = position + 1
        expect(ring.nameAt(position)).toEqual({actor, sequence, slot: sequence % 7})
        expect(ring.textAt(position) === textOf(sequence)).toBe(true)
      }
    }
    for (let sequence = 1; sequence <= 20_000; sequence++) {
      push(sequence)
      if (sequence % 4096 === 0 || sequence % 1000 < 2) expect(ring.textAt(ring.end - 1)).toBe(textOf(sequence))
    }
    check()
    ring.resize(0)
    ring.resize(3_000_000)
    for (let sequence = 20_001; sequence <= 21_000; sequence++)
      ring.push(textOf(sequence), head(sequence % 7, sequence))
    check()
    expect([ring.start, ring.end]).toEqual([20_000, 21_000])
  })
})

it('effects that come too early are kept within bounds, and tried in any order', () => {
  const held = new HeldEffects<string>()
  for (let index = 3; index > 0; index--) expect(held.hold(1, String(index), 'link', false, 0)).toBe(true)
  const applied: string[] = []
  const receive = (effect: string) => {
    if (Number(effect) !== applied.length + 1) return 'early'
    applied.push(effect)
    return 'applied'
  }
  held.retry(1, receive, 5)
  expect([applied.length + 1, held.isEmpty, held.bytes]).toEqual([4, true, 0])
  for (let index = 0; index < 1000; index++) expect(held.hold(2, 'x', 'link', false, index)).toBe(true)
  expect(held.overdue(999, 1000)).toEqual([])
  expect(held.overdue(1000, 1000)).toEqual([{slot: 2, source: 'link'}])
  expect(held.overdue(1500, 1000)).toEqual([])
  expect(held.hold(2, 'x', 'link', false, 1000)).toBe(false)
  expect([held.isEmpty, held.bytes]).toEqual([true, 0])
})

describe('texts from elsewhere', () => {
  it('a configuration is read as it was written', () => {
    expect(parseCrdbConfig(JSON.stringify(config))).toEqual(config)
    expect(parseCrdbConfig(JSON.stringify({...config, settings: {}})).settings).toEqual(CRDB_DEFAULTS)
  })

  const wrong: [change: Record<string, unknown>, error: string][] = [
    [{guid: ''}, 'guid is no text'],
    [{version: 0}, 'version is no number from 1'],
    [{instances: {}}, 'instances is no list'],
    [{instances: [...config.instances, ...config.instances]}, 'two instances have the id 1'],
    [{removed: [1]}, 'the id 1 was given before'],
    [{removed: [64]}, 'removed is no list of ids'],
    [{instances: [{...config.instances[0], endpoints: ['host']}]}, 'no list of HOST:PORT'],
    [{instances: [{...config.instances[0], compression: 7}]}, 'no number from 0 to 6'],
    [{instances: [{...config.instances[0], id: 0}]}, 'a number from 1 to 63'],
    [{settings: {memorySize: '1gb'}}, 'the setting memorySize is no number'],
    [{settings: {colour: 'red'}}, 'there is no setting colour'],
    [{settings: {streamIdMode: 'lax'}}, 'streamIdMode is strict'],
  ]
  for (const [change, error] of wrong) {
    it(`refuses: ${error}`, () => {
      expect(() => parseCrdbConfig(JSON.stringify({...config, ...change}))).toThrow(error)
    })
  }

  it('a password that is left out is kept, one that is empty is not', () => {
    const [{password: _, ...shown}] = config.instances as [CrdbConfig['instances'][0]]
    expect(withSecretsOf({...config, instances: [shown]}, config).instances[0]!.password).toBe('p')
    const [emptied] = withSecretsOf({...config, instances: [{...shown, password: ''}]}, config).instances
    expect(emptied!.password).toBe('')
    const [renamed] = withSecretsOf({...config, instances: [{...shown, username: 'u'}]}, config).instances
    expect(renamed!.password).toBeUndefined()
  })

  it('requests and answers of links are refused unless they are whole', () => {
    for (const text of ['', 'null', '[]', '{"guid":"g"}', '{"guid":"g","node":"n","slots":"1-","protocol":1}']) {
      expect(parseRequest(text)).toBeUndefined()
      expect(parseAnswer(`SYNC ${text}`)).toBeUndefined()
    }
    expect(parseAnswer('PONG')).toBeUndefined()
  })

  it('endpoints and actors', () => {
    expect([addressOf('[::1]:7000'), addressOf('a.b:1')]).toEqual([
      {host: '::1', port: 7000},
      {host: 'a.b', port: 1},
    ])
    const actor = {epoch: 211_000_000_123, region: 63}
    expect(actorOf(actorKey(actor))).toEqual(actor)
  })
})
