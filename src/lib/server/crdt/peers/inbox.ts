import type {CrdtDatabase} from '../crdt-database.js'
import {HeldEffects} from './held-effects.js'

/** Something that an effect depends on is not here for so long: the slot's state is asked for. */
export const GAP_TIMEOUT_MS = 1000

export interface InboxHost {
  readonly database: CrdtDatabase
  /** Monotonic. */
  nowMs(): number
  log(level: 'notice' | 'warning', text: string): void
}

/** Where effects of other regions come in. @typeParam Source - who brought them, and can be asked for a slot's state */
export class Inbox<Source extends {askForState(slot: number): void}> {
  readonly held = new HeldEffects<Source>()
  /** CRDT.EFFECT and CRDT.MERGE in INFO's words. */
  effects = 0
  merges = 0
  known = 0
  early = 0
  ahead = 0
  private isAlarmed = false

  constructor(private readonly host: InboxHost) {}

  /** @throws CrdtError if one is none */
  receive(source: Source, effects: readonly string[]): void {
    for (const effect of effects) this.receiveOne(source, effect)
  }

  private receiveOne(source: Source, effect: string): void {
    const {database} = this.host
    this.effects++
    const application = database.receive(effect)
    if (application === 'known') this.known++
    else if (application === 'applied') {
      if (!this.held.isEmpty) this.retry(database.core.nameOf(effect).slot)
    } else {
      const {slot} = database.core.nameOf(effect)
      if (application === 'early') this.early++
      else this.alarm(slot)
      const isKept = this.held.hold(slot, effect, source, application === 'ahead', this.host.nowMs())
      if (!isKept) source.askForState(slot)
    }
  }

  /** @param isMending - see `CrdtDatabase.join` @throws CrdtError if it is none */
  join(slot: number, state: string, isMending: boolean): void {
    this.merges++
    this.host.database.join(slot, state, false, isMending)
    this.retry(slot)
  }

  private retry(slot: number): void {
    const {database} = this.host
    this.held.retry(slot, (effect) => database.receive(effect), this.host.nowMs())
  }

  private alarm(slot: number): void {
    this.ahead++
    if (this.isAlarmed) return
    this.isAlarmed = true
    this.host.log(
      'warning',
      `An effect in slot ${slot} bears a time that is too far ahead: it is held. Check the clocks of all regions.`,
    )
  }

  /** About every second. */
  tick(): void {
    if (this.held.isEmpty) {
      this.isAlarmed = false
      return
    }
    for (const slot of this.held.ahead()) this.retry(slot)
    for (const {slot, source} of this.held.overdue(this.host.nowMs(), GAP_TIMEOUT_MS)) source.askForState(slot)
  }
}
