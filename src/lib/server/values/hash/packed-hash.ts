import {Buffer} from 'node:buffer'
import {flat, isAt} from '../../../kernel/own-string.js'
import {listpackEntry} from '../../../protocol/rdb/listpack.js'
import {addBytesToRun, addToRun, beginRun, endRun, READ_BEYOND_BYTES} from '../../bulk-run.js'

const TWO_32 = 0x1_0000_0000
/** Text below this length has one byte before it: the length, with the top bit set. */
const SHORT_LENGTH = 0x40
const SHORT_TEXT = 0x80
/** No character of an integer comes after this one. */
const NINE = 57

/** What `find` found: neither an object per call nor room in every hash. */
let foundBytes = 0

/** Bytes of the entry at `at`, its back-length included. */
export function entryBytes(entries: string, at: number): number {
  const first = entries.charCodeAt(at)
  if (first < 0x80) return 2
  if (first < 0xc0) return 2 + (first & 0x3f)
  if (first < 0xe0) return 3
  if (first < 0xf0) {
    const body = 2 + (((first & 0x0f) << 8) | entries.charCodeAt(at + 1))
    return body < 0x80 ? body + 1 : body + 2
  }
  if (first === 0xf0) {
    const body = 5 + uint32(entries, at + 1)
    return body + (body < 0x3fff ? 2 : body < 0x1f_ffff ? 3 : body < 0xfff_ffff ? 4 : 5)
  }
  return first === 0xf4 ? 10 : first - 0xf0 + 3
}

/** The text of the entry at `at`. */
export function entryText(entries: string, at: number): string {
  const first = entries.charCodeAt(at)
  if (first < 0x80) return String(first)
  if (first < 0xc0) return entries.slice(at + 1, at + 1 + (first & 0x3f))
  const second = entries.charCodeAt(at + 1)
  if (first < 0xe0) return String(((((first & 0x1f) << 8) | second) << 19) >> 19)
  if (first < 0xf0) return entries.slice(at + 2, at + 2 + (((first & 0x0f) << 8) | second))
  if (first === 0xf0) return entries.slice(at + 5, at + 5 + uint32(entries, at + 1))
  if (first === 0xf4) return int64Text(uint32(entries, at + 5) | 0, uint32(entries, at + 1))
  // F1, F2, F3: two, three, four bytes, moved to the top to bring the sign there.
  const shift = (0xf3 - first) * 8
  return String(((uint32(entries, at + 1) << shift) | 0) >> shift)
}

/** Is its entry one byte, then the text as it is? Not where it may be an integer. */
function isShortText(text: string): boolean {
  const {length} = text
  return length < SHORT_LENGTH && length > 0 && (text.charCodeAt(0) > NINE || text.charCodeAt(length - 1) > NINE)
}

/** Is the entry at `at` byte for byte what would be made of `text`? */
function holds(entries: string, at: number, text: string): boolean {
  if (!isShortText(text)) return isAt(entries, at, listpackEntry(text))
  return entries.charCodeAt(at) === (SHORT_TEXT | text.length) && isAt(entries, at + 1, text)
}

function uint32(entries: string, at: number): number {
  const low = entries.charCodeAt(at) | (entries.charCodeAt(at + 1) << 8) | (entries.charCodeAt(at + 2) << 16)
  return (low | (entries.charCodeAt(at + 3) << 24)) >>> 0
}

function int64Text(high: number, low: number): string {
  const value = high * TWO_32 + low
  return Number.isSafeInteger(value) ? String(value) : String((BigInt(high) << 32n) + BigInt(low))
}

/**
 * The fields of a small hash in one binary string, field, value, field, value, ... as the entries of a listpack: a hash of
 * five fields is two objects rather than a dozen. To find a field, its entry is made and compared from entry to entry.
 */
export class PackedHash {
  /** Whole entries, without a listpack's header and end. */
  entries: string
  /** Number of fields. */
  size: number

  constructor(entries = '', size = 0) {
    this.entries = entries
    this.size = size
  }

  copy(): PackedHash {
    return new PackedHash(this.entries, this.size)
  }

  /** Where the field stands, or -1; `foundBytes` is then the length of its entry. */
  private find(field: string): number {
    const {length} = field
    // Short text, which most fields are, is compared as it is; for the others their entry is made.
    const isShort = isShortText(field)
    const needle = isShort ? field : listpackEntry(field)
    const first = isShort ? SHORT_TEXT | length : needle.charCodeAt(0)
    const skipped = isShort ? 1 : 0
    foundBytes = isShort ? length + 2 : needle.length
    const {entries} = this
    const end = entries.length
    let at = 0
    while (at < end) {
      if (entries.charCodeAt(at) === first && isAt(entries, at + skipped, needle)) return at
      at += entryBytes(entries, at)
      at += entryBytes(entries, at)
    }
    return -1
  }

  has(field: string): boolean {
    return this.find(field) >= 0
  }

  get(field: string): string | undefined {
    const at = this.find(field)
    return at < 0 ? undefined : entryText(this.entries, at + foundBytes)
  }

  /** @returns whether the field is new */
  set(field: string, value: string): boolean {
    const {entries} = this
    const at = this.find(field)
    if (at < 0) {
      this.entries = flat(entries + listpackEntry(field) + listpackEntry(value))
      this.size++
      return true
    }
    const valueAt = at + foundBytes
    const behind = valueAt + entryBytes(entries, valueAt)
    // Nothing is copied to set what is there already.
    if (holds(entries, valueAt, value)) return false
    this.entries = flat(entries.slice(0, valueAt) + listpackEntry(value) + entries.slice(behind))
    return false
  }

  /** @returns whether it was there */
  delete(field: string): boolean {
    const {entries} = this
    const at = this.find(field)
    if (at < 0) return false
    const valueAt = at + foundBytes
    this.entries = flat(entries.slice(0, at) + entries.slice(valueAt + entryBytes(entries, valueAt)))
    this.size--
    return true
  }

  /** field, value, field, value, ... cut from `entries`: not to be kept as they are. */
  pairs(): string[] {
    const {entries} = this
    const {length} = entries
    const pairs: string[] = []
    for (let at = 0; at < length; at += entryBytes(entries, at)) pairs.push(entryText(entries, at))
    return pairs
  }

  /** All fields and values as bulk strings, without cutting them out first. */
  writePairs(output: {out: string}): void {
    const {entries} = this
    const bytes = bytesOf(entries)
    const {length} = entries
    beginRun()
    for (let at = 0; at < length; ) {
      const first = bytes.getUint8(at)
      if (first >= SHORT_TEXT && first < 0xc0) {
        addBytesToRun(output, bytes, at + 1, first & 0x3f)
        at += 2 + (first & 0x3f)
      } else {
        const text = entryText(entries, at)
        addToRun(output, text, 0, text.length)
        at += entryBytes(entries, at)
      }
    }
    endRun(output)
  }
}

/** Node's Buffer has it; its types do not say so. */
interface Bytes extends Buffer {
  latin1Write(text: string, at: number, length: number): number
}

function newScratch(size: number): Bytes {
  return Buffer.allocUnsafeSlow(size) as unknown as Bytes
}

/** As long as the longest text so far, and what `addBytesToRun` may read beyond. */
let scratch = newScratch(16 * 1024)
let scratchView = new DataView(scratch.buffer)

/** Bytes are read and copied at a quarter of the cost of a string's characters. They hold until the next call. */
function bytesOf(text: string): DataView {
  const needed = text.length + READ_BEYOND_BYTES
  if (needed > scratch.length) {
    scratch = newScratch(needed * 2)
    scratchView = new DataView(scratch.buffer)
  }
  scratch.latin1Write(text, 0, text.length)
  return scratchView
}
