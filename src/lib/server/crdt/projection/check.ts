import {hashSlot} from '../../../protocol/hash-slot.js'
import {formatId} from '../../../protocol/stream-id.js'
import {mergeInto, sketchOf} from '../../commands/hyperloglog/sketch.js'
import {typeOf, type Value} from '../../keyspace/value.js'
import type {HashValue} from '../../values/hash/hash-value.js'
import {REGISTER_COUNT} from '../../values/hyperloglog/element-hash.js'
import type {ListValue} from '../../values/list/list-value.js'
import type {SetValue} from '../../values/set/set-value.js'
import type {Stream} from '../../values/stream/stream.js'
import type {SortedSet} from '../../values/zset/sorted-set.js'
import type {VisibleKey} from '../core/api.js'
import type {CrdtDatabase} from '../crdt-database.js'
import {shownType} from './whole-value.js'

/** @returns one line for each key where what clients see is not what the core shows; none, if all is well */
export function differences(crdt: CrdtDatabase): string[] {
  const {core, server} = crdt
  const {store} = server.databases[0]!
  const found: string[] = []
  const left = new Set<string>()
  for (let place = 0; place < store.size; place++) left.add(store.keyAt(place))
  for (const slot of core.slots()) {
    for (const key of core.keys(slot)) {
      const place = store.find(key)
      left.delete(key)
      const shown = core.look(slot, key)
      if (shown === undefined) found.push(`${key}: listed and not shown`)
      else if (place < 0) found.push(`${key}: the core shows a ${shown.type}, clients nothing`)
      else found.push(...differencesOf(key, store.valueAt(place), store.deadlineAt(place), shown))
    }
  }
  // Those of a slot that has gone to another shard are on their way out, and clients are sent there.
  for (const key of left)
    if (!crdt.isOthers(hashSlot(key))) found.push(`${key}: clients see it, the core shows nothing`)
  return found
}

function differencesOf(key: string, value: Value, deadlineMs: number, shown: VisibleKey): string[] {
  const atMs = shown.deadlineMs ?? Number.POSITIVE_INFINITY
  if (atMs !== deadlineMs) return [`${key}: deadline ${deadlineMs}, in the core ${atMs}`]
  if (typeOf(value) !== shownType(shown)) return [`${key}: ${typeOf(value)}, in the core ${shown.type}`]
  const [seen, known] = [textOf(value, shown), textOfShown(shown)]
  if (seen === known) return []
  return [`${key}: ${shown.type} ${excerpt(seen)}, in the core ${excerpt(known)}`]
}

const EXCERPT_LENGTH = 200

function excerpt(text: string): string {
  return text.length <= EXCERPT_LENGTH ? text : `${text.slice(0, EXCERPT_LENGTH)}... (${text.length})`
}

function textOf(value: Value, shown: VisibleKey): string {
  if (typeof value === 'string') return shown.type === 'hll' ? registersOf(value) : value
  switch (value.type) {
    case 'set':
      return JSON.stringify((value as SetValue).members().sort())
    case 'hash': {
      const pairs = (value as HashValue).pairs()
      return sorted(pairs.flatMap((text, i) => (i % 2 === 0 ? [[text, pairs[i + 1]!]] : [])))
    }
    case 'zset': {
      const {members, scores} = (value as SortedSet).list()
      return sorted(members.map((member, i) => [member, String(scores[i])]))
    }
    case 'list':
      return JSON.stringify([...(value as ListValue)])
    case 'stream':
      return streamText(value as Stream)
  }
}

function sorted(pairs: readonly (readonly string[])[]): string {
  return JSON.stringify([...pairs].sort((a, b) => (a[0]! < b[0]! ? -1 : 1)))
}

/** The bytes may differ: a sketch is dense or sparse, with a count kept or not. */
function registersOf(sketch: string): string {
  const registers = new Uint8Array(REGISTER_COUNT)
  mergeInto(registers, sketchOf(sketch))
  return Buffer.from(registers).toString('latin1')
}

/** How far the readers of this region are is its own matter. */
function streamText(stream: Stream): string {
  const entries: (readonly [string, readonly string[]])[] = []
  const cursor = stream.range()
  for (let entry = cursor.next(); entry !== undefined; entry = cursor.next()) {
    const fields: string[] = []
    const id = formatId(entry)
    entry.visitFields((field, value) => fields.push(field, value))
    entries.push([id, fields])
  }
  return JSON.stringify([entries, [...stream.groups.keys()].sort()])
}

function textOfShown(shown: VisibleKey): string {
  switch (shown.type) {
    case 'string':
      return shown.text()
    case 'hll':
      return registersOf(shown.text())
    case 'set':
      return JSON.stringify([...shown.elements()].sort())
    case 'hash':
      return sorted([...shown.elements()].map((field) => [field, shown.field(field)!]))
    case 'zset':
      return sorted([...shown.elements()].map((member) => [member, String(shown.score(member))]))
    case 'list':
      return JSON.stringify([...shown.elements()])
    case 'stream': {
      const entries = [...shown.entryIds()].map((id) => [id, shown.entry(id)!])
      return JSON.stringify([entries, [...shown.groups()].map(({name}) => name).sort()])
    }
  }
}
