import type {Store} from './store.js'

/** Below this, listing a store anew costs next to nothing. */
const REMEMBERED_STORE_SIZE_MIN = 256

/**
 * The newest keys of a slot, again and again, while they are moved away: what GETKEYSINSLOT and MIGRATE do in turn.
 *
 * A Map gives its oldest keys first, so the newest take a walk over all. The list of one store is kept until a key is
 * added to it; keys deleted meanwhile are passed over, and dropped for good at the end, where moving takes them away.
 */
export class SlotListing {
  private store: Store | undefined
  private nextSeq = 0
  private keys: string[] = []

  /** At most `count` keys, newest first. */
  newest(store: Store, count: number): string[] {
    const {entries} = store
    if (entries.size <= REMEMBERED_STORE_SIZE_MIN) {
      const keys = [...entries.keys()]
      return keys.slice(Math.max(0, keys.length - count)).reverse()
    }
    if (this.store !== store || this.nextSeq !== store.nextSeq) {
      this.store = store
      this.nextSeq = store.nextSeq
      this.keys = [...entries.keys()]
    }
    const {keys} = this
    while (keys.length > 0 && !entries.has(keys[keys.length - 1]!)) keys.pop()
    const found: string[] = []
    for (let i = keys.length - 1; i >= 0 && found.length < count; i--) if (entries.has(keys[i]!)) found.push(keys[i]!)
    return found
  }

  forget(): void {
    this.store = undefined
    this.keys = []
  }
}
