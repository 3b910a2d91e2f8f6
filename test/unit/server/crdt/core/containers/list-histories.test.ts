import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import type {ListValue} from '../../../../../../src/lib/server/crdt/core/container.js'
import {listType} from '../../../../../../src/lib/server/crdt/core/containers/list-value.js'
import {Replica, settle} from './rig.js'

const COUNT = 3

const step = fc.record({
  at: fc.nat(999).map((thousandths) => thousandths / 1000),
  from: fc.nat(COUNT - 1),
  kind: fc.constantFrom(
    'push',
    'push',
    'insert',
    'insert',
    'insert',
    'behind',
    'set',
    'remove',
    'remove',
    'reset',
    'pull',
    'join',
  ),
  many: fc.integer({max: 6, min: 1}),
  on: fc.nat(COUNT - 1),
})

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** Runs a local change on the list and on an array alike. */
class Run {
  readonly lists = Array.from({length: COUNT}, (_, i) => new Replica<ListValue>(listType, i + 1))
  private readonly lastInserts: number[] = []
  private next = 0

  carryOut({at, from, kind, many, on}: Step): void {
    const list = this.lists[on]!
    const model = [...list.value.elements()]
    const index = Math.floor(at * model.length)
    const values = Array.from({length: many}, () => `v${this.next++}`)
    const behind = Math.min((this.lastInserts[on] ?? -1) + 1, model.length)
    if (kind === 'push') {
      const end = at < 0.5 ? 'left' : 'right'
      list.write((value, operation) => value.push(operation, end, values))
      model.splice(end === 'left' ? 0 : model.length, 0, ...values)
    } else if (kind === 'insert' || kind === 'behind') {
      const to = kind === 'behind' ? behind : index
      list.write((value, operation) => value.insertAt(operation, to, values[0]!))
      model.splice(to, 0, values[0]!)
      this.lastInserts[on] = to
    } else if (kind === 'set' && model.length > 0) {
      list.write((value, operation) => value.setAt(operation, index % model.length, values[0]!))
      model[index % model.length] = values[0]!
    } else if (kind === 'remove' && model.length > 0) {
      const first = index % model.length
      const indexes = [...model.keys()].filter((i) => i >= first && i < first + many && (i - first !== 2 || at < 0.5))
      list.write((value, operation) => value.removeAt(operation, indexes))
      for (const i of indexes.reverse()) model.splice(i, 1)
    } else if (kind === 'reset' && at < 0.2) {
      list.write(undefined)
      model.length = 0
    } else if (kind === 'pull') {
      list.pull(this.lists[from]!)
      return
    } else if (kind === 'join') {
      list.joinAll(this.lists[from]!)
      return
    }
    // What was inserted stands where it was inserted, between its neighbours.
    expect([...list.value.elements()]).toEqual(model)
  }

  check(): void {
    for (const list of this.lists) {
      const elements = [...list.value.elements()]
      expect(list.shown.list).toEqual(elements)
      expect(list.value.size).toBe(elements.length)
    }
  }
}

describe('histories of lists', () => {
  it('come to the same list by effects and by joins, each insert strictly between its neighbours', () => {
    fc.assert(
      fc.property(fc.array(step, {maxLength: 60}), (steps) => {
        const run = new Run()
        for (const each of steps) {
          run.carryOut(each)
          run.check()
        }
        settle(run.lists)
        run.check()
        const byJoin = new Replica<ListValue>(listType, 8)
        const [one, two, three] = run.lists as [Replica<ListValue>, Replica<ListValue>, Replica<ListValue>]
        byJoin.joinAll(three)
        const byEffects = new Replica<ListValue>(listType, 9)
        byEffects.pull(one)
        for (const list of [two, three, byJoin, byEffects]) {
          expect([...list.value.elements()]).toEqual([...one.value.elements()])
          expect(list.digest()).toBe(one.digest())
          expect(list.ledger).toEqual(one.ledger)
        }
      }),
      {numRuns: 400},
    )
  })

  it('join as a lattice: in any order, in any grouping, any number of times', () => {
    fc.assert(
      fc.property(fc.array(step, {maxLength: 40}), (steps) => {
        const run = new Run()
        for (const each of steps) run.carryOut(each)
        const [a, b, c] = run.lists as [Replica<ListValue>, Replica<ListValue>, Replica<ListValue>]
        const joined = (...parts: Replica<ListValue>[]) => {
          const list = new Replica<ListValue>(listType, 9)
          for (const part of parts) list.joinAll(part)
          return list
        }
        const all = joined(a, b, c).digest()
        expect(joined(c, b, a).digest()).toBe(all)
        expect(joined(joined(b, c), a).digest()).toBe(all)
        expect(joined(a, joined(a, b), b, c, c, a).digest()).toBe(all)
        const applied = new Replica<ListValue>(listType, 9)
        for (const part of [a, b, c, a, b])
          for (const effect of part.log) if (!applied.knows(effect)) applied.apply(effect)
        settle([applied, a, b, c])
        expect(applied.digest()).toBe(all)
      }),
      {numRuns: 200},
    )
  })
})
