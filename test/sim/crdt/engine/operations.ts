import type {CrdtType, Step, VisibleKey} from '../../../../src/lib/server/crdt/core/api.js'
import type {Cell, Change} from './history.js'
import {sketchText} from './sketches.js'
import type {WriterSite} from './writer-site.js'

/**
 * The operations of scripts, each as a client's command would make it: refused where Redis answers WRONGTYPE or finds
 * nothing, else done in the engine and noted for the oracle.
 *
 *   1: sadd k a b; del k
 */
type Operation = (site: WriterSite, key: string, args: readonly string[]) => void

const OPERATIONS: Readonly<Record<string, Operation>> = {
  del: (site, key) => {
    if (!site.look(key)) return
    site.writer.resetKey(key)
    site.note(key, {kind: 'reset'})
  },
  set: (site, key, [value]) => setString(site, key, value as string, false),
  setkeep: (site, key, [value]) => setString(site, key, value as string, true),
  incr: (site, key, [step]) => addToString(site, key, Number(step)),
  incrfloat: (site, key, [step]) => addToString(site, key, {float: Number(step)}),
  expire: (site, key, [atMs]) => setDeadline(site, key, Number(atMs)),
  persist: (site, key) => setDeadline(site, key, Infinity),
  sadd: (site, key, members) => {
    if (!site.allows(key, 'set')) return
    site.writer.addMembers(key, members)
    for (const member of members) site.note(key, write('set', member, {}))
  },
  srem: (site, key, members) => {
    const isThere = (member: string): boolean => site.look(key)?.has(member) === true
    remove(site, key, 'set', members, isThere, () => site.writer.removeMembers(key, members))
  },
  hset: (site, key, pairs) => {
    if (!site.allows(key, 'hash')) return
    const written: [string, string][] = []
    for (let at = 0; at + 1 < pairs.length; at += 2) written.push([pairs[at] as string, pairs[at + 1] as string])
    site.writer.setFields(key, written)
    for (const [field, value] of written) site.note(key, write('hash', field, {base: value}))
  },
  hincr: (site, key, [field, step]) => addToField(site, key, field as string, Number(step)),
  hincrfloat: (site, key, [field, step]) => addToField(site, key, field as string, {float: Number(step)}),
  hdel: (site, key, fields) => {
    const isThere = (field: string): boolean => site.look(key)?.field(field) !== undefined
    remove(site, key, 'hash', fields, isThere, () => site.writer.removeFields(key, fields))
  },
  zadd: (site, key, [member, score]) => {
    if (!site.allows(key, 'zset')) return
    site.writer.setScores(key, [[member as string, Number(score)]])
    site.note(key, write('zset', member as string, {base: score as string}))
  },
  zincr: (site, key, [member, step]) => {
    if (!site.allows(key, 'zset')) return
    site.writer.addToScore(key, member as string, Number(step))
    site.note(key, write('zset', member as string, {step: Number(step)}))
  },
  zrem: (site, key, members) => {
    const isThere = (member: string): boolean => site.look(key)?.score(member) !== undefined
    remove(site, key, 'zset', members, isThere, () => site.writer.removeScored(key, members))
  },
  lpush: (site, key, [count]) => push(site, key, 'left', Number(count)),
  rpush: (site, key, [count]) => push(site, key, 'right', Number(count)),
  linsert: (site, key, [where]) => {
    const elements = site.has(key, 'list') && site.elementsOf(key)
    if (!elements) return
    const index = Number(where) % (elements.length + 1)
    const value = site.newValue()
    site.writer.insertAt(key, index, value)
    const place = {after: elements.slice(index), before: elements.slice(0, index), run: undefined}
    site.note(key, write('list', value, {base: value, place}))
  },
  lset: (site, key, [where]) => {
    const elements = site.has(key, 'list') && site.elementsOf(key)
    if (!elements) return
    const index = Number(where) % elements.length
    const element = elements[index] as string
    const value = site.newValue()
    site.rename(value, element)
    site.writer.setAt(key, index, value)
    site.note(key, write('list', element, {base: value}))
  },
  lrem: (site, key, wheres) => {
    const elements = site.has(key, 'list') && site.elementsOf(key)
    if (!elements) return
    const indexes = [...new Set(wheres.map((where) => Number(where) % elements.length))].sort((a, b) => a - b)
    site.writer.removeAt(key, indexes)
    for (const index of indexes) site.note(key, removal('list', elements[index] as string))
  },
  xadd: (site, key) => {
    if (!site.allows(key, 'stream')) return
    const value = site.newValue()
    const id = `${value.slice(1)}-${site.region}`
    site.writer.addEntry(key, id, ['f', value])
    site.note(key, write('stream', id, {base: value}))
  },
  xdel: (site, key, wheres) => {
    const ids = [...(site.has(key, 'stream')?.entryIds() ?? [])]
    if (ids.length === 0) return
    const removed = [...new Set(wheres.map((where) => ids[Number(where) % ids.length] as string))]
    site.writer.removeEntries(key, removed)
    for (const id of removed) site.note(key, removal('stream', id))
  },
  xgroup: (site, key, [group, ms]) => {
    if (!site.allows(key, 'stream')) return
    const lastId = `${ms}-${site.region}`
    site.writer.createGroup(key, group as string, lastId)
    site.note(key, {group: group as string, kind: 'group', lastId})
  },
  xgroupdel: (site, key, [group]) => {
    if (!hasGroup(site.has(key, 'stream'), group as string)) return
    site.writer.destroyGroup(key, group as string)
    site.note(key, {group: group as string, kind: 'ungroup'})
  },
  xack: (site, key, [group, ms]) => {
    if (!hasGroup(site.has(key, 'stream'), group as string)) return
    const id = `${ms}-${site.region}`
    site.writer.acknowledge(key, group as string, id)
    site.note(key, {group: group as string, id, kind: 'acknowledge'})
  },
  pfadd: (site, key, members) => {
    if (!site.allows(key, 'hll')) return
    site.writer.addSketch(key, sketchText(members))
    site.note(key, {kind: 'sketch', members})
  },
  publish: (site, key, [message]) => {
    site.writer.publish(key, message as string)
    site.note('', {channel: key, kind: 'publish', message: message as string})
  },
  flush: (site) => {
    site.writer.resetSlot()
    for (const key of site.allKeys()) site.note(key, {kind: 'reset'})
  },
}

/** One operation as it stands in a script. @throws Error for a word that is none */
export function operate(site: WriterSite, line: string): void {
  const [verb, key = '', ...args] = line.split(' ')
  const operation = OPERATIONS[verb as string]
  if (!operation) throw new Error(`no such operation: ${line}`)
  site.begin(key)
  operation(site, key, args)
}

function setString(site: WriterSite, key: string, value: string, keepsDeadline: boolean): void {
  const there = site.look(key)
  if (there && there.type !== 'string') {
    site.writer.resetKey(key)
    site.note(key, {kind: 'reset'})
    site.begin(key)
  } else if (there && !keepsDeadline) {
    site.writer.clearDeadline(key)
    site.note(key, {atMs: undefined, kind: 'deadline'})
    site.begin(key)
  }
  site.writer.setString(key, value)
  site.note(key, write('string', '', {base: value}))
}

function addToString(site: WriterSite, key: string, step: Step): void {
  if (!site.allows(key, 'string')) return
  const text = site.look(key)?.text() ?? '0'
  if (!isNumber(text, step)) return
  site.writer.addToString(key, step)
  site.note(key, write('string', '', {step: amountOf(step)}))
}

function addToField(site: WriterSite, key: string, field: string, step: Step): void {
  if (!site.allows(key, 'hash')) return
  const there = site.look(key)
  const text = there?.field(field)
  if (text !== undefined && (!there?.isCounter(field) || !isNumber(text, step))) return
  site.writer.addToField(key, field, step)
  site.note(key, write('hash', field, {step: amountOf(step)}))
}

function setDeadline(site: WriterSite, key: string, atMs: number): void {
  if (!site.look(key)) return
  site.writer.setDeadline(key, atMs)
  site.note(key, {atMs, kind: 'deadline'})
}

function push(site: WriterSite, key: string, end: 'left' | 'right', count: number): void {
  if (!site.allows(key, 'list')) return
  const elements = site.look(key) ? site.elementsOf(key) : []
  const values = Array.from({length: count}, () => site.newValue())
  site.writer.push(key, end, values)
  const run = Number((values[0] as string).slice(1))
  for (const [index, value] of values.entries()) {
    const before = [...(end === 'right' ? elements : []), ...values.slice(0, index)]
    const after = [...values.slice(index + 1), ...(end === 'left' ? elements : [])]
    site.note(key, write('list', value, {base: value, place: {after, before, run}}))
  }
}

function hasGroup(key: VisibleKey | undefined, group: string): boolean {
  return [...(key?.groups() ?? [])].some(({name}) => name === group)
}

function isNumber(text: string, step: Step): boolean {
  return typeof step === 'object' ? /^-?[\d.]+$/.test(text) : /^-?\d+$/.test(text)
}

function amountOf(step: Step): number {
  return Number(typeof step === 'object' ? step.float : step)
}

function write(type: CrdtType, element: string, rest: Partial<Extract<Change, {kind: 'write'}>>): Change {
  const cell: Cell = {element, type}
  return {cell, kind: 'write', ...rest}
}

/** What is not there is named too, and makes no difference. Of a key that is there, nobody removes nothing. */
function remove(
  site: WriterSite,
  key: string,
  type: CrdtType,
  elements: readonly string[],
  isThere: (element: string) => boolean,
  write: () => void,
): void {
  if (!site.allows(key, type)) return
  const there = elements.filter(isThere)
  if (site.look(key) && there.length === 0) return
  write()
  for (const element of there) site.note(key, removal(type, element))
}

function removal(type: CrdtType, element: string): Change {
  return {cell: {element, type}, kind: 'remove'}
}
