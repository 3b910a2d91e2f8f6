import {rangesOf, SLOT_COUNT, type SlotRange} from '../../model/slot-set.js'

const BYTES = SLOT_COUNT / 8
const NONE = new Uint8Array(BYTES)

/**
 * The slots of one node: slot s is bit `s & 7` of byte `s >> 3`, as on the wire.
 *
 * `snapshot` hands out the bytes themselves; the next change copies first, so messages may keep what they got.
 */
export class SlotBitmap {
  private bytes: Uint8Array = NONE
  private shared = true
  private cachedRanges: readonly SlotRange[] | undefined
  count = 0

  has(slot: number): boolean {
    return ((this.bytes[slot >> 3] as number) & (1 << (slot & 7))) !== 0
  }

  /** @returns false if it was there already */
  add(slot: number): boolean {
    if (this.has(slot)) return false
    this.own()
    this.bytes[slot >> 3] = (this.bytes[slot >> 3] as number) | (1 << (slot & 7))
    this.count++
    return true
  }

  /** @returns false if it was not there */
  delete(slot: number): boolean {
    if (!this.has(slot)) return false
    this.own()
    this.bytes[slot >> 3] = (this.bytes[slot >> 3] as number) & ~(1 << (slot & 7))
    this.count--
    return true
  }

  /** 2048 bytes that nobody will change. */
  snapshot(): Uint8Array {
    this.shared = true
    return this.bytes
  }

  /** Ascending, no two adjacent; the same array until something changes. */
  ranges(): readonly SlotRange[] {
    this.cachedRanges ??= rangesOf(slotsInBitmap(this.bytes))
    return this.cachedRanges
  }

  private own(): void {
    this.cachedRanges = undefined
    if (!this.shared) return
    this.bytes = this.bytes.slice()
    this.shared = false
  }
}

/** The slots set in a wire bitmap, ascending. @param bytes - 2048 bytes */
export function slotsInBitmap(bytes: Uint8Array): number[] {
  const slots: number[] = []
  for (let index = 0; index < BYTES; index++) {
    const byte = bytes[index] as number
    if (byte === 0) continue
    for (let bit = 0; bit < 8; bit++) if (byte & (1 << bit)) slots.push(index * 8 + bit)
  }
  return slots
}
