import fc from 'fast-check'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {ShapedFlow, UNSHAPED} from '../../../../src/lib/engine/process/shaped-flow.js'

const slow = {...UNSHAPED, delayMs: 100}
const silent = {...UNSHAPED, dropped: true}

/** A flow whose sink takes all, and what came out of it. @param chances - one after another, then 0.5 */
function flowOf(chances: readonly number[] = []) {
  const out: string[] = []
  const left = [...chances]
  const flow = new ShapedFlow<string>(
    (item) => out.push(item) > 0,
    () => left.shift() ?? 0.5,
  )
  return {flow, out}
}

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

describe('a shaped flow', () => {
  it('lets all through at once that nothing is done to', () => {
    const {flow, out} = flowOf()
    flow.push('a')
    flow.push('b')
    expect(out).toEqual(['a', 'b'])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('delays each piece by that much', () => {
    const {flow, out} = flowOf()
    flow.shape(slow)
    flow.push('a')
    vi.advanceTimersByTime(60)
    flow.push('b')
    vi.advanceTimersByTime(39)
    expect(out).toEqual([])
    vi.advanceTimersByTime(1)
    expect(out).toEqual(['a'])
    vi.advanceTimersByTime(60)
    expect(out).toEqual(['a', 'b'])
  })

  it('varies by the jitter, and keeps the order', () => {
    const {flow, out} = flowOf([1, 0.5, 0, 0.5])
    flow.shape({...slow, jitterMs: 50})
    flow.push('latest')
    flow.push('earliest')
    vi.advanceTimersByTime(149)
    expect(out).toEqual([])
    vi.advanceTimersByTime(1)
    expect(out).toEqual(['latest', 'earliest'])
  })

  it('keeps all of a silence, and gives it when that is over', () => {
    const {flow, out} = flowOf()
    flow.shape(silent)
    flow.push('a')
    flow.push('b')
    vi.advanceTimersByTime(3_600_000)
    expect(out).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
    flow.shape(UNSHAPED)
    expect(out).toEqual(['a', 'b'])
  })

  it('takes no longer for what is under way once the delay is gone, and not less when told the same again', () => {
    const {flow, out} = flowOf()
    flow.shape({...slow, delayMs: 5000})
    flow.push('a')
    vi.advanceTimersByTime(4000)
    flow.shape({...slow, delayMs: 5000})
    expect(out).toEqual([])
    flow.shape(slow)
    vi.advanceTimersByTime(99)
    expect(out).toEqual([])
    vi.advanceTimersByTime(1)
    expect(out).toEqual(['a'])
  })

  it('sends what was lost again after 200 ms, then after twice as long each time, and holds up what comes behind it', () => {
    // Of each piece the jitter is drawn first. The first is lost three times, the second never.
    const {flow, out} = flowOf([0.5, 0.1, 0.1, 0.1, 0.9, 0.5, 0.9])
    flow.shape({...UNSHAPED, lossProbability: 0.3})
    flow.push('lost')
    flow.push('behind')
    vi.advanceTimersByTime(1399)
    expect(out).toEqual([])
    vi.advanceTimersByTime(1)
    expect(out).toEqual(['lost', 'behind'])
  })

  it('is silent if everything is lost', () => {
    const {flow, out} = flowOf()
    flow.shape({...UNSHAPED, lossProbability: 1})
    flow.push('a')
    vi.advanceTimersByTime(3_600_000)
    expect([flow.isSilent, out]).toEqual([true, []])
    flow.shape(UNSHAPED)
    expect(out).toEqual(['a'])
  })

  it('waits for a sink that takes no more, and is full by then at a bound', () => {
    const out: string[] = []
    let takes = false
    const flow = new ShapedFlow<string>((item) => {
      out.push(item)
      return takes
    })
    flow.push('a', 1 << 19)
    flow.push('b', 1 << 19)
    expect([out, flow.isFull]).toEqual([['a'], false])
    flow.push('c', 1 << 19)
    expect([out, flow.isFull]).toEqual([['a'], true])
    takes = true
    flow.goOn()
    expect([out, flow.isFull]).toEqual([['a', 'b', 'c'], false])
  })

  it('gives nothing more once closed', () => {
    const {flow, out} = flowOf()
    flow.shape(slow)
    flow.push('a')
    flow.close()
    flow.push('b')
    vi.advanceTimersByTime(1000)
    expect(out).toEqual([])
  })

  it('loses nothing and swaps nothing, whatever is done to it', () => {
    const shape = fc.record({
      delayMs: fc.nat(500),
      dropped: fc.boolean(),
      jitterMs: fc.nat(500),
      lossProbability: fc.constantFrom(0, 0.3, 0.9, 1),
    })
    const step = fc.oneof(
      shape.map((value) => ({shape: value})),
      fc.constant('push' as const),
      fc.nat(300).map((ms) => ({ms})),
    )
    fc.assert(
      fc.property(
        fc.array(step, {maxLength: 60}),
        fc.infiniteStream(fc.double({max: 0.99, min: 0, noNaN: true})),
        (steps, stream) => {
          const out: number[] = []
          let pushed = 0
          const flow = new ShapedFlow<number>(
            (item) => out.push(item) > 0,
            () => stream.next().value as number,
          )
          for (const each of steps) {
            if (each === 'push') flow.push(pushed++)
            else if ('ms' in each) vi.advanceTimersByTime(each.ms)
            else flow.shape(each.shape)
          }
          flow.shape({...UNSHAPED, delayMs: 1})
          flow.shape(UNSHAPED)
          vi.advanceTimersByTime(1)
          expect(out).toEqual(Array.from({length: pushed}, (_, index) => index))
        },
      ),
    )
  })
})
