import type {SlotRange} from '../model/slot-set.js'
import {isSlot} from '../model/slot-set.js'
import type {WireReply} from './migration/reply-reader.js'
import type {WireCommand} from './migration/wire.js'

/**
 * CLUSTER SLOT-STATS (Valkey 8, Redis 8.2): what the keys of each slot cost. Which figures there are depends on the server,
 * and on `cluster-slot-stats-enabled`, without which it counts keys alone.
 */
export interface SlotStats {
  readonly slot: number
  /** Since the node got the slot, or was started. Microseconds. */
  readonly cpuUs?: number | undefined
  readonly memoryBytes?: number | undefined
}

/** The setting without which CPU time is not counted. */
export const SLOT_STATS_SETTING = 'cluster-slot-stats-enabled'

/** A node answers only for slots of its own shard. */
export function slotStats({first, last}: SlotRange): WireCommand {
  return ['CLUSTER', 'SLOT-STATS', 'SLOTSRANGE', String(first), String(last)]
}

/** @returns undefined if the reply is none: the node does not offer it, or not to this user */
export function readSlotStats(reply: WireReply | undefined): SlotStats[] | undefined {
  if (!Array.isArray(reply)) return undefined
  const stats = reply.map(readOne)
  return stats.every((each) => each !== undefined) ? stats : undefined
}

function readOne(entry: WireReply): SlotStats | undefined {
  if (!Array.isArray(entry)) return undefined
  const [slot, fields] = entry
  if (typeof slot !== 'number' || !isSlot(slot) || !Array.isArray(fields)) return undefined
  const figure = (name: string) => {
    const at = fields.findIndex((field, index) => index % 2 === 0 && field === name)
    const value = at < 0 ? Number.NaN : Number(fields[at + 1])
    return value >= 0 ? value : undefined
  }
  return {slot, cpuUs: figure('cpu-usec'), memoryBytes: figure('memory-bytes')}
}
