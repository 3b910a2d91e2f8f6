import type {Dot} from './api.js'
import type {StoredKey} from './key-state.js'

/** In place of a place: clients do not see the key. */
export const NO_PLACE = -2

/**
 * Where the state of keys lies beside what clients see of them: whoever has found the one has found the other. What is
 * known of keys that clients do not see is in the slots' own tables.
 */
export interface PlacedKeys {
  /** By slot, how many keys are in the slot's own table: kept by that. */
  readonly elsewhere: Uint32Array

  /** @returns undefined: nothing lies there. A row or counter is a copy: what is changed in it must be `set` */
  get(key: string): StoredKey | undefined
  /** @returns false: there is no place for it */
  set(key: string, stored: StoredKey): boolean
  delete(key: string): boolean
  /** Keys of the slot that have something there. */
  names(slot: number): string[]
  /** The same with what lies there, without a look for each; nothing may change meanwhile. */
  entries(slot: number): readonly [string, StoredKey][]
  /** `entries` of those of which more is known than a plain string or a number: often none. */
  objects(slot: number): readonly [string, StoredKey][]
  countIn(slot: number): number
  /** Nothing of the slot is known any more. */
  clearSlot(slot: number): void
  clear(): void

  /** The place of a key of which a plain string is known, or nothing at all, there or elsewhere; NO_PLACE; -1: it is not so. */
  plainPlaceOf(slot: number, key: string): number
  /** @param place - of `plainPlaceOf` @returns 0: nothing is known */
  rowDotAt(place: number): Dot
  /** @param place - of `plainPlaceOf`, with nothing done since @returns whether it is new */
  setPlain(place: number, dot: Dot, clock: number, value: string): boolean

  /** The place of a key of which integers are known that this actor alone added, or nothing at all, there or elsewhere; else -1. */
  sumPlaceOf(slot: number, key: string, actor: number): number
  /** @param place - of `sumPlaceOf` @returns undefined: nothing is known */
  sumAt(place: number): number | undefined
  /** @param place - of `sumPlaceOf`, with nothing done since */
  setSum(place: number, dot: Dot, clock: number, total: number): void
}
