import {formatId} from '../../../protocol/stream-id.js'
import type {Value} from '../../keyspace/value.js'
import type {HashValue} from '../../values/hash/hash-value.js'
import type {ListValue} from '../../values/list/list-value.js'
import type {SetValue} from '../../values/set/set-value.js'
import {Stream} from '../../values/stream/stream.js'
import type {SortedSet} from '../../values/zset/sorted-set.js'
import type {SlotWriter, Step, VisibleKey} from '../core/api.js'
import {acknowledgedTo} from './stream-commands.js'
import {type Unit, writeDeadline} from './unit.js'

const BEGINNING = {ms: 0, seq: 0}

/** What a hash field that counts, or a sketch, was before it got another name: it stays one. */
type Nature = Pick<VisibleKey, 'type' | 'isCounter'>

/** The same when the key is gone. */
export function natureOf(shown: VisibleKey): Nature {
  const counters = new Set<string>()
  if (shown.type === 'hash') for (const field of shown.elements()) if (shown.isCounter(field)) counters.add(field)
  return {isCounter: (field) => counters.has(field), type: shown.type}
}

/**
 * A key that was made anew, whatever there was before: all of what it holds now.
 *
 * @param keepsGroups - of a stream; they stay behind otherwise (crdb.md 3.3)
 */
export function rewrite(unit: Unit, key: string, nature?: Nature, keepsGroups = false): void {
  const writer = unit.writer(key)
  if (unit.look(key) !== undefined) writer.resetKey(key)
  const value = unit.visible(key)
  if (value === undefined) return
  writeWhole(writer, key, value, nature)
  if (value instanceof Stream) {
    if (keepsGroups) writeGroups(writer, key, value)
    else value.groups.clear()
  }
  const {store} = unit.db
  const atMs = store.deadlineAt(store.find(key))
  if (atMs !== Number.POSITIVE_INFINITY) writeDeadline(unit, key, atMs)
}

/** Of a key of which nothing is there. */
export function writeWhole(writer: SlotWriter, key: string, value: Value, nature: Nature | undefined): void {
  if (typeof value === 'string') {
    if (nature?.type === 'hll') writer.addSketch(key, value)
    else writer.setString(key, value)
    return
  }
  switch (value.type) {
    case 'set':
      writer.addMembers(key, (value as SetValue).members())
      break
    case 'hash':
      writeFields(writer, key, value as HashValue, nature)
      break
    case 'zset': {
      const {members, scores} = (value as SortedSet).list()
      writer.setScores(
        key,
        members.map((member, i) => [member, scores[i]!] as const),
      )
      break
    }
    case 'list':
      writer.push(key, 'right', [...(value as ListValue)])
      break
    case 'stream':
      writeEntries(writer, key, value as Stream)
      break
  }
}

function writeFields(writer: SlotWriter, key: string, hash: HashValue, nature: Nature | undefined): void {
  const pairs = hash.pairs()
  const plain: (readonly [string, string])[] = []
  for (let i = 0; i < pairs.length; i += 2) {
    const [field, value] = [pairs[i]!, pairs[i + 1]!]
    if (nature?.isCounter(field) === true) writer.addToField(key, field, stepOf(value))
    else plain.push([field, value])
  }
  if (plain.length > 0) writer.setFields(key, plain)
}

function stepOf(text: string): Step {
  return /^-?\d+$/.test(text) ? BigInt(text) : {float: Number(text)}
}

/** Up to where all is acknowledged: what is open here is still to be delivered elsewhere. */
function writeGroups(writer: SlotWriter, key: string, {groups}: Stream): void {
  for (const [name, group] of groups) writer.createGroup(key, name, formatId(acknowledgedTo(group) ?? BEGINNING))
}

function writeEntries(writer: SlotWriter, key: string, stream: Stream): void {
  const cursor = stream.range()
  for (let entry = cursor.next(); entry !== undefined; entry = cursor.next()) {
    const fields: string[] = []
    entry.visitFields((field, value) => fields.push(field, value))
    writer.addEntry(key, formatId(entry), fields)
  }
}
