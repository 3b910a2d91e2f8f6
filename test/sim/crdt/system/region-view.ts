import {NODE_FLAG} from '../../../../src/lib/protocol/bus/message.js'
import type {ClusterBinding} from '../../../../src/lib/server/cluster/api.js'
import {ClusterNode} from '../../../../src/lib/server/cluster/node.js'

const SLOTS = 16_384

/** What all nodes of a region agree on: who owns which slots. In place of gossip, which has a simulation of its own. */
export class RegionView {
  readonly nodes = new Map<string, ClusterNode>()
  private readonly serves = new Map<ClusterNode, Uint8Array>()
  private epoch = 0

  add(id: string, host: string, port: number): ClusterNode {
    const node = new ClusterNode(id, NODE_FLAG.replica, 0)
    node.ip = host
    node.port = port
    this.nodes.set(id, node)
    this.serves.set(node, new Uint8Array(SLOTS))
    return node
  }

  remove(node: ClusterNode): void {
    this.nodes.delete(node.id)
    this.serves.delete(node)
  }

  follow(node: ClusterNode, primary: ClusterNode): void {
    node.primary = primary
    node.flags = NODE_FLAG.replica
  }

  /** Under an epoch of its own, as after an election. */
  promote(node: ClusterNode): void {
    node.primary = undefined
    node.flags = NODE_FLAG.primary
    this.epoch++
    node.configEpoch = this.epoch
  }

  give(slots: Iterable<number>, to: ClusterNode): void {
    for (const slot of slots) {
      for (const node of this.nodes.values()) {
        if (node === to) continue
        node.slots.delete(slot)
        this.servesOf(node)[slot] = 0
      }
      to.slots.add(slot)
      this.servesOf(to)[slot] = 1
    }
  }

  ownerOf(slot: number): ClusterNode | undefined {
    return [...this.nodes.values()].find(({slots}) => slots.has(slot))
  }

  bindingOf(myself: ClusterNode): ClusterBinding {
    const core = {
      awaitsStream: false,
      config: {preferredEndpointType: 'ip'},
      importingFrom: () => undefined,
      migratingTo: () => undefined,
      myself,
      nodes: this.nodes,
      ownerOf: (slot: number) => this.ownerOf(slot),
      publish: () => [],
      replicasOf: (primary: ClusterNode) => [...this.nodes.values()].filter((node) => node.primary === primary),
      replicationOffset: () => 0,
      serves: this.servesOf(myself),
      stateOk: true,
    }
    return {core, perform: () => undefined} as unknown as ClusterBinding
  }

  private servesOf(node: ClusterNode): Uint8Array {
    return this.serves.get(node) as Uint8Array
  }
}
