import {expect, it} from 'vitest'
import {ChangedSlots} from '../../../../../src/lib/server/crdt/peers/changed-slots.js'

it('tells of each slot that has changed, some at a time, whatever changes meanwhile', () => {
  const slots = new ChangedSlots()
  slots.note(300)
  slots.nextRound()
  const sweep = slots.newSweep([
    {first: 0, last: 5},
    {first: 100, last: 200},
  ])
  for (const slot of [2, 3, 50, 150, 151]) slots.note(slot)
  slots.nextRound()
  expect(slots.take(sweep, 3)).toEqual([2, 3, 150])
  slots.note(0)
  slots.note(151)
  slots.nextRound()
  expect(slots.take(sweep, 3)).toEqual([151])
  slots.nextRound()
  expect(slots.take(sweep, 1)).toEqual([0])
  slots.nextRound()
  expect(slots.take(sweep, 9)).toContain(151)
  slots.nextRound()
  slots.take(sweep, 9)
  expect(slots.take(sweep, 9)).toEqual([])
})

it('tells of all that is known first', () => {
  const slots = new ChangedSlots()
  slots.note(7)
  slots.nextRound()
  const sweep = slots.newSweep([{first: 0, last: 16383}])
  expect(slots.take(sweep, 9)).toEqual([7])
  slots.nextRound()
  expect(slots.take(sweep, 9)).toEqual([])
})
