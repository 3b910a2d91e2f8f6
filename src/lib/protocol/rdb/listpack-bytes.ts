import {LISTPACK_FRAME_BYTES, listpackEntry} from './listpack.js'

/** Long listpacks in one piece: strings that are put together of many small ones cost far more than their bytes. */

const HEAD_BYTES = 6
const END = 0xff
const COUNT_MAX = 65_535
/** Up to this, an entry's head and its back-length are one byte each. */
const SHORT_MAX = 63
/** Head and back-length, at most. */
const AROUND_ENTRY_BYTES = 10

const SCRATCH = Buffer.allocUnsafeSlow(64 * 1024)

/** What `encodeListpack` gives. */
export function encodeLongListpack(elements: readonly string[]): string {
  let bytesMax = LISTPACK_FRAME_BYTES
  for (const {length} of elements) bytesMax += length + AROUND_ENTRY_BYTES
  const out = bytesMax <= SCRATCH.length ? SCRATCH : Buffer.allocUnsafe(bytesMax)
  let at = HEAD_BYTES
  for (const element of elements) at = writeEntry(out, at, element)
  out[at++] = END
  out.writeUInt32LE(at, 0)
  out.writeUInt16LE(Math.min(elements.length, COUNT_MAX), 4)
  return out.toString('latin1', 0, at)
}

function writeEntry(out: Buffer, at: number, text: string): number {
  const {length} = text
  // What ends or begins otherwise is no integer.
  const mayBeInteger = length > 0 && text.charCodeAt(length - 1) <= 57 && text.charCodeAt(0) <= 57
  if (length > SHORT_MAX || mayBeInteger) return at + out.write(listpackEntry(text), at, 'latin1')
  out[at] = 0x80 | length
  for (let i = 0; i < length; i++) out[at + 1 + i] = text.charCodeAt(i)
  out[at + 1 + length] = length + 1
  return at + length + 2
}
