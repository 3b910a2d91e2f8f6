import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {hashSlot} from '../../../../src/lib/protocol/hash-slot.js'
import {Counter} from '../../../../src/lib/server/crdt/core/counter.js'
import {dotOf} from '../../../../src/lib/server/crdt/core/dot.js'
import type {StoredKey} from '../../../../src/lib/server/crdt/core/key-state.js'
import {Row} from '../../../../src/lib/server/crdt/core/rows.js'
import {SetValue} from '../../../../src/lib/server/crdt/core/set-value.js'
import {PlacedStates} from '../../../../src/lib/server/crdt/placed-states.js'
import {Database} from '../../../../src/lib/server/keyspace/database.js'
import {KeyspaceState} from '../../../../src/lib/server/keyspace/keyspace-state.js'

const ACTOR = 3
const NAMES = Array.from({length: 9}, (_, i) => `key:${i}{${i % 3}}`)
const SLOTS = new Set(NAMES.map(hashSlot))
const FEW = 2000

/** Keys that clients see, and what is known of keys in one map: what `PlacedStates` and the slots' tables must add up to. */
class Model {
  readonly db = new Database(0, new KeyspaceState(), true)
  readonly known = new Map<string, StoredKey>()
  readonly displaced = new Map<string, StoredKey>()
  readonly placed = new PlacedStates(this.db, (slot, key, stored) => {
    this.displaced.set(key, stored)
    this.placed.elsewhere[slot]!++
  })
  private sequence = 0

  see(key: string): void {
    this.db.set(key, 'seen')
  }

  private put(key: string, stored: StoredKey): void {
    if (this.placed.set(key, stored)) this.forgetDisplaced(key)
    else this.displace(key, stored)
    this.known.set(key, stored)
  }

  private displace(key: string, stored: StoredKey): void {
    if (!this.displaced.has(key)) this.placed.elsewhere[hashSlot(key)]!++
    this.displaced.set(key, stored)
  }

  private forgetDisplaced(key: string): void {
    if (this.displaced.delete(key)) this.placed.elsewhere[hashSlot(key)]!--
  }

  write(key: string): void {
    const dot = dotOf(ACTOR, ++this.sequence)
    const place = this.placed.plainPlaceOf(hashSlot(key), key)
    if (place >= 0) {
      expect(this.placed.setPlain(place, dot, this.sequence * 7, `v${dot}`)).toBe(!this.known.has(key))
      this.known.set(key, new Row(dot, this.sequence * 7, `v${dot}`))
    } else this.put(key, new Row(dot, this.sequence * 7, `v${dot}`))
  }

  add(key: string): void {
    const sequence = ++this.sequence
    const place = this.placed.sumPlaceOf(hashSlot(key), key, ACTOR)
    const before = this.known.get(key)
    if (place >= 0) {
      const total = (this.placed.sumAt(place) ?? 0) + 2
      this.placed.setSum(place, dotOf(ACTOR, sequence), sequence * 7, total)
      const since = before instanceof Counter ? before.since : sequence
      this.known.set(key, new Counter(ACTOR, total, sequence, sequence * 7, since, undefined))
      expect(before === undefined || before instanceof Counter).toBe(true)
    } else this.put(key, new Counter(ACTOR + 1, 5, sequence, sequence * 7, sequence, undefined))
  }

  hold(key: string): void {
    this.put(key, new SetValue())
  }

  forget(key: string): void {
    this.known.delete(key)
    if (!this.placed.delete(key)) this.forgetDisplaced(key)
  }

  /** All that is known must be found, by name and by slot, and nothing else. */
  check(): void {
    for (const name of NAMES) expect(this.placed.get(name) ?? this.displaced.get(name)).toEqual(this.known.get(name))
    for (const slot of SLOTS) {
      const names = this.placed.names(slot)
      expect(names.length).toBe(this.placed.countIn(slot))
      const entries = this.placed.entries(slot)
      expect(entries).toEqual(names.map((name) => [name, this.placed.get(name)]))
      expect(this.placed.objects(slot)).toEqual(entries.filter(([, stored]) => stored instanceof SetValue))
      const all = [...names, ...[...this.displaced.keys()].filter((name) => hashSlot(name) === slot)].sort()
      expect(all).toEqual([...this.known.keys()].filter((name) => hashSlot(name) === slot).sort())
    }
  }
}

const steps = fc.array(
  fc.tuple(
    fc.constantFrom('see', 'see', 'see', 'write', 'add', 'add', 'hold', 'forget', 'drop', 'drop', 'flush', 'clearSlot'),
    fc.nat(NAMES.length - 1),
    fc.nat(30),
  ),
  {maxLength: 80, size: 'max'},
)

describe('states by place', () => {
  it('are found wherever keys move, come and go', () => {
    fc.assert(
      fc.property(steps, (words) => {
        const model = new Model()
        for (const [word, at, chance] of words) {
          const key = NAMES[at]!
          if (word === 'drop') model.db.delete(key)
          else if (word === 'flush') {
            if (chance === 0) model.db.flush()
          } else if (word === 'clearSlot') {
            const slot = hashSlot(key)
            for (const name of model.placed.names(slot)) model.known.delete(name)
            model.placed.clearSlot(slot)
          } else model[word](key)
          model.check()
        }
      }),
      {numRuns: 200},
    )
  })

  it('move over chunks, and leave none behind', () => {
    const model = new Model()
    const names = Array.from({length: FEW}, (_, i) => `many:${i}`)
    for (const name of names) {
      model.see(name)
      model.write(name)
    }
    for (const name of names.slice(0, FEW - 1)) {
      model.db.delete(name)
      expect(model.displaced.get(name)).toEqual(model.known.get(name))
    }
    const last = names[FEW - 1]!
    expect(model.placed.get(last)).toEqual(model.known.get(last))
    model.see('another')
    expect(model.placed.get('another')).toBeUndefined()
  })

  it('are nobody else’s once a state is cleared', () => {
    const model = new Model()
    model.see('a')
    model.write('a')
    model.placed.clear()
    model.db.delete('a')
    expect([...model.displaced]).toEqual([])
    expect(model.placed.get('a')).toBeUndefined()
  })
})
