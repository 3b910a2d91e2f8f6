import {decodeDump} from '../../../../src/lib/protocol/rdb/dump.js'
import type {RdbHash} from '../../../../src/lib/protocol/rdb/hash.js'
import type {RdbSet} from '../../../../src/lib/protocol/rdb/set.js'
import type {RdbStream} from '../../../../src/lib/protocol/rdb/stream.js'
import {rounded} from '../geo-commands.js'
import {normalStreamReply} from '../stream-commands.js'
import {elements, shape, sorted, sortedDeep, sortedPage, unorderedReply} from '../unordered.js'
import type {Request} from './lua.js'

/** What may differ between two servers that were told the same, and nothing else may. */
interface Agreed {
  readonly why: string
  readonly commands: string
  /** Of two replies that are neither statuses nor errors. */
  readonly alike: (command: readonly string[], theirs: string, ours: string) => boolean
}

/** How far apart the two may have run one command, at most: another process had the processor. */
const APART_MS = 10_000
/** The deadlines that commands name are these seconds or one more. */
const NAMED_SECONDS = 4_102_444_800

const same =
  (even: (command: readonly string[], reply: string) => string): Agreed['alike'] =>
  (command, theirs, ours) =>
    even(command, theirs) === even(command, ours)

export const AGREED: readonly Agreed[] = [
  {
    why: 'members and fields come in the order of a hash table, which begins with chance',
    commands: 'SMEMBERS SINTER SUNION SDIFF SPOP HKEYS HVALS HGETALL SSCAN HSCAN',
    alike: same(unorderedReply),
  },
  {why: 'keys come in the order of a hash table', commands: 'KEYS', alike: same((_command, reply) => sorted(reply))},
  {
    why: 'keys of a slot come in the order in which they came there, which a flush or a reload may change',
    commands: 'CLUSTER',
    alike: same((_command, reply) => sorted(reply)),
  },
  {
    why: 'flags of keys are a set of statuses, which are tables in scripts: Lua orders them by address',
    commands: 'COMMAND',
    alike: same((_command, reply) => sortedDeep(reply)),
  },
  {
    why: 'members of a big sorted set are walked in the order of a hash table',
    commands: 'ZSCAN',
    alike: same((_command, reply) => sortedPage(reply, 2)),
  },
  {
    why: 'chosen by chance: only how many, and of what kind, is compared',
    commands: 'SRANDMEMBER HRANDFIELD ZRANDMEMBER',
    alike: same((_command, reply) => shape(reply)),
  },
  {
    why: 'a time left, or the time of a deadline that was given relative to now',
    commands: 'TTL PTTL EXPIRETIME PEXPIRETIME',
    alike: timesAlike,
  },
  {
    why: 'seconds since the last access, by a clock of coarse steps; how often an engine shares a value',
    commands: 'OBJECT',
    alike: (command, theirs, ours) =>
      /^(?:idletime|refcount)$/i.test(command[1] ?? '')
        ? theirs.startsWith(':') && ours.startsWith(':')
        : isFormOfString(theirs) && isFormOfString(ours),
  },
  {
    why: 'settings come in the order of a hash table',
    commands: 'CONFIG',
    alike: same((_command, reply) => sorted(reply, 2)),
  },
  {
    why: 'times of entries delivered and of consumers seen',
    commands: 'XINFO XPENDING XREADGROUP XCLAIM XAUTOCLAIM',
    alike: same(normalStreamReply),
  },
  {
    why: 'a dump holds such times, and what was in a hash table in its order',
    commands: 'DUMP',
    alike: same((_command, reply) => evenDump(reply)),
  },
  {
    why: 'the last of the 17 digits of a distance depends on whose sines they are',
    commands: 'GEODIST ZRANGE',
    alike: same((command, reply) => (/^(?:geodist|d[01])$/.test(distanceName(command)) ? rounded(reply) : reply)),
  },
  {
    why: 'so does it here, and what is equally far comes in any order',
    commands: 'GEOSEARCH GEORADIUS GEORADIUS_RO GEORADIUSBYMEMBER GEORADIUSBYMEMBER_RO',
    alike: searchesAlike,
  },
]

const BY_COMMAND = new Map(AGREED.flatMap((one) => one.commands.split(' ').map((name) => [name, one] as const)))

/** Whether two replies are the same, or differ by what is agreed. */
export function alike({argv, inner}: Request, theirs: string, ours: string): boolean {
  if (theirs === ours) return true
  if (/^[-+]/.test(theirs) || /^[-+]/.test(ours)) return false
  if (inner?.kind === 'one') return alike(inner.requests[0]!, theirs, ours)
  if (inner !== undefined) return eachAlike(inner.requests, theirs, ours)
  return BY_COMMAND.get(argv[0]!.toUpperCase())?.alike(argv, theirs, ours) ?? false
}

const SORT_REFUSAL = "ERR One or more scores can't be converted into double"

/**
 * SORT there asks `errno` whether a number was out of range without clearing it first: what another number left there,
 * the 5e-324 of a packed sorted set for one, refuses good numbers until something else sets it. What is refused for its
 * own number, sort.test.ts compares.
 */
export function isStaleRefusal(theirs: string, ours: string): boolean {
  return theirs.split(SORT_REFUSAL).length > ours.split(SORT_REFUSAL).length
}

/** Arrays with one reply to each of the requests. */
export function eachAlike(requests: readonly Request[], theirs: string, ours: string): boolean {
  const [expected, actual] = [elements(theirs), elements(ours)]
  if (expected?.length !== requests.length || actual?.length !== requests.length || theirs[0] !== ours[0]) return false
  return requests.every((request, i) => alike(request, expected[i]!, actual[i]!))
}

/**
 * A string that was changed in place is `raw` there however short it is, and what INCRBYFLOAT makes is never `int`. Here
 * a string's form is told from its text; after a restart, it is there too.
 */
function isFormOfString(reply: string): boolean {
  return /^\$\d+\r\n(?:int|embstr|raw)\r\n$/.test(reply)
}

function timesAlike(command: readonly string[], theirs: string, ours: string): boolean {
  const inMs = /^p/i.test(command[0]!)
  const [expected, actual] = [theirs, ours].map((reply) => Number(/^:(\d+)\r\n$/.exec(reply)?.[1]))
  if (!(expected! > 0 && actual! > 0)) return false
  const isNamed = [expected!, actual!].some((time) => Math.abs(time / (inMs ? 1000 : 1) - NAMED_SECONDS) < 2)
  return !isNamed && Math.abs(expected! - actual!) <= APART_MS / (inMs ? 1 : 1000)
}

function evenDump(reply: string): string {
  return reply.startsWith('$-1') ? reply : evenPayload(reply.slice(reply.indexOf('\n') + 1, -2))
}

/** A payload without times, and in one order what is in a hash table; what is packed is compared to the byte. */
function evenPayload(payload: string): string {
  if (!LOOSE_TYPES.has(payload[0]!)) return payload
  const value = decodeDump(payload) as RdbSet | RdbHash | RdbStream
  if (value.type === 'stream') {
    return JSON.stringify(value, (key, part: unknown) => {
      if (key === 'deliveredMs' || key === 'seenMs') return 'time'
      return typeof part === 'bigint' ? String(part) : part
    })
  }
  if (value.encoding !== 'hashtable') return payload
  if (value.type === 'set') return JSON.stringify([...value.members].sort())
  const values = value.pairs.flatMap((part, i) => (i % 2 === 0 ? [[part, value.pairs[i + 1]]] : []))
  return JSON.stringify(values.map((pair) => JSON.stringify(pair)).sort())
}

/** Sets and hashes that are not packed, and streams with their groups. */
const LOOSE_TYPES = new Set(['\x02', '\x04', '\x13'])

function distanceName(command: readonly string[]): string {
  return /^geodist$/i.test(command[0]!) ? 'geodist' : (command[1] ?? '').replace('{t}', '')
}

/** Found elements with their distances, in the order of these; of those as far as the last, any may have been cut off. */
function searchesAlike(command: readonly string[], theirs: string, ours: string): boolean {
  if (rounded(theirs) === rounded(ours)) return true
  const words = command.map((word) => word.toLowerCase())
  if (!words.includes('withdist')) return false
  const [expected, actual] = [theirs, ours].map((reply) => elements(rounded(reply)) ?? [])
  const distance = (item: string): string => elements(item)?.[1] ?? ''
  if (expected!.map(distance).join() !== actual!.map(distance).join()) return false
  const last = words.includes('count') ? distance(expected!.at(-1) ?? '') : undefined
  const certain = (items: readonly string[]): string[] => items.filter((item) => distance(item) !== last).sort()
  return certain(expected!).join() === certain(actual!).join()
}
