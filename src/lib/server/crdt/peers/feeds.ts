import {rangesOf, type SlotRange, slotsOf} from '../../../model/slot-set.js'
import {ReplyError} from '../../reply-error.js'
import type {VectorEntries} from '../core/api.js'
import type {CrdtDatabase} from '../crdt-database.js'
import type {ReplicaWait} from '../durability/replica-wait.js'
import type {Comparisons} from './comparisons.js'
import {Feed, type FeedHost, type FeedOutput} from './feed.js'
import {HeldOutput} from './held-output.js'
import type {Stability} from './stability.js'
import {commonSlots, parseRequest, renderAnswer, SYNC_PROTOCOL, type SyncRequest} from './sync-request.js'
import {NO_VECTOR, type Vector, vectorFrom} from './vectors.js'

export interface FeedsHost extends FeedHost {
  readonly database: CrdtDatabase
  readonly stability: Stability
  readonly replicaWait: Pick<ReplicaWait, 'begin' | 'isOver'>
  readonly comparisons: Pick<Comparisons, 'answer'>
  /** 40 hex digits. */
  readonly nodeId: string
  /** Of this shard; none if it is no primary. */
  ownSlots(): readonly SlotRange[]
  isPrimary(): boolean
  /** Monotonic. */
  nowMs(): number
  isCut(region: number): boolean
}

/** What nodes of other regions are sent, each on the connection on which it asked. */
export class Feeds {
  private readonly feeds = new Map<object, Feed>()
  /** By node, the last feed of each: what it had acknowledged when its link ended. */
  private readonly byNode = new Map<string, Feed>()
  /** CRDT.SYNCs that got an error. */
  refused = 0
  private isDue = false

  constructor(private readonly host: FeedsHost) {}

  /**
   * CRDT.SYNC.
   *
   * @param answer - writes the status line, before anything else is sent
   * @returns the region that asks @throws ReplyError
   */
  begin(
    key: object,
    words: readonly [request: string, vectors: string],
    makeOutput: () => FeedOutput,
    answer: (line: string) => void,
  ): number {
    const request = parseRequest(words[0])
    if (request === undefined) throw new ReplyError('ERR this is no request for effects')
    const refusal = this.refusalOf(request)
    if (refusal !== undefined) {
      this.refused++
      throw new ReplyError(refusal)
    }
    const theirs = this.vectorsFrom(words[1])
    const slots = commonSlots(this.host.ownSlots(), request.slots)
    const {database, nodeId, stability} = this.host
    const {region} = database
    answer(renderAnswer({node: nodeId, region, slots: rangesOf(slots), version: database.config.version}))
    // A slot of which they know nothing is named by its absence.
    for (const slot of slots) stability.begin(request.region, slot, theirs.get(slot) ?? NO_VECTOR)
    const feed =
      this.feeds.get(key) ?? new Feed(this.host, new HeldOutput(makeOutput(), this.host.replicaWait), this.host.nowMs())
    this.feeds.set(key, feed)
    this.byNode.set(request.node, feed)
    feed.begin(request, slots, theirs)
    return request.region
  }

  private vectorsFrom(packed: string): Map<number, Vector> {
    const vectors = new Map<number, Vector>()
    for (const [slot, entries] of this.unpacked(packed)) vectors.set(slot, vectorFrom(entries))
    return vectors
  }

  private unpacked(packed: string): Map<number, VectorEntries> {
    try {
      return this.host.core.unpackVectors(packed)
    } catch (error) {
      throw new ReplyError(`ERR these are no vectors: ${(error as Error).message}`)
    }
  }

  /** Who asks shows it as the link's error. */
  private refusalOf({guid, protocol, region, version}: SyncRequest): string | undefined {
    const {database} = this.host
    const {config} = database
    if (guid !== config.guid) {
      return `CRDTREFUSED this node belongs to another database, ${config.name} (${config.guid})`
    }
    if (protocol !== SYNC_PROTOCOL) {
      return `CRDTREFUSED this node speaks version ${SYNC_PROTOCOL} of the protocol, not ${protocol}`
    }
    if (config.removed.includes(region)) {
      return `CRDTSTALE region ${region} was removed from this database: it has to join as a new one`
    }
    if (region === database.region) {
      return `CRDTREFUSED this node is of region ${region} too: two instances have one id`
    }
    if (!config.instances.some(({id}) => id === region)) {
      const isLater = version > config.version
      return isLater
        ? `CRDTNOTYET this node has yet to hear of region ${region} (its configuration is of version ${config.version})`
        : `CRDTREFUSED there is no region ${region} in this database`
    }
    if (this.host.isCut(region)) return `CRDTCUT this region is cut off from region ${region}`
    if (!this.host.isPrimary()) return 'CRDTREFUSED this node is a replica: ask its primary'
    return undefined
  }

  /** CRDT.ACK. @param vectors - packed, of slots that have changed @throws ReplyError */
  acknowledge(key: object, mark: number, echo: string, vectors: string | undefined): void {
    const feed = this.require(key)
    if (vectors !== undefined) {
      const {region} = feed.request
      for (const [slot, vector] of this.vectorsFrom(vectors)) this.host.stability.acknowledge(region, slot, vector)
    }
    feed.answer(mark, echo, this.host.nowMs())
  }

  /** CRDT.COMPARE. @throws ReplyError */
  compare(key: object, packed: string, digests: string): void {
    const feed = this.require(key)
    const {comparisons} = this.host
    const {differing, undecided} = comparisons.answer(feed.request.region, this.unpacked(packed), digests)
    feed.compared(differing, undecided)
  }

  /** CRDT.PULL. @throws ReplyError */
  pull(key: object, slot: number): void {
    this.require(key).pull(slot)
  }

  private require(key: object): Feed {
    const feed = this.feeds.get(key)
    if (feed === undefined) throw new ReplyError('ERR CRDT.SYNC comes first')
    return feed
  }

  /** Something new is in the ring: all are served at the end of the loop's turn. */
  pumpSoon(): void {
    if (this.isDue || this.feeds.size === 0) return
    this.isDue = true
    this.host.effects.soon(() => {
      this.isDue = false
      for (const feed of this.feeds.values()) feed.pump()
    })
  }

  /** About every 50 ms. */
  letOut(): void {
    for (const feed of this.feeds.values()) feed.letOut()
  }

  joined(slot: number): void {
    for (const feed of this.feeds.values()) feed.joined(slot)
  }

  /** Slots are another shard's now. */
  ownSlotsChanged(): void {
    const own = new Set(slotsOf(this.host.ownSlots()))
    for (const feed of this.feeds.values()) feed.keepOnly(own)
  }

  /** The connection is gone. */
  forget(key: object): void {
    const feed = this.feeds.get(key)
    if (feed === undefined) return
    this.feeds.delete(key)
    feed.close()
  }

  /** Ends those of some regions. */
  close(isConcerned: (region: number) => boolean): void {
    for (const [key, feed] of [...this.feeds]) if (isConcerned(feed.request.region)) this.forget(key)
  }

  /** Of a region, what was sent to it and what it has yet to acknowledge; undefined: it has never asked. */
  totals(region: number): FeedTotals | undefined {
    const ofRegion = [...this.byNode.values()].filter(({request}) => request.region === region)
    if (ofRegion.length === 0) return undefined
    const live = new Set(this.feeds.values())
    const total: FeedTotals = {links: 0, pending: 0, rawBytes: 0, sentBytes: 0, slots: 0}
    for (const feed of ofRegion) {
      total.rawBytes += feed.rawBytes
      total.sentBytes += feed.sentBytes
      total.pending += feed.pendingCount
      if (!live.has(feed)) continue
      total.links++
      total.slots += feed.slotCount
    }
    return total
  }
}

export interface FeedTotals {
  links: number
  pending: number
  rawBytes: number
  sentBytes: number
  slots: number
}
