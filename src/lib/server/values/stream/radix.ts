import {highHalf, type Int64, lowHalf} from '../../../kernel/uint64.js'
import {ID_BYTES, type StreamId} from '../../../protocol/stream-id.js'

/** How many leading bytes, of 16, two ids have in common. */
function commonBytes(a: StreamId, b: StreamId): number {
  if (a.ms !== b.ms) return commonOfHalves(a.ms, b.ms)
  return ID_BYTES / 2 + commonOfHalves(a.seq, b.seq)
}

function commonOfHalves(a: Int64, b: Int64): number {
  const high = highHalf(a) ^ highHalf(b)
  if (high !== 0) return Math.clz32(high) >>> 3
  return 4 + (Math.clz32(lowHalf(a) ^ lowHalf(b)) >>> 3)
}

/**
 * How many nodes redis-server's radix tree has for these keys: XINFO STREAM tells. Computed, for there is no such tree
 * here.
 *
 * Each key ends in a node of its own. Where keys part, after some common bytes, is a node that branches. In front of
 * either lies one compressed node, if there are bytes to hold that no branch has taken.
 *
 * @param keys - in order
 */
export function radixNodes(keys: Iterable<StreamId>): number {
  /** Depths of the branches on the way from the root to the key before, ascending. */
  const branches: number[] = []
  let nodes = 1
  let before: StreamId | undefined
  /** A node that ends a way of bytes, and the compressed one in front. */
  const below = (depth: number, parent: number | undefined): number =>
    depth - (parent === undefined ? 0 : parent + 1) > 0 ? 1 : 0
  for (const key of keys) {
    if (before === undefined) {
      nodes = 1 + below(ID_BYTES, undefined)
    } else {
      const depth = commonBytes(before, key)
      let deeper: number | undefined
      while (branches.length > 0 && branches[branches.length - 1]! > depth) deeper = branches.pop()
      const parent = branches[branches.length - 1]
      if (parent !== depth) {
        // The way from `parent` to what was below it is parted.
        const end = deeper ?? ID_BYTES
        nodes += 1 + below(depth, parent) + below(end, depth) - below(end, parent)
        branches.push(depth)
      }
      nodes += 1 + below(ID_BYTES, depth)
    }
    before = key
  }
  return nodes
}
