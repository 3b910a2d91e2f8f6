import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {splitIntoTasks, TASK_BYTES_MAX, TASK_SLOTS_MAX} from '../../../../src/lib/plan/moves/atomic-tasks.js'

describe('splitIntoTasks', () => {
  it('takes small slots in tasks of equal number', () => {
    const slots = Array.from({length: 2500}, (_, slot) => slot)
    expect(splitIntoTasks(slots, () => 1).map(({length}) => length)).toEqual([1024, 1024, 452])
  })

  it('lets a slot go alone that is too big for a task', () => {
    const sizes = new Map([[7, TASK_BYTES_MAX * 3]])
    expect(splitIntoTasks([6, 7, 8], (slot) => sizes.get(slot) ?? 10)).toEqual([[6], [7], [8]])
  })

  it('keeps every slot once, in order, within the bounds', () => {
    const sized = fc.uniqueArray(fc.tuple(fc.nat(16383), fc.nat(TASK_BYTES_MAX)), {selector: ([slot]) => slot})
    fc.assert(
      fc.property(sized, (entries) => {
        const sizes = new Map(entries)
        const slots = [...sizes.keys()].sort((a, b) => a - b)
        const bytesOf = (slot: number) => sizes.get(slot) ?? 0
        const tasks = splitIntoTasks(slots, bytesOf)
        expect(tasks.flat()).toEqual(slots)
        for (const task of tasks) {
          expect(task.length).toBeLessThanOrEqual(TASK_SLOTS_MAX)
          const bytes = task.reduce((sum, slot) => sum + bytesOf(slot), 0)
          expect(task.length === 1 || bytes <= TASK_BYTES_MAX).toBe(true)
        }
      }),
    )
  })
})
