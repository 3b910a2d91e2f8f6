import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {ActorTable} from '../../../../../../src/lib/server/crdt/core/actors.js'
import {
  comparePositions,
  type Position,
  positionBetween,
} from '../../../../../../src/lib/server/crdt/core/containers/position.js'

const actors = new ActorTable()
/** Numbered against the order of their regions. */
const ACTORS = [3, 2, 1].map((region) => actors.indexOf(region, 1))

function isBefore(a: Position, b: Position): boolean {
  return comparePositions(a, b, actors) < 0
}

describe('positions', () => {
  it('are ordered by number, region, index; what goes on comes later', () => {
    const ordered: Position[] = [
      [-5, 2, 0],
      [4, 2, -1],
      [4, 2, 0],
      [4, 2, 0, -3, 0, 0],
      [4, 2, 0, 0, 1, 0],
      [4, 2, 0, 0, 1, 0, 0, 1, 1],
      [4, 2, 0, 0, 0, 0],
      [4, 2, 1],
      [4, 1, 0],
      [4, 0, -7],
      [5, 2, 0],
    ]
    for (let i = 0; i < ordered.length; i++) {
      for (let j = 0; j < ordered.length; j++) {
        expect(Math.sign(comparePositions(ordered[i]!, ordered[j]!, actors))).toBe(Math.sign(i - j))
      }
    }
  })

  it('of chains behind one element stay short', () => {
    const me = ACTORS[0]!
    let last: Position = [7, ACTORS[1]!, 0]
    const after: Position = [8, me, 0]
    for (let i = 0; i < 1000; i++) {
      const next = positionBetween(last, after, me, actors)
      expect(isBefore(last, next) && isBefore(next, after)).toBe(true)
      expect(next.length).toBeLessThanOrEqual(9)
      last = next
    }
  })

  /** Who inserts, where, and from whom it hears of others first. */
  const step = fc.record({
    at: fc.nat(999).map((thousandths) => thousandths / 1000),
    from: fc.nat(2),
    isBehindLast: fc.boolean(),
    isRemoved: fc.nat(5).map((dice) => dice === 0),
    isSynced: fc.nat(3).map((dice) => dice === 0),
    on: fc.nat(2),
  })

  it('lie strictly between their neighbours, whatever was inserted, removed and heard of late', () => {
    fc.assert(
      fc.property(fc.array(step, {maxLength: 80, minLength: 20}), (steps) => {
        const all: Position[] = [
          [1, ACTORS[0]!, 0],
          [2, ACTORS[1]!, 0],
        ]
        const lists = ACTORS.map(() => [...all])
        const removed = new Set<Position>()
        const last: (Position | undefined)[] = []
        for (const {at, from, isBehindLast, isRemoved, isSynced, on} of steps) {
          const list = lists[on]!
          if (isSynced) {
            const union = new Set([...list, ...lists[from]!])
            list.length = 0
            for (const position of union) if (!removed.has(position)) list.push(position)
            list.sort((a, b) => comparePositions(a, b, actors))
          }
          if (list.length === 0) continue
          if (isRemoved && list.length > 1) {
            for (const position of list.splice(Math.floor(at * list.length), 1)) removed.add(position)
            continue
          }
          const behind = last[on] === undefined ? -1 : list.indexOf(last[on])
          const index = isBehindLast && behind >= 0 ? behind : Math.floor(at * list.length)
          const made = positionBetween(list[index]!, list[index + 1], ACTORS[on]!, actors)
          expect(isBefore(list[index]!, made)).toBe(true)
          if (index + 1 < list.length) expect(isBefore(made, list[index + 1]!)).toBe(true)
          // What another made at the same time has another name; that of what was removed may come again.
          for (const position of lists.flat()) {
            if (!removed.has(position)) expect(comparePositions(position, made, actors)).not.toBe(0)
          }
          list.splice(index + 1, 0, made)
          last[on] = made
        }
      }),
      {numRuns: 200},
    )
  })
})
