import {parseDouble} from '../protocol/double.js'
import type {Reply} from '../protocol/resp/reply-parser.js'
import type {CrdtType, VisibleKey} from '../server/crdt/core/api.js'

/**
 * A key as clients see it, against what the state behind says that they should see. Both become one text per key, equal if
 * they are.
 */

/** The command whose reply shows all of a key. */
export function commandShowing(key: string, type: CrdtType): readonly string[] {
  return [...COMMANDS[type].map((word) => (word === 'KEY' ? key : word))]
}

const COMMANDS: Readonly<Record<CrdtType, readonly string[]>> = {
  hash: ['HGETALL', 'KEY'],
  hll: ['PFCOUNT', 'KEY'],
  list: ['LRANGE', 'KEY', '0', '-1'],
  set: ['SMEMBERS', 'KEY'],
  stream: ['XRANGE', 'KEY', '-', '+'],
  string: ['GET', 'KEY'],
  zset: ['ZRANGE', 'KEY', '0', '-1', 'WITHSCORES'],
}

/** What clients are told. An error is shown as itself: it equals nothing that should be seen. */
export function seenText(type: CrdtType, reply: Reply): string {
  if (!('items' in reply)) return JSON.stringify(type === 'hll' && reply.kind === 'integer' ? 'sketch' : reply.text)
  if (type === 'stream') return JSON.stringify(reply.items.map(textsOf))
  const texts = reply.items.map((item) => ('text' in item ? item.text : ''))
  if (type === 'list') return JSON.stringify(texts)
  if (type === 'set') return JSON.stringify(texts.sort())
  const pairs = pairsOf(texts).map(([name, value]) => [
    name,
    type === 'zset' ? scoreText(parseDouble(value) ?? Number.NaN) : value,
  ])
  return sorted(pairs as [string, string][])
}

function textsOf(item: Reply): unknown {
  return 'items' in item ? item.items.map(textsOf) : item.text
}

/** What they should be told. */
export function dueText(value: VisibleKey): string {
  const {type} = value
  if (type === 'hll') return JSON.stringify('sketch')
  if (type === 'string') return JSON.stringify(value.text())
  if (type === 'stream') return JSON.stringify([...value.entryIds()].map((id) => [id, [...(value.entry(id) ?? [])]]))
  const elements = [...value.elements()]
  if (type === 'list') return JSON.stringify(elements)
  if (type === 'set') return JSON.stringify(elements.sort())
  const shownOf = (name: string) =>
    type === 'zset' ? scoreText(value.score(name) ?? Number.NaN) : (value.field(name) ?? '')
  return sorted(elements.map((name) => [name, shownOf(name)]))
}

function scoreText(score: number): string {
  return Object.is(score, -0) ? '0' : String(score)
}

function pairsOf(texts: readonly string[]): [string, string][] {
  return Array.from({length: texts.length / 2}, (_, i) => [texts[i * 2]!, texts[i * 2 + 1]!])
}

function sorted(pairs: [string, string][]): string {
  return JSON.stringify(pairs.sort(([a], [b]) => (a < b ? -1 : 1)))
}
