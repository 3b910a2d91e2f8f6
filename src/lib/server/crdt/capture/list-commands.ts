import type {ListValue} from '../../values/list/list-value.js'
import type {ListEnd} from '../core/api.js'
import type {Translate, Unit} from './unit.js'

function pushing(end: ListEnd): Translate {
  return (unit, argv) => {
    const values = argv.slice(2)
    unit.writer(argv[1]!).push(argv[1]!, end, end === 'left' ? values.reverse() : values)
  }
}

/** How long the list was. */
function lengthBefore(unit: Unit, key: string): number {
  return unit.look(key)?.size ?? 0
}

function indexes(from: number, count: number): number[] {
  return Array.from({length: Math.max(0, count)}, (_, i) => from + i)
}

function popping(end: ListEnd): Translate {
  return (unit, argv) => {
    const key = argv[1]!
    const length = lengthBefore(unit, key)
    const count = Math.min(length, argv[2] === undefined ? 1 : Number(argv[2]))
    if (count > 0) unit.writer(key).removeAt(key, indexes(end === 'left' ? 0 : length - count, count))
  }
}

/** What came to the target is what stands at its end now. */
function move(unit: Unit, source: string, target: string, from: ListEnd, to: ListEnd): void {
  const list = unit.visible(target) as ListValue
  const text = list.get(to === 'left' ? 0 : -1)!
  if (source === target && list.length === 1) {
    // Clients never saw it empty: it keeps its deadline.
    unit.writer(source).setAt(source, 0, text)
    return
  }
  unit.writer(source).removeAt(source, [from === 'left' ? 0 : lengthBefore(unit, source) - 1])
  unit.writer(target).push(target, to, [text])
}

const lmove: Translate = (unit, argv) => {
  move(unit, argv[1]!, argv[2]!, argv[3]!.toLowerCase() as ListEnd, argv[4]!.toLowerCase() as ListEnd)
}

const lrem: Translate = (unit, argv) => {
  const [, key, countText, value] = argv as [string, string, string, string]
  const count = Number(countText)
  const found: number[] = []
  let index = 0
  for (const element of unit.look(key)?.elements() ?? []) {
    if (element === value) found.push(index)
    index++
  }
  const removed = count === 0 ? found : count > 0 ? found.slice(0, count) : found.slice(count)
  if (removed.length > 0) unit.writer(key).removeAt(key, removed)
}

const ltrim: Translate = (unit, argv) => {
  const key = argv[1]!
  const [first, last] = [Number(argv[2]), Number(argv[3])]
  const length = lengthBefore(unit, key)
  const from = Math.max(0, first < 0 ? first + length : first)
  const to = Math.min(length - 1, last < 0 ? last + length : last)
  const gone = from > to ? indexes(0, length) : [...indexes(0, from), ...indexes(to + 1, length - 1 - to)]
  if (gone.length > 0) unit.writer(key).removeAt(key, gone)
}

const linsert: Translate = (unit, argv) => {
  const [, key, where, pivot, value] = argv as [string, string, string, string, string]
  let index = 0
  for (const element of unit.look(key)?.elements() ?? []) {
    if (element === pivot) break
    index++
  }
  unit.writer(key).insertAt(key, where.toLowerCase() === 'after' ? index + 1 : index, value)
}

const lset: Translate = (unit, argv) => {
  const key = argv[1]!
  const index = Number(argv[2])
  unit.writer(key).setAt(key, index < 0 ? index + lengthBefore(unit, key) : index, argv[3]!)
}

export const LIST_TRANSLATORS: readonly (readonly [string, Translate])[] = [
  ['lpush', pushing('left')],
  ['rpush', pushing('right')],
  ['lpushx', pushing('left')],
  ['rpushx', pushing('right')],
  ['lpop', popping('left')],
  ['rpop', popping('right')],
  ['lmove', lmove],
  ['rpoplpush', (unit, argv) => move(unit, argv[1]!, argv[2]!, 'right', 'left')],
  ['lrem', lrem],
  ['ltrim', ltrim],
  ['linsert', linsert],
  ['lset', lset],
]
