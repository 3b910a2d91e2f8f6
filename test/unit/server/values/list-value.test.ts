import {describe, expect, it} from 'vitest'
import {seededRng} from '../../../../src/lib/kernel/rng.js'
import {encodeListpack} from '../../../../src/lib/protocol/rdb/listpack.js'
import {insertBeside, positionsOf, removeEqual} from '../../../../src/lib/server/values/list/list-search.js'
import {ListValue} from '../../../../src/lib/server/values/list/list-value.js'

/** What a node is said to take beside its elements. */
const NODE_BYTES = 120

/** The list, its nodes and its counts agree. */
function check(list: ListValue, expected: readonly string[]): void {
  expect([...list]).toEqual(expected)
  expect(list.length).toBe(expected.length)
  for (const {elements, isPlain} of list.toRdb().nodes) {
    expect(elements.length).toBeGreaterThan(0)
    expect(isPlain).toBe(false)
  }
  const bytes = list.toRdb().nodes.reduce((sum, {elements}) => sum + encodeListpack(elements).length, 0)
  expect(list.nodeBytes()).toBe(bytes)
}

function checkSize(list: ListValue): void {
  const nodes = list.nodes.slice(0)
  expect(list.sizeBytes()).toBe(nodes.reduce((sum, node) => sum + NODE_BYTES + node.sizeBytes(), 0))
}

describe('list value', () => {
  for (const [fill, longest] of [
    [-2, 900],
    [-1, 900],
    [-1, 60],
    [3, 300],
    [3, 20],
    [0, 900],
  ] as const) {
    it(`does what an array does (fill ${fill}, up to ${longest} bytes)`, () => {
      const rng = seededRng(10 + fill)
      const list = new ListValue(fill)
      const model: string[] = []
      const text = (): string => (rng.chance(0.5) ? String(rng.below(50)) : 'x'.repeat(rng.below(longest)))
      for (let step = 0; step < 600; step++) {
        const at = rng.below(Math.max(1, model.length))
        switch (rng.below(12)) {
          case 0:
          case 1:
            for (let i = rng.below(20); i >= 0; i--) {
              const one = text()
              list.pushTail(one)
              model.push(one)
            }
            break
          case 2:
          case 3:
            for (let i = rng.below(20); i >= 0; i--) {
              const one = text()
              list.pushHead(one)
              model.unshift(one)
            }
            break
          case 4:
            if (model.length > 0) expect(list.popHead()).toBe(model.shift())
            break
          case 5:
            if (model.length > 0) expect(list.popTail()).toBe(model.pop())
            break
          case 6: {
            const one = text()
            expect(list.set(at, one)).toBe(model.length > 0)
            if (model.length > 0) model[at] = one
            expect(list.get(at)).toBe(model[at])
            expect(list.get(-at)).toBe(model.at(at === 0 ? 0 : -at))
            break
          }
          case 7: {
            const pivot = model[at] ?? 'none'
            const one = text()
            const after = rng.chance(0.5)
            expect(insertBeside(list, pivot, one, after)).toBe(model.length > 0)
            if (model.length > 0) model.splice(model.indexOf(pivot) + (after ? 1 : 0), 0, one)
            break
          }
          case 8: {
            const one = text()
            const positions = model.flatMap((each, i) => (each === one ? [i] : []))
            const all = {countMax: Number.POSITIVE_INFINITY, lookMax: Number.POSITIVE_INFINITY, skip: 0}
            expect(positionsOf(list, one, {...all, fromTail: false})).toEqual(positions)
            expect(positionsOf(list, one, {...all, fromTail: true})).toEqual(positions.reverse())
            break
          }
          case 9: {
            const one = text()
            const fromTail = rng.chance(0.5)
            const gone = model.flatMap((each, i) => (each === one ? [i] : []))
            const taken = fromTail ? gone.slice(-2) : gone.slice(0, 2)
            expect(removeEqual(list, one, 2, fromTail)).toBe(taken.length)
            for (const index of taken.reverse()) model.splice(index, 1)
            break
          }
          case 10: {
            const count = rng.below(model.length - at + 1)
            if (count > 0) expect(list.range(at, count)).toEqual(model.slice(at, at + count))
            break
          }
          default: {
            const count = rng.below(Math.min(40, model.length - at + 1))
            if (count > 0) list.removeRange(at, count)
            model.splice(at, count)
          }
        }
        checkSize(list)
        if (step % 100 === 0) check(list, model)
      }
      check(list, model)
    })
  }

  it('is copied, not shared', () => {
    const list = ListValue.of(['a', 'b', 'c'], 2)
    const copy = list.copy()
    list.popHead()
    list.set(0, 'x')
    check(copy, ['a', 'b', 'c'])
    copy.pushTail('d')
    check(list, ['x', 'c'])
  })
})
