import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import type {StreamValue} from '../../../../../../src/lib/server/crdt/core/container.js'
import {streamType} from '../../../../../../src/lib/server/crdt/core/containers/stream-value.js'
import {Replica, settle} from './rig.js'

type Stream = Replica<StreamValue>

function regions(count = 2): Stream[] {
  return Array.from({length: count}, (_, i) => new Replica<StreamValue>(streamType, i + 1))
}

function xadd(stream: Stream, id: string, ...fields: string[]): void {
  stream.write((value, operation) => value.addEntry(operation, id, fields))
}

function xdel(stream: Stream, ...ids: string[]): string {
  return stream.write((value, operation) => value.removeEntries(operation, ids)).steps[0]!.bytes
}

function create(stream: Stream, group: string, lastId = '0-0'): void {
  stream.write((value, operation) => value.createGroup(operation, group, lastId))
}

function destroy(stream: Stream, group: string): void {
  stream.write((value, operation) => value.destroyGroup(operation, group))
}

function acknowledge(stream: Stream, group: string, id: string): string {
  return stream.write((value, operation) => value.acknowledge(operation, group, id)).steps[0]!.bytes
}

function entries(stream: Stream): string[] {
  return [...stream.value.entryIds()].map((id) => [id, ...stream.value.entry(id)!].join(' '))
}

function groups(stream: Stream): string[] {
  return [...stream.value.groups()].map(({lastId, name}) => `${name}:${lastId}`).sort()
}

function expectEqual(streams: readonly Stream[]): void {
  for (const stream of streams) {
    expect(entries(stream)).toEqual(entries(streams[0]!))
    expect(groups(stream)).toEqual(groups(streams[0]!))
    expect(stream.digest()).toBe(streams[0]!.digest())
  }
}

/** Also after joins. */
function settled(streams: readonly Stream[]): void {
  settle(streams)
  const joined = new Replica<StreamValue>(streamType, 9)
  joined.joinAll(streams[0]!)
  expectEqual([...streams, joined])
  expect(joined.ledger).toEqual(streams[0]!.ledger)
}

describe('stream', () => {
  it('has the entries of all regions in the order of their ids', () => {
    const [one, two] = regions() as [Stream, Stream]
    xadd(one, '110-1', 'a', '1')
    xadd(two, '115-2', 'b', '2')
    xadd(one, '120-1', 'c', '3', 'd', '4')
    settled([one, two])
    expect(entries(two)).toEqual(['110-1 a 1', '115-2 b 2', '120-1 c 3 d 4'])
    expect(two.shown.names).toEqual(['110-1', '120-1'])
    expect(two.value.entry('111-0')).toBeUndefined()
  })

  it('keeps the fields that it was given', () => {
    const [one] = regions() as [Stream]
    const fields = ['a', '1']
    one.write((value, operation) => value.addEntry(operation, '1-1', fields))
    expect(one.value.entry('1-1')).toBe(fields)
  })

  it('shows one of two entries of one id, the same everywhere; a deletion takes both', () => {
    const [one, two] = regions() as [Stream, Stream]
    xadd(two, '5-0', 'by', 'two')
    xadd(one, '5-0', 'by', 'one')
    settled([one, two])
    expect(entries(two)).toEqual(['5-0 by one'])
    expect(two.value.explain('5-0', 10, two.actors)[0]).toMatchObject({dots: ['1.7:1', '2.7:1'], value: 'by one'})
    xdel(two, '5-0')
    settled([one, two])
    expect(one.value.isBlank).toBe(true)
  })

  it('deletes what was seen: an entry added meanwhile stays, also of the same id', () => {
    const [one, two] = regions() as [Stream, Stream]
    xadd(one, '5-0', 'by', 'one')
    settle([one, two])
    xdel(two, '5-0')
    xadd(two, '6-0', 'x', 'y')
    one.write(undefined)
    xadd(one, '5-0', 'again', '1')
    settled([one, two])
    expect(entries(one)).toEqual(['5-0 again 1', '6-0 x y'])
  })

  it('removes long runs by their ends', () => {
    const [one, two] = regions() as [Stream, Stream]
    const ids = Array.from({length: 1000}, (_, i) => `${i + 1}-1`)
    for (const id of ids) xadd(one, id, 'f', id)
    settle([one, two])
    xadd(two, '500-2', 'late', '1')
    expect(xdel(one, ...ids.slice(0, 900).reverse()).length).toBeLessThan(15)
    settled([one, two])
    expect(entries(two).slice(0, 2)).toEqual(['500-2 late 1', '901-1 f 901-1'])
    expect(entries(two)).toHaveLength(101)
  })

  it('holds ids of 64 bits', () => {
    const [one, two] = regions() as [Stream, Stream]
    const ids = [
      '1-9007199254740991',
      '1-9007199254740992',
      '1-9007199254740993',
      '1-18446744073709551615',
      '18446744073709551614-3',
      '18446744073709551615-1',
    ]
    for (const id of [...ids].reverse()) xadd(one, id, 'id', id)
    settled([one, two])
    expect([...two.value.entryIds()]).toEqual(ids)
    expect(two.value.entry(ids[1]!)).toEqual(['id', ids[1]])
    xdel(two, ids[0]!, ids[2]!, ids[4]!)
    settled([one, two])
    expect([...one.value.entryIds()]).toEqual([ids[1], ids[3], ids[5]])
  })

  it('is gone without entries and groups, and there with a group alone', () => {
    const [one, two] = regions() as [Stream, Stream]
    xadd(one, '1-1', 'a', 'b')
    create(one, 'g', '0-0')
    xdel(one, '1-1')
    settled([one, two])
    expect(two.value.isEmpty).toBe(false)
    destroy(two, 'g')
    settled([one, two])
    expect(one.value.isEmpty).toBe(true)
    expect(one.ledger.garbage).toBe(1)
  })
})

describe('groups of a stream', () => {
  it('are joined by the latest ids', () => {
    const [one, two] = regions() as [Stream, Stream]
    create(one, 'g', '5-0')
    create(two, 'g', '7-0')
    create(two, 'h')
    settled([one, two])
    expect(groups(one)).toEqual(['g:7-0', 'h:0-0'])
    acknowledge(one, 'g', '10-1')
    acknowledge(two, 'g', '12-1')
    acknowledge(two, 'g', '11-1')
    settled([one, two])
    expect(groups(one)).toEqual(['g:12-1', 'h:0-0'])
    expect(acknowledge(one, 'g', '12-1')).toBe('')
    expect(acknowledge(one, 'none', '1-1')).toBe('')
    expect(one.value.explain('g', 10, one.actors)[0]!.value).toBe('delivered up to 7-0, acknowledged up to 12-1')
  })

  it('are destroyed whatever others do with them meanwhile', () => {
    const [one, two, three] = regions(3) as [Stream, Stream, Stream]
    create(one, 'g')
    settle([one, two, three])
    destroy(one, 'g')
    acknowledge(two, 'g', '5-5')
    create(three, 'g', '9-9')
    settled([one, two, three])
    expect(groups(three)).toEqual([])
    create(two, 'g', '3-3')
    settled([one, two, three])
    expect(groups(one)).toEqual(['g:3-3'])
  })

  it('go with the key, also those made meanwhile', () => {
    const [one, two] = regions() as [Stream, Stream]
    xadd(one, '1-1', 'a', 'b')
    settle([one, two])
    one.write(undefined)
    create(two, 'new')
    xadd(two, '2-2', 'c', 'd')
    settled([one, two])
    expect(groups(one)).toEqual([])
    expect(entries(one)).toEqual(['2-2 c d'])
  })

  it('are not deleted by who deletes a stream that is gone', () => {
    const [one, two] = regions() as [Stream, Stream]
    create(one, 'g')
    one.write(undefined)
    settle([one, two])
    one.write(undefined)
    create(two, 'h')
    settled([one, two])
    expect(groups(one)).toEqual(['h:0-0'])
  })

  it('forget what all regions know of', () => {
    const [one, two] = regions() as [Stream, Stream]
    xadd(one, '1-1', 'a', 'b')
    create(one, 'g')
    create(one, 'h')
    destroy(one, 'g')
    settle([one, two])
    two.write(undefined)
    settle([one, two])
    expect(one.ledger.garbage).toBe(2)
    expect(one.collect()).toBe(2)
    expect(one.ledger).toEqual({bytes: 0, garbage: 0})
    expect(one.value.isBlank).toBe(true)
    create(one, 'g')
    two.joinAll(one)
    one.joinAll(two)
    expectEqual([one, two])
    expect(groups(two)).toEqual(['g:0-0'])
  })
})

describe('groups that are deleted', () => {
  it('stay so if a state from before comes after the deletion is forgotten', () => {
    const [one, two, three] = regions(3) as [Stream, Stream, Stream]
    create(one, 'g', '1-1')
    create(one, 'h')
    settle([one, two, three])
    destroy(one, 'g')
    two.pull(one)
    two.collect()
    two.joinAll(three)
    expect(groups(two)).toEqual(['h:0-0'])
    create(two, 'g', '0-5')
    two.joinAll(three)
    three.joinAll(two)
    expect(groups(two)).toEqual(['g:0-5', 'h:0-0'])
    expectEqual([two, three])
  })
})

describe('histories of streams', () => {
  const step = fc.record({
    from: fc.nat(2),
    kind: fc.constantFrom(
      'add',
      'add',
      'add',
      'delete',
      'create',
      'create',
      'destroy',
      'acknowledge',
      'reset',
      'pull',
      'join',
    ),
    on: fc.nat(2),
    what: fc.nat(12),
  })

  it('come to the same by effects and by joins', () => {
    fc.assert(
      fc.property(fc.array(step, {maxLength: 50}), (steps) => {
        const streams = regions(3)
        for (const {from, kind, on, what} of steps) {
          const stream = streams[on]!
          const group = `g${what % 3}`
          if (kind === 'add') xadd(stream, `${what}-0`, 'by', `${on}`)
          else if (kind === 'delete') xdel(stream, `${what}-0`, `${what + 1}-0`, `${what + 3}-0`)
          else if (kind === 'create') create(stream, group, `${what}-0`)
          else if (kind === 'destroy') destroy(stream, group)
          else if (kind === 'acknowledge') acknowledge(stream, group, `${what}-0`)
          else if (kind === 'reset' && what < 4) stream.write(undefined)
          else if (kind === 'pull') stream.pull(streams[from]!)
          else if (kind === 'join') stream.joinAll(streams[from]!)
        }
        const forward = new Replica<StreamValue>(streamType, 8)
        const backward = new Replica<StreamValue>(streamType, 9)
        for (const stream of streams) forward.joinAll(stream)
        for (const stream of [...streams, ...streams].reverse()) backward.joinAll(stream)
        settle(streams)
        expectEqual([...streams, forward, backward])
        for (const stream of [...streams, forward]) expect(stream.ledger.bytes).toBe(streams[0]!.ledger.bytes)
      }),
      {numRuns: 400},
    )
  })
})
