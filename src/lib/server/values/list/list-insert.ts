import {canMerge, hasRoom, ListNode} from './list-node.js'
import type {ListValue} from './list-value.js'

/** Inserting in the middle, with the splits and merges of nodes that redis-server makes. */

/**
 * Puts `text` beside the element at `offset` of node number `at`.
 *
 * A full node gives way: at its edge to the neighbour beyond, if that has room, or to a new node; elsewhere it is split,
 * and what has become small is merged with what is beside it.
 */
export function insertAt(list: ListValue, at: number, offset: number, text: string, after: boolean): void {
  const {fill, nodes} = list
  const node = nodes.at(at)
  list.length++
  list.changesWithin()
  if (hasRoom(node, fill, text)) {
    node.addAt(after ? offset + 1 : offset, text)
    return
  }
  if (offset !== (after ? node.length - 1 : 0)) {
    split(list, at, offset, text, after)
    return
  }
  const beyond = after ? at + 1 : at - 1
  const neighbour = beyond >= 0 && beyond < nodes.length ? nodes.at(beyond) : undefined
  if (neighbour === undefined || !hasRoom(neighbour, fill, text))
    nodes.insert(after ? at + 1 : at, new ListNode([text]))
  else if (after) neighbour.addHead(text)
  else neighbour.addTail(text)
}

/** The part beyond the new element goes to a new node together with it. */
function split(list: ListValue, at: number, offset: number, text: string, after: boolean): void {
  const {nodes} = list
  const node = nodes.at(at)
  if (after) {
    const part = new ListNode(node.cut(offset + 1, node.length))
    part.addHead(text)
    nodes.insert(at + 1, part)
    mergeAround(list, at)
  } else {
    const part = new ListNode(node.cut(0, offset))
    part.addTail(text)
    nodes.insert(at, part)
    mergeAround(list, at + 1)
  }
}

/** The two before the center, the two behind it, then the center with what is before it and behind it. */
function mergeAround(list: ListValue, center: number): void {
  let at = center
  if (mergeWithNext(list, at - 2)) at--
  mergeWithNext(list, at + 1)
  if (mergeWithNext(list, at - 1)) at--
  mergeWithNext(list, at)
}

function mergeWithNext({fill, nodes}: ListValue, at: number): boolean {
  if (at < 0 || at + 1 >= nodes.length) return false
  const [left, right] = [nodes.at(at), nodes.at(at + 1)]
  if (!canMerge(left, right, fill)) return false
  left.refill([...left.slice(0), ...right.slice(0)])
  nodes.remove(at + 1, 1)
  return true
}
