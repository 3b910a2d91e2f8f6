import type {WireReply} from '../../client/migration/reply-reader.js'
import type {WireCommand} from '../../client/migration/wire.js'
import {NodeReplyError} from '../../client/reply-error.js'
import {CliError} from '../../kernel/errors.js'
import {PAYLOAD_BYTES_MAX} from '../../protocol/rdb/dump.js'
import {printableKey} from '../migration/busy-keys.js'
import {LOCK_KEY} from '../migration/lock.js'
import {expiryCommand, expiryIn} from './expiry.js'
import type {Source, SourceLink} from './source.js'
import type {DumpedKey} from './types.js'

/** Keys per SCAN: the source serves it as one command, a fraction of a millisecond. */
const SCAN_COUNT = 256

/** A SCAN from its beginning, and at its end. */
export const CURSOR_FIRST = '0'

/** What one SCAN found. */
export interface KeyPage {
  /** Latin1 text, no key twice. SCAN may name a key again in another page. */
  readonly keys: readonly string[]
  /** Where SCAN goes on after this page; `CURSOR_FIRST` after the last one. */
  readonly next: string
  /** 0 for the first page. */
  readonly index: number
}

/** A key and about what its dump takes. */
export interface SizedKey {
  readonly key: string
  readonly bytes: number
}

/** Dumps asked for at a time are at most this together, or one key. */
const CHUNK_BYTES_MAX = 1024 * 1024

/** Guessed where a source does not tell: few of those are asked for at a time. */
const BYTES_UNKNOWN = 64 * 1024

/** A source whose whole data set is smaller can hold no key that is too big to come with others. */
const SMALL_DATASET_BYTES = 64 * 1024 * 1024

/** What a key takes on average where sizes do not matter. */
const BYTES_SMALL = 1024

/**
 * All keys of the database, page by page. Keys that are there all the time are found for sure; those that come or go
 * meanwhile may be.
 *
 * @param cursor - where an earlier SCAN of the same server went on
 * @throws {CliError} as `SourceLink.send`; PREFLIGHT_FAILED if the source does not let keys be listed
 */
export async function* scanPages(link: SourceLink, cursor = CURSOR_FIRST): AsyncGenerator<KeyPage> {
  let at = cursor
  let index = 0
  do {
    const [reply] = await link.send([['SCAN', at, 'COUNT', String(SCAN_COUNT)]])
    if (!Array.isArray(reply)) throw sourceRefusal('SCAN', reply)
    const [next, keys] = reply as [string, string[]]
    // A lock of ours is the cluster's own affair, wherever it came from.
    yield {keys: [...new Set(keys)].filter((key) => key !== LOCK_KEY), next, index: index++}
    at = next
  } while (at !== CURSOR_FIRST)
}

/** Finds big keys before they are asked for, so that memory stays bounded here and at the source. */
export async function sizeKeys(link: SourceLink, source: Source, keys: readonly string[]): Promise<SizedKey[]> {
  if (source.facts.datasetBytes > 0 && source.facts.datasetBytes < SMALL_DATASET_BYTES) {
    return keys.map((key) => ({key, bytes: BYTES_SMALL}))
  }
  const sizes = await link.send(keys.map((key) => ['MEMORY', 'USAGE', key]))
  return keys.map((key, index) => {
    const size = sizes[index]
    return {key, bytes: typeof size === 'number' ? size : size === null ? 0 : BYTES_UNKNOWN}
  })
}

/** Cuts a page so that no part takes more than is good at a time. */
export function cutIntoChunks(keys: readonly SizedKey[]): SizedKey[][] {
  const chunks: SizedKey[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const key of keys) {
    if (bytes + key.bytes > CHUNK_BYTES_MAX) {
      chunks.push([])
      bytes = 0
    }
    chunks.at(-1)?.push(key)
    bytes += key.bytes
  }
  return chunks
}

/** The commands that dump keys; `readDumps` reads their replies. */
export function dumpCommands(source: Source, keys: readonly string[]): WireCommand[] {
  return keys.flatMap((key): WireCommand[] => [['DUMP', key], expiryCommand(source.dialect, key)])
}

/**
 * @param replies - to `dumpCommands`
 * @returns the keys that were there; one that expired or was deleted since it was listed is left out
 * @throws {CliError} PLAN_PARTIAL if the source does not dump a key
 */
export function readDumps(source: Source, keys: readonly string[], replies: readonly WireReply[]): DumpedKey[] {
  return keys.flatMap((key, index): DumpedKey[] => {
    const [payload, expiry] = replies.slice(index * 2, index * 2 + 2)
    if (payload === null) return []
    if (typeof payload !== 'string') throw sourceRefusal(`DUMP of ${printableKey(key)}`, payload)
    if (expiry instanceof NodeReplyError) throw sourceRefusal(`the expiry of ${printableKey(key)}`, expiry)
    // -2: it expired between the two.
    if (expiry === -2) return []
    return [{key, payload, expireAtMs: expiryIn(source.dialect, expiry)}]
  })
}

/** Whether one command can carry the key. Memory is more than the dump takes, but for what is compressed already. */
export function isCarriable({bytes}: SizedKey): boolean {
  return bytes <= PAYLOAD_BYTES_MAX
}

const NEEDS =
  'The user at the source needs +scan +dump +exists +pexpiretime +pttl +time +memory|usage on all keys (~*), ' +
  '+watch +unwatch +multi +exec +del with --move, +type with --dry-run.'

export function sourceRefusal(what: string, reply: unknown): CliError {
  const text = reply instanceof NodeReplyError ? reply.message : `an odd answer: ${JSON.stringify(reply)}`
  return new CliError('PLAN_PARTIAL', `the source refuses ${what}: ${text}`, {
    suggestions: /^NOPERM\b/.test(text) ? [NEEDS] : [],
  })
}
