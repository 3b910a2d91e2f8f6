import {quoted} from '../../protocol/resp/quoted.js'
import type {AggregateKind, Reply} from '../../protocol/resp/reply-parser.js'
import {numberedLines} from './numbered.js'

const EMPTY: Readonly<Record<AggregateKind, string>> = {
  array: '(empty array)',
  map: '(empty hash)',
  push: '(empty push)',
  set: '(empty set)',
}
const MARKS: Readonly<Record<AggregateKind, string>> = {array: ')', map: '#', push: ')', set: '~'}

/** A reply as redis-cli shows it on a terminal, without the last line end. Binary string, as the reply's texts are. */
export function renderReply(reply: Reply): string {
  return replyLines(reply).join('\n')
}

/** A message that comes by itself: which keys were changed, in redis-cli's form, or whatever else. */
export function renderPush(push: Reply): string {
  const [what, keys] = 'items' in push ? push.items : []
  if (what === undefined || keys === undefined || !('text' in what) || what.text !== 'invalidate')
    return renderReply(push)
  const names = 'items' in keys ? keys.items.map((key) => ('text' in key ? quoted(key.text) : '')) : ['(all keys)']
  return `-> invalidate: ${names.join(', ')}`
}

function replyLines(reply: Reply): string[] {
  if ('text' in reply) return scalarText(reply.kind, reply.text).split('\n')
  const {items, kind} = reply
  if (items.length === 0) return [EMPTY[kind]]
  if (kind !== 'map') return numberedLines(items.map(replyLines), MARKS[kind])
  return numberedLines(
    pairsOf(items).map(([key, value]) => pairLines(replyLines(key), replyLines(value))),
    MARKS.map,
  )
}

/** A value of one line stands beside its key, a longer one below. */
function pairLines(key: readonly string[], value: readonly string[]): string[] {
  const above = `${key.at(-1)} => `
  return [...key.slice(0, -1), ...(value.length === 1 ? [above + value[0]] : [above, ...value])]
}

function pairsOf(items: readonly Reply[]): [key: Reply, value: Reply][] {
  return items.flatMap((key, at) => (at % 2 === 0 ? [[key, items[at + 1] as Reply] as [Reply, Reply]] : []))
}

function scalarText(kind: Exclude<Reply['kind'], AggregateKind>, text: string): string {
  switch (kind) {
    case 'bulk':
      return quoted(text)
    case 'nil':
      return '(nil)'
    case 'boolean':
      return text === 't' ? '(true)' : '(false)'
    case 'error':
    case 'integer':
    case 'double':
      return `(${kind}) ${text}`
    default:
      return text
  }
}

/** A reply as redis-cli writes it into a pipe, without the last line end. */
export function renderRawReply(reply: Reply): string {
  if ('text' in reply) {
    if (reply.kind === 'error') return `${reply.text}\n`
    return reply.kind === 'boolean' ? scalarText(reply.kind, reply.text) : reply.text
  }
  if (reply.kind !== 'map') return reply.items.map(renderRawReply).join('\n')
  return pairsOf(reply.items)
    .map(([key, value]) => `${renderRawReply(key)} ${renderRawReply(value)}`)
    .join('\n')
}
