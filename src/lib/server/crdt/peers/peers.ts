import type {CrdbConfig, CrdbInstance} from '../../../model/crdb.js'
import {countSlots, type SlotRange, slotsOf} from '../../../model/slot-set.js'
import type {InfoField} from '../../info/facts.js'
import type {MadeEffect} from '../core/api.js'
import type {CrdtDatabase, EffectListener} from '../crdt-database.js'
import {accessTo} from './access.js'
import {Acknowledgements} from './acknowledgements.js'
import {Packer} from './batch.js'
import {ChangedSlots} from './changed-slots.js'
import {Comparisons} from './comparisons.js'
import type {FeedCounters, FeedOutput} from './feed.js'
import {Feeds} from './feeds.js'
import {Inbox} from './inbox.js'
import {renderCrdtInfo} from './info-section.js'
import {NO_SLOTS, ownSlotsOf} from './own-place.js'
import type {PeersHost} from './peers-host.js'
import type {Pull} from './pull.js'
import {RegionLink} from './region-link.js'
import {arrangeRelays} from './relay.js'
import {EffectRing, ringBytes} from './ring.js'
import {Stability} from './stability.js'
import {Standing} from './standing.js'
import {type PeerStatus, statusOf} from './status.js'
import {SYNC_PROTOCOL, type SyncRequest} from './sync-request.js'

const SECOND_MS = 1000
const ACK_MS = 100

/**
 * All that goes on between this shard and other regions. The shell calls `tick` about every 50 ms; everything else comes by
 * effects, connections and commands.
 *
 * Only a primary that owns slots has links.
 */
export class Peers implements EffectListener {
  readonly ring: EffectRing
  readonly stability: Stability
  readonly inbox: Inbox<Pull>
  readonly comparisons: Comparisons
  readonly feeds: Feeds
  readonly regions = new Map<number, RegionLink>()
  readonly counters: FeedCounters = {filtered: 0, fullSyncs: 0, partialSyncs: 0, slotStates: 0}
  /** There was no memory for an effect: nothing more is taken before there is. */
  isInconsistent = false
  private standing: Standing
  private cutRegions = new Set<number>()
  private own: readonly SlotRange[] = NO_SLOTS
  private ownSet: ReadonlySet<number> = new Set()
  private readonly changes = new ChangedSlots()
  private readonly acknowledgements: Acknowledgements
  private secondMs = 0
  private ackMs = 0
  private isClosed = false

  /**
   * @param mustCatchUp - it may know less than others know of it: it was an instance before, or has just become one
   */
  constructor(
    readonly database: CrdtDatabase,
    private readonly host: PeersHost,
    mustCatchUp: boolean,
  ) {
    const {config, core} = database
    this.ring = new EffectRing(ringBytes(config.settings))
    this.acknowledgements = new Acknowledgements(core, this.changes, host.keeping)
    for (const slot of core.slots()) this.changes.note(slot)
    this.stability = new Stability(core, (slot, stable) => database.durability.collect(slot, stable))
    this.inbox = new Inbox({database, log: (level, text) => host.log(level, text), nowMs: () => host.nowMs()})
    this.comparisons = new Comparisons({
      askForState: (region, slot) => this.regions.get(region)?.askForState(slot) === true,
      changes: this.changes,
      database,
      isOwn: (slot) => this.ownSet.has(slot),
      log: (level, text) => host.log(level, text),
      nowMs: () => host.nowMs(),
    })
    this.feeds = new Feeds(this.feedsHost())
    const others = mustCatchUp ? this.others().map(({id}) => id) : []
    this.standing = new Standing(others, host.nowMs())
    this.makeRegions()
    this.host.refuseWrites(this.standing.refusal)
    database.listeners.push(this)
  }

  private feedsHost() {
    const {database, host} = this
    return {
      comparisons: this.comparisons,
      core: database.core,
      counters: this.counters,
      database,
      effects: host.effects,
      isCut: (region: number) => this.cutRegions.has(region),
      isPrimary: () => host.place().isPrimary,
      nowMs: () => host.nowMs(),
      ownSlots: () => ownSlotsOf(host.place()),
      packer: new Packer(host.effects),
      replicaWait: host.replicaWait,
      ring: this.ring,
      stability: this.stability,
      get compression() {
        return database.config.instances.find(({id}) => id === database.region)?.compression ?? 0
      },
      get nodeId() {
        return host.place().nodeId
      },
    }
  }

  /** Instances beside this one. */
  private others(): CrdbInstance[] {
    return this.database.config.instances.filter(({id}) => id !== this.database.region)
  }

  private makeRegions(): void {
    const others = this.others()
    const members = new Set(others.map(({id}) => id))
    for (const [region, link] of [...this.regions]) {
      if (members.has(region)) continue
      link.close()
      this.regions.delete(region)
    }
    for (const {cluster, endpoints, id} of others) {
      const link = this.regions.get(id)
      if (link === undefined) this.regions.set(id, new RegionLink(this.pullHost(), id, cluster, endpoints))
      else link.endpoints = endpoints
    }
    this.stability.membersChanged(members)
  }

  private pullHost() {
    const {database, host} = this
    return {
      access: (region: number) => accessTo(database.config, region, host.ownAccess),
      changed: (pull: Pull) => this.onPullChanged(pull),
      clock: () => database.core.clock,
      get config() {
        return database.config
      },
      compared: (pull: Pull, differing: readonly number[], undecided: readonly number[]) =>
        this.comparisons.answered(pull, differing, undecided),
      effects: host.effects,
      heard: (_pull: Pull, clock: number) => database.core.heard(clock),
      join: (pull: Pull, slot: number, state: string) => this.join(pull, slot, state),
      nowMs: () => host.nowMs(),
      receive: (pull: Pull, effects: readonly string[]) => this.receive(pull, effects),
      request: (pull: Pull) => this.requestOf(pull),
      takeConfig: (answer: string) => host.takeConfig(answer),
    }
  }

  private requestOf(pull: Pull): {request: SyncRequest; vectors: string} {
    const {config, core, region} = this.database
    this.acknowledgements.beginWith(pull)
    const known = slotsOf(pull.slots).filter((slot) => core.vectorOf(slot).length > 0)
    return {
      request: {
        guid: config.guid,
        node: this.host.place().nodeId,
        protocol: SYNC_PROTOCOL,
        region,
        regions: pull.regions,
        slots: pull.slots,
        version: config.version,
      },
      vectors: core.packVectors(known),
    }
  }

  private receive(pull: Pull, effects: readonly string[]): void {
    if (this.hasRoom()) this.inbox.receive(pull, effects)
  }

  private join({region}: Pull, slot: number, state: string): void {
    if (this.hasRoom()) this.inbox.join(slot, state, this.comparisons.divergences.has(region, slot))
  }

  /** An effect that was left out would be missed for ever: the links end, and what is missing comes by vectors later. */
  private hasRoom(): boolean {
    if (this.isInconsistent) return false
    if (!this.host.isMemoryExceeded()) return true
    this.isInconsistent = true
    this.host.log('warning', 'Out of memory: nothing is taken from other regions until there is room again.')
    this.host.effects.soon(() => {
      for (const link of this.regions.values()) link.interrupt('this node is out of memory')
    })
    return false
  }

  private onPullChanged(pull: Pull): void {
    const {address, lastError, region, state} = pull
    this.comparisons.linkChanged(pull)
    const where = `region ${region} at ${address.host}:${address.port}`
    if (state === 'in-sync') {
      this.host.log('notice', `In sync with ${where}`)
      this.lookAtStanding()
      if (this.cutRegions.size > 0) this.host.effects.soon(() => this.relay())
    } else if (state === 'down') this.regions.get(region)?.noteFailure(lastError)
  }

  took(effect: string): void {
    const name = this.database.core.nameOf(effect)
    this.ring.push(effect, name)
    this.changed(name.slot)
    this.feeds.pumpSoon()
  }

  made(effect: MadeEffect): void {
    this.ring.pushBytes(effect)
    this.changed(effect.slot)
    this.feeds.pumpSoon()
  }

  joined(slot: number): void {
    this.changed(slot)
    this.feeds.joined(slot)
  }

  private changed(slot: number): void {
    this.changes.note(slot)
    this.stability.changed(slot)
  }

  /** CRDT.SYNC; see `Feeds.begin`. @throws ReplyError */
  synchronize(
    key: object,
    words: readonly [request: string, vectors: string],
    makeOutput: () => FeedOutput,
    answer: (line: string) => void,
  ): void {
    const region = this.feeds.begin(key, words, makeOutput, answer)
    // Who asks can be asked.
    const link = this.regions.get(region)
    if (link !== undefined && !link.isInSync) link.hurry()
  }

  /** About every 50 ms. */
  tick(): void {
    if (this.isClosed) return
    const nowMs = this.host.nowMs()
    this.followPlace()
    this.feeds.letOut()
    if (this.own.length > 0 && !this.isInconsistent) {
      for (const [region, link] of this.regions) if (!this.cutRegions.has(region)) link.tick(this.own, nowMs)
    }
    if (nowMs - this.ackMs >= ACK_MS) {
      this.ackMs = nowMs
      this.changes.nextRound()
      this.acknowledgements.due(this.pulls())
      if (this.own.length > 0) this.stability.collect(this.others().map(({id}) => id))
    }
    if (!this.isInconsistent) this.comparisons.tick(this.pulls())
    if (nowMs - this.secondMs < SECOND_MS) return
    this.secondMs = nowMs
    this.everySecond()
  }

  private followPlace(): void {
    const own = ownSlotsOf(this.host.place())
    if (own === this.own) return
    this.own = own
    if (own.length > 0) this.feeds.ownSlotsChanged()
    else {
      for (const link of this.regions.values()) link.close()
      this.feeds.close(() => true)
    }
    this.ownSet = new Set(slotsOf(own))
    this.stability.forget((slot) => this.ownSet.has(slot))
  }

  private everySecond(): void {
    if (this.isInconsistent && !this.host.isMemoryExceeded()) {
      this.isInconsistent = false
      this.host.log('notice', 'There is memory again: catching up with other regions.')
    }
    this.inbox.tick()
    this.relay()
    // A link that has nothing to bring proves by that that it is there.
    for (const pull of this.pulls()) pull.acknowledge()
    this.stability.look()
    this.comparisons.divergences.keepOnly(
      (region) => this.regions.has(region),
      (slot) => this.ownSet.has(slot),
    )
    this.lookAtStanding()
  }

  /** CRDT.PING: what has been applied is told to everybody at once. */
  acknowledgeNow(): void {
    this.acknowledgements.all(this.pulls())
  }

  /** CRDT.DEBUG COMPARE: not within the minute. */
  compareNow(): void {
    this.comparisons.hurry(this.pulls())
  }

  private pulls(): Pull[] {
    return [...this.regions.values()].flatMap(({pulls}) => [...pulls.values()])
  }

  private lookAtStanding(): void {
    const {standing} = this
    if (standing.isSettled) return
    const givenUp = standing.look((region) => {
      if (this.own.length === 0) return 'unreachable'
      return this.regions.get(region)?.standing ?? 'empty'
    }, this.host.nowMs())
    for (const region of givenUp) {
      this.host.log('warning', `Region ${region} cannot be reached: writes are taken without having heard from it.`)
    }
    this.host.refuseWrites(standing.refusal)
  }

  /** Clients' writes are refused: regions have yet to be heard of. */
  get isCatchingUp(): boolean {
    return !this.standing.isSettled
  }

  /** The configuration has a later version. */
  configChanged(config: CrdbConfig): void {
    this.ring.resize(ringBytes(config.settings))
    this.makeRegions()
    const members = new Set(config.instances.map(({id}) => id))
    this.feeds.close((region) => !members.has(region))
  }

  /** Cuts this region off from these and no others, both ways, at once. */
  cut(regions: readonly number[]): void {
    const before = this.cutRegions
    this.cutRegions = new Set(regions)
    for (const region of regions) this.regions.get(region)?.interrupt('cut off')
    this.feeds.close((region) => this.cutRegions.has(region))
    for (const region of before) if (!this.cutRegions.has(region)) this.regions.get(region)?.hurry()
    this.relay()
    this.tick()
  }

  /** What regions that cannot be reached write comes through one that can. */
  private relay(): void {
    if (this.isClosed) return
    arrangeRelays(this.regions.values(), (region) => this.cutRegions.has(region), this.host.nowMs())
  }

  restore(): void {
    this.cut([])
  }

  /**
   * Hybrid time up to which this node has all that the region wrote in its slots; 0: not known. Grows while the link is in
   * sync, about every second.
   */
  heardUntil(region: number): number {
    return this.regions.get(region)?.heardClock ?? 0
  }

  /** One per other region, ascending. */
  status(): PeerStatus[] {
    const nowMs = this.host.nowMs()
    return [...this.regions.values()]
      .sort((a, b) => a.region - b.region)
      .map((link) => {
        const diverged = this.comparisons.divergences.countOf(link.region)
        return statusOf(link, this.feeds.totals(link.region), this.isInconsistent, diverged, nowMs)
      })
  }

  get nowMs(): number {
    return this.host.nowMs()
  }

  /** INFO crdt. */
  infoFields(): InfoField[] {
    return renderCrdtInfo(this)
  }

  get ownSlotCount(): number {
    return countSlots(this.own)
  }

  /** All links end. Safe to call twice. */
  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    for (const link of this.regions.values()) link.close()
    this.feeds.close(() => true)
    const {listeners} = this.database
    const index = listeners.indexOf(this)
    if (index >= 0) listeners.splice(index, 1)
    this.host.refuseWrites(undefined)
  }
}
