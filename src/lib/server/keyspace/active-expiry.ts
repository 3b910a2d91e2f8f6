import type {Database} from './database.js'

/** Places passed over in one go where no key has a deadline. */
const PLACES_MAX = 1024

interface Round {
  readonly db: Database
  /** Places from here on, down to 0, have yet to be looked at. */
  place: number
}

/**
 * Deletes keys whose deadline has passed although nobody asks for them.
 *
 * Instead of sampling it walks over all deadlines in turn, a bounded number per call, and goes on where it stopped: with
 * a million deadlines a round takes a few seconds of idle slices, and none takes long. Keys move to lower places only, so
 * that walking down misses none.
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
      if (db.store.deadlines === undefined) continue
      this.round = {db, place: db.store.size - 1}
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
      const {deadlines, size} = db.store
      const highest = Math.min(round.place, size - 1)
      if (deadlines === undefined || highest < 0) {
        this.round = undefined
        return left
      }
      const floor = Math.max(0, highest - PLACES_MAX)
      const place = deadlines.findDown(highest, floor)
      round.place = (place < 0 ? floor : place) - 1
      if (place >= 0 && deadlines.at(place) <= db.state.nowMs) db.expire(place)
    }
    return left
  }
}
