import {describe, expect, it} from 'vitest'
import {seededRng} from '../../../../../src/lib/kernel/rng.js'
import {addLongDoubles, formatLongDouble, parseLongDouble} from '../../../../../src/lib/server/long-double.js'
import {exchange, Region} from './rig.js'

/** What redis's INCRBYFLOAT answers. */
function redisSum(text: string, step: string): string {
  return formatLongDouble(addLongDoubles(parseLongDouble(text)!, parseLongDouble(step)!)!)
}

describe('sums', () => {
  it('print as INCRBYFLOAT does, here and elsewhere', () => {
    const steps = ['0.1', '0.2', '1e17', '-0.3', '1234.1', '3e-18', '-1e17', '2.5e20', '0.7', '-2.5e20', '5e-3']
    for (const base of [undefined, '10', '3.0', '1e3', '0.1', '-7.25', '123456789012345678']) {
      const [a, b] = [new Region(1), new Region(2)]
      if (base !== undefined) a.write((writer) => writer.setString('k', base))
      let expected = base ?? '0'
      for (const [i, step] of steps.entries()) {
        const writer = i % 2 === 0 ? a : b
        expected = redisSum(expected, step)
        writer.write((to) => to.addToString('k', {float: step}))
        expect(writer.text()).toBe(expected)
        exchange(a, b)
      }
    }
  })

  it('add concurrent float steps exactly', () => {
    const [a, b] = [new Region(1), new Region(2)]
    a.write((writer) => writer.addToString('k', {float: 0.1}))
    b.write((writer) => writer.addToString('k', {float: 0.2}))
    exchange(a, b)
    expect(a.text()).toBe('0.3')
  })

  it('stay exact beyond 2^53, and are shown as the nearest of 64 bits', () => {
    const [a, b] = [new Region(1), new Region(2)]
    const max = 2n ** 63n - 1n
    a.write((writer) => writer.addToString('k', max - 5n))
    expect(a.text()).toBe(String(max - 5n))
    b.write((writer) => writer.addToString('k', 10))
    exchange(a, b)
    expect(a.text()).toBe(String(max))
    b.write((writer) => writer.addToString('k', -1))
    expect(b.text()).toBe(String(max - 1n))
    exchange(a, b)
    a.write((writer) => writer.addToString('k', -(2n ** 62n)))
    exchange(a, b)
    expect(b.text()).toBe(String(max - 1n - 2n ** 62n))
  })

  it('are hidden by a text, and shown again by a number', () => {
    const [a, b] = [new Region(1), new Region(2)]
    a.write((writer) => writer.setString('k', 'text'))
    b.write((writer) => writer.addToString('k', 5))
    exchange(a, b)
    expect(a.text()).toBe('text')
    a.write((writer) => writer.setString('k', '7'))
    exchange(a, b)
    expect(b.text()).toBe('7')
  })

  it('of scores are what ZINCRBY answers', () => {
    const rng = seededRng(3)
    const [a, b] = [new Region(1), new Region(2)]
    a.write((writer) => writer.setScores('k', [['m', 0.1]]))
    exchange(a, b)
    let expected = 0.1
    for (let i = 0; i < 60; i++) {
      const region = rng.pick([a, b])
      const by = i === 30 ? 5e-324 : (rng.below(2001) - 1000) * 10 ** (rng.below(30) - 15)
      expected += by
      region.write((writer) => writer.addToScore('k', 'm', by))
      expect(region.look()!.score('m')).toBe(expected)
      exchange(a, b)
    }
  })

  it('of infinite scores: both signs make 0, and one can be taken back', () => {
    const [a, b] = [new Region(1), new Region(2)]
    a.write((writer) => writer.addToScore('k', 'm', 1))
    exchange(a, b)
    a.write((writer) => writer.addToScore('k', 'm', Infinity))
    b.write((writer) => writer.addToScore('k', 'm', -Infinity))
    expect(a.look()!.score('m')).toBe(Infinity)
    exchange(a, b)
    expect(a.look()!.score('m')).toBe(0)
    b.write((writer) => writer.setScores('k', [['m', 3]]))
    exchange(a, b)
    expect(a.look()!.score('m')).toBe(3)
  })
})
