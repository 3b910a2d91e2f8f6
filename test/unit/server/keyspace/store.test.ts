import {describe, expect, it} from 'vitest'
import {type Rng, seededRng} from '../../../../src/lib/kernel/rng.js'
import {Database} from '../../../../src/lib/server/keyspace/database.js'
import {Deadlines, NEVER} from '../../../../src/lib/server/keyspace/deadlines.js'
import {KeyspaceState} from '../../../../src/lib/server/keyspace/keyspace-state.js'
import {MemoryMeter, sizeOfKey} from '../../../../src/lib/server/keyspace/memory-meter.js'
import {Store} from '../../../../src/lib/server/keyspace/store.js'
import {StringBytes} from '../../../../src/lib/server/keyspace/string-bytes.js'

interface Expected {
  readonly value: string
  readonly mark: number
  readonly atMs: number
}

function add(store: Store, model: Map<string, Expected>, key: string, rng: Rng): void {
  const row: Expected = {
    atMs: rng.chance(0.2) ? rng.below(1e6) : NEVER,
    mark: rng.below(1e9),
    value: `v${rng.uint32()}`,
  }
  const place = store.keys.add(key)
  if (place < 0) store.rows.push(store.size - 1, row.value, row.mark)
  else store.rows.replace(place, row.value, row.mark)
  if (row.atMs !== NEVER || store.deadlines !== undefined) {
    store.deadlines ??= new Deadlines()
    store.deadlines.set(store.find(key), row.atMs)
  }
  model.set(key, row)
}

function remove(store: Store, model: Map<string, Expected>, key: string): void {
  const place = store.find(key)
  expect(place >= 0).toBe(model.delete(key))
  if (place < 0) return
  store.deadlines?.set(place, NEVER)
  store.removeAt(place)
}

function contents(store: Store): Map<string, Expected> {
  const all = new Map<string, Expected>()
  for (let place = 0; place < store.size; place++) {
    const row = {atMs: store.deadlineAt(place), mark: store.rows.markAt(place), value: store.valueAt(place) as string}
    all.set(store.keyAt(place), row)
  }
  return all
}

describe('Store', () => {
  for (const names of [12, 700, 9000]) {
    it(`keeps value, mark and deadline at the key's place while ${names} keys come and go`, () => {
      const rng = seededRng(names)
      const store = new Store(false)
      const model = new Map<string, Expected>()
      for (const growth of [0.9, 0.5, 0.1, 0.8, 0.2, 0]) {
        for (let step = 0; step < names * 2; step++) {
          const key = `key:${rng.below(names)}`
          if (rng.chance(growth)) add(store, model, key, rng)
          else remove(store, model, key)
        }
        expect(contents(store)).toEqual(model)
        const withDeadline = [...model.values()].filter(({atMs}) => atMs !== NEVER).length
        expect(store.deadlines?.count ?? 0).toBe(withDeadline)
      }
    })
  }

  it('turns a string changed in place into a string for good once somebody wants it', () => {
    const store = new Store(false)
    store.keys.add('k')
    store.rows.push(0, new StringBytes('text'), 7)
    expect(store.heldAt(0)).toBeInstanceOf(StringBytes)
    expect([store.valueAt(0), store.heldAt(0), store.rows.markAt(0)]).toEqual(['text', 'text', 7])
  })
})

describe('Deadlines', () => {
  it('finds the next one down, within the limits given', () => {
    const deadlines = new Deadlines()
    for (const place of [3, 2000, 70_000]) deadlines.set(place, 5)
    expect(deadlines.findDown(100_000, 0)).toBe(70_000)
    expect(deadlines.findDown(69_999, 0)).toBe(2000)
    expect(deadlines.findDown(1999, 3)).toBe(3)
    expect(deadlines.findDown(1999, 4)).toBe(-1)
    expect(deadlines.findDown(2, 0)).toBe(-1)
    expect([deadlines.at(2000), deadlines.at(2001), deadlines.at(50_000), deadlines.count]).toEqual([
      5,
      NEVER,
      NEVER,
      3,
    ])
  })
})

describe('MemoryMeter', () => {
  it('comes to the same sum however the data change while it counts', () => {
    for (let seed = 0; seed < 30; seed++) {
      const rng = seededRng(seed)
      const state = new KeyspaceState()
      state.setTime(1000)
      const db = new Database(0, state, seed % 2 === 0)
      const act = (): void => {
        const key = `{t${rng.below(3)}}${rng.below(900)}`
        const chance = rng.below(10)
        if (chance < 4) db.set(key, 'x'.repeat(rng.below(50)))
        else if (chance < 5) db.edit(key, rng.below(60))
        else if (chance < 6) db.setExpiry(key, 5000)
        else if (chance < 7) db.removeExpiry(key)
        else db.delete(key)
      }
      for (let i = 0; i < 1500; i++) act()
      for (let i = 0; i < 900; i++) db.set(`{t1}${i}`, 'first')
      state.meter = new MemoryMeter([db])
      while (!state.meter.isComplete) {
        for (let i = 0; i < 15; i++) act()
        state.meter.countSome(1 + rng.below(60))
      }
      for (let i = 0; i < 100; i++) act()
      let bytes = 0
      for (const key of db.keys()) {
        bytes += sizeOfKey(key, db.peek(key)!)
        if (db.expiryOf(key) !== undefined) bytes += 8
      }
      expect(state.meter.total()).toBe(bytes)
      db.flush()
      expect(state.meter.total()).toBe(0)
    }
  })
})
