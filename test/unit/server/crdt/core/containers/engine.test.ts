import {describe, expect, it} from 'vitest'
import {countOf, sketchOf} from '../../../../../../src/lib/server/commands/hyperloglog/sketch.js'
import type {Edit, SlotWriter, VisibleKey} from '../../../../../../src/lib/server/crdt/core/api.js'
import {Registers} from '../../../../../../src/lib/server/crdt/core/containers/registers.js'
import {CrdtState} from '../../../../../../src/lib/server/crdt/core/state.js'
import {patternOf} from '../../../../../../src/lib/server/values/hyperloglog/element-hash.js'

const SLOT = 7

class Region {
  readonly core: CrdtState
  nowMs = 1_700_000_000_000
  readonly log: string[] = []
  readonly told: [key: string, edits: readonly Edit[]][] = []

  constructor(region: number) {
    this.core = new CrdtState({nowMs: () => this.nowMs, region})
    this.core.become(3)
    this.core.observer = {
      assigned: () => undefined,
      changed: (_slot, key, edits) => this.told.push([key, edits]),
      published: () => {},
    }
  }

  write(change: (writer: SlotWriter) => void): string | undefined {
    const writer = this.core.write(SLOT)
    change(writer)
    const effect = writer.end()
    if (effect !== undefined) this.log.push(effect)
    return effect
  }

  pull(other: Region): void {
    for (const effect of other.log) {
      if (this.core.apply(effect) === 'applied') this.log.push(effect)
    }
  }

  look(key = 'k'): VisibleKey | undefined {
    return this.core.look(SLOT, key)
  }

  elements(): string {
    return [...(this.look()?.elements() ?? [])].join(' ')
  }
}

function settle(...regions: Region[]): void {
  for (let round = 0; round < 2; round++) for (const to of regions) for (const from of regions) to.pull(from)
  for (const region of regions) expect(region.core.digestSlot(SLOT)).toBe(regions[0]!.core.digestSlot(SLOT))
  const joined = new Region(60)
  joined.core.joinSlot(SLOT, regions[0]!.core.packSlot(SLOT))
  expect(joined.core.digestSlot(SLOT)).toBe(regions[0]!.core.digestSlot(SLOT))
  expect(joined.core.garbage).toBe(regions[0]!.core.garbage)
}

function sketch(...elements: string[]): string {
  const registers = new Registers()
  registers.raise(elements.map(patternOf).sort((a, b) => a - b))
  return registers.text()
}

describe('containers in the engine', () => {
  it('lists: units of several operations, edits for the projection', () => {
    const [one, two] = [new Region(1), new Region(2)]
    one.write((writer) => {
      writer.push('k', 'right', ['a', 'b', 'c'])
      writer.push('k', 'left', ['z'])
      writer.setAt('k', 1, 'A')
      writer.insertAt('k', 2, 'between')
      writer.removeAt('k', [0, 3])
      writer.push('k', 'right', ['d'])
    })
    settle(one, two)
    expect(two.elements()).toBe('A between c d')
    expect(two.look()).toMatchObject({size: 4, type: 'list'})
    two.told.length = 0
    one.write((writer) => {
      writer.removeAt('k', [0, 1])
      writer.push('k', 'right', ['e', 'f'])
    })
    settle(one, two)
    expect(two.told).toEqual([
      [
        'k',
        [
          {count: 2, index: 0, kind: 'remove'},
          {index: 2, kind: 'insert', values: ['e', 'f']},
        ],
      ],
    ])
    expect(one.write((writer) => writer.removeAt('none', [0]))).toBeUndefined()
    expect(one.write((writer) => writer.removeAt('k', []))).toBeUndefined()
  })

  it('lists: what is popped to nothing is gone, and begins anew', () => {
    const [one, two] = [new Region(1), new Region(2)]
    one.write((writer) => writer.push('k', 'right', ['a']))
    settle(one, two)
    one.write((writer) => writer.removeAt('k', [0]))
    settle(one, two)
    expect(two.look()).toBeUndefined()
    two.write((writer) => writer.push('k', 'left', ['b']))
    settle(one, two)
    expect(one.elements()).toBe('b')
  })

  it('the list that was made first hides a stream; the next write removes what it saw', () => {
    const [one, two] = [new Region(1), new Region(2)]
    two.nowMs += 5
    one.write((writer) => writer.push('k', 'right', ['a']))
    two.write((writer) => {
      writer.addEntry('k', '1-1', ['f', 'v'])
      writer.createGroup('k', 'g', '0-0')
    })
    settle(one, two)
    expect(two.look()?.type).toBe('list')
    one.write((writer) => writer.push('k', 'right', ['b']))
    settle(one, two)
    expect(two.elements()).toBe('a b')
    expect(two.core.explain(SLOT, 'k')!.values.filter(({elementCount}) => elementCount > 0)).toHaveLength(1)
    two.write((writer) => writer.resetKey('k'))
    settle(one, two)
    expect(one.look()).toBeUndefined()
  })

  it('streams: entries and groups, told by name', () => {
    const [one, two] = [new Region(1), new Region(2)]
    one.write((writer) => {
      writer.addEntry('k', '1-1', ['f', 'v'])
      writer.addEntry('k', '2-1', ['f', 'w'])
      writer.createGroup('k', 'g', '1-1')
    })
    settle(one, two)
    expect(two.look()?.entry('2-1')).toEqual(['f', 'w'])
    two.told.length = 0
    one.write((writer) => {
      writer.removeEntries('k', ['1-1'])
      writer.acknowledge('k', 'g', '2-1')
    })
    settle(one, two)
    expect(two.told[0]![1].map((edit) => edit.kind)).toEqual(['entries', 'groups'])
    expect([...two.look()!.groups()]).toEqual([{lastId: '2-1', name: 'g'}])
    expect(one.write((writer) => writer.acknowledge('k', 'g', '2-1'))).toBeUndefined()
    expect(one.write((writer) => writer.destroyGroup('k', 'none'))).toBeUndefined()
    expect(one.write((writer) => writer.removeEntries('k', ['9-9']))).toBeUndefined()
  })

  it('sketches: deletion wins, and garbage goes when all know', () => {
    const [one, two] = [new Region(1), new Region(2)]
    one.write((writer) => writer.addSketch('k', sketch('a', 'b')))
    settle(one, two)
    expect(countOf(sketchOf(two.look()!.text()))).toBe(2)
    one.write((writer) => writer.resetKey('k'))
    two.write((writer) => writer.addSketch('k', sketch('a', 'b', 'c')))
    settle(one, two)
    expect([one.look(), two.look()]).toEqual([undefined, undefined])
    expect(one.core.garbage).toBe(1)
    for (const {core} of [one, two]) expect(core.collect(SLOT, core.vectorOf(SLOT))).toBe(1)
    expect(one.core.garbage).toBe(0)
    two.write((writer) => writer.addSketch('k', sketch('d')))
    settle(one, two)
    expect(one.look()?.type).toBe('hll')
    expect(one.write((writer) => writer.addSketch('k', sketch('d')))).toBeUndefined()
  })

  it('a flush removes what it saw of each', () => {
    const [one, two] = [new Region(1), new Region(2)]
    one.write((writer) => {
      writer.push('list', 'right', ['a'])
      writer.addEntry('stream', '1-1', ['f', 'v'])
      writer.createGroup('stream', 'g', '0-0')
      writer.addSketch('hll', sketch('a'))
    })
    settle(one, two)
    one.write((writer) => writer.resetSlot())
    two.write((writer) => {
      writer.push('list', 'right', ['b'])
      writer.createGroup('stream', 'h', '0-0')
      writer.addSketch('hll', sketch('b'))
    })
    settle(one, two)
    expect([...two.core.keys(SLOT)]).toEqual(['list'])
    expect([...two.look('list')!.elements()]).toEqual(['b'])
  })

  it('refuses bytes that are cut short, and changes nothing', () => {
    const [one, two] = [new Region(1), new Region(2)]
    one.write((writer) => writer.push('k', 'right', ['a', 'b']))
    two.pull(one)
    const effect = one.write((writer) => {
      writer.insertAt('k', 1, 'x')
      writer.removeAt('k', [0, 1])
      writer.addEntry('s', '18446744073709551615-3', ['f', 'v'])
      writer.removeEntries('s', ['18446744073709551615-3'])
      writer.createGroup('s', 'g', '1-1')
      writer.acknowledge('s', 'g', '2-2')
      writer.addSketch('h', sketch('a', 'b'))
      writer.resetKey('h')
    })!
    const before = two.core.digestSlot(SLOT)
    for (let end = effect.length - 1; end > 20; end--) {
      const cut = effect.slice(0, end)
      try {
        if (new CrdtState({nowMs: () => 0, region: 5}).headOf(cut).sequence !== 2) continue
      } catch {
        continue
      }
      // Cut between two operations it is a whole effect.
      const other = new Region(6)
      other.pull(one.log.length > 1 ? ({log: one.log.slice(0, 1)} as Region) : one)
      try {
        other.core.apply(cut)
      } catch (error) {
        expect((error as Error).name).toBe('CrdtError')
        expect(other.core.digestSlot(SLOT)).toBe(before)
      }
    }
    const packed = one.core.packSlot(SLOT)
    for (let end = 0; end < packed.length; end++) {
      expect(() => two.core.joinSlot(SLOT, packed.slice(0, end))).toThrow(expect.objectContaining({name: 'CrdtError'}))
    }
    expect(two.core.digestSlot(SLOT)).toBe(before)
  })
})
