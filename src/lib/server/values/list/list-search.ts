import {insertAt} from './list-insert.js'
import type {ListNode} from './list-node.js'
import type {ListValue} from './list-value.js'

/** What has to look at the elements one by one: LPOS, LREM, LINSERT. */

export interface Search {
  /** Matches passed over before the first that counts. */
  readonly skip: number
  /** At most so many matches. */
  readonly countMax: number
  /** At most so many elements are looked at. */
  readonly lookMax: number
  readonly fromTail: boolean
}

/** Indexes from the head of the elements that equal `text`, in the order of the search. */
export function positionsOf(list: ListValue, text: string, {countMax, fromTail, lookMax, skip}: Search): number[] {
  const {nodes} = list
  const found: number[] = []
  let toSkip = skip
  let seen = 0
  for (let n = 0; n < nodes.length; n++) {
    const node = nodes.at(fromTail ? nodes.length - 1 - n : n)
    const elements = node.slice(0)
    const {length} = elements
    for (let i = 0; i < length; i++) {
      if (seen === lookMax) return found
      seen++
      if (elements[fromTail ? length - 1 - i : i] !== text) continue
      if (toSkip > 0) {
        toSkip--
        continue
      }
      found.push(fromTail ? list.length - seen : seen - 1)
      if (found.length === countMax) return found
    }
  }
  return found
}

/** Takes out the first `countMax` elements that equal `text`. @returns how many there were */
export function removeEqual(list: ListValue, text: string, countMax: number, fromTail: boolean): number {
  const {nodes} = list
  list.changesWithin()
  let removed = 0
  let isEmptied = false
  for (let n = 0; n < nodes.length && removed < countMax; n++) {
    const node = nodes.at(fromTail ? nodes.length - 1 - n : n)
    removed += removeFrom(node, text, countMax - removed, fromTail)
    if (node.length === 0) isEmptied = true
  }
  if (isEmptied) nodes.replace(nodes.slice(0).filter((node) => node.length > 0))
  list.length -= removed
  return removed
}

function removeFrom(node: ListNode, text: string, countMax: number, fromTail: boolean): number {
  const elements = node.slice(0)
  const step = fromTail ? -1 : 1
  const kept: string[] = []
  let removed = 0
  for (let i = fromTail ? elements.length - 1 : 0; i >= 0 && i < elements.length; i += step) {
    if (removed < countMax && elements[i] === text) removed++
    else kept.push(elements[i]!)
  }
  if (removed > 0) node.refill(fromTail ? kept.reverse() : kept)
  return removed
}

/** Puts `text` beside the first element that equals `pivot`. @returns whether there is one */
export function insertBeside(list: ListValue, pivot: string, text: string, after: boolean): boolean {
  const {nodes} = list
  for (let n = 0; n < nodes.length; n++) {
    const elements = nodes.at(n).slice(0)
    for (let i = 0; i < elements.length; i++) {
      if (elements[i] !== pivot) continue
      insertAt(list, n, i, text, after)
      return true
    }
  }
  return false
}
