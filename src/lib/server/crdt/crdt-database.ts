import type {CrdbConfig} from '../../model/crdb.js'
import {SERVER_PAUSED, type Server} from '../server.js'
import type {Application, CrdtCore, MadeEffect} from './core/api.js'
import {Durability} from './durability/durability.js'
import type {Peers} from './peers/peers.js'
import {showSlot} from './projection/show-slot.js'

const EFFECT = 'CRDT.EFFECT'

/** Takes each effect that came into the state, in order: the ring for other regions. */
export interface EffectListener {
  /** From elsewhere. */
  took(effect: string): void
  /** Of a client's command here; good until this returns. */
  made(effect: MadeEffect): void
  /** A slot state was joined: what came with it is in no ring. */
  joined(slot: number): void
}

/**
 * This node's part in an active-active database: where client's changes, other regions, replicas and disk meet.
 *
 *   clients   capture -> made -> replicas and disk, listeners (ring)
 *   regions   peers -> receive / join -> core, projection (observer) -> replicas and disk, listeners
 *   primary   CRDT.EFFECT, CRDT.MERGE -> receive / join (nothing goes out by itself: the stream is handed on as it came)
 */
export class CrdtDatabase {
  readonly listeners: EffectListener[] = []
  /** Ends the effects of the unit under way, if there is one: nothing of others may come between their operations. */
  endUnit: () => void = () => undefined
  /** The node is none of the database's any more; its data stay as they are. Safe to call twice. */
  close: () => void = () => undefined
  readonly durability: Durability

  /** @param region - this node's instance id */
  constructor(
    readonly server: Server,
    readonly core: CrdtCore,
    readonly region: number,
    public config: CrdbConfig,
  ) {
    this.durability = new Durability(this)
  }

  /** The effect of a unit of clients' commands, nearly always the only one. It is released. */
  made(effect: MadeEffect): void {
    if (this.isPassedOn) this.server.state.propagation.passBytes(EFFECT, effect)
    for (const listener of this.listeners) listener.made(effect)
    effect.release()
  }

  /** Effects of one unit, one per slot; they go out together. They are released. */
  madeAll(effects: readonly MadeEffect[]): void {
    if (this.isPassedOn) this.pass(effects.map((effect) => [EFFECT, effect.text()]))
    for (const effect of effects) {
      for (const listener of this.listeners) listener.made(effect)
      effect.release()
    }
  }

  /** An effect from elsewhere. @param isTrusted - see `CrdtCore.apply` @throws CrdtError */
  receive(effect: string, isTrusted = false): Application {
    if (!isTrusted) {
      const slot = this.core.slotOf(effect)
      if (this.isOthers(slot)) return 'known'
      if ((this.server.special & SERVER_PAUSED) !== 0 && this.isStill(slot)) return 'early'
    }
    this.endUnit()
    const application = this.core.apply(effect, isTrusted)
    if (application !== 'applied') return application
    if (this.isPassedOn) this.server.state.propagation.passArgument(EFFECT, effect)
    for (const listener of this.listeners) listener.took(effect)
    this.wake()
    return application
  }

  /**
   * A slot's state from elsewhere.
   *
   * @param isTrusted - see `CrdtCore.joinSlot`
   * @param isMending - the slots differ at equal vectors: what comes of it is shown anew, and told to replicas and disk
   * @returns whether anything was new @throws CrdtError
   */
  join(slot: number, packed: string, isTrusted = false, isMending = false): boolean {
    if (!isTrusted && this.isOthers(slot)) return false
    if (this.isStill(slot)) return false
    this.endUnit()
    const isNew = this.core.joinSlot(slot, packed, isTrusted)
    if (!isNew && !isMending) return false
    if (isMending) showSlot(this, slot)
    this.pass([['CRDT.MERGE', String(slot), isMending ? this.core.packSlot(slot) : packed]])
    for (const listener of this.listeners) listener.joined(slot)
    this.wake()
    return true
  }

  /** The links to other regions. */
  peers: Peers | undefined = undefined
  /** Why clients may not write now: it is the text of the error. To be set with `refuseWrites` alone. */
  writeRefusal: string | undefined = undefined

  /** @param text - undefined: they may */
  refuseWrites(text: string | undefined): void {
    if (text === this.writeRefusal) return
    this.writeRefusal = text
    this.server.refreshRole()
  }

  /** The slot has gone to another shard, which gets what is on its way to this one from whoever has it. */
  isOthers(slot: number): boolean {
    const {cluster, state} = this.server
    if (cluster === undefined || state.isApplying) return false
    const owner = cluster.core.ownerOf(slot)
    return owner !== undefined && owner !== cluster.core.myself
  }

  /** What comes by the stream or with a slot was taken where it comes from. */
  private isStill(slot: number): boolean {
    return !this.server.state.isApplying && this.durability.isStill(slot)
  }

  /** Clients that wait for what came, or track it. Who applies a stream does that when he is through. */
  private wake(): void {
    const {state, tracking} = this.server
    if (state.isApplying || state.propagation.isInUnit) return
    if (state.hasReady) this.server.serveBlocked()
    tracking.flushBroadcasts()
  }

  /** Is there anybody to pass on to, and does it not come from there? */
  private get isPassedOn(): boolean {
    const {isApplying, propagation} = this.server.state
    return propagation.isStreamed && !isApplying
  }

  /** To replicas and disk, unless it comes from there. */
  private pass(commands: readonly (readonly string[])[]): void {
    const {propagation} = this.server.state
    if (!this.server.state.isApplying) propagation.passOn(commands)
  }
}
