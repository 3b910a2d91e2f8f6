import {describe, expect, it} from 'vitest'
import type {ListValue} from '../../../../../../src/lib/server/crdt/core/container.js'
import {listType} from '../../../../../../src/lib/server/crdt/core/containers/list-value.js'
import {Replica, settle} from './rig.js'

type List = Replica<ListValue>

function regions(count = 2): List[] {
  return Array.from({length: count}, (_, i) => new Replica<ListValue>(listType, i + 1))
}

function shown(list: List): string {
  return [...list.value.elements()].join(' ')
}

function rpush(list: List, ...values: string[]): void {
  list.write((value, operation) => value.push(operation, 'right', values))
}

function lpush(list: List, ...values: string[]): void {
  list.write((value, operation) => value.push(operation, 'left', values))
}

function insert(list: List, index: number, text: string): void {
  list.write((value, operation) => value.insertAt(operation, index, text))
}

function set(list: List, index: number, text: string): void {
  list.write((value, operation) => value.setAt(operation, index, text))
}

function remove(list: List, ...indexes: number[]): void {
  list.write((value, operation) => value.removeAt(operation, indexes))
}

/** All equal to the text, in digest, in what a projection made of the edits, and after joins. */
function expectAll(lists: readonly List[], text: string): void {
  for (const list of lists) {
    expect(shown(list)).toBe(text)
    expect(list.shown.list.join(' ')).toBe(text)
    expect(list.digest()).toBe(lists[0]!.digest())
    const joined = new Replica<ListValue>(listType, 9)
    joined.joinAll(list)
    expect(shown(joined)).toBe(text)
    expect(joined.digest()).toBe(list.digest())
    expect(joined.ledger.bytes).toBe(list.ledger.bytes)
  }
}

function settled(lists: readonly List[], text: string): void {
  settle(lists)
  expectAll(lists, text)
}

describe('list', () => {
  it('pushes at both ends, each command in one piece', () => {
    const [one, two] = regions() as [List, List]
    rpush(one, 'c', 'd')
    lpush(one, 'a', 'b')
    two.pull(one)
    rpush(one, 'x1', 'x2', 'x3')
    rpush(two, 'y1', 'y2', 'y3')
    settled([one, two], 'a b c d x1 x2 x3 y1 y2 y3')
  })

  it('orders concurrent pushes by time, then by region', () => {
    const [one, two, three] = regions(3) as [List, List, List]
    rpush(one, 'm')
    settle([one, two, three])
    two.clock = 10
    rpush(two, 'early')
    one.clock = 20
    rpush(one, 'first of two')
    three.clock = 20
    rpush(three, 'second of two')
    two.clock = 30
    lpush(two, 'later stands before')
    one.clock = 25
    lpush(one, 'sooner')
    settled([one, two, three], 'later stands before sooner m early first of two second of two')
  })

  it('goes on at the ends after hearing of others', () => {
    const [one, two] = regions() as [List, List]
    one.clock = 1000
    rpush(one, 'a')
    lpush(one, 'z')
    two.pull(one)
    rpush(two, 'b')
    lpush(two, 'y')
    settled([one, two], 'y z a b')
  })

  it('pushes at the ends even if its clock is behind', () => {
    const [one, two] = regions() as [List, List]
    one.clock = 1000
    rpush(one, 'a')
    lpush(one, 'z')
    two.pull(one)
    two.clock = 5
    rpush(two, 'b', 'c')
    lpush(two, 'x', 'y')
    rpush(two, 'd')
    settled([one, two], 'x y z a b c d')
    two.clock = 9
    set(two, 4, 'B')
    settled([one, two], 'x y z a B c d')
  })

  it('pops one element in two regions once', () => {
    const [one, two] = regions() as [List, List]
    rpush(one, 'a', 'b', 'c')
    settle([one, two])
    remove(one, 0)
    remove(two, 0)
    remove(two, 0)
    settled([one, two], 'c')
  })

  it('removes what it saw alone', () => {
    const [one, two] = regions() as [List, List]
    rpush(one, 'a', 'b', 'c', 'd')
    settle([one, two])
    insert(two, 2, 'new')
    rpush(two, 'tail')
    remove(one, 0, 1, 2)
    settled([one, two], 'new d tail')
  })

  it('deletes what it saw alone', () => {
    const [one, two] = regions() as [List, List]
    rpush(one, 'a', 'b')
    settle([one, two])
    one.write(undefined)
    expect(one.value.isBlank).toBe(true)
    rpush(two, 'c')
    settled([one, two], 'c')
  })

  it('begins anew after a deletion in one effect', () => {
    const [one, two] = regions() as [List, List]
    rpush(one, 'a', 'b')
    settle([one, two])
    one.write(
      undefined,
      (value, operation) => value.push(operation, 'right', ['x', 'y']),
      (value, operation) => value.removeAt(operation, [0]),
      (value, operation) => value.push(operation, 'right', ['z']),
    )
    settled([one, two], 'y z')
  })

  it('keeps an element that is set while another region removes it', () => {
    const [one, two] = regions() as [List, List]
    rpush(one, 'a', 'b', 'c')
    settle([one, two])
    set(one, 1, 'B')
    remove(two, 0, 1)
    settled([one, two], 'B c')
  })

  it('shows the later of two concurrent settings; the other stays until a write has seen it', () => {
    const [one, two, three] = regions(3) as [List, List, List]
    rpush(one, 'a', 'b')
    settle([one, two, three])
    set(one, 0, 'one')
    two.clock = 100
    set(two, 0, 'two')
    three.pull(two)
    remove(three, 0)
    settled([one, two, three], 'one b')
    set(three, 0, 'three')
    settled([one, two, three], 'three b')
  })

  it('trims', () => {
    const [one, two] = regions() as [List, List]
    const values = Array.from({length: 1000}, (_, i) => `v${i}`)
    rpush(one, ...values)
    settle([one, two])
    lpush(two, 'unseen')
    const ends = [...values.keys()].filter((i) => i < 400 || i >= 600)
    const effect = one.write((value, operation) => value.removeAt(operation, ends))
    expect(effect.steps[0]!.bytes.length).toBeLessThan(50)
    settled([one, two], ['unseen', ...values.slice(400, 600)].join(' '))
  })

  it('keeps chains of inserts of two regions apart', () => {
    const [one, two] = regions() as [List, List]
    rpush(one, 'head', 'tail')
    settle([one, two])
    for (let i = 0; i < 1000; i++) {
      insert(one, i + 1, 'x')
      insert(two, i + 1, 'y')
    }
    const [x, y] = ['x', 'y'].map((text) => `${text} `.repeat(1000))
    settle([one, two])
    expect([`head ${x}${y}tail`, `head ${y}${x}tail`]).toContain(shown(one))
    expectAll([one, two], shown(one))
  })

  it('tells adjacent changes as one', () => {
    const [one, two] = regions() as [List, List]
    rpush(one, ...Array.from({length: 300}, (_, i) => `v${i}`))
    two.pull(one)
    expect(two.shown.edits).toBe(1)
    remove(one, ...Array.from({length: 200}, (_, i) => i + 50))
    two.pull(one)
    expect(two.shown.edits).toBe(2)
    expectAll([one, two], shown(one))
  })

  it('explains an element by its index', () => {
    const [one, two] = regions() as [List, List]
    rpush(one, 'a', 'b')
    settle([one, two])
    set(one, 1, 'B1')
    two.clock = 50
    set(two, 1, 'B2')
    settle([one, two])
    const [told] = one.value.explain('1', 100, one.actors)
    expect(told).toMatchObject({dots: ['2.7:1', '1.7:2'], name: '1', value: 'B2'})
    expect(told!.rows.map(({value, wins}) => [value, wins])).toEqual([
      ['B2', true],
      ['B1', false],
    ])
    expect(one.value.explain(undefined, 100, one.actors)).toHaveLength(2)
    expect(one.value.explain('2', 100, one.actors)).toEqual([])
    expect(one.value.birth(one.actors)).toEqual({clock: 1, dot: 1})
  })
})
