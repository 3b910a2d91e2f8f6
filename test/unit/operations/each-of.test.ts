import {expect, it} from 'vitest'
import {eachOf} from '../../../src/lib/operations/each-of.js'

it('does so many at a time, and gives the results in order', async () => {
  let running = 0
  let most = 0
  const results = await eachOf([5, 1, 3, 2, 4], 2, async (item, index) => {
    running++
    most = Math.max(most, running)
    for (let turn = 0; turn < item; turn++) await Promise.resolve()
    running--
    return `${index}:${item}`
  })
  expect(results).toEqual(['0:5', '1:1', '2:3', '3:2', '4:4'])
  expect(most).toBe(2)
  expect(await eachOf([], 3, async () => 1)).toEqual([])
})

it('starts nothing after a failure, and waits for what was under way', async () => {
  const ended: number[] = []
  const work = eachOf([0, 1, 2, 3], 2, async (item) => {
    if (item === 0) throw new Error('first')
    await new Promise((resolve) => setTimeout(resolve, 20))
    ended.push(item)
  })
  await expect(work).rejects.toThrow('first')
  expect(ended).toEqual([1])
})
