import type {ActorTable} from './actors.js'
import type {CrdtType} from './api.js'
import {type Birth, type Ledger, SubValue} from './container.js'
import {codeOfType, containerType} from './containers.js'
import {Counter} from './counter.js'
import {type Deadlines, NO_DEADLINES} from './deadline.js'
import {earlier} from './register.js'
import {Row} from './rows.js'
import {StringValue} from './string-value.js'

/**
 * What the table of a slot holds of a key, in the leanest form: the one row or counter of a string, the one value of
 * another type, or all there is.
 */
export type StoredKey = Row<string> | Counter | SubValue | KeyState

export const DEADLINE_BYTES = 100

/** All of a key: one value per type that regions used it for, and the rows of its deadline. */
export class KeyState {
  constructor(
    public values: SubValue[],
    public deadlines: Deadlines,
  ) {}

  get isBlank(): boolean {
    return this.deadlines.length === 0 && this.values.every((value) => value.isBlank)
  }

  valueOf(type: CrdtType): SubValue | undefined {
    for (const value of this.values) if (value.type === type) return value
    return undefined
  }

  /** The value of a type, made if there is none. */
  open(type: CrdtType): SubValue {
    const found = this.valueOf(type)
    if (found) return found
    const made = containerType(type).make()
    this.values.push(made)
    return made
  }

  setDeadlines(deadlines: Deadlines, ledger: Ledger): void {
    ledger.bytes += (deadlines.length - this.deadlines.length) * DEADLINE_BYTES
    this.deadlines = deadlines
  }

  /** Of several types that are there, the one that was made first. */
  visible(actors: ActorTable): SubValue | undefined {
    let found: SubValue | undefined
    let birth: Birth | undefined
    for (const value of this.values) {
      if (value.isEmpty) continue
      if (found === undefined) {
        found = value
        continue
      }
      birth ??= found.birth(actors)
      const other = value.birth(actors)
      if (!isBefore(value, other, found, birth, actors)) continue
      found = value
      birth = other
    }
    return found
  }
}

/** One without a birth comes after all that have one. */
function isBefore(
  a: SubValue,
  aBirth: Birth | undefined,
  b: SubValue,
  bBirth: Birth | undefined,
  actors: ActorTable,
): boolean {
  if (aBirth && bBirth) return earlier(bBirth, aBirth, actors) === aBirth
  return aBirth === bBirth ? codeOfType(a.type) < codeOfType(b.type) : aBirth !== undefined
}

/** Takes it out of its leanest form. What is changed in it must be put back by `pack`. */
export function unfold(stored: StoredKey): KeyState {
  if (stored instanceof KeyState) return stored
  return new KeyState([stored instanceof SubValue ? stored : new StringValue(stored)], NO_DEADLINES)
}

/** @returns the leanest form; undefined: there is nothing to keep */
export function fold(state: KeyState): StoredKey | undefined {
  const {values} = state
  for (const value of values) {
    if (!value.isBlank) continue
    state.values = values.filter((each) => !each.isBlank)
    break
  }
  const [first] = state.values
  if (first === undefined) return state.deadlines.length === 0 ? undefined : state
  if (state.values.length > 1 || state.deadlines.length > 0) return state
  if (!(first instanceof StringValue)) return first
  const {register} = first
  return register instanceof Row || register instanceof Counter ? register : first
}

/** The value that is visible. */
export function visibleOf(stored: StoredKey, actors: ActorTable): SubValue | undefined {
  if (stored instanceof KeyState) return stored.visible(actors)
  if (stored instanceof SubValue) return stored.isEmpty ? undefined : stored
  return stored instanceof Counter && !stored.isLive ? undefined : new StringValue(stored)
}

/** `visibleOf(stored)?.type` without making anything. */
export function typeOfStored(stored: StoredKey, actors: ActorTable): CrdtType | undefined {
  if (stored instanceof Row) return 'string'
  if (stored instanceof Counter) return stored.isLive ? 'string' : undefined
  return visibleOf(stored, actors)?.type
}

export function deadlinesOf(stored: StoredKey): Deadlines {
  return stored instanceof KeyState ? stored.deadlines : NO_DEADLINES
}
