import type {CrdtType} from '../../../../src/lib/server/crdt/core/api.js'
import {type Change, type Happening, sees} from './history.js'

/**
 * What a key must look like to a copy that has these units, from crdb.md 3.2 alone: it knows every write and what its
 * writer had seen, and nothing of dots, vectors or joins.
 */
export interface Expected {
  readonly type: CrdtType
  /** Undefined: none. */
  readonly deadlineMs: number | undefined
  /** Regions whose deadline may be in force: the owner of the expiry is one of them. */
  readonly owner: number | undefined
  /** Members, fields, ...; of a list by the value that an element was made with. */
  readonly cells: ReadonlyMap<string, CellValue>
  readonly groups: ReadonlyMap<string, string>
  /** Members that a sketch has counted. */
  readonly sketched: ReadonlySet<string>
}

export interface CellValue {
  /** The write that won; undefined: there are only increments, or nothing but presence. */
  readonly base: string | undefined
  /** Sum of the increments that no later write took away; undefined: none. */
  readonly sum: number | undefined
}

type Write = Extract<Change, {kind: 'write'}>

/** @returns undefined if nothing of the key is visible */
export function expectedKey(happenings: readonly Happening[]): Expected | undefined {
  const key = new KeyOracle(happenings)
  const types = key.types()
  const type = key.visibleType(types)
  if (type === undefined) return undefined
  const deadline = key.deadline()
  return {
    cells: key.cellsOf(type),
    deadlineMs: deadline === undefined || deadline.atMs === Infinity ? undefined : deadline.atMs,
    groups: type === 'stream' ? key.groups() : new Map(),
    owner: deadline === undefined || deadline.atMs === Infinity ? undefined : deadline.region,
    sketched: type === 'hll' ? key.sketched() : new Set(),
    type,
  }
}

class KeyOracle {
  constructor(private readonly all: readonly Happening[]) {}

  /** Types of which something is there, with the earliest write that it is there by. */
  types(): Map<CrdtType, Happening> {
    const found = new Map<CrdtType, Happening>()
    const count = (type: CrdtType, happening: Happening): void => {
      const first = found.get(type)
      if (first === undefined || isEarlier(happening, first)) found.set(type, happening)
    }
    for (const happening of this.all) {
      const {change} = happening
      if (change.kind === 'write' && this.isHeld(happening)) count(change.cell.type, happening)
      if (change.kind === 'group' && this.isValid(happening)) count('stream', happening)
      if (change.kind === 'sketch' && this.isValid(happening)) count('hll', happening)
    }
    return found
  }

  /** Of writes to one place those remain that no other replaced: values, presence; of increments the last of each actor. */
  private isHeld(happening: Happening): boolean {
    if (this.isGone(happening)) return false
    const {base, cell, step} = happening.change as Write
    return !this.all.some((later) => {
      if (later.change.kind !== 'write' || !isSame(later.change.cell, cell) || !sees(later, happening)) return false
      if (later.change.base !== undefined || (base === undefined && step === undefined)) return true
      return step !== undefined && isSameActor(later, happening)
    })
  }

  visibleType(types: ReadonlyMap<CrdtType, Happening>): CrdtType | undefined {
    let best: [CrdtType, Happening] | undefined
    for (const entry of types) if (best === undefined || isEarlier(entry[1], best[1])) best = entry
    return best?.[0]
  }

  cellsOf(type: CrdtType): Map<string, CellValue> {
    const writes = new Map<string, Happening[]>()
    for (const happening of this.all) {
      if (happening.change.kind !== 'write' || happening.change.cell.type !== type || this.isGone(happening)) continue
      const {element} = happening.change.cell
      const there = writes.get(element)
      if (there) there.push(happening)
      else writes.set(element, [happening])
    }
    return new Map([...writes].map(([element, alive]) => [element, cellValue(alive)]))
  }

  /** The largest of what no later one replaced; none (Infinity) above all. */
  deadline(): {atMs: number; region: number} | undefined {
    let best: {atMs: number; region: number} | undefined
    for (const happening of this.all) {
      const {change, unit} = happening
      if (change.kind !== 'deadline' || change.atMs === undefined || this.isGone(happening)) continue
      if (best === undefined || change.atMs > best.atMs || (change.atMs === best.atMs && unit.region < best.region))
        best = {atMs: change.atMs, region: unit.region}
    }
    return best
  }

  groups(): Map<string, string> {
    const found = new Map<string, string>()
    for (const happening of this.all) {
      const {change} = happening
      if (change.kind === 'group' && this.isValid(happening)) raise(found, change.group, change.lastId)
    }
    for (const happening of this.all) {
      const {change} = happening
      if (change.kind !== 'acknowledge' || !found.has(change.group)) continue
      if (this.isValid(happening)) raise(found, change.group, change.id)
    }
    return found
  }

  sketched(): Set<string> {
    const found = new Set<string>()
    for (const happening of this.all) {
      if (happening.change.kind !== 'sketch' || !this.isValid(happening)) continue
      for (const member of happening.change.members) found.add(member)
    }
    return found
  }

  /** Observed remove: something that saw it takes it away. */
  private isGone(write: Happening): boolean {
    return this.all.some((later) => covers(later, write) && sees(later, write))
  }

  /** Delete wins: sketches and groups are there by those writes that saw every deletion. */
  private isValid(happening: Happening, before?: Happening): boolean {
    return this.all.every(
      (other) =>
        (before !== undefined && !sees(before, other)) || sees(happening, other) || !this.deletes(other, happening),
    )
  }

  /** Does `other` delete what `happening` wrote, seen or unseen? Whoever deletes a key deletes of it what is there. */
  private deletes(other: Happening, happening: Happening): boolean {
    const {change} = happening
    if (other.change.kind === 'ungroup') return 'group' in change && change.group === other.change.group
    const type = change.kind === 'sketch' ? 'hll' : 'stream'
    if (other.change.kind !== 'reset' && !coversType(other, type)) return false
    return sees(other, happening) || this.wasThere(type, other)
  }

  /** Did the writer of `happening` have something of the type? */
  private wasThere(type: 'hll' | 'stream', happening: Happening): boolean {
    return this.all.some((write) => {
      if (!sees(happening, write)) return false
      const {change} = write
      if (change.kind === 'write') return change.cell.type === type && !this.wasGone(write, happening)
      if (change.kind !== (type === 'hll' ? 'sketch' : 'group')) return false
      return this.isValid(write, happening)
    })
  }

  private wasGone(write: Happening, before: Happening): boolean {
    return this.all.some((later) => sees(before, later) && covers(later, write) && sees(later, write))
  }
}

function covers(later: Happening, write: Happening): boolean {
  if (later.change.kind === 'reset' || later.isFresh) return true
  if (write.change.kind === 'deadline') return later.change.kind === 'deadline'
  const {cell} = write.change as Write
  if (later.change.kind === 'remove' && isSame(later.change.cell, cell)) return true
  return coversType(later, cell.type)
}

/** A write of another type takes away what was hidden. */
function coversType({change, isFresh}: Happening, type: CrdtType): boolean {
  return isFresh || (typeOfChange(change) ?? type) !== type
}

function typeOfChange(change: Change): CrdtType | undefined {
  switch (change.kind) {
    case 'write':
    case 'remove':
      return change.cell.type
    case 'sketch':
      return 'hll'
    case 'group':
    case 'ungroup':
    case 'acknowledge':
      return 'stream'
    default:
      return undefined
  }
}

function isSame(a: {type: CrdtType; element: string}, b: {type: CrdtType; element: string}): boolean {
  return a.type === b.type && a.element === b.element
}

/** Of writes that are there: the register's winner, and the sum of increments that no write of the register saw. */
function cellValue(alive: readonly Happening[]): CellValue {
  const bases = alive.filter(({change}) => (change as Write).base !== undefined)
  const rows = bases.filter((row) => !bases.some((later) => sees(later, row)))
  let winner: Happening | undefined
  for (const row of rows) if (winner === undefined || isStronger(row, winner)) winner = row
  let sum: number | undefined
  for (const happening of alive) {
    const {step} = happening.change as Write
    if (step === undefined || bases.some((base) => sees(base, happening))) continue
    sum = (sum ?? 0) + step
  }
  return {base: winner && (winner.change as Write).base, sum}
}

/** The later clock; then the lower region; then the dot. */
function isStronger(a: Happening, b: Happening): boolean {
  if (a.clock !== b.clock) return a.clock > b.clock
  return isLower(a, b)
}

/** The earlier clock; then the lower region; then the dot. */
function isEarlier(a: Happening, b: Happening): boolean {
  if (a.clock !== b.clock) return a.clock < b.clock
  return isLower(a, b)
}

function isSameActor(a: Happening, b: Happening): boolean {
  return a.unit.region === b.unit.region && a.unit.epoch === b.unit.epoch
}

function isLower(a: Happening, b: Happening): boolean {
  if (a.unit.region !== b.unit.region) return a.unit.region < b.unit.region
  if (a.unit.epoch !== b.unit.epoch) return a.unit.epoch < b.unit.epoch
  return a.unit.sequence < b.unit.sequence
}

function raise(found: Map<string, string>, group: string, id: string): void {
  const held = found.get(group)
  if (held === undefined || compareIds(id, held) > 0) found.set(group, id)
}

export function compareIds(a: string, b: string): number {
  const [aMs = 0, aSequence = 0] = a.split('-').map(Number)
  const [bMs = 0, bSequence = 0] = b.split('-').map(Number)
  return aMs === bMs ? aSequence - bSequence : aMs - bMs
}
