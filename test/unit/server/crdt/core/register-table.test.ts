import {describe, expect, it} from 'vitest'
import {seededRng} from '../../../../../src/lib/kernel/rng.js'
import {Cell, type Register} from '../../../../../src/lib/server/crdt/core/register.js'
import {RegisterTable} from '../../../../../src/lib/server/crdt/core/register-table.js'
import {Row} from '../../../../../src/lib/server/crdt/core/rows.js'

function entries(table: RegisterTable<string>): [string, Register<string>][] {
  return Array.from({length: table.size}, (_, place) => [table.nameAt(place), table.at(place)])
}

describe('RegisterTable', () => {
  it('is what a Map of registers is, however they come, change and go', () => {
    const rng = seededRng(5)
    const table = new RegisterTable('')
    const model = new Map<string, Register<string>>()
    for (let step = 1; step <= 6000; step++) {
      const name = `field:${rng.below(step < 3000 ? 400 : 40)}`
      const place = table.find(name)
      expect(table.findAgain(name)).toBe(place)
      expect(place >= 0).toBe(model.has(name))
      const row = new Row(step * 2 ** 40, step * 2 ** 30, `value:${step}`)
      const register = rng.chance(0.7) ? row : new Cell([row, new Row(step, step, 'other')], [])
      if (place >= 0 && rng.chance(0.3)) {
        table.removeAt(place)
        model.delete(name)
        continue
      }
      if (place < 0 && register instanceof Row) table.addRow(name, row.dot, row.clock, row.value)
      else if (place < 0) table.add(name, register)
      else if (table.isRowAt(place) && register instanceof Row) table.setRow(place, row.dot, row.clock, row.value)
      else table.set(place, register)
      model.set(name, register)
      expect(table.get(name)).toEqual(register)
    }
    expect(table.size).toBe(model.size)
    expect(new Map(entries(table))).toEqual(model)
    const {others} = table as unknown as {readonly others: ReadonlyMap<string, unknown>}
    expect(others.size).toBe([...model.values()].filter((register) => !(register instanceof Row)).length)
    expect(others.size).toBeGreaterThan(0)
    while (table.size > 0) {
      model.delete(table.nameAt(0))
      table.removeAt(0)
      expect(new Map(entries(table))).toEqual(model)
    }
  })

  it('gives copies of rows: what is done to one changes nothing until it is set', () => {
    const table = new RegisterTable('')
    table.add('f', new Row(1, 2, 'v'))
    const copy = table.get('f') as Row<string>
    copy.value = 'w'
    expect(table.valueAt(0)).toBe('v')
    table.set(0, copy)
    expect(table.get('f')).toEqual(new Row(1, 2, 'w'))
  })
})
