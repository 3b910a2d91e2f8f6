import {assert, describe, it} from 'vitest'
import {seededRng} from '../../../../src/lib/kernel/rng.js'
import {compareIds, formatId, type StreamId} from '../../../../src/lib/protocol/stream-id.js'
import {insertEntry} from '../../../../src/lib/server/values/stream/insert.js'
import {Stream} from '../../../../src/lib/server/values/stream/stream.js'

/** What a node is said to take beside its entries. */
const NODE_BYTES = 200
const LIMITS = {streamNodeMaxBytes: 200, streamNodeMaxEntries: 4}

function entriesOf(stream: Stream): string[] {
  const found: string[] = []
  const cursor = stream.range()
  for (let entry = cursor.next(); entry !== undefined; entry = cursor.next()) {
    const parts: string[] = [formatId(entry)]
    entry.visitFields((field, value) => parts.push(field, value))
    found.push(parts.join(' '))
  }
  return found
}

describe('entries that come in any order', () => {
  it('stand in the order of their ids, whatever was deleted between', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const rng = seededRng(seed)
      const stream = new Stream()
      const expected = new Map<string, {readonly id: StreamId; readonly fields: readonly string[]}>()
      for (let step = 0; step < 60; step++) {
        const id = {ms: 1 + rng.below(12), seq: rng.below(4)}
        const text = formatId(id)
        if (rng.chance(0.25)) {
          assert.equal(stream.delete(id), expected.delete(text), `${seed}: XDEL ${text}`)
          stream.renewFirstId()
          continue
        }
        const fields = rng.chance(0.5) ? ['f', String(step)] : ['g', 'x'.repeat(rng.below(30)), 'h', String(step)]
        assert.equal(insertEntry(stream, id, fields, LIMITS), !expected.has(text), `${seed}: XADD ${text}`)
        if (!expected.has(text)) expected.set(text, {fields, id})
        const sorted = [...expected.values()].sort((a, b) => compareIds(a.id, b.id))
        assert.deepEqual(
          entriesOf(stream),
          sorted.map((one) => [formatId(one.id), ...one.fields].join(' ')),
        )
        assert.equal(stream.length, sorted.length)
        const nodes = [...stream.nodes.values()]
        assert.equal(
          stream.sizeBytes(),
          nodes.reduce((sum, {entries, head}) => sum + NODE_BYTES + head.length + entries.length, 0),
        )
        assert.deepEqual({...stream.firstId}, {...sorted[0]!.id})
      }
    }
  })

  it('may be added at the end afterwards, and read from the middle', () => {
    const stream = new Stream()
    for (const ms of [5, 9, 7, 1, 8]) insertEntry(stream, {ms, seq: 0}, ['f', String(ms)], LIMITS)
    stream.append({ms: 10, seq: 1}, ['f', '10'], 0, LIMITS)
    assert.deepEqual(entriesOf(stream), ['1-0 f 1', '5-0 f 5', '7-0 f 7', '8-0 f 8', '9-0 f 9', '10-1 f 10'])
    assert.equal(formatId(stream.range({ms: 6, seq: 0}).next()!), '7-0')
    assert.equal(stream.entriesAdded, 6)
  })
})
