import {hashSlot} from '../../protocol/hash-slot.js'
import type {MemberTable} from '../values/table/member-table.js'

export const SLOT_COUNT = 16384

const SHIFT = 12
const CHUNK = 1 << SHIFT
const MASK = CHUNK - 1

/**
 * Which keys are in which slot: a list per slot, newest first, of the places of its keys.
 *
 *   newest[slot] -> place + 1, or 0    links[2 * place] -> next older one's place + 1    links[2 * place + 1] -> next newer's
 *
 * So a key costs eight bytes, an empty slot next to nothing, and counting and listing a slot touch that slot alone.
 */
export class SlotKeys {
  private readonly newest = new Int32Array(SLOT_COUNT)
  private readonly counts = new Int32Array(SLOT_COUNT)
  private readonly links: Int32Array[] = []

  countOf(slot: number): number {
    return this.counts[slot]!
  }

  /** The place of the key that came last, or -1. */
  newestIn(slot: number): number {
    return this.newest[slot]! - 1
  }

  /** The place of the key that came to the same slot before, or -1. */
  olderThan(place: number): number {
    return this.link(place, 0) - 1
  }

  /** A key was added at the last place. */
  add(slot: number, place: number): void {
    if (place >>> SHIFT === this.links.length) this.links.push(new Int32Array(CHUNK * 2))
    const older = this.newest[slot]!
    this.setLink(place, 0, older)
    this.setLink(place, 1, 0)
    if (older !== 0) this.setLink(older - 1, 1, place + 1)
    this.newest[slot] = place + 1
    this.counts[slot]!++
  }

  /** Before a key is removed from `keys`, whose last comes into its place. */
  willRemove(slot: number, place: number, keys: MemberTable): void {
    const last = keys.size - 1
    this.counts[slot]!--
    const older = this.link(place, 0)
    const newer = this.link(place, 1)
    if (older !== 0) this.setLink(older - 1, 1, newer)
    if (newer !== 0) this.setLink(newer - 1, 0, older)
    else this.newest[slot] = older
    if (place !== last) this.move(last, place, keys)
    if ((last & MASK) === 0) this.links.pop()
  }

  private move(from: number, to: number, keys: MemberTable): void {
    const older = this.link(from, 0)
    const newer = this.link(from, 1)
    this.setLink(to, 0, older)
    this.setLink(to, 1, newer)
    if (older !== 0) this.setLink(older - 1, 1, to + 1)
    if (newer !== 0) this.setLink(newer - 1, 0, to + 1)
    else this.newest[hashSlot(keys.at(from))] = to + 1
  }

  private link(place: number, side: 0 | 1): number {
    return this.links[place >>> SHIFT]![((place & MASK) << 1) + side]!
  }

  private setLink(place: number, side: 0 | 1, to: number): void {
    this.links[place >>> SHIFT]![((place & MASK) << 1) + side] = to
  }
}
