import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {decodeMessage} from '../../../../src/lib/protocol/bus/decode.js'
import {encodeMessage} from '../../../../src/lib/protocol/bus/encode.js'
import {AT} from '../../../../src/lib/protocol/bus/layout.js'
import type {BusBody, BusHeader, BusMessage} from '../../../../src/lib/protocol/bus/message.js'
import {slotsInBitmap} from '../../../../src/lib/server/cluster/slot-bitmap.js'
import {bytesOf, GOLDEN, PEER_ID, REAL_ID} from './golden.js'

const ID_CHARS = [...'0123456789abcdefghijklmnopqrstuvwxyz']
const id = fc.array(fc.constantFrom(...ID_CHARS), {minLength: 40, maxLength: 40}).map((chars) => chars.join(''))
const port = fc.nat(65535)
const epoch = fc.maxSafeNat()
const ip = fc.oneof(fc.constant(''), fc.ipV4(), fc.ipV6())
const slots = fc.uint8Array({minLength: 2048, maxLength: 2048})
const binary = fc.uint8Array({maxLength: 300}).map((bytes) => Buffer.from(bytes).toString('latin1'))

const header: fc.Arbitrary<BusHeader> = fc.record({
  sender: id,
  port,
  plainPort: port,
  busPort: port,
  currentEpoch: epoch,
  configEpoch: epoch,
  offset: epoch,
  slots,
  replicaOf: fc.oneof(fc.constant(''), id),
  ip,
  flags: fc.nat(1023),
  stateOk: fc.boolean(),
  messageFlags: fc.nat(3),
})

const gossip = fc.record({
  id,
  pingSentSec: fc.nat(0xffffffff),
  pongReceivedSec: fc.nat(0xffffffff),
  ip,
  port,
  busPort: port,
  flags: fc.nat(1023),
  plainPort: port,
})

const extension = fc.oneof(
  fc.record({kind: fc.constant('hostname' as const), hostname: fc.constantFrom('', 'a', 'host-1.example', '1234567')}),
  fc.record({kind: fc.constant('nodename' as const), nodename: fc.constantFrom('', 'some name')}),
  fc.record({kind: fc.constant('forgotten-node' as const), id, ttlSec: epoch}),
  fc.record({kind: fc.constant('shard-id' as const), shardId: id}),
  fc.record({
    kind: fc.constant('unknown' as const),
    type: fc.integer({min: 4, max: 65535}),
    payload: fc
      .uint8Array({maxLength: 5})
      .map((bytes) => new Uint8Array([...bytes, ...new Uint8Array(8 - (bytes.length % 8))])),
  }),
)

const body: fc.Arbitrary<BusBody> = fc.oneof(
  fc.record({
    type: fc.constantFrom('ping' as const, 'pong' as const, 'meet' as const),
    gossip: fc.array(gossip, {maxLength: 5}),
    extensions: fc.array(extension, {maxLength: 4}),
  }),
  fc.record({type: fc.constant('fail' as const), failed: id}),
  fc.record({type: fc.constantFrom('publish' as const, 'publishshard' as const), channel: binary, message: binary}),
  fc.record({type: fc.constantFrom('auth-request' as const, 'auth-ack' as const, 'mfstart' as const)}),
  fc.record({type: fc.constant('update' as const), id, configEpoch: epoch, slots}),
  fc.record({
    type: fc.constant('module' as const),
    moduleId: fc.uint8Array({minLength: 8, maxLength: 8}).map((bytes) => Buffer.from(bytes).toString('latin1')),
    moduleType: fc.nat(255),
    payload: binary,
  }),
)

const message: fc.Arbitrary<BusMessage> = fc.record({header, body})

describe('frames of a real redis-server (wire.md 1.2-1.4)', () => {
  for (const [name, text] of Object.entries(GOLDEN)) {
    it(`decodes and re-encodes, byte for byte: ${name}`, () => {
      const bytes = bytesOf(text)
      const decoded = decodeMessage(bytes)
      expect(decoded?.body.type).toBe(name)
      expect(encodeMessage(decoded as BusMessage).toString('hex')).toBe(bytes.toString('hex'))
    })
  }

  it('reads the header', () => {
    const decoded = decodeMessage(bytesOf(GOLDEN.ping)) as BusMessage
    const {slots: bits, ...rest} = decoded.header
    expect(slotsInBitmap(bits)).toEqual([0, 1, 9, 16383])
    expect(rest).toEqual({
      sender: REAL_ID,
      port: 18000,
      plainPort: 0,
      busPort: 28000,
      currentEpoch: 5,
      configEpoch: 5,
      offset: 0,
      replicaOf: '',
      ip: '',
      flags: 17,
      stateOk: false,
      messageFlags: 0,
    })
  })

  it('reads gossip and the hostname', () => {
    expect(decodeMessage(bytesOf(GOLDEN.ping))?.body).toEqual({
      type: 'ping',
      gossip: [
        {
          id: PEER_ID,
          pingSentSec: 0x6b003860,
          pongReceivedSec: 0x6b00385f,
          ip: '127.0.0.1',
          port: 18050,
          busPort: 28050,
          flags: 1,
          plainPort: 0,
        },
      ],
      extensions: [{kind: 'hostname', hostname: 'host-1.example'}],
    })
  })

  it('reads PUBLISH and UPDATE', () => {
    expect(decodeMessage(bytesOf(GOLDEN.publish))?.body).toEqual({type: 'publish', channel: 'chan', message: 'hello'})
    const update = decodeMessage(bytesOf(GOLDEN.update))?.body
    expect(update).toMatchObject({type: 'update', id: REAL_ID, configEpoch: 5})
  })
})

describe('any message', () => {
  it('survives encoding and decoding', () => {
    fc.assert(
      fc.property(message, (original) => {
        expect(decodeMessage(encodeMessage(original))).toEqual(original)
      }),
      {numRuns: 150},
    )
  })

  it('says its own length, a multiple of 8 per extension', () => {
    fc.assert(
      fc.property(message, (original) => {
        const frame = encodeMessage(original)
        expect(frame.readUInt32BE(AT.totalBytes)).toBe(frame.length)
      }),
      {numRuns: 50},
    )
  })

  it('cut at any byte is refused', () => {
    const frame = bytesOf(GOLDEN.ping)
    for (let cut = 0; cut < frame.length; cut++) expect(decodeMessage(frame.subarray(0, cut))).toBeUndefined()
  })

  it('damaged anywhere is refused or read, never thrown at', () => {
    fc.assert(
      fc.property(message, fc.array(fc.tuple(fc.nat(6000), fc.nat(255)), {maxLength: 8}), (original, damage) => {
        const frame = encodeMessage(original)
        for (const [at, value] of damage) frame[at % frame.length] = value
        decodeMessage(frame)
      }),
      {numRuns: 500},
    )
  })
})

describe('what is refused', () => {
  const ping = () => bytesOf(GOLDEN.ping)
  const cases: [name: string, change: (frame: Buffer) => unknown][] = [
    ['another signature', (frame) => frame.write('RCmc', 0)],
    ['another version', (frame) => frame.writeUInt16BE(2, AT.version)],
    ['an unknown type', (frame) => frame.writeUInt16BE(11, AT.type)],
    ['a light header of Valkey', (frame) => frame.writeUInt16BE(0x8004, AT.type)],
    ['a sender that is no id', (frame) => frame.write('X', AT.sender)],
    ['a master that is no id', (frame) => frame.write('abc', AT.replicaOf)],
    ['an address with a newline', (frame) => frame.write('1\n2', AT.ip)],
    ['an epoch beyond counting', (frame) => frame.fill(0xff, AT.currentEpoch, AT.currentEpoch + 8)],
    ['more gossip than there is', (frame) => frame.writeUInt16BE(3, AT.count)],
    ['more extensions than there are', (frame) => frame.writeUInt16BE(2, AT.extensions)],
    ['fewer extensions than there are', (frame) => frame.writeUInt16BE(0, AT.extensions)],
    ['an extension of 0 bytes', (frame) => frame.writeUInt32BE(0, frame.length - 24)],
    ['an extension that is too long', (frame) => frame.writeUInt32BE(32, frame.length - 24)],
    ['an extension that is no multiple of 8', (frame) => frame.writeUInt32BE(23, frame.length - 24)],
  ]
  for (const [name, change] of cases) {
    it(name, () => {
      const frame = ping()
      expect(decodeMessage(frame)).toBeDefined()
      change(frame)
      expect(decodeMessage(frame)).toBeUndefined()
    })
  }

  it('a gossip entry that is no node is left out, the others stay', () => {
    const frame = ping()
    frame.write('???', 2256)
    expect(decodeMessage(frame)?.body).toMatchObject({type: 'ping', gossip: []})
  })

  it('a hostname that could not be written to nodes.conf counts as not sent', () => {
    const frame = ping()
    frame.write('a b,c', frame.length - 16)
    expect(decodeMessage(frame)?.body).toMatchObject({extensions: []})
  })
})
