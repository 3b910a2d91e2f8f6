import type {SlotRange} from '../../../model/slot-set.js'
import {hashSlot} from '../../../protocol/hash-slot.js'
import {requireInt64} from '../../arguments.js'
import type {ClusterBinding, ClusterCoreApi} from '../../cluster/api.js'
import type {ClusterNode} from '../../cluster/node.js'
import {endpointOf} from '../../cluster/routing.js'
import type {ReplyWriter} from '../../reply.js'
import {ReplyError} from '../../reply-error.js'
import {inCluster, requireKnownNode} from './context.js'

/** CLUSTER subcommands that only report; their shapes are those of wire.md 1.15, in RESP2 and RESP3. */

export const info = inCluster(({reply}, _argv, {core}) => reply.verbatim(core.renderInfo(), 'txt'))
export const nodes = inCluster(({reply}, _argv, {core}) => reply.verbatim(core.renderNodes(), 'txt'))
export const myId = inCluster(({reply}, _argv, {core}) => reply.bulk(core.myself.id))
export const keySlot = inCluster(({reply}, argv) => reply.integer(hashSlot(argv[2]!)))

export const countKeysInSlot = inCluster(({db, reply}, argv) => {
  const slot = Number(requireInt64(argv[2]!))
  if (slot < 0 || slot > 16383) throw new ReplyError('ERR Invalid slot')
  reply.integer(db.hidden?.has(slot) === true ? 0 : db.countKeysInSlot(slot))
})

export const getKeysInSlot = inCluster(({db, reply}, argv) => {
  const slot = Number(requireInt64(argv[2]!))
  const count = Number(requireInt64(argv[3]!))
  if (slot < 0 || slot > 16383 || count < 0) throw new ReplyError('ERR Invalid slot or number of keys')
  reply.bulks(db.hidden?.has(slot) === true ? [] : db.keysInSlot(slot, count))
})

export const countFailureReports = inCluster(({reply}, argv, {core}) => {
  reply.integer(core.countFailureReports(requireKnownNode(core, argv[2]!)))
})

export const replicas = inCluster(({reply}, argv, {core}) => {
  const node = requireKnownNode(core, argv[2]!)
  if (node.isReplica) throw new ReplyError('ERR The specified node is not a master')
  reply.bulks(core.replicasOf(node).map((replica) => core.renderNode(replica)))
})

export const slots = inCluster(({reply}, _argv, {core}) => {
  const runs = runsByOwner(core)
  reply.array(runs.length)
  for (const {first, last, owner} of runs) {
    const shown = core.replicasOf(owner).filter((node) => !node.failed && offsetOf(core, node) !== 0)
    reply.array(3 + shown.length)
    reply.integer(first)
    reply.integer(last)
    writeSlotNode(reply, core, owner)
    for (const node of shown) writeSlotNode(reply, core, node)
  }
})

/** Contiguous runs of slots with one owner, ascending. */
function runsByOwner(core: ClusterCoreApi): (SlotRange & {readonly owner: ClusterNode})[] {
  const owners = [...core.nodes.values()].filter((node) => node.slots.count > 0)
  return owners
    .flatMap((owner) => owner.slots.ranges().map((range) => ({...range, owner})))
    .sort((a, b) => a.first - b.first)
}

function writeSlotNode(reply: ReplyWriter, core: ClusterCoreApi, node: ClusterNode): void {
  const {preferredEndpointType} = core.config
  reply.array(4)
  if (preferredEndpointType === 'unknown-endpoint') reply.nil()
  else reply.bulk(endpointOf(node, core.config))
  reply.integer(node.port)
  reply.bulk(node.id)
  const metadata: [string, string][] = []
  if (preferredEndpointType !== 'ip') metadata.push(['ip', node.ip])
  if (preferredEndpointType !== 'hostname' && node.hostname !== '') metadata.push(['hostname', node.hostname])
  writeTextMap(reply, metadata)
}

function writeTextMap(reply: ReplyWriter, fields: readonly (readonly [string, string])[]): void {
  reply.map(fields.length)
  for (const [name, value] of fields) {
    reply.bulk(name)
    reply.bulk(value)
  }
}

/** Ours is known first hand, another's from its last header. */
function offsetOf(core: ClusterCoreApi, node: ClusterNode): number {
  return node.isMyself ? core.replicationOffset() : node.replOffset
}

export const shards = inCluster(({reply}, _argv, {core}) => {
  const primaries = [...core.nodes.values()].filter((node) => node.isPrimary && !node.inHandshake)
  reply.array(primaries.length)
  for (const primary of primaries) {
    const ranges = primary.slots.ranges()
    reply.map(2)
    reply.bulk('slots')
    reply.array(ranges.length * 2)
    for (const {first, last} of ranges) {
      reply.integer(first)
      reply.integer(last)
    }
    const members = [primary, ...core.replicasOf(primary)]
    reply.bulk('nodes')
    reply.array(members.length)
    for (const node of members) writeShardNode(reply, core, node)
  }
})

function writeShardNode(reply: ReplyWriter, core: ClusterCoreApi, node: ClusterNode): void {
  const offset = offsetOf(core, node)
  reply.map(node.hostname === '' ? 7 : 8)
  reply.bulk('id')
  reply.bulk(node.id)
  reply.bulk('port')
  reply.integer(node.port)
  reply.bulk('ip')
  reply.bulk(node.ip)
  reply.bulk('endpoint')
  reply.bulk(endpointOf(node, core.config))
  if (node.hostname !== '') {
    reply.bulk('hostname')
    reply.bulk(node.hostname)
  }
  reply.bulk('role')
  reply.bulk(node.isReplica ? 'replica' : 'master')
  reply.bulk('replication-offset')
  reply.integer(offset)
  reply.bulk('health')
  reply.bulk(healthOf(node, offset))
}

function healthOf(node: ClusterNode, offset: number): 'fail' | 'loading' | 'online' {
  if (node.failed) return 'fail'
  return node.isReplica && offset === 0 ? 'loading' : 'online'
}

export const links = inCluster(({reply}, _argv, cluster: ClusterBinding) => {
  const known = [...cluster.core.links.values()].filter((link) => link.node !== undefined && link.open)
  reply.array(known.length)
  for (const link of known) {
    reply.map(6)
    reply.bulk('direction')
    reply.bulk(link.id > 0 ? 'to' : 'from')
    reply.bulk('node')
    reply.bulk(link.node!.id)
    reply.bulk('create-time')
    reply.integer(Math.floor(link.createdMs))
    reply.bulk('events')
    reply.bulk(link.queuedBytes > 0 ? 'rw' : 'r')
    reply.bulk('send-buffer-allocated')
    reply.integer(link.queuedBytes)
    reply.bulk('send-buffer-used')
    reply.integer(link.queuedBytes)
  }
})
