import type {HashLimits, HashValue} from '../../values/hash/hash-value.js'
import type {ListValue} from '../../values/list/list-value.js'
import type {SetValue} from '../../values/set/set-value.js'
import type {PackedLimits, SortedSet} from '../../values/zset/sorted-set.js'
import type {Edit, VisibleKey} from '../core/api.js'

/** Brings the elements of one value to what is shown of them. */

export function editSet(
  set: SetValue,
  shown: VisibleKey,
  names: Iterable<string>,
  {setMaxIntsetEntries}: {readonly setMaxIntsetEntries: number},
): void {
  for (const name of names) {
    if (shown.has(name)) set.add(name, setMaxIntsetEntries)
    else set.remove(name)
  }
}

export function editHash(hash: HashValue, shown: VisibleKey, names: Iterable<string>, limits: HashLimits): void {
  for (const name of names) {
    const value = shown.field(name)
    if (value === undefined) hash.delete(name)
    else hash.set(name, value, limits)
  }
}

export function editSortedSet(zset: SortedSet, shown: VisibleKey, names: Iterable<string>, limits: PackedLimits): void {
  for (const name of names) {
    const [before, after] = [zset.scoreOf(name), shown.score(name)]
    if (after === undefined) zset.remove(name)
    else if (before === undefined) zset.add(name, after, limits)
    else if (before !== after) zset.setScore(name, before, after)
  }
}

export function editList(list: ListValue, edit: Edit): void {
  switch (edit.kind) {
    case 'insert':
      for (const [i, value] of edit.values.entries()) list.insert(edit.index + i, value)
      break
    case 'replace':
      list.set(edit.index, edit.value)
      break
    case 'remove':
      list.removeRange(edit.index, edit.count)
      break
    default:
  }
}
