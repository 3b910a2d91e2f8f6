/** A store per slot in cluster mode, else one for all keys. */

export const SLOT_COUNT = 16384

export function emptyStores(isSlotted: boolean): undefined[] {
  return new Array(isSlotted ? SLOT_COUNT : 1).fill(undefined)
}
