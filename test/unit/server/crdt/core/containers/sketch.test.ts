import {Buffer} from 'node:buffer'
import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {countOf, sketchOf} from '../../../../../../src/lib/server/commands/hyperloglog/sketch.js'
import type {SketchValue} from '../../../../../../src/lib/server/crdt/core/container.js'
import {Registers} from '../../../../../../src/lib/server/crdt/core/containers/registers.js'
import {sketchType} from '../../../../../../src/lib/server/crdt/core/containers/sketch-value.js'
import {COUNT_LIMIT, patternOf} from '../../../../../../src/lib/server/values/hyperloglog/element-hash.js'
import {DENSE_BYTES, EMPTY} from '../../../../../../src/lib/server/values/hyperloglog/header.js'
import {Replica, settle} from './rig.js'

type Sketch = Replica<SketchValue>

function regions(count = 2): Sketch[] {
  return Array.from({length: count}, (_, i) => new Replica<SketchValue>(sketchType, i + 1))
}

/** What PFADD leaves of a sketch. */
function sketchWith(text: string, elements: readonly string[]): string {
  const registers = new Registers()
  registers.raiseTo(text)
  registers.raise([...highest(elements.map(patternOf))])
  return registers.text()
}

function highest(patterns: readonly number[]): number[] {
  const byRegister = new Map<number, number>()
  for (const pattern of patterns) {
    const register = Math.floor(pattern / COUNT_LIMIT)
    byRegister.set(register, Math.max(pattern, byRegister.get(register) ?? 0))
  }
  return [...byRegister.values()].sort((a, b) => a - b)
}

function elements(prefix: string, count: number): string[] {
  return Array.from({length: count}, (_, i) => `${prefix}${i}`)
}

function pfadd(sketch: Sketch, ...added: string[]): string {
  const text = sketch.value.isEmpty ? EMPTY : sketch.value.text(sketch.actors)
  const {steps} = sketch.write((value, operation) => value.addSketch(operation, sketchWith(text, added)))
  return steps[0]!.bytes
}

function count(sketch: Sketch): number {
  return countOf(sketchOf(sketch.value.text(sketch.actors)))
}

function expectEqual(sketches: readonly Sketch[]): void {
  for (const sketch of sketches) {
    expect(sketch.digest()).toBe(sketches[0]!.digest())
    expect(sketch.value.text(sketch.actors)).toBe(sketches[0]!.value.text(sketches[0]!.actors))
  }
}

describe('sketch', () => {
  it('is the union of what regions added, and counts what redis-server would', () => {
    const [one, two] = regions() as [Sketch, Sketch]
    pfadd(one, ...elements('a', 500))
    pfadd(two, ...elements('b', 500))
    pfadd(two, ...elements('a', 100))
    settle([one, two])
    expectEqual([one, two])
    const alone = new Registers()
    alone.raise(highest([...elements('a', 500), ...elements('b', 500)].map(patternOf)))
    expect(one.value.text(one.actors)).toBe(alone.text())
    expect(count(one)).toBeGreaterThan(970)
    expect(count(one)).toBeLessThan(1030)
  })

  it('shows the sparse form while it is short, then the dense one', () => {
    const [one, two] = regions() as [Sketch, Sketch]
    pfadd(one, ...elements('a', 1000))
    expect(one.value.text(one.actors).length).toBeLessThanOrEqual(3000)
    pfadd(one, ...elements('a', 20_000))
    expect(one.value.text(one.actors)).toHaveLength(DENSE_BYTES)
    expect(Math.abs(count(one) - 20_000)).toBeLessThan(600)
    two.pull(one)
    pfadd(two, ...elements('b', 20_000))
    settle([one, two])
    expectEqual([one, two])
    expect(Math.abs(count(one) - 40_000)).toBeLessThan(1200)
  })

  it('sends the registers that rose, and nothing if none did', () => {
    const [one] = regions() as [Sketch]
    pfadd(one, ...elements('a', 20_000))
    let bytes = 0
    for (const element of elements('c', 50)) bytes += pfadd(one, element).length
    expect(bytes).toBeLessThan(50 * 5)
    expect(pfadd(one, 'a1', 'a2')).toBe('')
  })

  it('exists without an element', () => {
    const [one, two] = regions() as [Sketch, Sketch]
    pfadd(one)
    settle([one, two])
    expect(two.value.isEmpty).toBe(false)
    expect(two.value.text(two.actors)).toBe(EMPTY)
    expect(count(two)).toBe(0)
    const joined = new Replica<SketchValue>(sketchType, 9)
    joined.joinAll(two)
    expect(joined.value.isEmpty).toBe(false)
  })

  it('is deleted even if others add at the same time', () => {
    const [one, two, three] = regions(3) as [Sketch, Sketch, Sketch]
    pfadd(one, 'a')
    settle([one, two, three])
    one.write(undefined)
    pfadd(two, 'b')
    three.pull(two)
    pfadd(three, 'c')
    const joined = new Replica<SketchValue>(sketchType, 9)
    joined.joinAll(three)
    joined.joinAll(one)
    settle([one, two, three])
    for (const sketch of [one, two, three, joined]) expect(sketch.value.isEmpty).toBe(true)
    expectEqual([one, two, three, joined])
    expect(one.ledger).toEqual({bytes: 0, garbage: 1})
    pfadd(three, 'd')
    settle([one, two, three])
    expectEqual([one, two, three])
    expect(count(one)).toBe(1)
  })

  it('is deleted again by who deleted it before', () => {
    const [one, two] = regions() as [Sketch, Sketch]
    for (let round = 0; round < 2; round++) {
      settle([one, two])
      pfadd(two, 'a')
      settle([one, two])
      one.write(undefined)
    }
    pfadd(two, 'b')
    settle([one, two])
    expect([one.value.isEmpty, two.value.isEmpty]).toEqual([true, true])
    expect(one.ledger.garbage).toBe(1)
  })

  it('is not deleted by who did not know it', () => {
    const [one, two] = regions() as [Sketch, Sketch]
    one.write(undefined)
    pfadd(two, 'b')
    settle([one, two])
    expect(count(one)).toBe(1)
    // A deletion of what is deleted already takes nothing that comes meanwhile.
    one.write(undefined)
    settle([one, two])
    one.write(undefined)
    pfadd(two, 'c')
    settle([one, two])
    expect(count(one)).toBe(1)
    expectEqual([one, two])
  })

  it('forgets deletions that all regions know of', () => {
    const [one, two] = regions() as [Sketch, Sketch]
    pfadd(one, 'a')
    settle([one, two])
    one.write(undefined)
    settle([one, two])
    expect(one.value.isBlank).toBe(false)
    expect(one.collect()).toBe(1)
    expect(one.value.isBlank).toBe(true)
    expect(one.ledger).toEqual({bytes: 0, garbage: 0})
    // One side has collected, the other has not: what was added since stays.
    pfadd(one, 'b')
    two.joinAll(one)
    one.joinAll(two)
    expect([count(one), count(two)]).toEqual([1, 1])
    expectEqual([one, two])
  })

  it('stays deleted if a state from before comes after the deletion is forgotten', () => {
    const [one, two, three] = regions(3) as [Sketch, Sketch, Sketch]
    pfadd(one, 'a')
    settle([one, two, three])
    one.write(undefined)
    two.pull(one)
    two.collect()
    expect(two.value.isBlank).toBe(true)
    const again = new Replica<SketchValue>(sketchType, 8)
    again.joinAll(three)
    again.join(undefined, two.state().vector, two.log)
    two.joinAll(three)
    expect([two.value.isEmpty, again.value.isEmpty]).toEqual([true, true])
    pfadd(two, 'b')
    two.joinAll(three)
    three.joinAll(two)
    expect([count(two), count(three)]).toEqual([1, 1])
    expectEqual([two, three])
  })

  it('reads what it shows', () => {
    const register = fc.record({
      count: fc.integer({max: 51, min: 1}),
      from: fc.nat(16_383),
      run: fc.integer({max: 12, min: 1}),
    })
    fc.assert(
      fc.property(fc.array(register, {maxLength: 60}), fc.boolean(), (runs, isSmall) => {
        const patterns = runs.flatMap(({count, from, run}) =>
          Array.from(
            {length: run},
            (_, i) => Math.min(from + i, 16_383) * COUNT_LIMIT + (isSmall ? (count % 32) + 1 : count),
          ),
        )
        const shown = new Registers()
        shown.raise(highest(patterns))
        const read = new Registers()
        expect(read.raiseTo(shown.text())).toEqual(highest(patterns))
        expect(read.text()).toBe(shown.text())
        expect(read.raiseTo(shown.text())).toEqual([])
      }),
      {numRuns: 100},
    )
  })

  it('takes no bytes that cannot be', () => {
    const [one] = regions() as [Sketch]
    expect(() => one.write((value, operation) => value.addSketch(operation, 'text'))).toThrow('WRONGTYPE')
    const dense = Buffer.alloc(DENSE_BYTES)
    expect(() => new Registers().raiseTo(dense.toString('latin1'))).toThrow('WRONGTYPE')
  })

  it('comes to the same by effects and by joins in random histories', () => {
    const step = fc.record({
      from: fc.nat(2),
      kind: fc.constantFrom('add', 'add', 'add', 'reset', 'pull', 'join'),
      on: fc.nat(2),
      what: fc.nat(40),
    })
    fc.assert(
      fc.property(fc.array(step, {maxLength: 30}), (steps) => {
        const sketches = regions(3)
        for (const {from, kind, on, what} of steps) {
          const sketch = sketches[on]!
          if (kind === 'add') pfadd(sketch, `e${what}`)
          else if (kind === 'reset') sketch.write(undefined)
          else if (kind === 'pull') sketch.pull(sketches[from]!)
          else sketch.joinAll(sketches[from]!)
        }
        const forward = new Replica<SketchValue>(sketchType, 8)
        const backward = new Replica<SketchValue>(sketchType, 9)
        for (const sketch of sketches) forward.joinAll(sketch)
        for (const sketch of [...sketches, ...sketches].reverse()) backward.joinAll(sketch)
        settle(sketches)
        expectEqual([...sketches, forward, backward])
      }),
      {numRuns: 400},
    )
  })
})
