import type {Database} from './database.js'
import type {Store} from './store.js'

/** Places passed over in one go where no key has a deadline. */
const PLACES_MAX = 1024

interface Round {
  readonly db: Database
  readonly stores: Iterator<Store>
  store: Store | undefined
  /** Places from here on, down to 0, have yet to be looked at; -1 = the next store. */
  place: number
}

/**
 * Deletes keys whose deadline has passed although nobody asks for them.
 *
 * Instead of sampling it walks over all deadlines in turn, a bounded number per call, and goes on where it stopped: with
 * a million deadlines a round takes a few seconds of idle slices, and none takes long. Keys move to lower places only, so
 * that walking down misses none; the iterator of a Set survives changes made between calls.
 */
export class ActiveExpiry {
  private round: Round | undefined
  private dbIndex = 0

  /**
   * @param entryLimit - deadlines to look at before returning
   * @returns whether the round is unfinished
   */
  run(databases: readonly Database[], entryLimit: number): boolean {
    let left = entryLimit
    while (left > 0) {
      const round = this.round ?? this.startRound(databases)
      if (round === undefined) return false
      if (!round.db.state.activeExpire || round.db.state.keepExpired) {
        this.round = undefined
        return false
      }
      left = this.walk(round, left)
    }
    return true
  }

  private startRound(databases: readonly Database[]): Round | undefined {
    while (this.dbIndex < databases.length) {
      const db = databases[this.dbIndex++]!
      if (db.expiring.size === 0) continue
      this.round = {db, place: -1, store: undefined, stores: db.expiring.values()}
      return this.round
    }
    this.dbIndex = 0
    return undefined
  }

  private walk(round: Round, limit: number): number {
    const {db} = round
    let left = limit
    while (left > 0) {
      left--
      const {store} = round
      // The store may have been flushed away or dropped with its slot since the walk began.
      const deadlines = round.place >= 0 && db.expiring.has(store!) ? store!.deadlines : undefined
      if (deadlines === undefined) {
        const next = round.stores.next()
        if (next.done) {
          this.round = undefined
          return left
        }
        round.store = next.value
        round.place = next.value.size - 1
        continue
      }
      const highest = Math.min(round.place, store!.size - 1)
      const floor = Math.max(0, highest - PLACES_MAX)
      const place = deadlines.findDown(highest, floor)
      round.place = (place < 0 ? floor : place) - 1
      if (place >= 0 && deadlines.at(place) <= db.state.nowMs) db.expire(store!, place)
    }
    return left
  }
}
