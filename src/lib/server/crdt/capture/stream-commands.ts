import {compareIds, formatId, idBefore, type StreamId} from '../../../protocol/stream-id.js'
import {parseId} from '../../commands/stream/ids.js'
import type {Item} from '../../propagation/propagation.js'
import type {Group} from '../../values/stream/group.js'
import type {Stream} from '../../values/stream/stream.js'
import {packStreamFacts} from '../durability/stream-facts.js'
import {local, type Translate, type Unit} from './unit.js'

export function streamAt(unit: Unit, key: string): Stream | undefined {
  const value = unit.visible(key)
  return typeof value === 'object' && value.type === 'stream' ? (value as Stream) : undefined
}

/** Where XADD's id stands, and whether it trims. */
function parseAdd(argv: readonly string[]): {readonly idAt: number; readonly trims: boolean} {
  let at = 2
  let trims = false
  for (; ; at++) {
    const word = argv[at]!.toLowerCase()
    if (word === 'nomkstream') continue
    if (word !== 'maxlen' && word !== 'minid' && word !== 'limit') return {idAt: at, trims}
    if (word !== 'limit') trims = true
    if (argv[at + 1] === '~' || argv[at + 1] === '=') at++
    at++
  }
}

const xadd: Translate = (unit, argv) => {
  const key = argv[1]!
  const {idAt, trims} = parseAdd(argv)
  unit.writer(key).addEntry(key, argv[idAt]!, argv.slice(idAt + 1))
  if (trims) trimmed(unit, key)
}

/** What stood before the first entry that is left. */
function trimmed(unit: Unit, key: string): void {
  const stream = streamAt(unit, key)
  const gone: string[] = []
  for (const id of unit.look(key)?.entryIds() ?? []) {
    if (stream !== undefined && stream.length > 0 && compareIds(parseId(id)!, stream.firstId) >= 0) break
    gone.push(id)
  }
  if (gone.length > 0) unit.writer(key).removeEntries(key, gone)
}

const xdel: Translate = (unit, argv) => {
  const key = argv[1]!
  const before = unit.look(key)
  const ids = argv.slice(2).map((text) => formatId(parseId(text)!))
  const gone = ids.filter((id) => before?.entry(id) !== undefined)
  if (gone.length > 0) unit.writer(key).removeEntries(key, gone)
}

const xgroup: Translate = (unit, argv, item) => {
  const [, verb, key, name] = argv as [string, string, string, string]
  switch (verb.toLowerCase()) {
    case 'create': {
      const group = streamAt(unit, key)?.groups.get(name)
      if (group !== undefined) unit.writer(key).createGroup(key, name, formatId(group.lastId))
      break
    }
    case 'destroy':
      unit.writer(key).destroyGroup(key, name)
      break
    case 'setid':
      unit.keepLocal(item)
      keepLate(unit, item, key, name)
      break
    default:
      unit.keepLocal(item)
  }
}

/**
 * XGROUP SETID stands for what readers read or claimed, too. To whoever carries it out nothing is late any more: of what is,
 * replicas and disk are told.
 */
function keepLate(unit: Unit, item: Item, key: string, name: string): void {
  if (streamAt(unit, key)?.groups.get(name)?.hasLate !== true) return
  unit.keepLocal({...item, argv: ['CRDT.STREAM', key, packStreamFacts(unit.server, key)!]})
}

/** Up to where all that was delivered is acknowledged. */
export function acknowledgedTo(group: Group): StreamId | undefined {
  const first = group.pending.first()
  return first === undefined ? group.lastId : idBefore(first)
}

/** Other regions hear of it as far as nothing before it is open; replicas of this one in full. */
const xack: Translate = (unit, argv, item) => {
  const [, key, name] = argv as [string, string, string]
  unit.keepLocal(item)
  const group = streamAt(unit, key)?.groups.get(name)
  const to = group && acknowledgedTo(group)
  if (to === undefined) return
  for (const known of unit.look(key)?.groups() ?? []) {
    if (known.name !== name) continue
    if (compareIds(to, parseId(known.lastId)!) > 0) unit.writer(key).acknowledge(key, name, formatId(to))
    return
  }
}

/** A stream without entries and groups is none (crdb.md 3.3). */
export function dropIfEmptied(unit: Unit, argv: readonly string[]): void {
  for (const key of argv.slice(1, 4)) {
    const stream = streamAt(unit, key)
    if (stream !== undefined && stream.length === 0 && stream.groups.size === 0) unit.db.deleteEmptied(key)
  }
}

export const STREAM_TRANSLATORS: readonly (readonly [string, Translate])[] = [
  ['xadd', xadd],
  ['xtrim', (unit, argv) => trimmed(unit, argv[1]!)],
  ['xdel', xdel],
  ['xgroup', xgroup],
  ['xack', xack],
  ['xclaim', local],
  ['xsetid', local],
]
