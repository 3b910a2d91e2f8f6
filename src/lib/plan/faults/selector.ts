import {CliError} from '../../kernel/errors.js'
import {nearest} from '../../kernel/nearest.js'
import type {Rng} from '../../kernel/rng.js'
import {SLOT_COUNT, type SlotRange} from '../../model/slot-set.js'
import {hashSlot} from '../../protocol/hash-slot.js'
import {shuffle} from './grudges.js'

/**
 * Which nodes somebody means, as words with commas:
 *
 *     n1  n*  all  role:primary  shard:0  slot:1234  key:foo  region:eu  random:2
 *
 * What a word selects changes with the roles: it is resolved once, and what came of it is kept.
 */
export type Term =
  | {readonly kind: 'all'}
  | {readonly kind: 'name'; readonly name: string}
  | {readonly kind: 'glob'; readonly pattern: string}
  | {readonly kind: 'role'; readonly role: 'primary' | 'replica'}
  /** From 0, by lowest slot. */
  | {readonly kind: 'shard'; readonly index: number}
  | {readonly kind: 'slot'; readonly slot: number; readonly key?: string}
  | {readonly kind: 'region'; readonly region: string}
  | {readonly kind: 'random'; readonly count: number}

/** A node, by what is known of it. */
export interface SelectableNode {
  readonly name: string
  readonly region?: string
  /** By its own word; unknown of one that does not answer. */
  readonly role?: 'primary' | 'replica'
  readonly slots?: readonly SlotRange[]
  /** Of a replica: the name of the node that it follows. */
  readonly replicaOf?: string
}

const ROLES = {master: 'primary', primary: 'primary', replica: 'replica', slave: 'replica'} as const
const KINDS = ['key', 'random', 'region', 'role', 'shard', 'slot'] as const
const NAMES_SHOWN_MAX = 12

export const SELECTOR_HELP =
  'A selector is a name, a pattern such as n*, all, role:primary, shard:0, slot:1234, key:foo, region:eu, random:1, or several of ' +
  'these with commas. Shards are numbered from 0 by lowest slot. It is resolved once: who is meant does not change with the roles.'

/** @throws {CliError} BAD_FLAG */
export function parseSelector(text: string): Term[] {
  const words = text.split(',').map((word) => word.trim())
  if (words.includes('')) throw badSelector(text, 'has nothing where a node should be')
  return words.map(parseTerm)
}

/** Whether who is meant depends on roles or slots, which only the nodes themselves can tell. @throws {CliError} BAD_FLAG */
export function asksNodes(selector: string): boolean {
  return parseSelector(selector).some(({kind}) => kind === 'role' || kind === 'shard' || kind === 'slot')
}

function parseTerm(word: string): Term {
  const colon = word.indexOf(':')
  if (colon < 0) {
    if (word === 'all') return {kind: 'all'}
    return /[*?]/.test(word) ? {kind: 'glob', pattern: word} : {kind: 'name', name: word}
  }
  const kind = word.slice(0, colon)
  const value = word.slice(colon + 1)
  switch (kind) {
    case 'role': {
      const role = Object.hasOwn(ROLES, value) ? ROLES[value as keyof typeof ROLES] : undefined
      if (role === undefined) throw badSelector(word, 'is neither role:primary nor role:replica')
      return {kind, role}
    }
    case 'shard':
      return {index: numberIn(word, value, 0, SLOT_COUNT - 1), kind}
    case 'slot':
      return {kind, slot: numberIn(word, value, 0, SLOT_COUNT - 1)}
    case 'key':
      // As clients send it: slots are of bytes.
      return {key: value, kind: 'slot', slot: hashSlot(Buffer.from(value).toString('latin1'))}
    case 'region':
      // Without colons, so that a pair of them can be told apart.
      if (!/^[^:]+$/.test(value)) throw badSelector(word, 'names no region')
      return {kind, region: value}
    case 'random':
      return {count: numberIn(word, value, 1, Number.MAX_SAFE_INTEGER), kind}
    default: {
      const meant = nearest(kind, KINDS)
      throw badSelector(
        word,
        `begins with none of ${KINDS.join(':, ')}:${meant ? `; did you mean ${meant}:${value}?` : ''}`,
      )
    }
  }
}

function numberIn(word: string, value: string, min: number, max: number): number {
  const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN
  if (number >= min && number <= max) return number
  const range = max === Number.MAX_SAFE_INTEGER ? `at least ${min}` : `between ${min} and ${max}`
  throw badSelector(word, `has no number ${range}`)
}

function badSelector(text: string, problem: string): CliError {
  return new CliError('BAD_FLAG', `selector ${JSON.stringify(text)} ${problem}`, {suggestions: [SELECTOR_HELP]})
}

/**
 * The nodes that a selector means, each once, in the order of `nodes`.
 *
 * @param nodes - all of the environment
 * @returns one at least
 * @throws {CliError} BAD_FLAG; UNKNOWN_NODE, with the nearest name, if some word of it means nobody
 */
export function selectNodes(text: string, nodes: readonly SelectableNode[], rng: Rng): string[] {
  const chosen = new Set(parseSelector(text).flatMap((term) => resolve(term, nodes, rng)))
  return nodes.filter(({name}) => chosen.has(name)).map(({name}) => name)
}

function resolve(term: Term, nodes: readonly SelectableNode[], rng: Rng): string[] {
  const where = (isMeant: (node: SelectableNode) => boolean) => nodes.filter(isMeant).map(({name}) => name)
  const some = (found: string[], problem: string, meant?: string) => {
    if (found.length === 0) throw nobody(problem, nodes, meant)
    return found
  }
  const names = nodes.map(({name}) => name)
  switch (term.kind) {
    case 'all':
      return some(names, 'there are no nodes')
    case 'name':
      return some(
        where(({name}) => name === term.name),
        `there is no node ${term.name}`,
        nearest(term.name, names),
      )
    case 'glob':
      return some(
        where(({name}) => globOf(term.pattern).test(name)),
        `no node is called like ${term.pattern}`,
      )
    case 'role':
      return some(
        where(({role}) => role === term.role),
        `no node says that it is a ${term.role}`,
      )
    case 'shard': {
      const shards = shardsOf(nodes)
      const range = shards.length === 0 ? 'no node says that it is a primary' : `shards are 0 to ${shards.length - 1}`
      return some([...(shards[term.index] ?? [])], `there is no shard ${term.index}: ${range}`)
    }
    case 'slot':
      return some(
        where(
          ({role, slots = []}) =>
            role === 'primary' && slots.some(({first, last}) => first <= term.slot && term.slot <= last),
        ),
        `no node says that it owns slot ${term.slot}${term.key === undefined ? '' : `, of key ${term.key}`}`,
      )
    case 'region': {
      const regions = new Set(nodes.flatMap(({region}) => region ?? []))
      const known = regions.size === 0 ? 'no node has a region' : `regions are ${[...regions].join(', ')}`
      return some(
        where(({region}) => region === term.region),
        `there is no region ${term.region}: ${known}`,
        nearest(term.region, regions),
      )
    }
    case 'random':
      if (term.count > nodes.length) throw nobody(`there are no ${term.count} nodes, but ${nodes.length}`, nodes)
      return shuffle(names, rng).slice(0, term.count)
  }
}

/**
 * The shards: a primary and its replicas each. From 0 by lowest slot; primaries without slots come last. Of nodes that two
 * think to own, as during a partition, each has a shard.
 */
export function shardsOf(nodes: readonly SelectableNode[]): string[][] {
  const lowest = ({slots = []}: SelectableNode) => Math.min(SLOT_COUNT, ...slots.map(({first}) => first))
  const primaries = nodes.filter(({role}) => role === 'primary').sort((a, b) => lowest(a) - lowest(b))
  return primaries.map(({name}) => [
    name,
    ...nodes.filter(({replicaOf, role}) => role === 'replica' && replicaOf === name).map((node) => node.name),
  ])
}

function globOf(pattern: string): RegExp {
  const source = pattern
    .replace(/[$()+.[\\\]^{|}]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`)
}

function nobody(problem: string, nodes: readonly SelectableNode[], meant?: string): CliError {
  const names = nodes.map(({name}) => name)
  const shown = names.slice(0, NAMES_SHOWN_MAX).join(', ')
  return new CliError('UNKNOWN_NODE', meant === undefined ? problem : `${problem}; did you mean ${meant}?`, {
    details: {nodes: names, ...(meant !== undefined && {didYouMean: [meant]})},
    suggestions: [
      `Nodes are ${shown}${names.length > NAMES_SHOWN_MAX ? ` and ${names.length - NAMES_SHOWN_MAX} more` : ''}.`,
    ],
  })
}

/**
 * Splits `A:B`, where both are selectors and may hold colons themselves, as in `role:primary:n4`.
 *
 * @throws {CliError} BAD_FLAG if there is no way to read it so, or more than one
 */
export function splitPair(text: string): [from: string, to: string] {
  const colons = [...text.matchAll(/:/g)].map(({index}) => index)
  const readings = colons
    .map((at): [string, string] => [text.slice(0, at), text.slice(at + 1)])
    .filter(([from, to]) => isSelector(from) && isSelector(to))
  const [only, another] = readings
  if (only && !another) return only
  const problem = only
    ? `can be read as ${readings.map((pair) => pair.join(' to ')).join(', or ')}`
    : 'is not A:B, two selectors'
  throw new CliError('BAD_FLAG', `${JSON.stringify(text)} ${problem}`, {suggestions: [SELECTOR_HELP]})
}

function isSelector(text: string): boolean {
  try {
    return !parseSelector(text).some((term) => term.kind === 'name' && KINDS.some((kind) => kind === term.name))
  } catch {
    return false
  }
}

/**
 * Groups of selectors from words: a word is a group, unless a slash stands between groups; then all words up to it are one.
 *
 *     n1,n2 n3     n1,n2 / n3     n1 n2 / n3
 */
export function splitGroups(words: readonly string[]): string[] {
  const text = words.join(' ').replaceAll(/\s*,\s*/g, ',')
  // A key may hold a slash.
  const pieces = text.split(/\s+/).flatMap((word) => (word.includes('key:') ? [word] : word.split(/(\/)/)))
  const tokens = pieces.filter((piece) => piece !== '')
  if (!tokens.includes('/')) return tokens
  const groups: string[][] = [[]]
  for (const token of tokens) {
    if (token === '/') groups.push([])
    else groups.at(-1)?.push(token)
  }
  return groups.map((group) => group.join(',')).filter((group) => group !== '')
}
