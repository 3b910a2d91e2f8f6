import type {ActorTable} from './actors.js'
import type {Dot} from './api.js'
import type {Join, Operation} from './container.js'

/** A whole value, and which write it comes from. */
export class Row<V> {
  constructor(
    public dot: Dot,
    public clock: number,
    public value: V,
  ) {}
}

/** What a write leaves of rows: those that its writer had not seen. */
export function unseenRows<V>(rows: readonly Row<V>[], operation: Operation): Row<V>[] {
  return rows.filter((row) => !operation.sees(row.dot))
}

/** Highest clock, then lowest region, then lowest dot. Undefined: there are none. */
export function winningRow<V>(rows: readonly Row<V>[], actors: ActorTable): Row<V> | undefined {
  let winner = rows[0]
  for (const row of rows) {
    if (actors.compareWrites(row.clock, row.dot, winner!.clock, winner!.dot) > 0) winner = row
  }
  return winner
}

/** Rows that both have, and those that only one has and the other never saw. */
export function joinRows<V>(mine: readonly Row<V>[], theirs: readonly Row<V>[], join: Join): Row<V>[] {
  const joined = mine.filter(({dot}) => theirs.some((row) => row.dot === dot) || !join.theirsCovers(dot))
  for (const row of theirs) if (!join.mineCovers(row.dot)) joined.push(row)
  return joined
}
