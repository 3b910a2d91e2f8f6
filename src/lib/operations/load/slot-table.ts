import {mapAddress} from '../../client/connect-options.js'
import type {Address} from '../../model/address.js'
import {renderAddress} from '../../model/address.js'
import {findNode, ownersOf, type SlotOwners} from '../../model/cluster-map.js'
import type {ClusterView, NodeRecord} from '../../model/cluster-view.js'
import type {NodeId} from '../../model/node-id.js'
import type {ObservedCluster} from '../observe.js'

/** Where a node can be reached from here. */
export interface Destination {
  readonly address: Address
  /** Its announced hostname, which its certificate is checked against. */
  readonly tlsName?: string | undefined
}

/** Who serves which slot, as far as is known. The key router's tests put a scripted one in its place. */
export interface SlotTable {
  /** @returns undefined while nobody is known to serve the slot */
  ownerOf(slot: number): Destination | undefined
  /** A node said MOVED. */
  moved(slot: number, to: Destination): void
  /**
   * Whom a redirection names.
   *
   * @param announced - its host is empty if it is the host of the node that said so
   */
  resolve(announced: Address, saidBy: Destination): Destination
  /** Looks at the cluster anew. Its failure is no news: the next redirection tells. */
  refresh(signal: AbortSignal | undefined): Promise<void>
}

/** The slot table of an observed cluster. `MOVED` is believed at once, the rest is learnt by observing again. */
export class ObservedSlotTable implements SlotTable {
  private owners: SlotOwners
  private readonly learnt = new Map<number, Destination>()
  private readonly known = new Map<NodeId, Destination | undefined>()

  constructor(private readonly cluster: ObservedCluster) {
    this.owners = ownersOf(cluster.view)
  }

  ownerOf(slot: number): Destination | undefined {
    const learnt = this.learnt.get(slot)
    if (learnt) return learnt
    const id = this.owners[slot]
    if (id === undefined) return undefined
    if (!this.known.has(id)) this.known.set(id, this.destinationOf(id))
    return this.known.get(id)
  }

  moved(slot: number, to: Destination): void {
    this.learnt.set(slot, to)
  }

  resolve(announced: Address, saidBy: Destination): Destination {
    if (announced.host === '') {
      // The host in this node's own view is the one that others announce it by; it is reached by another perhaps.
      const sayer = this.cluster.view.nodes.find(
        ({address}) => renderAddress(address) === renderAddress(saidBy.address),
      )
      const own = sayer?.records.find(({myself}) => myself)
      const host = own && own.address.host !== '' ? own.address.host : saidBy.address.host
      return this.resolve({host, port: announced.port}, saidBy)
    }
    const record = recordsOf(this.cluster.view).find(
      ({address, hostname}) =>
        address.port === announced.port && (address.host === announced.host || hostname === announced.host),
    )
    const known = record && this.destinationOf(record.id)
    return known ?? {address: mapAddress(announced, this.cluster.options.addressMap), tlsName: announced.host}
  }

  async refresh(signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.cluster.observe(signal)
    } catch {
      return
    }
    this.owners = ownersOf(this.cluster.view)
    this.learnt.clear()
    this.known.clear()
  }

  private destinationOf(id: NodeId): Destination | undefined {
    const {view} = this.cluster
    const record = recordsOf(view).find((candidate) => candidate.id === id)
    const seen = findNode(view, id)
    if (seen) return {address: seen.address, tlsName: record?.hostname}
    if (!record || record.address.host === '') return undefined
    return {address: mapAddress(record.address, this.cluster.options.addressMap), tlsName: record.hostname}
  }
}

function recordsOf(view: ClusterView): NodeRecord[] {
  return view.nodes.flatMap(({records}) => records)
}
