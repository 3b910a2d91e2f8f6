import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {drawLanes, type Lane} from '../../../src/lib/cli/lanes.js'

const LANE: Lane = {
  title: 'a -> b: 64 slots',
  finished: new Promise(() => undefined),
  isFinished: () => false,
  describe: () => '12 keys, 3 s left',
  summary: () => '12 keys in 1.0 s',
}

describe('drawLanes', () => {
  const {columns} = process.stdout
  let drawn = ''

  beforeEach(() => {
    drawn = ''
    const take = (text: unknown) => {
      drawn += String(text)
      return true
    }
    vi.spyOn(process.stdout, 'write').mockImplementation(take)
    vi.spyOn(process.stderr, 'write').mockImplementation(take)
  })
  afterEach(() => {
    vi.restoreAllMocks()
    process.stdout.columns = columns
  })

  it('names the lanes that were stopped', async () => {
    process.stdout.columns = 80
    const stopped = drawLanes([LANE], async () => Promise.reject(new Error('why')))
    await expect(stopped).rejects.toThrow('why')
    expect(drawn).toContain('a -> b: 64 slots, stopped after 12 keys in 1.0 s')
  })

  it('draws nothing on a terminal that has no width', async () => {
    process.stdout.columns = 0
    expect(await drawLanes([LANE], async () => 7)).toBe(7)
    expect(drawn).toBe('')
  })
})
