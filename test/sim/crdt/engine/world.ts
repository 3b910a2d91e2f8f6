import type {Actor, CrdtCore} from '../../../../src/lib/server/crdt/core/api.js'
import {complaint} from './compare.js'
import {Copy, type MakeCore, nameOf} from './copy.js'
import {type Change, type Event, happeningsOf, type Unit, vectorText} from './history.js'
import {requireLaws} from './laws.js'
import {ListOrder} from './list-order.js'
import {Names} from './names.js'
import {operate} from './operations.js'
import {expectedKey} from './oracle.js'
import {renderKey, type ShownKey, shownKey} from './shown-key.js'
import {Violation} from './violation.js'
import {WriterSite} from './writer-site.js'

const SLOT = 7
/** No clock is further ahead, but by its ticks. */
const AHEAD_MS_MAX = 1_000_000
/** Far enough from the epoch of the engine's clock. */
const START_MS = Date.UTC(2026, 0, 1)

/** What makes a difference wherever it is done; the others may find it done. */
const MUST_TELL: ReadonlySet<Change['kind']> = new Set(['write', 'remove', 'publish', 'ungroup'])

/** Regions, what they have written, and what holds between their copies at every moment. */
export class EngineWorld {
  readonly copies: Copy[]
  readonly names = new Names()
  units: Unit[] = []
  private nowMs = START_MS
  private readonly order = new Map<string, ListOrder>()
  private readonly keys = new Set<string>()
  /** Vector -> digest, as it once was: whoever comes to this vector must have this digest. */
  private readonly digests = new Map<string, string>()

  constructor(
    regionCount: number,
    readonly makeCore: MakeCore,
  ) {
    this.copies = Array.from({length: regionCount}, (_, index) => new Copy(index + 1, SLOT, makeCore, () => this.nowMs))
  }

  copy(region: string): Copy {
    const found = this.copies[Number(region) - 1]
    if (!found) throw new Error(`no region ${region}`)
    return found
  }

  /** A unit of a client: operations in order, one effect. */
  write(copy: Copy, lines: readonly string[]): void {
    const site = new WriterSite(copy.core, SLOT, this.names, this.keys)
    for (const line of lines) operate(site, line)
    const effect = site.writer.end()
    if (effect === undefined) {
      if (site.events.some(({change}) => MUST_TELL.has(change.kind)))
        throw new Violation('writes-are-told', `no effect of ${lines.join('; ')}`)
      return
    }
    this.note(copy, site.events, effect)
  }

  advance(ms: number): void {
    this.nowMs += ms
  }

  /** All effects that somebody's ring holds and another lacks, then states where that was not enough; now clocks are right. */
  settle(): void {
    for (const copy of this.copies) copy.skewMs = 0
    this.advance(AHEAD_MS_MAX)
    for (let isMoving = true; isMoving; ) {
      isMoving = false
      for (const from of this.copies) {
        for (const to of this.copies) {
          for (const unit of to === from ? [] : to.lacks(from)) {
            const count = to.units.size
            to.take(unit)
            if (to.units.size > count) isMoving = true
          }
        }
      }
    }
    for (let round = 0; round < 2; round++) {
      for (const from of this.copies) {
        for (const to of this.copies) {
          if (from === to || [...from.units].every((unit) => to.units.has(unit))) continue
          to.join({clock: from.core.clock, slot: from.core.packSlot(SLOT), units: from.units})
        }
      }
    }
    this.requireConvergence()
  }

  /** Of what all have acknowledged. */
  collect(copies: readonly Copy[]): void {
    for (const copy of copies) {
      const others = this.copies.filter((other) => other !== copy)
      for (const other of others) copy.hear(other)
      const acknowledged = others.map(({region}) => copy.acknowledged.get(region))
      const stable = [...copy.units].filter((unit) => acknowledged.every((units) => units?.has(unit)))
      const last = new Map<string, readonly [Actor, number]>()
      for (const {epoch, region, sequence} of stable) {
        const before = last.get(`${region}.${epoch}`)?.[1] ?? 0
        last.set(`${region}.${epoch}`, [{epoch, region}, Math.max(sequence, before)])
      }
      copy.core.collect(SLOT, [...last.values()])
      copy.collected()
    }
  }

  join(from: Copy, to: Copy): void {
    to.join({clock: from.core.clock, slot: from.core.packSlot(SLOT), units: from.units})
  }

  laws(): void {
    requireLaws(this.copies, SLOT, this.units, this.makeCore)
  }

  digest(): string {
    return (this.copies[0] as Copy).core.digestSlot(SLOT)
  }

  /** What holds of each copy, whatever it has. */
  check(): void {
    for (const copy of this.copies) this.checkCopy(copy)
  }

  private note(copy: Copy, events: readonly Event[], effect: string): void {
    const {actor, clock, dependencies, sequence} = copy.core.headOf(effect)
    const past = [...copy.units]
    const own = past.filter(({epoch, region}) => region === copy.region && epoch === copy.epoch)
    const unit: Unit = {
      clock,
      effect,
      epoch: copy.epoch,
      events,
      id: this.units.length,
      past: new Set(past.map(({id}) => id)),
      region: copy.region,
      sequence: own.length + 1,
    }
    if (actor.region !== unit.region || actor.epoch !== unit.epoch || sequence !== unit.sequence)
      throw new Violation('dots-are-unique', `${actor.region}.${actor.epoch}:${sequence} for ${nameOf(unit)}`)
    const others = dependencies.map(([{epoch, region}, last]) => `${region}.${epoch}:${last}`).sort()
    const expected = vectorText(past.filter((one) => !own.includes(one)))
    if (others.filter((text) => !text.endsWith(':0')).join(' ') !== expected)
      throw new Violation('dependencies-are-the-past', `${nameOf(unit)} names ${others.join(' ')}, not ${expected}`)
    for (const earlier of past) {
      if (earlier.clock >= clock)
        throw new Violation('clock-rises', `${nameOf(unit)} is not later than ${nameOf(earlier)}`)
    }
    this.units.push(unit)
    for (const {key} of events) {
      if (key !== '') this.keys.add(key)
      if (!this.order.has(key)) this.order.set(key, new ListOrder(this.names))
      this.order.get(key)?.wrote(unit)
    }
    copy.wrote(unit)
  }

  private checkCopy(copy: Copy): void {
    const text = vectorText(copy.units)
    const vector = copy.core
      .vectorOf(SLOT)
      .filter(([, sequence]) => sequence > 0)
      .map(([{epoch, region}, sequence]) => `${region}.${epoch}:${sequence}`)
      .sort()
      .join(' ')
    if (vector !== text) throw new Violation('vectors-are-true', `${copy.region} has ${text} and says ${vector}`)
    const digest = copy.core.digestSlot(SLOT)
    const earlier = this.digests.get(text)
    if (earlier !== undefined && earlier !== digest)
      throw new Violation('equal-vectors-equal-digests', `${copy.region} at ${text}: ${digest}, once it was ${earlier}`)
    this.digests.set(text, digest)
    for (const key of this.keys) this.checkKey(copy, key)
  }

  private checkKey(copy: Copy, key: string): void {
    const shown = showOf(copy.core, key)
    const expected = expectedKey(happeningsOf(copy.units, key))
    const wrong = complaint(expected, shown, this.names)
    if (wrong) throw new Violation('as-documented', `${key} at ${copy.region} (${vectorText(copy.units)}) ${wrong}`)
    const disorder = shown?.type === 'list' && this.order.get(key)?.complaint(shown.values)
    if (disorder) throw new Violation('lists-keep-order', `${key} at ${copy.region}: ${disorder}`)
    const owner = copy.core.expiryOwner(SLOT, key, new Set(this.copies.map(({region}) => region)))
    if (expected?.owner !== undefined && owner !== expected.owner)
      throw new Violation('expiry-has-one-owner', `${key} at ${copy.region}: ${owner}, not ${expected.owner}`)
  }

  private requireConvergence(): void {
    const [first, ...others] = this.copies as [Copy, ...Copy[]]
    for (const copy of others) {
      if (vectorText(copy.units) !== vectorText(first.units))
        throw new Violation(
          'converges',
          `${copy.region} has ${vectorText(copy.units)}, ${first.region} ${vectorText(first.units)}`,
        )
      for (const key of this.keys) {
        const here = renderKey(showOf(copy.core, key))
        const there = renderKey(showOf(first.core, key))
        if (here !== there)
          throw new Violation('converges', `${key} is ${here} at ${copy.region}, ${there} at ${first.region}`)
      }
    }
    this.check()
  }
}

function showOf(core: CrdtCore, key: string): ShownKey | undefined {
  const visible = core.look(SLOT, key)
  return visible && shownKey(visible)
}
