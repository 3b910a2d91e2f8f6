import {pause} from '../client/abort.js'
import {readSlotStats, SLOT_STATS_SETTING, type SlotStats, slotStats} from '../client/slot-stats.js'
import {CliError} from '../kernel/errors.js'
import {renderAddress} from '../model/address.js'
import {nameNode, type ObservedNode, primariesOf} from '../model/cluster-map.js'
import type {ClusterView} from '../model/cluster-view.js'
import {countSlots, type SlotRange, slotsOf} from '../model/slot-set.js'
import {bytesPerKeyOf} from '../plan/moves/reshard-document.js'
import {WirePool} from './migration/wires.js'
import {countKeys} from './move-cost.js'
import type {ObservedCluster} from './observe.js'

/** What each slot carries, at its owner. */
export type SlotLoad = (slot: number) => number

/** Bound on one reply. */
const SLOTS_PER_COMMAND = 1024

/** Keys of each slot. */
export async function loadByKeys(cluster: ObservedCluster): Promise<SlotLoad> {
  const owned = primariesOf(cluster.view).map(({node, own}) => ({from: node.id, slots: own.slots}))
  const counts = await countKeys(cluster, owned)
  return (slot) => counts.get(slot) ?? 0
}

/**
 * Bytes of each slot, as the nodes tell if all of them do. Else a node tells its memory as a whole, so all its keys count
 * alike.
 */
export async function loadByMemory(cluster: ObservedCluster): Promise<SlotLoad> {
  const told = await statsOf(cluster)
  const bytes = new Map<number, number>()
  if ([...told.values()].every((stats) => stats?.every(({memoryBytes}) => memoryBytes !== undefined))) {
    for (const {memoryBytes = 0, slot} of [...told.values()].flatMap((stats) => stats ?? []))
      bytes.set(slot, memoryBytes)
    return (slot) => bytes.get(slot) ?? 0
  }
  const keys = await loadByKeys(cluster)
  for (const {node, own} of primariesOf(cluster.view)) {
    const each = bytesPerKeyOf(cluster.view, node.id)
    for (const slot of slotsOf(own.slots)) bytes.set(slot, keys(slot) * each)
  }
  return (slot) => bytes.get(slot) ?? 0
}

/**
 * Microseconds of CPU that each slot took during a sample. The nodes count from when they got a slot or were started, so
 * their totals cannot be compared; what is added to them in the same time can.
 *
 * @param sampleMs - how long to look
 * @throws {CliError} ENVIRONMENT_LACKS, naming the nodes that do not count it; PREFLIGHT_FAILED if nothing was used
 */
export async function loadByCpu(
  cluster: ObservedCluster,
  sampleMs: number,
  signal: AbortSignal | undefined,
): Promise<SlotLoad> {
  const before = cpuBySlot(requireCpu(cluster.view, await statsOf(cluster)))
  await pause(sampleMs, signal)
  const after = cpuBySlot(requireCpu(cluster.view, await statsOf(cluster)))
  const used = new Map<number, number>()
  for (const [slot, total] of after) {
    const was = before.get(slot) ?? 0
    // A node that was restarted, or got the slot just now, counts from zero.
    used.set(slot, total >= was ? total - was : total)
  }
  if ([...used.values()].some((us) => us > 0)) return (slot) => used.get(slot) ?? 0
  throw new CliError(
    'PREFLIGHT_FAILED',
    `no slot took any CPU time within ${sampleMs} ms, so nothing can be evened out`,
    {
      details: {sampleMs},
      suggestions: ['--sample 1m', '--by keys'],
    },
  )
}

type StatsByNode = ReadonlyMap<ObservedNode, readonly SlotStats[] | undefined>

/** Owners of slots -> what they tell; undefined for one that does not offer it. */
async function statsOf(cluster: ObservedCluster): Promise<StatsByNode> {
  const wires = new WirePool(cluster)
  try {
    const owners = primariesOf(cluster.view).filter(({own}) => own.slots.length > 0)
    const told = owners.map(async (owner) => {
      const {wire} = await wires.endpoint(owner.node.id)
      const replies = await wire.send(owner.own.slots.flatMap(cut).map(slotStats))
      const stats = replies.map(readSlotStats)
      return [owner, stats.every((each) => each !== undefined) ? stats.flat() : undefined] as const
    })
    return new Map(await Promise.all(told))
  } finally {
    wires.close()
  }
}

function cut({first, last}: SlotRange): SlotRange[] {
  const count = Math.ceil(countSlots([{first, last}]) / SLOTS_PER_COMMAND)
  return Array.from({length: count}, (_, index) => {
    const from = first + index * SLOTS_PER_COMMAND
    return {first: from, last: Math.min(last, from + SLOTS_PER_COMMAND - 1)}
  })
}

function requireCpu(view: ClusterView, told: StatsByNode): StatsByNode {
  const names = (silent: readonly [ObservedNode, unknown][]) => silent.map(([{node}]) => nameNode(node)).join(', ')
  const without = [...told].filter(([, stats]) => stats === undefined)
  if (without.length > 0) throw lackError(without, `${names(without)} do not offer CLUSTER SLOT-STATS`, ['--by keys'])
  const off = [...told].filter(([, stats]) => stats?.some(({cpuUs}) => cpuUs === undefined))
  if (off.length === 0) return told
  throw lackError(off, `${names(off)} do not count CPU time per slot: ${SLOT_STATS_SETTING} is off`, [
    `shoal call ${renderAddress(view.seed)} CONFIG SET ${SLOT_STATS_SETTING} yes`,
    '--by keys',
  ])
}

function lackError(nodes: readonly [ObservedNode, unknown][], text: string, suggestions: readonly string[]): CliError {
  const ids = nodes.map(([{node}]) => node.id)
  const message = nodes.length === 1 ? text.replace(' do not ', ' does not ') : text
  return new CliError('ENVIRONMENT_LACKS', message, {details: {nodes: ids}, suggestions})
}

function cpuBySlot(told: StatsByNode): Map<number, number> {
  return new Map(
    [...told.values()].flatMap((stats) => (stats ?? []).map(({cpuUs = 0, slot}) => [slot, cpuUs] as const)),
  )
}
