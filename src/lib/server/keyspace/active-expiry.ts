import type {Database} from './database.js'
import type {Store} from './store.js'

interface Round {
  readonly db: Database
  readonly stores: Iterator<Store>
  store: Store | undefined
  deadlines: Iterator<[string, number]> | undefined
}

/**
 * Deletes keys whose deadline has passed although nobody asks for them.
 *
 * Instead of sampling it walks over all deadlines in turn, a bounded number per call, and goes on where it stopped: with
 * a million deadlines a round takes a few seconds of idle slices, and none takes long. Iterators of Map and Set survive
 * changes made between calls.
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
      this.round = {db, stores: db.expiring.values(), store: undefined, deadlines: undefined}
      return this.round
    }
    this.dbIndex = 0
    return undefined
  }

  private walk(round: Round, limit: number): number {
    const {db} = round
    let left = limit
    while (left > 0) {
      if (round.deadlines === undefined) {
        const next = round.stores.next()
        if (next.done) {
          this.round = undefined
          return left
        }
        round.store = next.value
        round.deadlines = next.value.expires?.entries()
        left--
        continue
      }
      const next = round.deadlines.next()
      if (next.done) {
        round.deadlines = undefined
        continue
      }
      left--
      const [key, at] = next.value
      // The store may have been flushed away or dropped with its slot since the walk began.
      if (at <= db.state.nowMs && db.expiring.has(round.store!)) db.expire(round.store!, key)
    }
    return left
  }
}
