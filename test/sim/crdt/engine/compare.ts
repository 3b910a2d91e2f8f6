import type {Names} from './names.js'
import type {CellValue, Expected} from './oracle.js'
import type {ShownKey} from './shown-key.js'
import {registersOf} from './sketches.js'

/** @returns what is wrong with what a copy shows of a key; undefined: nothing */
export function complaint(
  expected: Expected | undefined,
  shown: ShownKey | undefined,
  names: Names,
): string | undefined {
  if (!expected || !shown) return expected || shown ? `is ${expected ? 'not ' : ''}there` : undefined
  if (expected.type !== shown.type) return `is a ${shown.type}, not a ${expected.type}`
  if (expected.deadlineMs !== shown.deadlineMs) return `deadline ${shown.deadlineMs}, not ${expected.deadlineMs}`
  if (expected.type === 'list') return listComplaint(expected, shown, names)
  const wanted = expectedText(expected)
  const found = foundText(shown)
  return wanted === found ? undefined : `is ${found}, not ${wanted}`
}

function expectedText(expected: Expected): string {
  if (expected.type === 'hll')
    return pairs([...registersOf(expected.sketched)].map(([at, count]) => [String(at), String(count)]))
  const cells = [...expected.cells].map(([element, value]): [string, string] => [element, textOf(expected.type, value)])
  return pairs([...cells, ...groupPairs(expected.groups)])
}

function foundText(shown: ShownKey): string {
  if (shown.type === 'string') return pairs([['', shown.text ?? '']])
  if (shown.type === 'hll')
    return pairs(
      (shown.text ?? '')
        .split(' ')
        .filter((pair) => pair !== '')
        .map((pair) => pair.split(':') as [string, string]),
    )
  return pairs([...shown.cells, ...groupPairs(shown.groups)])
}

function groupPairs(groups: ReadonlyMap<string, string>): [string, string][] {
  return [...groups].map(([name, id]) => [`group ${name}`, id])
}

function pairs(all: readonly (readonly [string, string])[]): string {
  return all
    .map(([name, text]) => (text === '' ? name : `${name}=${text}`))
    .sort()
    .join(' ')
}

function textOf(type: string, {base, sum}: CellValue): string {
  if (type === 'set') return ''
  if (type === 'stream') return JSON.stringify(['f', base])
  if (type === 'zset') {
    const score = Number(base ?? 0) + (sum ?? 0)
    return String(Number.isNaN(score) ? 0 : score)
  }
  if (type === 'hash' && isSum({base, sum})) return `+${Number(base ?? 0) + (sum as number)}`
  if (base === undefined) return String(sum)
  // To what is no number nothing can be added.
  return sum === undefined || Number.isNaN(Number(base)) ? base : String(Number(base) + sum)
}

function listComplaint(expected: Expected, shown: ShownKey, names: Names): string | undefined {
  const wanted = [...expected.cells].map(([element, {base}]) => `${element}=${base}`).sort()
  const found = shown.values.map((value) => `${names.elementOf(value)}=${value}`).sort()
  return wanted.join(' ') === found.join(' ') ? undefined : `has ${found.join(' ')}, not ${wanted.join(' ')}`
}

/** A field that counts: there are increments, and nothing that cannot be added to. */
function isSum({base, sum}: CellValue): boolean {
  return sum !== undefined && !Number.isNaN(Number(base ?? 0))
}
