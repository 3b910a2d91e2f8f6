import type {ClusterView, NodeRecord, NodeView} from '../../../src/lib/model/cluster-view.js'
import {type NodeId, nodeId} from '../../../src/lib/model/node-id.js'
import {parseRanges} from '../../../src/lib/model/slot-set.js'

/** A primary, or a replica of the primary named. */
export interface NodeSketch {
  /** One letter; the id is forty of it. */
  readonly name: string
  /** `0-99,300`; empty for none. */
  readonly slots?: string
  readonly replicaOf?: string
  readonly configEpoch?: number
  /** slot -> name of the peer. */
  readonly migrating?: Readonly<Record<number, string>>
  readonly importing?: Readonly<Record<number, string>>
  readonly hostname?: string
  readonly info?: Readonly<Record<string, string>>
}

export function idOf(name: string): NodeId {
  return nodeId(name.repeat(40))
}

/** A cluster whose nodes all agree, at 127.0.0.1:7000 and up in the order given. */
export function viewOf(sketches: readonly NodeSketch[]): ClusterView {
  const nodes = sketches.map(
    ({info = {}, name}, index): NodeView => ({
      id: idOf(name),
      address: {host: '127.0.0.1', port: 7000 + index},
      records: sketches.map((sketch, at) => recordOf(sketch, at, sketch.name === name)),
      clusterInfo: new Map([
        ['cluster_state', 'ok'],
        ['cluster_current_epoch', '9'],
      ]),
      info: new Map(Object.entries(info)),
    }),
  )
  return {nodes, unreachable: [], seed: {host: '127.0.0.1', port: 7000}}
}

function recordOf(sketch: NodeSketch, index: number, myself: boolean): NodeRecord {
  const {configEpoch = index + 1, hostname, importing = {}, migrating = {}, name, replicaOf, slots = ''} = sketch
  const open = (entries: Readonly<Record<number, string>>) =>
    new Map(myself ? Object.entries(entries).map(([slot, peer]) => [Number(slot), idOf(peer)] as const) : [])
  return {
    id: idOf(name),
    address: {host: '127.0.0.1', port: 7000 + index},
    busPort: 17_000 + index,
    ...(hostname !== undefined && {hostname}),
    role: replicaOf === undefined ? 'primary' : 'replica',
    ...(replicaOf !== undefined && {primaryId: idOf(replicaOf)}),
    myself,
    pfail: false,
    fail: false,
    handshake: false,
    noaddr: false,
    linked: true,
    configEpoch,
    slots: slots === '' ? [] : (parseRanges(slots) ?? []),
    migrating: open(migrating),
    importing: open(importing),
  }
}
