import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {LinkTable, OPEN_LINK} from '../../../../src/lib/engine/process/link-table.js'
import type {LinkRule} from '../../../../src/lib/model/links.js'

const drop: LinkRule = {effect: {kind: 'drop'}, from: 'n1', to: 'n2'}

beforeEach(() => {
  vi.useFakeTimers({now: 1_700_000_000_000})
})

afterEach(() => {
  vi.useRealTimers()
})

describe('the table of links', () => {
  it('says of each direction by itself what is done to it, effects added up', () => {
    const table = new LinkTable(() => undefined)
    table.set([
      drop,
      {...drop, effect: {jitterMs: 5, kind: 'delay', ms: 50}},
      {...drop, effect: {kind: 'loss', probability: 0.3}, to: 'n3'},
      {...drop, effect: {kind: 'reset'}, to: 'n3'},
    ])
    expect(table.shapeOf('n1', 'n2')).toEqual({...OPEN_LINK, delayMs: 50, dropped: true, jitterMs: 5})
    expect(table.shapeOf('n1', 'n3')).toEqual({...OPEN_LINK, lossProbability: 0.3, reset: true})
    expect(table.shapeOf('n2', 'n1')).toBe(OPEN_LINK)
    expect(table.shapeOf(undefined, 'n2')).toBe(OPEN_LINK)
  })

  it('forgets the rules before', () => {
    const table = new LinkTable(() => undefined)
    table.set([drop])
    table.set([])
    expect([table.list(), table.shapeOf('n1', 'n2')]).toEqual([[], OPEN_LINK])
  })

  it('ends each rule when its time is over, by itself, and tells', () => {
    const onChange = vi.fn()
    const table = new LinkTable(onChange)
    const soon = {...drop, untilMs: Date.now() + 1000}
    const later = {...drop, to: 'n3', untilMs: Date.now() + 2000}
    table.set([soon, later, {...drop, to: 'n4'}, {...drop, to: 'n5', untilMs: Date.now() - 1}])
    expect(onChange).toHaveBeenCalledTimes(1)
    expect(table.list().map(({to}) => to)).toEqual(['n2', 'n3', 'n4'])
    vi.advanceTimersByTime(1000)
    expect(onChange).toHaveBeenCalledTimes(2)
    expect(table.shapeOf('n1', 'n2')).toBe(OPEN_LINK)
    vi.advanceTimersByTime(1000)
    expect(table.list().map(({to}) => to)).toEqual(['n4'])
    expect(vi.getTimerCount()).toBe(0)
  })
})
