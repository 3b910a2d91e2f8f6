import type {VisibleKey} from '../../../../src/lib/server/crdt/core/api.js'
import {readSketch} from './sketches.js'

/** What is visible of a key, taken out of the engine: one text for equal contents, whatever the order inside. */
export interface ShownKey {
  readonly type: string
  readonly deadlineMs: number | undefined
  readonly text: string | undefined
  /** Member, field or entry id -> what it says. Empty for a list. */
  readonly cells: Map<string, string>
  /** Of a list, head first. */
  readonly values: string[]
  readonly groups: Map<string, string>
}

/** @throws Error if the answers do not fit together */
export function shownKey(key: VisibleKey): ShownKey {
  const {type} = key
  const isString = type === 'string' || type === 'hll'
  const elements = isString || type === 'stream' ? [] : [...key.elements()]
  const cells = new Map(type === 'list' ? [] : elements.map((element) => [element, cellText(key, element)]))
  const ids = type === 'stream' ? [...key.entryIds()] : []
  for (const id of ids) cells.set(id, JSON.stringify(key.entry(id)))
  if (!isString && type !== 'stream' && elements.length !== key.size)
    throw new Error(`size ${key.size}, but ${elements.length} elements`)
  if (type !== 'list' && cells.size !== elements.length + ids.length) throw new Error('an element is listed twice')
  return {
    cells,
    deadlineMs: key.deadlineMs,
    groups: new Map(type === 'stream' ? [...key.groups()].map(({lastId, name}) => [name, lastId]) : []),
    text: isString ? textOf(key) : undefined,
    type,
    values: type === 'list' ? elements : [],
  }
}

/** What one member, field or entry says; undefined if it is not there. */
export function shownCell(key: VisibleKey, element: string): string | undefined {
  if (key.type === 'stream') return key.entry(element) && JSON.stringify(key.entry(element))
  if (key.type === 'set') return key.has(element) ? '' : undefined
  if (key.type === 'hash') return key.field(element) === undefined ? undefined : cellText(key, element)
  return key.score(element) === undefined ? undefined : cellText(key, element)
}

export function renderKey(key: ShownKey | undefined): string {
  if (!key) return 'none'
  const deadline = key.deadlineMs === undefined ? '' : ` until ${key.deadlineMs}`
  const groups = [...key.groups].sort().map(([name, id]) => ` group ${name} ${id}`)
  const cells = [...key.cells].map(([element, text]) => (text === '' ? element : `${element}=${text}`)).sort()
  return `${key.type} ${key.text ?? ''}${[...cells, ...key.values].join(' ')}${groups.join('')}${deadline}`
}

function cellText(key: VisibleKey, element: string): string {
  if (key.type === 'set') {
    if (!key.has(element)) throw new Error(`${element} is listed, and not there`)
    return ''
  }
  if (key.type === 'hash') return `${key.isCounter(element) ? '+' : ''}${key.field(element)}`
  return String(key.score(element))
}

function textOf(key: VisibleKey): string {
  if (key.type === 'string') return key.text()
  return [...readSketch(key.text())].map(([register, count]) => `${register}:${count}`).join(' ')
}
