import type {Rng} from '../../../src/lib/kernel/rng.js'
import {lzfCompress, lzfDecompress} from '../../../src/lib/protocol/lzf.js'
import {encodeListpack} from '../../../src/lib/protocol/rdb/listpack.js'
import {checkListpack, ListpackCursor} from '../../../src/lib/protocol/rdb/listpack-cursor.js'
import {written} from '../../../src/lib/protocol/rdb/output.js'
import {
  intsetElements,
  listpackElements,
  ziplistElements,
  zipmapElements,
} from '../../../src/lib/protocol/rdb/packed.js'
import {RdbError} from '../../../src/lib/protocol/rdb/reader.js'
import {decodeNode} from '../../../src/lib/protocol/rdb/stream-node.js'
import {encodeString} from '../../../src/lib/protocol/rdb/string.js'
import {elements, intset, listpack, streamNode, ziplist, zipmap} from '../corpus/packed.js'
import {mutated, randomBytes} from '../mutate.js'
import {attempt, type FuzzTarget, must, mustEqual} from '../target.js'

/** Blobs of elements and LZF streams by themselves: millions of them in the time RESTORE takes for thousands. */

function made(name: string, share: number, make: (rng: Rng) => string, run: (input: string, rng: Rng) => boolean) {
  const maker = (rng: Rng): string => (rng.chance(0.05) ? randomBytes(rng, rng.below(80)) : mutated(rng, make(rng)))
  return {name, open: () => ({make: maker, run}), share} satisfies FuzzTarget
}

function runListpack(input: string): boolean {
  const items = attempt(() => listpackElements(input), RdbError)
  const checked = attempt(() => checkListpack(input), RdbError)
  must((items === undefined) === (checked === undefined), 'the two readers of listpacks do not agree')
  if (items === undefined || checked === undefined) return false
  const cursor = new ListpackCursor(checked.entries)
  const walked: string[] = []
  while (cursor.at < cursor.text.length) walked.push(cursor.string())
  mustEqual(walked, items, 'walked over')
  for (let left = items.length; left > 0; left--) cursor.back()
  must(cursor.at === 0, 'the way back does not end at the beginning')
  const again = encodeListpack(items)
  const string = written(true, (out) => out.listpack(items))
  must(string === encodeString(again, true), 'the two writers of listpacks do not agree')
  mustEqual(listpackElements(again), items, 'written again')
  return true
}

function reader(read: (input: string) => readonly string[]) {
  return (input: string): boolean => {
    const items = attempt(() => read(input), RdbError)
    return items?.every((item) => typeof item === 'string') ?? false
  }
}

export const listpackTarget = made('listpack', 14, (rng) => listpack(rng, elements(rng)), runListpack)
export const ziplistTarget = made('ziplist', 10, (rng) => ziplist(rng, elements(rng)), reader(ziplistElements))
export const intsetTarget = made('intset', 6, intset, reader(intsetElements))
export const zipmapTarget = made('zipmap', 6, (rng) => zipmap(rng, elements(rng)), reader(zipmapElements))

export const streamNodeTarget = made(
  'stream-node',
  8,
  (rng) => listpack(rng, streamNode(rng, 0).items),
  (input) => attempt(() => decodeNode({ms: 100, seq: 0}, input), RdbError) !== undefined,
)

function compressed(text: Buffer): Buffer {
  const lengthMax = text.length + 20
  const stream = Buffer.alloc(lengthMax + 2)
  return stream.subarray(0, lzfCompress(text, 0, text.length, stream, lengthMax))
}

/** Four bytes that say how long it is to become, and the stream. */
function lzfStream(rng: Rng): string {
  const text = rng.chance(0.5) ? 'ab'.repeat(rng.below(200)) : elements(rng, 12).join(rng.pick(['', 'same ']))
  const stream = compressed(Buffer.from(text, 'latin1'))
  const bytes = stream.length > 0 ? stream.toString('latin1') : randomBytes(rng, 8)
  const length = rng.chance(0.03) ? rng.uint32() : text.length
  return String.fromCharCode(length & 0xff, (length >>> 8) & 0xff, (length >>> 16) & 0xff, length >>> 24) + bytes
}

export const lzfTarget = made('lzf', 8, lzfStream, (input) => {
  const bytes = Buffer.from(input, 'latin1')
  let length = 0
  for (let i = 3; i >= 0; i--) length = length * 256 + (bytes[i] ?? 0)
  const text = lzfDecompress(bytes, Math.min(4, bytes.length), bytes.length, length)
  if (text === undefined) return false
  must(text.length === length, 'another length than it was to have')
  const again = compressed(text)
  if (again.length > 0) {
    must(lzfDecompress(again, 0, again.length, length)?.equals(text) === true, 'compressed again')
  }
  return true
})
