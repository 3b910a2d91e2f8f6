import {renderAddress} from '../../model/address.js'
import {nameNode, ownRecord} from '../../model/cluster-map.js'
import type {ClusterView, NodeView} from '../../model/cluster-view.js'
import {type Finding, finding, list, plural} from '../finding.js'

/** Parts of maxmemory, and of what a machine has. */
const NEARLY_FULL = 0.9
const FULL = 0.995
const MACHINE_NEARLY_FULL = 0.75

/** Whether there is room left: below maxmemory on each node, and on the machines below. */
export function checkMemory(view: ClusterView): Finding[] {
  return [...view.nodes.flatMap((node) => checkLimit(node, view)), ...checkMachines(view)]
}

function bytesIn({info}: NodeView, field: string): number {
  const bytes = Number(info.get(field))
  return Number.isFinite(bytes) ? bytes : 0
}

/** What counts against maxmemory: all but the buffers of replicas and of the append-only file. */
export function countedMemory(node: NodeView): number {
  return Math.max(0, bytesIn(node, 'used_memory') - bytesIn(node, 'mem_not_counted_for_evict'))
}

/** Whether a node refuses writes when it is full, as far as it tells; the others make room by eviction. */
export function refusesWhenFull({info}: NodeView): boolean {
  return info.get('maxmemory_policy') === 'noeviction'
}

/** A cache that evicts is always full, and a replica follows its primary. */
function checkLimit(node: NodeView, {seed}: ClusterView): Finding[] {
  const limit = bytesIn(node, 'maxmemory')
  const part = limit > 0 ? countedMemory(node) / limit : 0
  if (part < NEARLY_FULL || !refusesWhenFull(node) || ownRecord(node)?.role === 'replica') return []
  const full = part >= FULL
  const state = full ? 'It refuses writes' : 'It will refuse writes when it is full'
  const text = `${nameNode(node)} uses ${Math.floor(part * 100)} % of its maxmemory of ${limit} bytes. ${state} (noeviction).`
  const suggestion = `Raise maxmemory there, delete keys, or move slots away: shoal rebalance ${renderAddress(seed)} --by memory`
  return [finding('memory-short', full ? 'error' : 'warning', [node], text, {suggestion})]
}

/** Nodes of one machine: one host, and one figure for what it has. */
function checkMachines(view: ClusterView): Finding[] {
  const machines = new Map<string, NodeView[]>()
  for (const node of view.nodes) {
    const key = `${ownRecord(node)?.address.host ?? node.address.host} ${bytesIn(node, 'total_system_memory')}`
    machines.set(key, [...(machines.get(key) ?? []), node])
  }
  return [...machines.values()].flatMap((nodes) => {
    const total = bytesIn(nodes[0] as NodeView, 'total_system_memory')
    if (total === 0) return []
    const limits = nodes.map((node) => bytesIn(node, 'maxmemory'))
    const promised = limits.reduce((sum, limit) => sum + limit, 0)
    const unbounded = nodes.filter((_, index) => limits[index] === 0)
    const used = nodes.reduce((sum, node) => sum + bytesIn(node, 'used_memory_rss'), 0)
    if (promised > total) {
      const text =
        `maxmemory of ${plural(nodes.length, 'node')} on one machine is ${promised} bytes together; it has ${total}: ` +
        `${list(nodes.map(nameNode))}.`
      return [shortMachine(nodes, text, 'Lower maxmemory there, and leave room for replication and forks.')]
    }
    if (unbounded.length > 0 && used >= total * MACHINE_NEARLY_FULL) {
      const text =
        `The nodes use ${used} of ${total} bytes of their machine, and nothing bounds (maxmemory 0) ` +
        `${list(unbounded.map(nameNode))}.`
      return [shortMachine(unbounded, text, 'Set maxmemory there, or move slots to nodes on other machines.')]
    }
    return []
  })
}

function shortMachine(nodes: readonly NodeView[], text: string, suggestion: string): Finding {
  return finding('machine-memory-short', 'warning', nodes, text, {suggestion})
}
