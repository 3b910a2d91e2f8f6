import type {Application} from '../core/api.js'

/** Of one slot: beyond, its state says more with less. */
const HELD_PER_SLOT_MAX = 1000
/** Of all slots. */
const HELD_BYTES_MAX = 16 * 1024 * 1024

interface Held<Source> {
  readonly effect: string
  readonly source: Source
}

interface HeldSlot<Source> {
  readonly effects: Held<Source>[]
  /** When the oldest of the gap that now stands came, Unix milliseconds. */
  sinceMs: number
  /** Waits for nothing but its clock. */
  isAhead: boolean
}

/** Effects that came before something they depend on, or from a clock that is too far ahead. */
export class HeldEffects<Source> {
  bytes = 0
  private readonly slots = new Map<number, HeldSlot<Source>>()

  get count(): number {
    let count = 0
    for (const {effects} of this.slots.values()) count += effects.length
    return count
  }

  get isEmpty(): boolean {
    return this.slots.size === 0
  }

  has(slot: number): boolean {
    return this.slots.has(slot)
  }

  /** @returns false: no room, and nothing of that slot is kept any more; its state has to be asked for */
  hold(slot: number, effect: string, source: Source, isAhead: boolean, nowMs: number): boolean {
    const held = this.slots.get(slot) ?? {effects: [], isAhead, sinceMs: nowMs}
    this.slots.set(slot, held)
    if (held.effects.length >= HELD_PER_SLOT_MAX || this.bytes + effect.length > HELD_BYTES_MAX) {
      this.drop(slot)
      return false
    }
    held.effects.push({effect, source})
    held.isAhead &&= isAhead
    this.bytes += effect.length
    return true
  }

  /**
   * Something of the slot came: perhaps what was waited for.
   *
   * @param receive - applies one
   */
  retry(slot: number, receive: (effect: string) => Application, nowMs: number): void {
    const held = this.slots.get(slot)
    if (held === undefined) return
    for (let hasMoved = true; hasMoved; ) {
      hasMoved = false
      for (const one of [...held.effects]) {
        const application = receive(one.effect)
        if (application === 'early' || application === 'ahead') {
          held.isAhead = application === 'ahead'
          continue
        }
        held.effects.splice(held.effects.indexOf(one), 1)
        this.bytes -= one.effect.length
        hasMoved = true
        held.sinceMs = nowMs
      }
    }
    if (held.effects.length === 0) this.slots.delete(slot)
  }

  /**
   * Slots that have waited for so long, and from where the latest came: whoever brought the first may be gone, and what is
   * lacking comes again on each new link. They begin to wait anew.
   */
  overdue(nowMs: number, timeoutMs: number): {readonly slot: number; readonly source: Source}[] {
    const found: {slot: number; source: Source}[] = []
    for (const [slot, held] of this.slots) {
      if (held.isAhead || nowMs - held.sinceMs < timeoutMs) continue
      held.sinceMs = nowMs
      found.push({slot, source: held.effects.at(-1)!.source})
    }
    return found
  }

  /** Slots in which something waits for its clock. */
  ahead(): number[] {
    return [...this.slots].filter(([, {isAhead}]) => isAhead).map(([slot]) => slot)
  }

  drop(slot: number): void {
    const held = this.slots.get(slot)
    if (held === undefined) return
    for (const {effect} of held.effects) this.bytes -= effect.length
    this.slots.delete(slot)
  }
}
