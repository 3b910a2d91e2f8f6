import type {ConnectOptions} from '../../client/connect-options.js'
import {countKeysInSlot} from '../../client/migration/legacy.js'
import {connectWire, type Wire} from '../../client/migration/wire.js'
import {NODE_TIMEOUT, NODE_TIMEOUT_MS_DEFAULT, nodeTimeoutIn} from '../../client/node-timeout.js'
import {CliError} from '../../kernel/errors.js'
import {nameNode, ownRecord} from '../../model/cluster-map.js'
import type {NodeView} from '../../model/cluster-view.js'
import type {NodeId} from '../../model/node-id.js'
import type {ObservedCluster} from '../observe.js'
import type {Endpoint} from './types.js'

/** A node that takes in a big key answers nobody else meanwhile. */
const SILENCE_MS = 30_000

/** Counts asked for in one write. */
const COUNTS_PER_WRITE = 512

/** What was seen of a cluster, and how its nodes are reached. */
export type Surveyed = Pick<ObservedCluster, 'options' | 'view'>

/** One migration connection per node, made when it is first needed and shared by all who ask for it. */
export class WirePool {
  private readonly wires = new Map<NodeId, Promise<Wire>>()
  private closed = false

  private readonly options: ConnectOptions

  /** @param clientName - of all its connections, in CLIENT LIST; none are named if empty */
  constructor(
    private readonly cluster: Surveyed,
    readonly clientName = '',
  ) {
    this.options = {...cluster.options, timeoutMs: Math.max(cluster.options.timeoutMs, SILENCE_MS)}
  }

  /** @throws {CliError} UNREACHABLE if the node did not answer when it was last observed */
  node(id: NodeId): NodeView {
    const node = this.cluster.view.nodes.find((candidate) => candidate.id === id)
    if (node) return node
    throw new CliError('UNREACHABLE', `node ${id} does not answer`, {details: {nodeId: id}})
  }

  /** @throws {CliError} UNREACHABLE, TIMED_OUT, AUTH_FAILED */
  async endpoint(id: NodeId): Promise<Endpoint> {
    const node = this.node(id)
    let wire = this.wires.get(id)
    if (!wire) {
      wire = this.connect(node)
      this.wires.set(id, wire)
      if (this.closed) this.closeOne(wire)
    }
    return {id, name: nameNode(node), wire: await wire}
  }

  /** A connection of its own, which is the caller's to close. */
  another(id: NodeId): Promise<Wire> {
    return this.connect(this.node(id))
  }

  private async connect(node: NodeView): Promise<Wire> {
    const wire = await connectWire(node.address, this.options, ownRecord(node)?.hostname)
    // Whatever is sent after it is sent by that name; who may not have one is found out by `fenceOff`.
    if (this.clientName !== '') wire.send([['CLIENT', 'SETNAME', this.clientName]]).catch(() => undefined)
    return wire
  }

  /** How long a node may be silent before the others take it for dead; Redis's default if it does not tell. */
  async nodeTimeoutMs(id: NodeId): Promise<number> {
    const {wire} = await this.endpoint(id)
    const [reply] = await wire.send([['CONFIG', 'GET', NODE_TIMEOUT]])
    return nodeTimeoutIn(reply) ?? NODE_TIMEOUT_MS_DEFAULT
  }

  /** @returns slot -> keys that a node holds of it; a slot it does not tell about is left out */
  async countKeys(id: NodeId, slots: readonly number[]): Promise<Map<number, number>> {
    const {wire} = await this.endpoint(id)
    const counts = new Map<number, number>()
    for (let at = 0; at < slots.length; at += COUNTS_PER_WRITE) {
      const part = slots.slice(at, at + COUNTS_PER_WRITE)
      const replies = await wire.send(part.map(countKeysInSlot))
      replies.forEach((reply, index) => {
        if (typeof reply === 'number') counts.set(part[index] as number, reply)
      })
    }
    return counts
  }

  close(): void {
    this.closed = true
    for (const wire of this.wires.values()) this.closeOne(wire)
  }

  private closeOne(wire: Promise<Wire>): void {
    wire.then(
      (open) => open.close(),
      () => undefined,
    )
  }
}
