import type {Rng} from '../../../src/lib/kernel/rng.js'
import {Crc64} from '../../../src/lib/protocol/crc64.js'
import {comparePayloads} from '../../../src/lib/protocol/rdb/compare.js'
import {checkDump, decodeDump} from '../../../src/lib/protocol/rdb/dump.js'
import {libraryOf, readFunctionDump} from '../../../src/lib/protocol/rdb/function-dump.js'
import {RdbError} from '../../../src/lib/protocol/rdb/reader.js'
import {encodeString} from '../../../src/lib/protocol/rdb/string.js'
import {type RdbItem, RdbWalker} from '../../../src/lib/protocol/rdb/walker.js'
import {
  SnapshotError,
  type SnapshotEvent,
  SnapshotReader,
} from '../../../src/lib/protocol/replication/snapshot-reader.js'
import {SAMPLE_RDB} from '../../unit/protocol/rdb/sample.js'
import {element, littleEndian} from '../corpus/packed.js'
import {drawValue, sealed} from '../corpus/values.js'
import {chunksOf, extremeByte, extremeNumber, mutated, randomBytes} from '../mutate.js'
import {attempt, type FuzzTarget, must, mustEqual} from '../target.js'

/** What the tools read of nodes and backups: RDB files and snapshots in chunks, payloads to be compared. */

const SAMPLE = SAMPLE_RDB.toString('latin1')

function file(rng: Rng): string {
  if (rng.chance(0.2)) return mutated(rng, SAMPLE)
  let text = rng.pick(['REDIS0010', 'REDIS0012', 'VALKEY080', 'REDIS0003'])
  for (let left = rng.below(6); left > 0; left--) text += operation(rng)
  text += '\xff'
  const crc = new Crc64()
  crc.addBytes(Buffer.from(text, 'latin1'))
  text += rng.chance(0.5) ? crc.digest() : '\0'.repeat(8)
  return rng.chance(0.4) ? mutated(rng, text) : text
}

function operation(rng: Rng): string {
  const word = () => encodeString(element(rng), true)
  switch (rng.below(9)) {
    case 0:
      return `\xfa${word()}${word()}`
    case 1:
      return `\xf5${encodeString('#!lua name=x\nreturn 1', false)}`
    case 2:
      return `\xfe${extremeByte(rng)}`
    case 3:
      return rng.pick(['\xfb\x05\x01', '\xf4\x05\x01\x00', '\xf8\x05', '\xf9\x05', '\xf3\x01a\x01\x00\x05'])
    case 4:
      return `\xf7\x81${extremeNumber(rng, 8)}\x02\x02${module(rng)}`
    case 5:
      return `\xfc${littleEndian(1_800_000_000_000, 8)}${key(rng)}`
    case 6:
      return `\xfd${littleEndian(1_800_000_000, 4)}${key(rng)}`
    default:
      return key(rng)
  }
}

function module(rng: Rng): string {
  let text = ''
  for (let left = rng.below(4); left > 0; left--) {
    text += rng.pick(['\x01\x05', '\x02\x81\0\0\0\0\0\0\0\x07', '\x03abcd', '\x04abcdefgh', '\x05\x03abc'])
  }
  return `${text}\0`
}

function key(rng: Rng): string {
  const value = rng.chance(0.05) ? `\x07\x81${extremeNumber(rng, 8)}${module(rng)}` : drawValue(rng)
  return `${value.slice(0, 1)}${encodeString(element(rng), true)}${value.slice(1)}`
}

function walk(
  chunks: readonly Buffer[],
  keepValues: boolean,
): {readonly items: RdbItem[]; readonly isRefused: boolean} {
  const walker = new RdbWalker({keepValues})
  const items: RdbItem[] = []
  const isFine = attempt(() => {
    for (const chunk of chunks) {
      walker.push(chunk)
      for (let item = walker.next(); item !== undefined; item = walker.next()) items.push(item)
    }
    walker.requireEnd()
    return true
  }, RdbError)
  return {isRefused: isFine === undefined, items}
}

export const rdbFileTarget: FuzzTarget = {
  name: 'rdb-file',
  share: 8,
  open: () => ({
    make: file,
    run(input, rng) {
      const bytes = Buffer.from(input, 'latin1')
      const keepValues = rng.chance(0.5)
      const whole = walk([bytes], keepValues)
      mustEqual(walk(chunksOf(rng, bytes), keepValues), whole, 'cut, the items')
      for (const item of whole.items) {
        if (item.kind === 'key' && item.payload !== undefined) comparePayloads(item.payload, item.payload)
        if (item.kind === 'function') attempt(() => libraryOf(item.code), RdbError)
      }
      return !whole.isRefused
    },
  }),
}

/** Two payloads, the length of the first before them. */
function twoPayloads(rng: Rng): string {
  const value = drawValue(rng)
  const one = sealed(value, rng.pick([10, 11, 80]))
  const other = sealed(rng.chance(0.5) ? mutated(rng, value) : drawValue(rng))
  return littleEndian(one.length, 4) + one + other
}

export const compareTarget: FuzzTarget = {
  name: 'compare',
  share: 8,
  open: () => ({
    make: twoPayloads,
    run(input) {
      const length = Buffer.from(input.slice(0, 4), 'latin1').readUIntLE(0, Math.min(4, input.length) || 1)
      const [one, other] = [input.slice(4, 4 + length), input.slice(4 + length)]
      const there = comparePayloads(one, other)
      must(there === comparePayloads(other, one), 'the other way round it is another result')
      must(comparePayloads(one, one) === 'same', 'not the same as itself')
      attempt(() => readFunctionDump(one), RdbError)
      if (!checkDump(one)) return false
      return attempt(() => decodeDump(one), RdbError) !== undefined
    },
  }),
}

function snapshot(rng: Rng): string {
  const data = rng.chance(0.5) ? SAMPLE.slice(0, rng.below(200)) : randomBytes(rng, rng.below(120))
  const mark = rng.hex(40)
  const head = '+OK\r\n\n-ERR no\r\n+FULLRESYNC 0123456789012345678901234567890123456789 17\r\n\n'.slice(rng.below(40))
  const text = head + (rng.chance(0.5) ? `$EOF:${mark}\r\n${data}${mark}` : `$${data.length}\r\n${data}`)
  return mutated(rng, text)
}

interface Received {
  readonly data: string
  readonly others: readonly SnapshotEvent[]
  readonly isRefused: boolean
}

function receive(chunks: readonly Buffer[]): Received {
  const reader = new SnapshotReader()
  const others: SnapshotEvent[] = []
  let data = ''
  for (const chunk of chunks) {
    const events = attempt(() => reader.push(chunk), SnapshotError)
    if (events === undefined) return {data, isRefused: true, others}
    for (const event of events) {
      if (event.kind === 'data') data += Buffer.from(event.bytes).toString('latin1')
      else others.push(event)
    }
  }
  return {data, isRefused: false, others}
}

export const snapshotTarget: FuzzTarget = {
  name: 'snapshot',
  share: 6,
  open: () => ({
    make: snapshot,
    run(input, rng) {
      const bytes = Buffer.from(input, 'latin1')
      const whole = receive([bytes])
      const cut = receive(chunksOf(rng, bytes))
      const isEnded = whole.others.at(-1)?.kind === 'end'
      // Data with the mark inside, which no node sends, may end there, if it comes so.
      const mayEndEarly = cut.others.at(-1)?.kind === 'end' && cut.data !== whole.data
      if (mayEndEarly && (!isEnded || whole.data.startsWith(cut.data))) return false
      if (!whole.isRefused) mustEqual(cut, whole, 'cut, the events')
      return isEnded
    },
  }),
}
