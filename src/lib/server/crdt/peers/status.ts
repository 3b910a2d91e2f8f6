import type {FeedTotals} from './feeds.js'
import type {RegionLink} from './region-link.js'

export type PeerState = 'down' | 'in-sync' | 'out-of-sync' | 'syncing'

/**
 * A link in sync that has brought nothing for so long is cut, whatever its socket says: a heartbeat comes every second.
 * It is given up, and dialled again, only much later.
 */
const SILENCE_MS_MAX = 2500

/** How this node stands to another region; CRDT.PEERS prints it as JSON. */
export interface PeerStatus {
  readonly region: number
  /** As the configuration names it. */
  readonly cluster: string
  /** `out-of-sync`: it is there but nothing can be taken from it (refused, or this node has no memory left). */
  readonly status: PeerState
  /** How late what comes from there is, at most; null: nothing has ever come, or this node owns no slots. */
  readonly lagMs: number | null
  /** Effects of this node that the region has not acknowledged; null: it has never asked for any. */
  readonly pendingEffects: number | null
  /** Why the link is not up, or was not last; empty: it is. */
  readonly lastError: string
  /** Slots' states that were taken from there. */
  readonly fullSyncs: number
  /** Bytes of effects and states as they came and went, and what they were before deflating. */
  readonly ingressBytes: number
  readonly ingressBytesDecompressed: number
  readonly egressBytes: number
  readonly egressBytesDecompressed: number
  /** Nodes of the region that this node takes effects from. */
  readonly shards: number
  /** Slots that are covered by them, of those this node owns. */
  readonly slots: number
  /** Slots that differ from those of the region, although both have applied the same (divergences.ts). */
  readonly divergedSlots: number
  /** Effects come through this region, as the direct link is down; null: they do not. */
  readonly relay: number | null
}

/** @param feed - what the region is sent; undefined: it has never asked */
export function statusOf(
  link: RegionLink,
  feed: FeedTotals | undefined,
  isInconsistent: boolean,
  divergedSlots: number,
  nowMs: number,
): PeerStatus {
  const {bytes, cluster, coveredSlots, error, pulls, region, relay} = link
  const silentMs = link.isInSync ? link.silentMs(nowMs) : 0
  const isSilent = silentMs > SILENCE_MS_MAX
  return {
    cluster,
    divergedSlots,
    egressBytes: feed?.sentBytes ?? 0,
    egressBytesDecompressed: feed?.rawBytes ?? 0,
    fullSyncs: bytes.slotStates,
    ingressBytes: bytes.receivedBytes,
    ingressBytesDecompressed: bytes.rawBytes,
    lagMs: roundOrNull(link.lagMs(nowMs)),
    lastError: isSilent ? `nothing has come for ${Math.floor(silentMs / 1000)} s` : error,
    pendingEffects: feed?.pending ?? null,
    region,
    relay: relay ?? null,
    shards: pulls.size,
    slots: coveredSlots,
    status: isInconsistent ? 'out-of-sync' : isSilent ? 'down' : stateOf(link),
  }
}

function stateOf({isInSync, isRefused, isSyncing}: RegionLink): PeerState {
  if (isInSync) return 'in-sync'
  if (isSyncing) return 'syncing'
  return isRefused ? 'out-of-sync' : 'down'
}

function roundOrNull(value: number | undefined): number | null {
  return value === undefined ? null : Math.round(value)
}
