import {Deque} from '../../../kernel/deque.js'
import {LISTPACK_FRAME_BYTES, listpackEntryBytes} from '../../../protocol/rdb/listpack.js'
import {PackedTexts} from './packed-texts.js'

/** Longer elements on average have little to gain from being packed. */
const PACKED_MEAN_BYTES_MAX = 128
/** What one element takes beside its text while it is a string of its own. Measured on V8. */
const ELEMENT_BYTES = 24

/** A run of neighbours: what redis-server keeps in one listpack, and what DUMP writes as one. */
export class ListNode extends Deque<string> {
  /** Has the elements after `pack`, until one of them is to change. */
  private packed: PackedTexts | undefined = undefined
  /** Of that listpack; of the element in a plain node. */
  bytes: number
  /** One element that stands by itself, as redis-server keeps huge ones. Comes from DUMP payloads only. */
  readonly isPlain: boolean

  /** @param elements - taken over */
  constructor(elements: string[] = [], isPlain = false) {
    super(elements)
    this.isPlain = isPlain
    this.bytes = isPlain ? elements[0]!.length : bytesOf(elements)
  }

  override get length(): number {
    return this.packed === undefined ? super.length : this.packed.count
  }

  override at(index: number): string {
    return this.packed === undefined ? super.at(index) : this.packed.slice(index, index + 1)[0]!
  }

  /** From `from` on, all or up to `to`: strings to be kept or not. */
  override slice(from: number, to = this.length): string[] {
    return this.packed === undefined ? super.slice(from, to) : this.packed.slice(from, to)
  }

  /** Puts the elements in one string: for nodes that are far from both ends, where little happens. */
  pack(): void {
    if (this.packed !== undefined || this.isPlain || this.bytes > this.length * PACKED_MEAN_BYTES_MAX) return
    this.packed = new PackedTexts(this)
    super.replace([])
  }

  private unpack(): void {
    if (this.packed === undefined) return
    const {packed} = this
    this.packed = undefined
    super.replace(packed.slice(0, packed.count))
  }

  copy(): ListNode {
    if (this.packed === undefined) return new ListNode(this.slice(0), this.isPlain)
    const copy = new ListNode()
    copy.bytes = this.bytes
    copy.packed = this.packed
    return copy
  }

  /** Rough bytes, those of the node itself left out. */
  sizeBytes(): number {
    return this.packed === undefined ? this.length * ELEMENT_BYTES + this.bytes : this.packed.sizeBytes
  }

  addTail(text: string): void {
    this.unpack()
    this.pushTail(text)
    this.bytes += listpackEntryBytes(text)
  }

  addHead(text: string): void {
    this.unpack()
    this.pushHead(text)
    this.bytes += listpackEntryBytes(text)
  }

  takeTail(): string {
    this.unpack()
    const text = this.popTail()
    this.bytes -= listpackEntryBytes(text)
    return text
  }

  takeHead(): string {
    this.unpack()
    const text = this.popHead()
    this.bytes -= listpackEntryBytes(text)
    return text
  }

  addAt(index: number, text: string): void {
    this.unpack()
    this.insert(index, text)
    this.bytes += listpackEntryBytes(text)
  }

  setAt(index: number, text: string): void {
    this.unpack()
    this.bytes += listpackEntryBytes(text) - listpackEntryBytes(this.at(index))
    this.put(index, text)
  }

  /** @returns what was taken out */
  cut(from: number, to: number): string[] {
    this.unpack()
    const taken = this.slice(from, to)
    this.remove(from, taken.length)
    this.bytes -= bytesOf(taken) - LISTPACK_FRAME_BYTES
    return taken
  }

  /** Other elements instead; taken over. */
  refill(elements: string[]): void {
    this.packed = undefined
    this.replace(elements)
    this.bytes = bytesOf(elements)
  }
}

function bytesOf(elements: readonly string[]): number {
  let bytes = LISTPACK_FRAME_BYTES
  for (const element of elements) bytes += listpackEntryBytes(element)
  return bytes
}

/** By -1 - fill. */
const FILL_BYTES: readonly number[] = [4096, 8192, 16_384, 32_768, 65_536]
/** However many elements are allowed, a node does not grow beyond. */
const COUNTED_BYTES_MAX = 8192
/** What redis-server takes an element to need besides its text, at most. */
const ENTRY_OVERHEAD_BYTES = 8

const FILL_MIN = -5
const FILL_MAX = 32_767

/** @param setting - list-max-listpack-size: how many elements a node may have, or (negative) which size */
export function clampFill(setting: number): number {
  return Math.max(FILL_MIN, Math.min(FILL_MAX, setting))
}

function fits(bytes: number, count: number, fill: number): boolean {
  if (fill < 0) return bytes <= FILL_BYTES[-1 - fill]!
  return bytes <= COUNTED_BYTES_MAX && count <= fill
}

/** Is there room for one more? The bounds are redis-server's: they show in DUMP. */
export function hasRoom(node: ListNode, fill: number, text: string): boolean {
  return !node.isPlain && fits(node.bytes + text.length + ENTRY_OVERHEAD_BYTES, node.length + 1, fill)
}

/** Could the two be one? */
export function canMerge(a: ListNode, b: ListNode, fill: number): boolean {
  if (a.isPlain || b.isPlain) return false
  return fits(a.bytes + b.bytes - LISTPACK_FRAME_BYTES, a.length + b.length, fill)
}
