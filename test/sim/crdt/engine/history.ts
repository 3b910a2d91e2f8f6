import type {CrdtType} from '../../../../src/lib/server/crdt/core/api.js'

/** What is true of a run, whatever the engine makes of it: all units of writes, each with what its writer had seen. */

export interface Unit {
  readonly id: number
  readonly region: number
  readonly epoch: number
  readonly sequence: number
  readonly clock: number
  /** Ids of the units its writer had: its causal past. */
  readonly past: ReadonlySet<number>
  readonly events: readonly Event[]
  readonly effect: string
}

/** A place that writes meet at: a member, a field, an element of a list, or (element '') a whole string. */
export interface Cell {
  readonly type: CrdtType
  readonly element: string
}

/** How a new element of a list came to stand; elements are named by the value they were made with. */
export interface Place {
  /** Those of one push; undefined: inserted beside another. */
  readonly run: number | undefined
  /** Of the elements that were there, those that stood before and after it. */
  readonly before: readonly string[]
  readonly after: readonly string[]
}

export type Change =
  | {readonly kind: 'reset'}
  | {
      readonly kind: 'write'
      readonly cell: Cell
      readonly base?: string
      readonly step?: number
      readonly place?: Place
    }
  | {readonly kind: 'remove'; readonly cell: Cell}
  /** `atMs` undefined: what was seen of deadlines is gone. */
  | {readonly kind: 'deadline'; readonly atMs: number | undefined}
  | {readonly kind: 'group'; readonly group: string; readonly lastId: string}
  | {readonly kind: 'ungroup'; readonly group: string}
  | {readonly kind: 'acknowledge'; readonly group: string; readonly id: string}
  | {readonly kind: 'sketch'; readonly members: readonly string[]}
  | {readonly kind: 'publish'; readonly channel: string; readonly message: string}

export interface Event {
  readonly key: string
  /** Operations of a unit see those before them; what one operation does (SADD a b) is one moment. */
  readonly operation: number
  /** The key was not visible to the writer: what was left of it is reset first. */
  readonly isFresh: boolean
  /** Hybrid time of the operation. */
  readonly clock: number
  readonly change: Change
}

/** An event with the unit that it belongs to. */
export interface Happening extends Event {
  readonly unit: Unit
}

/** Had the writer of `later` seen `earlier`? */
export function sees(later: Happening, earlier: Happening): boolean {
  if (later.unit === earlier.unit) return later.operation > earlier.operation
  return later.unit.past.has(earlier.unit.id)
}

/** All that concerns a key, of the units that a copy has. */
export function happeningsOf(units: Iterable<Unit>, key: string): Happening[] {
  const found: Happening[] = []
  for (const unit of units) {
    for (const event of unit.events) if (event.key === key) found.push({...event, unit})
  }
  return found
}

/** `region.epoch:sequence` of each actor's last, in one order: equal for copies that have the same. */
export function vectorText(units: Iterable<Unit>): string {
  const last = new Map<string, number>()
  for (const {epoch, region, sequence} of units) {
    const actor = `${region}.${epoch}`
    last.set(actor, Math.max(last.get(actor) ?? 0, sequence))
  }
  return [...last]
    .map(([actor, sequence]) => `${actor}:${sequence}`)
    .sort()
    .join(' ')
}
