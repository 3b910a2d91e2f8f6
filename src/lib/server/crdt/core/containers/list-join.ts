import type {ActorTable} from '../actors.js'
import type {Place} from './cells.js'
import type {ListEdits} from './list-edits.js'
import {ListElements, type Row} from './list-elements.js'
import type {Covers} from './marks.js'

/** One of two lists that are joined, and what its slot has seen. */
export interface Side {
  readonly list: ListElements
  readonly seen: Covers
}

/**
 * What applying all writes of both would have left: a write survives if both have it, or if one has it and the other never
 * saw it.
 *
 * @param edits - is told how the visible list of `mine` changes
 * @returns undefined: `mine` has it all
 */
export function joinLists(actors: ActorTable, mine: Side, theirs: Side, edits: ListEdits): ListElements | undefined {
  const joined = new ListElements(actors)
  const {cells} = mine.list
  const others = theirs.list.cells
  let isChanged = false
  let a = cells.firstPlace()
  let b = others.firstPlace()
  while (!cells.isEnd(a) || !others.isEnd(b)) {
    const side = cells.isEnd(a) ? 1 : others.isEnd(b) ? -1 : compare(mine.list, a, theirs.list, b)
    const index = joined.length
    if (side > 0) {
      const rows = unseen(theirs.list.rowsAt(b), mine.seen)
      if (rows.length > 0) {
        isChanged = true
        joined.append(theirs.list.positionAt(b), rows)
        edits.insert(index, [rows[0]!.value])
      }
      b = others.next(b)
      continue
    }
    const before = mine.list.rowsAt(a)
    const rows =
      side < 0
        ? unseen(before, theirs.seen)
        : joinRows(mine.list, before, theirs.list.rowsAt(b), mine.seen, theirs.seen)
    if (rows !== before) isChanged = true
    if (rows.length > 0) joined.append(mine.list.positionAt(a), rows)
    if (rows.length === 0) edits.remove(index, 1)
    else if (rows[0]!.value !== before[0]!.value) edits.replace(index, rows[0]!.value)
    a = cells.next(a)
    if (side === 0) b = others.next(b)
  }
  return isChanged ? joined : undefined
}

function compare(mine: ListElements, a: Place, theirs: ListElements, b: Place): number {
  const byNum = mine.cells.a(a) - theirs.cells.a(b)
  return byNum !== 0 ? byNum : mine.compareAt(a, theirs.positionAt(b))
}

/** @returns the same array if all were */
function unseen(rows: readonly Row[], seen: Covers): readonly Row[] {
  return rows.some(({dot}) => seen(dot)) ? rows.filter(({dot}) => !seen(dot)) : rows
}

/** @returns `mine` if it has all that is left */
function joinRows(
  list: ListElements,
  mine: readonly Row[],
  theirs: readonly Row[],
  seenHere: Covers,
  seenThere: Covers,
): readonly Row[] {
  const kept = mine.filter(({dot}) => !seenThere(dot) || theirs.some((row) => row.dot === dot))
  const added = theirs.filter(({dot}) => !seenHere(dot))
  return added.length === 0 && kept.length === mine.length ? mine : list.sorted([...kept, ...added])
}
