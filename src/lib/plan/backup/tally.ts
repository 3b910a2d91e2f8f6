import {SLOT_COUNT} from '../../model/slot-set.js'
import {hashSlot} from '../../protocol/hash-slot.js'
import {fitsPayload} from '../../protocol/rdb/dump.js'
import type {RdbItem, RdbKey} from '../../protocol/rdb/walker.js'

/** What stands in one RDB file, in figures. */
export interface RdbFigures {
  readonly rdbVersion: number
  /** Of the server that wrote it; empty if it does not tell. */
  readonly redisVersion: string
  /** Database -> keys of the shard's own slots. */
  readonly keys: Readonly<Record<string, number>>
  /** Keys among them that expire. */
  readonly expires: number
  /** Keys in slots that the shard did not own; a restore leaves them out. */
  readonly strayKeys: number
  /** Keys of the shard's own slots that are too big for one command; a restore leaves them out. */
  readonly bigKeys: number
  readonly functions: number
  /** `none`: the server was told not to compute one. */
  readonly checksum: 'ok' | 'none' | 'wrong'
}

const NAMES_MAX = 100

/** Counts the items of an RDB file. */
export class RdbTally {
  /** Serialized bytes of the shard's own keys, by slot. */
  readonly slotBytes = new Float64Array(SLOT_COUNT)
  /** The first of the keys that are too big for one command; binary (latin1). */
  readonly bigKeyNames: string[] = []
  private readonly keys = new Map<number, number>()
  private expires = 0
  private strayKeys = 0
  private bigKeys = 0
  private functions = 0
  private rdbVersion = 0
  private redisVersion = ''
  private checksum: RdbFigures['checksum'] = 'none'
  private readonly owned = new Uint8Array(SLOT_COUNT)

  /**
   * @param slots - the shard's
   * @param ignoredKeys - not data: the lock that was held while the backup was taken
   */
  constructor(
    slots: readonly number[],
    private readonly ignoredKeys: ReadonlySet<string>,
  ) {
    for (const slot of slots) this.owned[slot] = 1
  }

  /** @returns the slot of a key that belongs to the backup; undefined for all other items */
  take(item: RdbItem): number | undefined {
    switch (item.kind) {
      case 'header':
        this.rdbVersion = item.version
        return undefined
      case 'aux':
        if (item.name === 'redis-ver' || item.name === 'valkey-ver') this.redisVersion = item.value
        return undefined
      case 'function':
        this.functions++
        return undefined
      case 'key':
        return this.takeKey(item)
      case 'end':
        this.checksum = item.checksum
        return undefined
      default:
        return undefined
    }
  }

  figures(): RdbFigures {
    const {bigKeys, checksum, expires, functions, keys, rdbVersion, redisVersion, strayKeys} = this
    return {rdbVersion, redisVersion, keys: Object.fromEntries(keys), expires, strayKeys, bigKeys, functions, checksum}
  }

  private takeKey({bytes, database, expireAtMs, key}: RdbKey): number | undefined {
    if (this.ignoredKeys.has(key)) return undefined
    const slot = hashSlot(key)
    if (this.owned[slot] !== 1) {
      this.strayKeys++
      return undefined
    }
    this.keys.set(database, (this.keys.get(database) ?? 0) + 1)
    if (expireAtMs !== undefined) this.expires++
    if (!fitsPayload(bytes)) {
      this.bigKeys++
      if (this.bigKeyNames.length < NAMES_MAX) this.bigKeyNames.push(key)
    }
    this.slotBytes[slot] = (this.slotBytes[slot] as number) + bytes + key.length
    return slot
  }
}

/** Keys in all databases. */
export function keyTotal(keys: Readonly<Record<string, number>>): number {
  return Object.values(keys).reduce((sum, count) => sum + count, 0)
}
