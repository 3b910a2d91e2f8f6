import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {Cells} from '../../../../../../src/lib/server/crdt/core/containers/cells.js'

interface Element {
  readonly a: number
  readonly more: string | undefined
}

function contentOf(cells: Cells<string, string>): Element[] {
  const found: Element[] = []
  for (let place = cells.firstPlace(); !cells.isEnd(place); place = cells.next(place)) {
    expect(cells.value(place)).toBe(`v${cells.a(place)}`)
    expect(cells.b(place)).toBe(cells.a(place) / 2)
    expect(cells.dot(place)).toBe(cells.a(place) * 3)
    found.push({a: cells.a(place), more: cells.more(place)})
  }
  return found
}

/** Places and indexes name the same elements, from both ends. */
function checkPlaces(cells: Cells<string, string>): void {
  let index = 0
  for (let place = cells.firstPlace(); !cells.isEnd(place); place = cells.next(place)) {
    expect(cells.placeAt(index)).toBe(place)
    expect(cells.indexOf(place)).toBe(index)
    index++
  }
  expect(index).toBe(cells.length)
  expect(cells.isEnd(cells.placeAt(cells.length))).toBe(true)
  expect(cells.indexOf(cells.endPlace())).toBe(cells.length)
  for (const chunk of cells.chunks.slice(0)) expect(chunk.size).toBeGreaterThan(0)
}

const step = fc.record({
  at: fc.nat(999).map((thousandths) => thousandths / 1000),
  count: fc.oneof(fc.integer({max: 4, min: 1}), fc.integer({max: 200, min: 1})),
  kind: fc.constantFrom('head', 'tail', 'middle', 'remove', 'pop', 'shift'),
  isMore: fc.boolean(),
})

describe('cells', () => {
  it('holds what an array holds, whatever is inserted and removed', () => {
    fc.assert(
      fc.property(fc.array(step, {maxLength: 40}), (steps) => {
        const cells = new Cells<string, string>()
        const model: Element[] = []
        let next = 1
        for (const {at, count, isMore, kind} of steps) {
          const index = Math.floor(at * model.length)
          if (kind === 'remove' || kind === 'pop' || kind === 'shift') {
            const removed = Math.min(count, model.length)
            const from =
              kind === 'shift' ? 0 : kind === 'pop' ? model.length - removed : Math.min(index, model.length - removed)
            if (removed === 0) continue
            const behind = cells.remove(cells.placeAt(from), removed)
            model.splice(from, removed)
            expect(cells.indexOf(behind)).toBe(from)
            continue
          }
          for (let i = 0; i < count; i++) {
            const to = kind === 'head' ? 0 : kind === 'tail' ? model.length : index
            const more = isMore && i % 3 === 0 ? `m${next}` : undefined
            cells.insert(cells.placeAt(to), next, next / 2, next * 3, `v${next}`, more)
            model.splice(to, 0, {a: next, more})
            next++
          }
        }
        expect(contentOf(cells)).toEqual(model)
        checkPlaces(cells)
      }),
      {numRuns: 60},
    )
  })

  it('grows and moves at both ends', () => {
    for (let bits = 0; bits < 1 << 11; bits++) {
      const cells = new Cells<string, string>()
      const model: number[] = []
      for (let a = 0; a < 11; a++) {
        const isHead = ((bits >> a) & 1) === 1
        cells.insert(isHead ? cells.firstPlace() : cells.endPlace(), a, a / 2, a * 3, `v${a}`, undefined)
        if (isHead) model.unshift(a)
        else model.push(a)
      }
      const found: number[] = []
      for (const place of cells.places()) found.push(cells.a(place))
      expect(found).toEqual(model)
    }
  })

  it('finds the first element that does not come before', () => {
    const cells = new Cells<string, string>()
    for (let a = 0; a < 2000; a += 2) cells.push(a, a / 2, a * 3, `v${a}`, undefined)
    for (const sought of [-1, 0, 1, 2, 255, 256, 257, 1997, 1998]) {
      const place = cells.find((at) => cells.a(at) - sought)
      expect(cells.a(place)).toBe(Math.max(0, sought + (sought & 1)))
    }
    expect(cells.isEnd(cells.find((at) => cells.a(at) - 1999))).toBe(true)
  })

  it('stays short where elements come at one end and go at the other', () => {
    const cells = new Cells<string, string>()
    for (let a = 0; a < 10_000; a++) {
      cells.push(a, a / 2, a * 3, `v${a}`, undefined)
      if (a >= 3) cells.remove(cells.firstPlace(), 1)
    }
    expect(contentOf(cells).map(({a}) => a)).toEqual([9997, 9998, 9999])
    expect(cells.chunks.length).toBe(1)
    expect(cells.chunks.at(0).values.length).toBeLessThanOrEqual(16)
  })
})
