import type {SlotRange} from '../../../model/slot-set.js'
import {ReplyError} from '../../reply-error.js'
import type {VectorEntries} from '../core/api.js'
import type {CrdtDatabase} from '../crdt-database.js'
import type {ChangedSlots, Sweep} from './changed-slots.js'
import {Divergences, type DivergencesHost} from './divergences.js'
import type {Pull} from './pull.js'
import {covers, vectorFrom} from './vectors.js'

/** Of one message, and of one turn of the loop. */
const SLOTS_MAX = 32
/** Digests of one turn take about so long, beyond the first: the other side has the same to do. */
const TURN_MS = 2
/** A digest cannot be made in parts: slots of more than so much of the shadow would take longer than 10 ms. */
const SLOT_BYTES_MAX = 1024 * 1024
const EVERY_MS = 60_000
const DIGEST_LENGTH = 16

export interface ComparisonsHost extends DivergencesHost {
  readonly database: CrdtDatabase
  readonly changes: ChangedSlots
  isOwn(slot: number): boolean
  /** Monotonic. */
  nowMs(): number
}

/** How far a node of another region has been asked. */
interface Course {
  /** Those that the sweep is of. */
  slots: readonly SlotRange[]
  sweep: Sweep
  /** Slots that come before the sweep goes on. */
  pending: number[]
  /** Slots of this round that a sweep may not find: vectors differed in the last one, or digests. */
  open: ReadonlySet<number>
  /** The same for the next round. */
  again: Set<number>
  dueMs: number
  /** A round is asked for, whatever the time. */
  isHurried: boolean
  isUnderWay: boolean
  /** The sweep of this round has come to its end. */
  isSwept: boolean
  /** Slots that an answer is awaited for. */
  asked: readonly number[] | undefined
}

/**
 * Whether regions that have applied the same are the same. Where vectors are equal digests must be; where they are not, Shoal
 * is wrong, or memory is, and nothing else would ever tell.
 *
 *     CRDT.COMPARE vectors digests ->    of 32 slots at most, that have changed since they were compared
 *     <- C differing undecided           slots; undecided: vectors differ, something is on its way
 *
 * Of two regions the lower one asks, every minute; both take note, and both ask for the other's state of what differs
 * (divergences.ts).
 */
export class Comparisons {
  readonly divergences: Divergences
  /** Slots whose vectors were equal, counted each time. */
  compared = 0
  /** Slots that are too big: crdb verify compares them, which takes them longer. */
  readonly leftOut = new Set<number>()
  private readonly courses = new WeakMap<Pull, Course>()

  constructor(private readonly host: ComparisonsHost) {
    this.divergences = new Divergences(host)
  }

  /** About every 50 ms. */
  tick(pulls: readonly Pull[]): void {
    const nowMs = this.host.nowMs()
    for (const pull of pulls) {
      if (pull.state !== 'in-sync') continue
      const course = this.courseOf(pull, nowMs)
      if (course.asked !== undefined || !this.isDue(course, nowMs)) continue
      const slots = this.take(course)
      if (slots.length > 0) this.ask(pull, course, slots)
      else if (course.isSwept) this.endRound(course, pull, nowMs)
    }
  }

  /** All that are in sync are asked at the next tick, whichever region is the lower one. */
  hurry(pulls: readonly Pull[]): void {
    const nowMs = this.host.nowMs()
    for (const pull of pulls) this.courseOf(pull, nowMs).isHurried = true
  }

  /** Its link came up, is in sync, or ended: an answer may never come. */
  linkChanged(pull: Pull): void {
    const course = this.courses.get(pull)
    if (course?.asked === undefined) return
    for (const slot of course.asked) course.again.add(slot)
    course.asked = undefined
  }

  private courseOf(pull: Pull, nowMs: number): Course {
    const {slots} = pull
    const known = this.courses.get(pull)
    if (known !== undefined) {
      if (known.slots !== slots) {
        known.slots = slots
        known.sweep = this.host.changes.newSweep(slots)
      }
      return known
    }
    const course: Course = {
      again: new Set(),
      asked: undefined,
      dueMs: this.nextMs(pull, nowMs),
      isHurried: false,
      isSwept: false,
      isUnderWay: false,
      open: new Set(),
      pending: [],
      slots,
      sweep: this.host.changes.newSweep(slots),
    }
    this.courses.set(pull, course)
    return course
  }

  private nextMs({region}: Pull, nowMs: number): number {
    return region > this.host.database.region ? nowMs + EVERY_MS : Number.POSITIVE_INFINITY
  }

  private isDue(course: Course, nowMs: number): boolean {
    if (course.isUnderWay) return true
    if (nowMs < course.dueMs && !course.isHurried) return false
    course.isUnderWay = true
    course.isHurried = false
    course.isSwept = false
    this.host.changes.begin(course.sweep)
    course.open = course.again
    course.pending = [...course.open]
    course.again = new Set()
    return true
  }

  private endRound(course: Course, pull: Pull, nowMs: number): void {
    course.isUnderWay = false
    course.dueMs = this.nextMs(pull, nowMs)
  }

  private take(course: Course): number[] {
    const {pending, sweep} = course
    if (pending.length > 0) return pending.splice(0, SLOTS_MAX)
    if (course.isSwept) return []
    const slots = this.host.changes.take(sweep, SLOTS_MAX)
    // What changes all the time would keep the round going for ever.
    course.isSwept = sweep.nextSlot === 0
    return slots.filter((slot) => !course.open.has(slot))
  }

  private ask(pull: Pull, course: Course, slots: readonly number[]): void {
    const {database} = this.host
    const {core} = database
    const startMs = this.host.nowMs()
    const asked: number[] = []
    let digests = ''
    // A script may be amid its work.
    database.endUnit()
    const sorted = [...new Set(slots)].sort((a, b) => a - b)
    for (const [i, slot] of sorted.entries()) {
      if (asked.length > 0 && this.host.nowMs() - startMs > TURN_MS) {
        course.pending.unshift(...sorted.slice(i))
        break
      }
      this.leftOut.delete(slot)
      if (!this.host.isOwn(slot) || core.vectorOf(slot).length === 0) continue
      if (core.bytesIn(slot) > SLOT_BYTES_MAX) {
        this.leftOut.add(slot)
        continue
      }
      asked.push(slot)
      digests += core.digestSlot(slot)
    }
    if (asked.length === 0) return
    course.asked = asked
    pull.compare(core.packVectors(asked), digests)
  }

  /** The answer to what was asked. */
  answered(pull: Pull, differing: readonly number[], undecided: readonly number[]): void {
    const course = this.courses.get(pull)
    // Of a link before this one.
    if (course?.asked === undefined) return
    const {asked} = course
    course.asked = undefined
    for (const slot of [...differing, ...undecided]) course.again.add(slot)
    const open = new Set(undecided)
    this.note(
      pull.region,
      asked.filter((slot) => !open.has(slot)),
      differing,
    )
  }

  /** CRDT.COMPARE of another region. @param digests - of each slot, in their order @throws ReplyError */
  answer(
    region: number,
    vectors: ReadonlyMap<number, VectorEntries>,
    digests: string,
  ): {differing: number[]; undecided: number[]} {
    if (vectors.size > SLOTS_MAX || digests.length !== vectors.size * DIGEST_LENGTH) {
      throw new ReplyError(`ERR ${SLOTS_MAX} slots at most, and a digest of each`)
    }
    const {database} = this.host
    const {core} = database
    database.endUnit()
    const compared: number[] = []
    const differing: number[] = []
    const undecided: number[] = []
    let at = 0
    for (const [slot, entries] of vectors) {
      const digest = digests.slice(at, at + DIGEST_LENGTH)
      at += DIGEST_LENGTH
      if (!this.host.isOwn(slot) || !areEqual(core.vectorOf(slot), entries)) undecided.push(slot)
      else {
        compared.push(slot)
        if (core.digestSlot(slot) !== digest) differing.push(slot)
      }
    }
    this.note(region, compared, differing)
    return {differing, undecided}
  }

  private note(region: number, compared: readonly number[], differing: readonly number[]): void {
    this.compared += compared.length
    this.divergences.note(region, compared, differing)
  }
}

function areEqual(ours: VectorEntries, theirs: VectorEntries): boolean {
  const [a, b] = [vectorFrom(ours), vectorFrom(theirs)]
  return covers(a, b) && covers(b, a)
}
