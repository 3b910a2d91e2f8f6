import type {Application, CrdtCore, CrdtOptions} from '../../../../src/lib/server/crdt/core/api.js'
import {CrdtError} from '../../../../src/lib/server/crdt/core/crdt-error.js'
import type {Unit} from './history.js'
import {Mirror} from './mirror.js'
import {Violation} from './violation.js'

/** As the engine has it by default. */
const MAX_DRIFT_MS = 300_000
const CLOCK_EPOCH_MS = Date.UTC(2020, 0, 1)
const TICKS_PER_MS = 4096

export type MakeCore = (options: CrdtOptions) => CrdtCore

/** What a replica of a shard holds: a state of its primary, some time ago. */
export interface Saved {
  readonly head: string
  readonly slot: string
  readonly clock: number
  readonly units: ReadonlySet<Unit>
  readonly log: readonly Unit[]
}

/** One region's copy of the slot: the engine, and what is truly in it. */
export class Copy {
  core: CrdtCore
  /** What its state holds. */
  units = new Set<Unit>()
  /** Its ring: effects of its own and of others, as they came. What a join brought is not in it. */
  log: Unit[] = []
  /** Came too early. */
  held: Unit[] = []
  epoch = 1
  skewMs = 0
  saved: Saved | undefined
  /** Of each other region what it has said that it has: only what this copy had too by then counts. */
  readonly acknowledged = new Map<number, ReadonlySet<Unit>>()
  private mirror: Mirror
  private published: string[] = []
  private digestBefore = ''

  constructor(
    readonly region: number,
    private readonly slot: number,
    private readonly makeCore: MakeCore,
    private readonly nowMs: () => number,
  ) {
    this.core = this.begin()
    this.mirror = new Mirror(this.core, slot)
    this.core.become(this.epoch)
  }

  /** Made here. */
  wrote(unit: Unit): void {
    this.units.add(unit)
    this.log.push(unit)
    this.mirror.refresh()
    this.settled('a unit of its own')
  }

  /** An effect from elsewhere: what the engine says of it must be what is true. */
  take(unit: Unit): void {
    const expected = this.expectedOf(unit)
    const before = expected === 'applied' ? '' : this.core.digestSlot(this.slot)
    this.published = []
    const found = this.core.apply(unit.effect)
    if (found !== expected)
      throw new Violation('applied-in-order', `${this.region} calls ${nameOf(unit)} ${found}, not ${expected}`)
    if (found === 'applied') {
      this.units.add(unit)
      this.log.push(unit)
      this.requirePublished(unit)
      this.settled(nameOf(unit))
      this.held = this.held.filter((one) => one !== unit)
      this.retry()
      return
    }
    if (this.published.length > 0)
      throw new Violation('published-once', `${nameOf(unit)} was ${found} at ${this.region}`)
    if (this.core.digestSlot(this.slot) !== before)
      throw new Violation('refused-changes-nothing', `${nameOf(unit)} was ${found} at ${this.region}`)
    if (found !== 'known' && !this.held.includes(unit)) this.held.push(unit)
  }

  join(state: Pick<Saved, 'slot' | 'clock' | 'units'>): void {
    const isNew = [...state.units].some((unit) => !this.units.has(unit))
    if (state.clock > this.believableClock()) {
      this.refuse(state.slot)
      return
    }
    const saysNew = this.core.joinSlot(this.slot, state.slot)
    if (isNew && !saysNew) throw new Violation('joins-tell', `${this.region} found nothing new in what it lacks`)
    for (const unit of state.units) this.units.add(unit)
    this.settled('a join')
    this.retry()
  }

  private believableClock(): number {
    return (this.nowMs() + this.skewMs + MAX_DRIFT_MS - CLOCK_EPOCH_MS) * TICKS_PER_MS
  }

  private refuse(state: string): void {
    const before = this.core.digestSlot(this.slot)
    let isRefused = false
    try {
      this.core.joinSlot(this.slot, state)
    } catch (error) {
      if (!(error instanceof CrdtError)) throw error
      isRefused = true
    }
    if (!isRefused || this.core.digestSlot(this.slot) !== before)
      throw new Violation('refused-changes-nothing', `${this.region} takes a state that is too far ahead`)
  }

  save(): void {
    this.saved = {
      clock: this.core.clock,
      head: this.core.packHead(),
      log: [...this.log],
      slot: this.core.packSlot(this.slot),
      units: new Set(this.units),
    }
  }

  /** The replica takes over with what it has, under an epoch of its own; without one a restart that loses nothing. */
  promote(): void {
    if (!this.saved) this.save()
    const {head, log, slot, units} = this.saved as Saved
    this.epoch++
    this.digestBefore = ''
    this.core = this.begin()
    this.core.unpackHead(head)
    this.core.joinSlot(this.slot, slot, true)
    this.core.become(this.epoch)
    this.units = new Set(units)
    this.log = [...log]
    this.held = []
    this.mirror = new Mirror(this.core, this.slot)
    this.mirror.refresh()
    this.digestBefore = this.core.digestSlot(this.slot)
  }

  /** What a restart loads is what was saved right before it. */
  restart(): void {
    const {epoch, held} = this
    const before = this.core.digestSlot(this.slot)
    this.save()
    this.promote()
    this.epoch = epoch
    this.core.become(epoch)
    this.held = held
    if (this.core.digestSlot(this.slot) !== before)
      throw new Violation('round-trip', `${this.region} is another after a restart`)
  }

  /** Effects of `units` that this copy lacks, in the order of `from`'s ring. */
  lacks(from: Copy): Unit[] {
    return from.log.filter((unit) => !this.units.has(unit))
  }

  /** Another region says what it, and whoever may take its place, has. */
  hear(other: Copy): void {
    const {saved, units} = other
    if ([...units].some((unit) => !this.units.has(unit))) return
    this.acknowledged.set(other.region, new Set([...units].filter((unit) => !saved || saved.units.has(unit))))
  }

  collected(): void {
    this.settled('collect')
  }

  private begin(): CrdtCore {
    const core = this.makeCore({nowMs: () => this.nowMs() + this.skewMs, region: this.region})
    core.observer = {
      assigned: () => undefined,
      changed: (_slot, key, edits) => this.mirror.changed(key, edits),
      published: (channel, message) => this.published.push(`${channel} ${message}`),
    }
    core.willChange = (slot) => this.willChange(slot)
    return core
  }

  private willChange(slot: number): void {
    if (slot !== this.slot) throw new Violation('tells-before-change', `slot ${slot}`)
    if (this.digestBefore !== '' && this.core.digestSlot(slot) !== this.digestBefore)
      throw new Violation('tells-before-change', `${this.region} had changed already`)
    this.digestBefore = ''
  }

  /** Something is over: what was told must be all, and before anything happened. */
  private settled(what: string): void {
    const digest = this.core.digestSlot(this.slot)
    if (this.digestBefore !== '' && this.digestBefore !== digest)
      throw new Violation('tells-before-change', `${this.region} changed by ${what} and did not say so`)
    this.digestBefore = digest
    this.mirror.requireEqual(`${what} at ${this.region}`)
  }

  private expectedOf(unit: Unit): Application {
    if (this.units.has(unit)) return 'known'
    const ids = new Set([...this.units].map(({id}) => id))
    for (const id of unit.past) if (!ids.has(id)) return 'early'
    return unit.clock > this.believableClock() ? 'ahead' : 'applied'
  }

  private requirePublished(unit: Unit): void {
    const expected = unit.events.flatMap(({change}) =>
      change.kind === 'publish' ? [`${change.channel} ${change.message}`] : [],
    )
    if (this.published.join() !== expected.join())
      throw new Violation(
        'published-once',
        `${nameOf(unit)} at ${this.region}: ${this.published.join()}, not ${expected.join()}`,
      )
  }

  private retry(): void {
    for (const unit of [...this.held]) {
      const known = this.units.has(unit)
      if (known) this.held = this.held.filter((one) => one !== unit)
      else if (this.expectedOf(unit) === 'applied') this.take(unit)
    }
  }
}

export function nameOf({epoch, region, sequence}: Unit): string {
  return `${region}.${epoch}:${sequence}`
}
