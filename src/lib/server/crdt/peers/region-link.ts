import {countSlots, rangesOf, type SlotRange} from '../../../model/slot-set.js'
import {Pull, type PullHost} from './pull.js'
import {Scout, type ScoutHost} from './scout.js'
import type {RegionStanding} from './standing.js'
import {commonSlots} from './sync-request.js'

/** Without an answer for so long, effects of the region are asked for elsewhere. */
const RELAY_AFTER_MS = 2000

/** Another region, as far as this shard takes effects from it: who owns our slots there, and a link to each of them. */
export class RegionLink {
  readonly pulls = new Map<string, Pull>()
  /** The region through which its effects come meanwhile. */
  relay: number | undefined
  private readonly scout: Scout
  private own: readonly SlotRange[] = []
  private ownCount = 0
  private scoutVersion = -1
  private downSinceMs: number | undefined
  private lastError = ''
  /** Of links that are no more. */
  private readonly past = {rawBytes: 0, receivedBytes: 0, slotStates: 0}

  constructor(
    private readonly host: PullHost & ScoutHost,
    readonly region: number,
    readonly cluster: string,
    endpoints: readonly string[],
  ) {
    this.scout = new Scout(host, region, endpoints)
  }

  set endpoints(endpoints: readonly string[]) {
    this.scout.endpoints = endpoints
  }

  /** About every 50 ms. @param own - slots of this shard; the same array until they change */
  tick(own: readonly SlotRange[], nowMs: number): void {
    this.scout.tick(nowMs)
    if (own !== this.own || this.scout.version !== this.scoutVersion) {
      this.own = own
      this.ownCount = countSlots(own)
      this.scoutVersion = this.scout.version
      this.reconcile()
    }
    for (const pull of this.pulls.values()) pull.tick(nowMs)
    if (this.isInSync) this.downSinceMs = undefined
    else this.downSinceMs ??= nowMs
  }

  private reconcile(): void {
    for (const [key, node] of this.scout.nodes) {
      const slots = rangesOf(commonSlots(node.slots, this.own))
      const pull = this.pulls.get(key)
      if (slots.length === 0) continue
      if (pull === undefined) this.pulls.set(key, new Pull(this.host, this.region, node, slots))
      else if (JSON.stringify(pull.slots) !== JSON.stringify(slots)) {
        pull.slots = slots
        pull.ask()
      }
    }
    for (const [key, pull] of [...this.pulls]) {
      const node = this.scout.nodes.get(key)
      if (node !== undefined && commonSlots(node.slots, this.own).length > 0) continue
      this.drop(key, pull)
    }
  }

  private drop(key: string, pull: Pull): void {
    this.pulls.delete(key)
    pull.close()
    this.past.rawBytes += pull.rawBytes
    this.past.receivedBytes += pull.receivedBytes
    this.past.slotStates += pull.slotStates
  }

  /** A link has changed: the slots may be another node's by now. */
  noteFailure(error: string): void {
    this.lastError = error
    this.scout.look()
  }

  /** @returns whether there is a link on which it can be asked for */
  askForState(slot: number): boolean {
    for (const pull of this.pulls.values()) {
      if (!pull.isConnected || !pull.slots.some(({first, last}) => first <= slot && slot <= last)) continue
      pull.askForState(slot)
      return true
    }
    return false
  }

  /** Slots of which all is here that the region has. */
  get coveredSlots(): number {
    let count = 0
    for (const {slots, state} of this.pulls.values()) if (state === 'in-sync') count += countSlots(slots)
    return count
  }

  get isInSync(): boolean {
    return this.ownCount > 0 && this.coveredSlots === this.ownCount
  }

  get isSyncing(): boolean {
    return [...this.pulls.values()].some(({state}) => state === 'syncing')
  }

  get isRefused(): boolean {
    return [...this.pulls.values()].some(({refusal}) => refusal !== undefined)
  }

  /** Direct links have been down for so long that another way is needed. */
  needsRelay(nowMs: number): boolean {
    return this.downSinceMs !== undefined && nowMs - this.downSinceMs > RELAY_AFTER_MS && !this.isSyncing
  }

  get standing(): RegionStanding {
    if (this.ownCount === 0 || this.isInSync) return 'in-sync'
    const pulls = [...this.pulls.values()]
    if (pulls.some(({refusal, state}) => state === 'syncing' || refusal === 'not-yet')) return 'reached'
    return pulls.length > 0 && pulls.every(({refusal}) => refusal === 'no-instance') ? 'empty' : 'unreachable'
  }

  get error(): string {
    if (this.isInSync) return ''
    const failed = [...this.pulls.values()].find(({lastError, state}) => lastError !== '' && state !== 'in-sync')
    if (failed !== undefined) return `${failed.address.host}:${failed.address.port}: ${failed.lastError}`
    if (this.scout.isUp && this.pulls.size === 0) return 'its nodes own none of the slots of this one'
    return this.scout.lastError || this.lastError
  }

  get bytes(): {readonly rawBytes: number; readonly receivedBytes: number; readonly slotStates: number} {
    const total = {...this.past}
    for (const {rawBytes, receivedBytes, slotStates} of this.pulls.values()) {
      total.rawBytes += rawBytes
      total.receivedBytes += receivedBytes
      total.slotStates += slotStates
    }
    return total
  }

  /** The worst of its links. */
  lagMs(nowMs: number): number | undefined {
    let worst: number | undefined
    for (const pull of this.pulls.values()) {
      const lag = pull.lagMs(nowMs)
      if (lag === undefined) return undefined
      worst = Math.max(worst ?? 0, lag)
    }
    return worst
  }

  /** The longest that one of its links has been up and brought nothing; milliseconds. */
  silentMs(nowMs: number): number {
    return Math.max(0, ...[...this.pulls.values()].map((pull) => pull.silentMs(nowMs)))
  }

  /** Hybrid time up to which all of it is here; 0: not known. */
  get heardClock(): number {
    if (!this.isInSync) return 0
    return Math.min(...[...this.pulls.values()].map(({heardClock}) => heardClock))
  }

  /** What a node of the region said last; undefined: none has answered. */
  get configVersion(): number | undefined {
    return this.scout.configVersion
  }

  /** Dials at the next tick. */
  hurry(): void {
    this.scout.hurry()
    for (const pull of this.pulls.values()) pull.hurry()
  }

  /** Ends all links at once; `tick` makes them anew. @param error - why, as the status shows it */
  interrupt(error: string): void {
    this.scout.close()
    for (const pull of this.pulls.values()) if (pull.state !== 'down') pull.fail(error)
    this.lastError = error
  }

  close(): void {
    this.scout.close()
    for (const [key, pull] of [...this.pulls]) this.drop(key, pull)
  }
}
