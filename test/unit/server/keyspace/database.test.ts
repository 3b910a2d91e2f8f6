import {describe, expect, it} from 'vitest'
import {seededRng} from '../../../../src/lib/kernel/rng.js'
import {hashSlot} from '../../../../src/lib/protocol/hash-slot.js'
import {ActiveExpiry} from '../../../../src/lib/server/keyspace/active-expiry.js'
import {Database} from '../../../../src/lib/server/keyspace/database.js'
import {KeyspaceState} from '../../../../src/lib/server/keyspace/keyspace-state.js'

function database(isSlotted = false): {db: Database; state: KeyspaceState} {
  const state = new KeyspaceState()
  state.setTime(1000)
  return {db: new Database(0, state, isSlotted), state}
}

/** All pages until the cursor is 0 again; `between` runs after each page. */
function scanAll(db: Database, count: number, between: (shown: string[]) => void = () => undefined): string[] {
  const shown: string[] = []
  let cursor = 0
  do {
    const page = db.scan(cursor, count)
    shown.push(...page.keys)
    cursor = page.cursor
    between(shown)
  } while (cursor !== 0)
  return shown
}

for (const isSlotted of [false, true]) {
  describe(`Database ${isSlotted ? 'in cluster mode' : 'outside cluster mode'}`, () => {
    it('hides and deletes expired keys, and counts them', () => {
      const {db, state} = database(isSlotted)
      db.set('a', '1')
      db.setExpiry('a', 2000)
      expect([db.get('a'), db.size, db.expiresSize]).toEqual(['1', 1, 1])
      state.setTime(1999)
      expect(db.has('a')).toBe(true)
      state.setTime(2000)
      expect(db.isExpired('a')).toBe(true)
      expect(db.hasEvenExpired('a')).toBe(true)
      expect(db.get('a')).toBeUndefined()
      expect([db.size, db.expiresSize, state.expiredKeys]).toEqual([0, 0, 1])
      expect(db.hasEvenExpired('a')).toBe(false)
    })

    it('drops the deadline on set, keeps it on put, starts anew after it passed', () => {
      const {db, state} = database(isSlotted)
      db.set('a', '1')
      db.setExpiry('a', 5000)
      db.put('a', '2')
      expect(db.expiryOf('a')).toBe(5000)
      db.set('a', '3')
      expect(db.expiryOf('a')).toBeUndefined()
      db.setExpiry('a', 5000)
      state.setTime(6000)
      db.put('a', '4')
      expect([db.get('a'), db.expiryOf('a')]).toEqual(['4', undefined])
    })

    it('leaves deletion to the primary on a replica', () => {
      const {db, state} = database(isSlotted)
      db.set('a', '1')
      db.setExpiry('a', 2000)
      state.keepExpired = true
      state.setTime(3000)
      expect(db.get('a')).toBeUndefined()
      expect(db.size).toBe(1)
    })

    it('shows every key that stays, and none twice but for keys deleted between the pages', () => {
      for (let seed = 0; seed < 20; seed++) {
        const rng = seededRng(seed)
        const {db} = database(isSlotted)
        const tag = seed % 2 === 0 ? '' : '{t}'
        const deletes = seed % 3 > 0
        for (let i = 0; i < 600; i++) {
          db.set(`${tag}go${i}`, 'x')
          db.set(`${tag}stay${i}`, 'x')
        }
        let deleted = 0
        const shown = scanAll(db, 1 + rng.below(40), () => {
          for (let i = 0; deletes && i < 10; i++) if (db.delete(`${tag}go${rng.below(600)}`)) deleted++
          if (db.size < 3000) for (let i = 0; i < 5; i++) db.set(`${tag}new${rng.below(100_000)}`, 'x')
          db.set(`${tag}stay${rng.below(600)}`, 'changed')
        })
        const stayed = new Set(shown.filter((key) => key.startsWith(`${tag}stay`)))
        expect(stayed.size).toBe(600)
        expect(shown.length - new Set(shown).size).toBeLessThanOrEqual(deleted)
      }
    })

    it('shows nothing twice to who deletes what was shown', () => {
      const {db} = database(isSlotted)
      for (let i = 0; i < 2000; i++) db.set(`{t}k${i}`, 'x')
      const shown = scanAll(db, 10, (all) => {
        for (const key of all.slice(-10)) if (!key.endsWith('7')) db.delete(key)
      })
      expect(shown).toHaveLength(2000)
      expect(new Set(shown).size).toBe(2000)
    })

    it('answers a cursor asked for again', () => {
      const {db} = database(isSlotted)
      for (let i = 0; i < 2000; i++) db.set(`{t}k${i}`, 'x')
      const first = db.scan(0, 100)
      const second = db.scan(first.cursor, 100)
      expect(db.scan(first.cursor, 100)).toEqual(second)
    })

    it('ends a scan after whose first page most keys were deleted', () => {
      const {db} = database(isSlotted)
      for (let i = 0; i < 700; i++) db.set(`{t}k${i}`, 'x')
      const {cursor} = db.scan(0, 100)
      for (let i = 3; i < 700; i++) db.delete(`{t}k${i}`)
      const rest = db.scan(cursor, 100)
      expect(rest.cursor).toBe(0)
      expect([...rest.keys].sort()).toEqual(['{t}k0', '{t}k1', '{t}k2'])
      db.flush()
      expect(db.scan(cursor, 100)).toEqual({cursor: 0, keys: []})
    })

    it('breaks watches on change, flush and swap, not on reads', () => {
      const {db, state} = database(isSlotted)
      const other = new Database(1, state, isSlotted)
      const watcher = {hasSeenExpired: () => false, watchBroken: false}
      const broken = (act: () => void): boolean => {
        watcher.watchBroken = false
        act()
        return watcher.watchBroken
      }
      db.set('a', '1')
      db.watch('a', watcher)
      db.watch('nokey', watcher)
      expect(broken(() => db.get('a'))).toBe(false)
      expect(broken(() => db.set('b', '1'))).toBe(false)
      expect(broken(() => db.put('a', '2'))).toBe(true)
      expect(broken(() => db.setExpiry('a', 9999))).toBe(true)
      expect(broken(() => db.removeExpiry('a'))).toBe(true)
      expect(broken(() => db.swapWith(other))).toBe(true)
      expect(broken(() => db.flush())).toBe(false)
      expect(broken(() => db.swapWith(other))).toBe(true)
      expect(broken(() => db.flush())).toBe(true)
      expect(broken(() => db.set('nokey', '1'))).toBe(true)
      db.unwatch('a', watcher)
      expect(broken(() => db.set('a', '1'))).toBe(false)
    })

    it('finds random keys only among the living', () => {
      const {db, state} = database(isSlotted)
      const rng = seededRng(1)
      expect(db.randomKey(rng)).toBeUndefined()
      for (let i = 0; i < 50; i++) db.set(`live${i}`, 'x')
      for (let i = 0; i < 50; i++) {
        db.set(`dead${i}`, 'x')
        db.setExpiry(`dead${i}`, 1500)
      }
      state.setTime(2000)
      const found = new Set(Array.from({length: 1000}, () => db.randomKey(rng)!))
      expect([...found].every((key) => key.startsWith('live'))).toBe(true)
      expect(found.size).toBeGreaterThan(40)
    })

    it('deletes expired keys nobody asks for, a bounded number of looks at a time', () => {
      const {db, state} = database(isSlotted)
      for (let i = 0; i < 500; i++) {
        db.set(`k${i}`, 'x')
        db.setExpiry(`k${i}`, i % 2 === 0 ? 1500 : 9000)
      }
      state.setTime(2000)
      const expiry = new ActiveExpiry()
      let calls = 1
      while (expiry.run([db], 50)) calls++
      expect(db.size).toBe(250)
      expect(calls).toBeGreaterThanOrEqual(10)
      state.setTime(10_000)
      while (expiry.run([db], 50)) calls++
      expect([db.size, db.expiresSize, state.expiredKeys]).toEqual([0, 0, 500])
    })
  })
}

describe('randomKey', () => {
  it('gives each of many keys the same chance, also after half of them were deleted', () => {
    const rng = seededRng(9)
    const {db} = database()
    for (let i = 0; i < 4000; i++) db.set(`k${i}`, 'x')
    for (let i = 0; i < 4000; i += 2) db.delete(`k${i}`)
    const counts = new Map<string, number>()
    for (let i = 0; i < 40_000; i++) {
      const key = db.randomKey(rng)!
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    expect(counts.size).toBe(2000)
    let chiSquare = 0
    for (const count of counts.values()) chiSquare += (count - 20) ** 2 / 20
    // 1999 degrees of freedom: mean 1999, standard deviation 63.
    expect(Math.abs(chiSquare - 1999)).toBeLessThan(4 * 63)
  })
})

describe('slots', () => {
  it('counts, lists newest first, and drops one slot', () => {
    const {db} = database(true)
    for (const key of ['{t}1', '{t}2', '{t}3', 'other']) db.set(key, 'x')
    db.setExpiry('{t}2', 5000)
    const slot = hashSlot('{t}')
    expect(db.countKeysInSlot(slot)).toBe(3)
    expect(db.keysInSlot(slot, 2)).toEqual(['{t}3', '{t}2'])
    expect(db.keysInSlot(slot, 10)).toEqual(['{t}3', '{t}2', '{t}1'])
    const watcher = {hasSeenExpired: () => false, watchBroken: false}
    db.watch('{t}1', watcher)
    expect(db.deleteSlot(slot)).toBe(3)
    expect([db.size, db.expiresSize, db.countKeysInSlot(slot), watcher.watchBroken]).toEqual([1, 0, 0, true])
    expect(db.deleteSlot(slot)).toBe(0)
  })

  it('lists a big slot newest first while keys leave and come, in time that does not grow with the slot', () => {
    const {db} = database(true)
    const slot = hashSlot('{t}')
    for (let i = 0; i < 20_000; i++) db.set(`{t}${i}`, 'x')
    expect(db.keysInSlot(slot, 3)).toEqual(['{t}19999', '{t}19998', '{t}19997'])
    db.delete('{t}19998')
    expect(db.keysInSlot(slot, 2)).toEqual(['{t}19999', '{t}19997'])
    db.set('{t}new', 'x')
    db.set('{t}19998', 'back')
    expect(db.keysInSlot(slot, 4)).toEqual(['{t}19998', '{t}new', '{t}19999', '{t}19997'])
    const started = performance.now()
    while (db.countKeysInSlot(slot) > 0) for (const key of db.keysInSlot(slot, 10)) db.delete(key)
    // Walking the slot every time would take several seconds.
    expect(performance.now() - started).toBeLessThan(1000)
  })

  it('lists each slot newest first, whatever was deleted, and nothing of another slot', () => {
    for (const keyCount of [30, 9000]) {
      const rng = seededRng(keyCount)
      const {db} = database(true)
      const tags = ['a', 'b', 'c']
      const model = new Map(tags.map((tag) => [tag, new Set<string>()]))
      for (const growth of [0.8, 0.5, 0.2, 0.9, 0]) {
        for (let step = 0; step < keyCount; step++) {
          const tag = rng.pick(tags)
          const key = `{${tag}}${rng.below(keyCount)}`
          if (rng.chance(growth)) {
            db.set(key, 'x')
            model.get(tag)!.add(key)
          } else {
            expect(db.delete(key)).toBe(model.get(tag)!.delete(key))
          }
        }
        for (const [tag, keys] of model) {
          expect(db.keysInSlot(hashSlot(tag), keyCount)).toEqual([...keys].reverse())
          expect(db.countKeysInSlot(hashSlot(tag))).toBe(keys.size)
        }
        const gone = rng.pick(tags)
        expect(db.deleteSlot(hashSlot(gone))).toBe(model.get(gone)!.size)
        model.get(gone)!.clear()
        expect(db.size).toBe([...model.values()].reduce((sum, {size}) => sum + size, 0))
      }
    }
  })

  it('trusts the hint for the hinted key alone', () => {
    const {db} = database(true)
    db.hint('a', hashSlot('a'))
    db.set('a', '1')
    db.set('b', '2')
    expect([db.countKeysInSlot(hashSlot('a')), db.countKeysInSlot(hashSlot('b'))]).toEqual([1, 1])
  })
})
