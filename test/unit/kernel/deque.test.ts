import fc from 'fast-check'
import {expect, it} from 'vitest'
import {Deque} from '../../../src/lib/kernel/deque.js'

const step = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom('insert', 'popHead', 'popTail', 'pushHead', 'pushTail', 'remove'),
})

it('does what an array does, at both ends and in between', () => {
  fc.assert(
    fc.property(fc.array(step, {maxLength: 300}), (steps) => {
      const deque = new Deque<number>()
      const array: number[] = []
      for (const [item, {at, kind}] of steps.entries()) {
        const isEmpty = array.length === 0
        const index = isEmpty ? 0 : at % array.length
        if (kind === 'insert') {
          deque.insert(index, item)
          array.splice(index, 0, item)
        } else if (kind === 'pushHead') {
          deque.pushHead(item)
          array.unshift(item)
        } else if (kind === 'pushTail' || isEmpty) {
          deque.pushTail(item)
          array.push(item)
        } else if (kind === 'remove') {
          const count = 1 + (at % Math.min(3, array.length - index))
          deque.remove(index, count)
          array.splice(index, count)
        } else
          expect(kind === 'popHead' ? deque.popHead() : deque.popTail()).toBe(
            kind === 'popHead' ? array.shift() : array.pop(),
          )
        expect(deque.length).toBe(array.length)
        expect(deque.slice(0)).toEqual(array)
      }
      expect(array.map((_, index) => deque.at(index))).toEqual(array)
    }),
    {numRuns: 300},
  )
})

it('is a queue, also once it gives back what was taken from its head', () => {
  const deque = new Deque<number>()
  for (let item = 0; item < 200; item++) deque.pushTail(item)
  for (let item = 0; item < 200; item++) expect(deque.popHead()).toBe(item)
  expect(deque.length).toBe(0)
})
