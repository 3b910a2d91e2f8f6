/** Which store a key lies in: its slot's in cluster mode, else one of a few shards. */

export const SLOT_COUNT = 16384

/** Outside cluster mode. A power of two, at most SLOT_COUNT. */
const SHARD_COUNT = 64
/** 32 - log2(SHARD_COUNT) */
const SHARD_SHIFT = 26

/** A cheap spread by a few bytes where keys usually differ; keys that agree in them are served all the same. */
export function shardOf(key: string): number {
  const {length} = key
  if (length < 3) return length === 0 ? 0 : key.charCodeAt(0) & (SHARD_COUNT - 1)
  const bytes =
    key.charCodeAt(length - 1) |
    (key.charCodeAt(length - 2) << 8) |
    (key.charCodeAt(length - 3) << 16) |
    (key.charCodeAt(length >> 1) << 24)
  return Math.imul(bytes, 0x9e3779b1) >>> SHARD_SHIFT
}

export function emptyStores(isSlotted: boolean): undefined[] {
  return new Array(isSlotted ? SLOT_COUNT : SHARD_COUNT).fill(undefined)
}
