import {describe, expect, it} from 'vitest'
import {seededRng} from '../../../../../src/lib/kernel/rng.js'
import type {SlotWriter} from '../../../../../src/lib/server/crdt/core/api.js'
import {CrdtError} from '../../../../../src/lib/server/crdt/core/crdt-error.js'
import {CrdtState} from '../../../../../src/lib/server/crdt/core/state.js'
import {exchange, expectEqual, Region, SLOT, START_MS, visible} from './rig.js'

function writeAll(writer: SlotWriter): void {
  writer.setString('s', 'value')
  writer.addToString('n', 2n ** 60n + 1n)
  writer.addToString('f', {float: '0.25'})
  writer.addMembers('set', ['x', 'y'])
  writer.setFields('hash', [
    ['f', 'v'],
    ['g', 'w'],
  ])
  writer.addToField('hash', 'n', -3)
  writer.setScores('zset', [
    ['m', 1.5],
    ['i', -Infinity],
  ])
  writer.addToScore('zset', 'm', 0.1)
  writer.setDeadline('s', START_MS + 1000)
  writer.publish('channel', 'message')
  writer.resetKey('n')
}

describe('effects', () => {
  it('say of themselves who wrote, when, and upon what', () => {
    const [a, b] = [new Region(1), new Region(2)]
    a.write((writer) => writer.setString('k', 'v'))
    exchange(a, b)
    b.core.become(17)
    const effect = b.write((writer) => writer.setString('k', 'w'))!
    expect(a.core.headOf(effect)).toEqual({
      actor: {epoch: 17, region: 2},
      clock: b.core.clock,
      dependencies: [[{epoch: 0, region: 1}, 1]],
      sequence: 1,
      slot: SLOT,
    })
    expect([a.core.covers(SLOT, {epoch: 17, region: 2}, 1), b.core.covers(SLOT, {epoch: 17, region: 2}, 1)]).toEqual([
      false,
      true,
    ])
  })

  it('are known, early, too far ahead, or applied', () => {
    const [a, b, c] = [new Region(1), new Region(2), new Region(3)]
    const first = a.write((writer) => writer.setString('k', 'v'))!
    const second = a.write((writer) => writer.setString('k', 'w'))!
    expect(b.core.apply(second)).toBe('early')
    expect(b.core.apply(first)).toBe('applied')
    expect(b.core.apply(first)).toBe('known')
    const upon = b.write((writer) => writer.setString('k', 'x'))!
    expect(c.core.apply(upon)).toBe('early')
    b.nowMs += 300_001 + 1000
    const late = new Region(2)
    late.nowMs += 300_002
    const ahead = late.write((writer) => writer.setString('j', 'x'))!
    expect(c.core.apply(ahead)).toBe('ahead')
    expect(c.text('j')).toBeUndefined()
    c.nowMs += 1000
    expect(c.core.apply(ahead)).toBe('applied')
  })

  it('are not made where nothing is changed', () => {
    const a = new Region(1)
    const nothing = (writer: SlotWriter) => {
      writer.resetKey('k')
      writer.removeMembers('k', ['x'])
      writer.clearDeadline('k')
      writer.resetSlot()
    }
    expect(a.write(nothing)).toBeUndefined()
    a.write((writer) => writer.addMembers('k', ['y']))
    const vector = a.core.vectorOf(SLOT)
    expect(a.write((writer) => writer.removeMembers('k', ['x']))).toBeUndefined()
    expect(a.core.vectorOf(SLOT)).toEqual(vector)
  })

  it('tell messages and edits when all of it is applied', () => {
    const [a, b] = [new Region(1), new Region(2)]
    const heard: unknown[] = []
    b.core.observer = {
      assigned: () => undefined,
      changed: (_slot, key, edits) => heard.push([key, edits.map(({kind}) => kind), b.core.vectorOf(SLOT).length]),
      published: (channel, message) => heard.push([channel, message]),
    }
    a.write(writeAll)
    exchange(a, b)
    expect(heard).toContainEqual(['channel', 'message'])
    expect(heard).toContainEqual(['zset', ['key'], expect.anything()])
    heard.length = 0
    a.write((writer) => writer.addMembers('set', ['z']))
    a.write((writer) => writer.setDeadline('s', START_MS + 5))
    exchange(a, b)
    expect(heard).toEqual([
      ['set', ['elements'], 1],
      ['s', ['deadline'], 1],
    ])
  })

  it('change nothing if they are cut short or mangled', () => {
    const a = new Region(1)
    const effect = a.write(writeAll)!
    const rng = seededRng(5)
    const before = new Region(2)
    for (let i = 0; i < 1500; i++) {
      const at = 20 + rng.below(effect.length - 20)
      const mangled =
        i < effect.length
          ? effect.slice(0, i)
          : effect.slice(0, at) + String.fromCharCode(rng.below(256)) + effect.slice(at + rng.below(3))
      try {
        before.core.apply(mangled)
      } catch (error) {
        expect(error).toBeInstanceOf(CrdtError)
        expect(before.core.vectorOf(SLOT)).toEqual([])
        continue
      }
      // It still means something.
      before.core.clear()
    }
  })
})

describe('what is refused', () => {
  const slotOf = (key: string) => (key === 'of another' ? SLOT + 1 : SLOT)
  const receiver = () => new CrdtState({nowMs: () => START_MS, region: 9, slotOf})

  it('leaves no name of an actor', () => {
    const [a, b] = [new Region(1), new Region(2)]
    const first = a.write((writer) => writer.addMembers('k', ['x']))!
    exchange(a, b)
    const second = b.write((writer) => writer.addMembers('k', ['y']))!
    const state = b.core.packSlot(SLOT)
    const core = receiver()
    const before = core.packHead()
    expect(core.apply(second)).toBe('early')
    expect(() => core.apply(`${first}\xff`)).toThrow(CrdtError)
    expect(() => core.joinSlot(SLOT, `${state}x`)).toThrow(CrdtError)
    expect(() => core.unpackHead(b.core.packHead().slice(0, -1))).toThrow(CrdtError)
    expect(core.headOf(second).actor).toEqual({epoch: 0, region: 2})
    expect(core.packHead()).toBe(before)
  })

  it('is refused at once, though it comes too early or from the future', () => {
    const [a, core] = [new Region(1), receiver()]
    a.write((writer) => writer.addMembers('k', ['x']))
    const second = a.write((writer) => writer.addMembers('k', ['y']))!
    expect(core.apply(second)).toBe('early')
    expect(() => core.apply(`${second}\xff`)).toThrow(CrdtError)
    const late = new Region(2)
    late.nowMs += 300_002
    const ahead = late.write((writer) => writer.addMembers('k', ['z']))!
    expect(core.apply(ahead)).toBe('ahead')
    expect(() => core.apply(`${ahead}\xff`)).toThrow(CrdtError)
  })

  it('are keys of other slots', () => {
    const a = new Region(1)
    const effect = a.write((writer) => writer.addMembers('of another', ['x']))!
    const core = receiver()
    expect(() => core.apply(effect)).toThrow('names a key of another slot')
    expect(() => core.joinSlot(SLOT, a.core.packSlot(SLOT))).toThrow(
      `the state of slot ${SLOT} has a key of another one`,
    )
    expect([...core.slots()]).toEqual([])
  })

  it('are entries of a stream with half a field', () => {
    for (const fields of [[], ['f', 'v', 'g']]) {
      const effect = new Region(1).write((writer) => writer.addEntry('k', '1-1', fields))!
      expect(() => receiver().apply(effect)).toThrow('has an entry of no fields, or of half a one')
    }
  })

  it('are states that hold what their vector lacks', () => {
    const a = new Region(1)
    a.write((writer) => writer.addMembers('k', ['x']))
    const packed = a.core.packSlot(SLOT)
    // member, one write: of the first actor, sequence 1
    const at = packed.lastIndexOf('x\x01\x00\x01') + 3
    const wrong = `${packed.slice(0, at)}\x02${packed.slice(at + 1)}`
    expect(() => receiver().joinSlot(SLOT, wrong)).toThrow('has a write that its vector lacks')
  })

  it('are vectors that name actors that cannot be', () => {
    const a = new Region(1)
    a.write((writer) => writer.addMembers('k', ['x']))
    const packed = a.core.packVectors([SLOT])
    expect(a.core.unpackVectors(packed).get(SLOT)).toEqual(a.core.vectorOf(SLOT))
    // version, count of actors, region of the first
    for (const region of [0, 64]) {
      const wrong = packed.slice(0, 2) + String.fromCharCode(region) + packed.slice(3)
      expect(() => a.core.unpackVectors(wrong)).toThrow('there is no actor')
    }
  })
})

describe('what no writer sends, but is taken', () => {
  /** Its state means the same elsewhere. */
  function requireSound({core}: Region): void {
    const other = new Region(9)
    other.core.joinSlot(SLOT, core.packSlot(SLOT))
    expect(other.core.digestSlot(SLOT)).toBe(core.digestSlot(SLOT))
  }

  it('is a reset of more than was ever added', () => {
    const [a, b, c] = [new Region(1), new Region(2), new Region(3)]
    a.write((writer) => writer.addToString('n', 5))
    exchange(a, b, c)
    const effect = b.write((writer) => writer.setString('n', 'x'))!
    // One reset: of actor 1, sequence 1; the total is the last byte.
    const [head, total] = [effect.slice(0, -1), effect.slice(-1)]
    expect(head.endsWith('\u0001\u0001\u0001')).toBe(true)
    const wrong = `${head.slice(0, -1)}\u0005${total}`
    expect(c.core.apply(wrong)).toBe('applied')
    requireSound(c)
  })

  it('is a first increment with something before it', () => {
    const [a, b] = [new Region(1), new Region(2)]
    const first = a.write((writer) => writer.addToString('n', 5))!
    const second = a.write((writer) => writer.addToString('n', 2))!
    // version, slot, region, epoch, sequence
    expect(b.core.apply(first.slice(0, 5) + second.slice(5))).toBe('applied')
    requireSound(b)
  })
})

describe('states', () => {
  it('survive being packed', () => {
    const [a, b] = [new Region(1), new Region(2)]
    a.write(writeAll)
    const packed = a.core.packSlot(SLOT)
    expect(b.core.joinSlot(SLOT, packed)).toBe(true)
    expect(b.core.joinSlot(SLOT, packed)).toBe(false)
    expectEqual(a, b)
    expect(b.core.bytes).toBe(a.core.bytes)
    expect(b.core.garbage).toBe(a.core.garbage)
    expect(b.core.garbage).toBe(1)
    b.core.unpackHead(a.core.packHead())
    expect(b.core.clock).toBeGreaterThanOrEqual(a.core.clock)
  })

  it('change nothing if they are cut short or mangled', () => {
    const [a, b] = [new Region(1), new Region(2)]
    a.write(writeAll)
    b.write((writer) => writer.setString('mine', 'v'))
    const packed = a.core.packSlot(SLOT)
    const before = visible(b)
    const rng = seededRng(6)
    for (let i = 0; i < 1500; i++) {
      const at = rng.below(packed.length)
      const mangled =
        i < packed.length
          ? packed.slice(0, i)
          : packed.slice(0, at) + String.fromCharCode(rng.below(256)) + packed.slice(at + rng.below(3))
      const to = new Region(3)
      try {
        to.core.joinSlot(SLOT, mangled)
      } catch (error) {
        expect(error).toBeInstanceOf(CrdtError)
        expect(to.core.vectorOf(SLOT)).toEqual([])
      }
    }
    expect(visible(b)).toEqual(before)
  })

  it('are gone when they are forgotten, and their weight with them', () => {
    const a = new Region(1)
    const changing: number[] = []
    a.write(writeAll)
    a.core.willChange = (slot) => changing.push(slot)
    a.core.forgetSlot(SLOT)
    expect(changing).toEqual([SLOT])
    expect([[...a.core.slots()], a.core.bytes, a.core.garbage]).toEqual([[], 0, 0])
  })

  it('weigh nothing once all of it is deleted and collected', () => {
    const a = new Region(1)
    a.write((writer) => writer.setString('k', 'v'))
    a.write((writer) => writer.resetKey('k'))
    const empty = a.core.bytes
    a.write(writeAll)
    expect(a.core.bytes).toBeGreaterThan(empty + 800)
    a.write((writer) => writer.resetSlot())
    expect(a.core.garbage).toBe(4)
    expect(a.core.collect(SLOT, a.core.vectorOf(SLOT))).toBe(4)
    expect([a.core.bytes, a.core.garbage]).toEqual([empty, 0])
  })

  it('of vectors survive being packed', () => {
    const [a, b] = [new Region(1), new Region(2)]
    a.write(writeAll)
    b.write(writeAll)
    exchange(a, b)
    const other = a.core.write(16383)
    other.setString('k', 'v')
    other.end()
    const vectors = b.core.unpackVectors(a.core.packVectors(a.core.slots()))
    expect([...vectors]).toEqual([...a.core.slots()].map((slot) => [slot, a.core.vectorOf(slot)]))
  })
})

describe('the clock', () => {
  it('goes on when time steps back, and follows what it hears', () => {
    const [a, b] = [new Region(1), new Region(2)]
    a.nowMs += 1000
    a.write((writer) => writer.setString('k', 'a'))
    exchange(a, b)
    b.write((writer) => writer.setString('k', 'b'))
    exchange(a, b)
    expect(a.text()).toBe('b')
    const {clock} = a.core
    a.nowMs -= 5000
    a.write((writer) => writer.setString('k', 'c'))
    expect(a.core.clock).toBe(clock + 1)
    a.core.heard(clock * 2)
    expect(a.core.clock).toBeLessThan(clock + 400_000 * 4096)
  })
})

describe('an explanation', () => {
  it('names writes and who wins', () => {
    const [a, b] = [new Region(1), new Region(2)]
    a.write((writer) => writer.setFields('k', [['f', 'a']]))
    b.write((writer) => {
      writer.setFields('k', [['f', 'b']])
      writer.addToField('k', 'n', 3)
    })
    exchange(a, b)
    const found = a.core.explain(SLOT, 'k', 'f')!
    expect(found.type).toBe('hash')
    expect(found.values[0]!.elements).toEqual([
      {
        counters: [],
        dots: ['1.0:1', '2.0:1'],
        name: 'f',
        rows: [
          {atMs: START_MS, dot: '1.0:1', region: 1, tick: 0, value: 'a', wins: true},
          {atMs: START_MS, dot: '2.0:1', region: 2, tick: 0, value: 'b', wins: false},
        ],
        value: 'a',
      },
    ])
    expect(a.core.explain(SLOT, 'k')!.values[0]!.elementCount).toBe(2)
    expect(a.core.explain(SLOT, 'none')).toBeUndefined()
  })

  it('of an element shows nothing of a string, which has none', () => {
    const a = new Region(1)
    a.write((writer) => writer.setString('k', 'v'))
    const elementsOf = (element?: string) => a.core.explain(SLOT, 'k', element)!.values[0]!.elements
    expect(elementsOf()).toHaveLength(1)
    expect(elementsOf('v')).toEqual([])
    expect(elementsOf('')).toEqual([])
  })
})
