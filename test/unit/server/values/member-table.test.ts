import {describe, expect, it} from 'vitest'
import {type Rng, seededRng} from '../../../../src/lib/kernel/rng.js'
import {MemberTable} from '../../../../src/lib/server/values/table/member-table.js'

function everything(table: MemberTable): string[] {
  return Array.from({length: table.size}, (_, place) => table.at(place))
}

/** Adds and removes by chance, as likely to grow as `growth` says; the table must always be what the Set is. */
function churn(table: MemberTable, model: Set<string>, rng: Rng, steps: number, growth: number, names: number): void {
  let wrong = 0
  for (let step = 0; step < steps; step++) {
    const member = `member:${rng.below(names)}`
    if (rng.chance(growth)) {
      const place = table.add(member)
      if (place >= 0 !== model.has(member) || (place >= 0 && table.at(place) !== member)) wrong++
      model.add(member)
    } else if (rng.chance(0.5)) {
      if (table.remove(member) >= 0 !== model.delete(member)) wrong++
    } else if (table.size > 0) {
      const place = rng.below(table.size)
      model.delete(table.at(place))
      table.removeAt(place)
    }
  }
  expect(table.size).toBe(model.size)
  expect(new Set(everything(table))).toEqual(model)
  for (const [place, member] of everything(table).entries()) if (table.find(member) !== place) wrong++
  for (let i = 0; i < 50; i++) if (table.find(`other:${i}`) !== -1) wrong++
  expect(wrong).toBe(0)
}

describe('MemberTable', () => {
  for (const [name, names] of [
    ['a few', 20],
    ['hundreds of', 600],
    ['thousands of', 12_000],
  ] as const) {
    it(`is what a Set is after ${name} members came and went`, () => {
      const rng = seededRng(names)
      const table = new MemberTable()
      const model = new Set<string>()
      for (const growth of [0.9, 0.5, 0.1, 0.8, 0.2, 0]) churn(table, model, rng, names * 2, growth, names)
    })
  }

  it('is what a Set is where room was made for more members than come, or fewer', () => {
    for (const room of [100, 4096, 4097, 9000, 40_000]) {
      const rng = seededRng(room)
      const table = new MemberTable()
      table.reserve(room)
      const model = new Set<string>()
      for (const growth of [0.9, 0.1, 0.8, 0]) churn(table, model, rng, 20_000, growth, 15_000)
    }
  })

  it('finds again what another table was just asked for, whether that has it at the same place or not', () => {
    const rng = seededRng(11)
    const [asked, alike] = [new MemberTable(), new MemberTable()]
    const model = new Map<string, number>()
    let again = 0
    for (let step = 0; step < 20_000; step++) {
      const member = `member:${rng.below(3000)}`
      const place = asked.add(member)
      const found = alike.findAgain(member)
      expect(found).toBe(alike.find(member))
      if (found >= 0 && found === place) again++
      if (found < 0) alike.addNew(member)
      model.set(member, step)
      if (!rng.chance(0.2)) continue
      const gone = `member:${rng.below(3000)}`
      alike.remove(gone)
      // Now and then the two part.
      if (rng.chance(0.9)) asked.remove(gone)
    }
    expect(again).toBeGreaterThan(100)
    for (const [at, member] of everything(alike).entries()) expect(alike.find(member)).toBe(at)
    expect(new Set(everything(alike)).size).toBe(alike.size)
    expect(everything(alike).every((member) => model.has(member))).toBe(true)
  })

  it('has a copy that goes its own way', () => {
    for (const size of [5, 40, 5000]) {
      const table = new MemberTable()
      for (let i = 0; i < size; i++) table.add(`member:${i}`)
      const before = everything(table)
      const copy = table.copy()
      for (let i = 0; i < size; i++) if (i % 3 === 0) copy.remove(`member:${i}`)
      for (let i = 0; i < size; i++) copy.add(`more:${i}`)
      expect(everything(table)).toEqual(before)
      expect(before.map((member) => table.find(member))).toEqual([...before.keys()])
      expect(copy.size).toBe(size - Math.ceil(size / 3) + size)
    }
  })

  it('shows every member that stays to a walk from the highest place down', () => {
    const rng = seededRng(3)
    for (let round = 0; round < 30; round++) {
      const table = new MemberTable()
      for (let i = 0; i < 3000; i++) table.add(`member:${i}`)
      const seen = new Set<string>()
      const staying = new Set(everything(table))
      for (let cursor = table.size; cursor > 0; ) {
        const end = Math.min(cursor, table.size)
        cursor = Math.max(0, end - 7)
        for (let place = end - 1; place >= cursor; place--) seen.add(table.at(place))
        for (let i = rng.below(10); i > 0 && table.size > 0; i--) {
          const gone = table.at(rng.below(table.size))
          table.remove(gone)
          staying.delete(gone)
        }
        for (let i = rng.below(5); i > 0; i--) table.add(`new:${rng.below(1000)}`)
      }
      expect([...staying].filter((member) => !seen.has(member))).toEqual([])
    }
  })

  it('counts the bytes of its texts', () => {
    const table = new MemberTable()
    for (let i = 0; i < 2000; i++) table.add(`member:${i}`)
    for (let i = 0; i < 1900; i++) table.remove(`member:${i}`)
    expect(table.textBytes).toBe(everything(table).join('').length)
  })
})
