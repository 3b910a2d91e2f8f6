import {hashSlot} from '../../../../src/lib/protocol/hash-slot.js'
import {Violation} from '../engine/violation.js'
import type {SystemNode} from './system-node.js'

interface Promised {
  readonly key: string
  readonly member: string
  readonly region: number
}

/**
 * Members of sets that nobody removes. What was acknowledged stays, unless the node that took it is gone before anybody
 * else had it: that is what asynchronous replication loses.
 */
export class Promises {
  private kept: Promised[] = []

  acknowledged(region: number, key: string, member: string): void {
    this.kept.push({key, member, region})
  }

  /** @param others - nodes that are left */
  lost(node: SystemNode, others: readonly SystemNode[]): void {
    this.kept = this.kept.filter((promised) => !has(node, promised) || others.some((other) => has(other, promised)))
  }

  requireKept(nodes: readonly SystemNode[]): void {
    for (const promised of this.kept) {
      for (const node of nodes.filter(({cluster}) => cluster.slots.has(hashSlot(promised.key)))) {
        if (!has(node, promised))
          throw new Violation('no-lost-write', `${promised.member} of region ${promised.region} is not at ${node.name}`)
      }
    }
  }
}

function has({crdt}: SystemNode, {key, member}: Promised): boolean {
  return crdt.core.look(hashSlot(key), key)?.has(member) === true
}
