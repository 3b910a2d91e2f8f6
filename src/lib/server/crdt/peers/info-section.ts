import type {InfoField} from '../../info/facts.js'
import type {Peers} from './peers.js'
import {regionOf, vectorFrom} from './vectors.js'

/** `INFO crdt` (crdb.md 4.2); what it does not name bears names of its own behind those. */
export function renderCrdtInfo(peers: Peers): InfoField[] {
  return [...contextOf(peers), ...peersOf(peers), ...backlogOf(peers), ...statsOf(peers), ...replicasOf(peers)]
}

function contextOf({database, isCatchingUp, isInconsistent, ownSlotCount}: Peers): InfoField[] {
  const {config, core, region} = database
  return [
    ['crdt_guid', config.guid],
    ['crdt_config_version', config.version],
    ['crdt_slots', ownSlotCount],
    ['crdt_replid', region],
    ['crdt_clock', core.clock],
    ['crdt_ovc', vectorText(sumsOf([...core.slots()].map((slot) => vectorFrom(core.vectorOf(slot)))))],
    ['crdt_stale', isCatchingUp ? 1 : 0],
    ['crdt_inconsistent', isInconsistent ? 1 : 0],
    ['crdt_bytes', core.bytes],
  ]
}

/** How many effects of each region these vectors hold. */
function sumsOf(vectors: Iterable<ReadonlyMap<number, number> | undefined>): Map<number, number> {
  const sums = new Map<number, number>()
  for (const vector of vectors) {
    for (const [actor, sequence] of vector ?? []) {
      sums.set(regionOf(actor), (sums.get(regionOf(actor)) ?? 0) + sequence)
    }
  }
  return sums
}

function vectorText(sums: ReadonlyMap<number, number>): string {
  const sorted = [...sums].sort(([a], [b]) => a - b)
  return sorted.map(([region, count]) => `${region}:${count}`).join(',')
}

function peersOf(peers: Peers): InfoField[] {
  const status = peers.status()
  return [
    ['crdt_peers', status.length],
    ...status.map(
      ({cluster, lagMs, lastError, pendingEffects, region, status: state}): InfoField => [
        `crdt_peer_${region}`,
        [
          `cluster=${cluster}`,
          `status=${state}`,
          `lag_ms=${lagMs ?? ''}`,
          `pending=${pendingEffects ?? ''}`,
          `error=${lastError.replace(/[\r\n,]/g, ' ')}`,
        ].join(','),
      ],
    ),
  ]
}

function backlogOf({ring}: Peers): InfoField[] {
  return [
    ['crdt_backlog_size', ring.size],
    ['crdt_backlog_histlen', ring.bytes],
    ['crdt_backlog_effects', ring.end - ring.start],
    ['crdt_backlog_first', ring.start],
  ]
}

function statsOf({comparisons, counters, database, feeds, inbox, regions, stability}: Peers): InfoField[] {
  const others = [...regions.keys()]
  return [
    ['crdt_sync_full', counters.fullSyncs],
    ['crdt_sync_partial_ok', counters.partialSyncs],
    ['crdt_sync_partial-err', feeds.refused],
    ['crdt_slot_states_sent', counters.slotStates],
    ['crdt_merge_reqs', inbox.merges],
    ['crdt_effect_reqs', inbox.effects],
    ['crdt_ovc_filtered_effect_reqs', inbox.known],
    ['crdt_effects_held', inbox.held.count],
    ['crdt_effects_early', inbox.early],
    ['crdt_effects_ahead', inbox.ahead],
    ['crdt_compared_slots', comparisons.compared],
    ['crdt_uncompared_slots', comparisons.leftOut.size],
    ['crdt_divergences_found', comparisons.divergences.found],
    ['crdt_divergences_mended', comparisons.divergences.mended],
    ['crdt_diverged_slots', comparisons.divergences.count],
    ['crdt_gc_pending', database.core.garbage],
    ['crdt_gc_attempted', stability.attempted],
    ['crdt_gc_collected', stability.collected],
    ['crdt_gc_gvc_min', vectorText(sumsOf([...database.core.slots()].map((slot) => stability.stableOf(slot, others))))],
  ]
}

function replicasOf({database, ownSlotCount, regions, nowMs}: Peers): InfoField[] {
  return [...regions.values()].map((link) => {
    const {coveredSlots, pulls, region} = link
    const lags = [...pulls.values()].flatMap((pull) => pull.lagMs(nowMs) ?? [])
    const lag = (of: (...values: number[]) => number): string => (lags.length === 0 ? '' : `${Math.round(of(...lags))}`)
    return [
      `crdt_replica_${region}`,
      [
        `config_version=${link.configVersion ?? database.config.version}`,
        `shards=${pulls.size}`,
        `slots=${coveredSlots}`,
        `slot_coverage=${ownSlotCount === 0 ? 0 : Math.round((coveredSlots / ownSlotCount) * 100)}`,
        `max_ops_lag=${lag(Math.max)}`,
        `min_ops_lag=${lag(Math.min)}`,
      ].join(','),
    ]
  })
}
