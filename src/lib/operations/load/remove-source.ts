import type {WireReply} from '../../client/migration/reply-reader.js'
import {NodeReplyError} from '../../client/reply-error.js'
import {CliError} from '../../kernel/errors.js'
import {hashSlot} from '../../protocol/hash-slot.js'
import {comparePayloads} from '../../protocol/rdb/compare.js'
import type {ClusterWriter} from './cluster-writer.js'
import type {KeyComparison} from './compare-keys.js'
import {isPast} from './expiry.js'
import type {Source, SourceLink} from './source.js'
import {dumpCommands, readDumps, sourceRefusal} from './source-reader.js'
import {type DumpedKey, expiresAt} from './types.js'

/** How often a key that changes again and again is brought after, before it is left at the source. */
const CHASES_MAX = 5

/** Overwrites a key that is still as it was read. Atomic: a client's write in between makes it do nothing. */
const REFRESH_SCRIPT = `if redis.call('DUMP', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('RESTORE', KEYS[1], ARGV[2], ARGV[3], 'REPLACE', 'ABSTTL')
return 1`

export interface Removal {
  /** Deleted at the source, as far as its answers arrived. */
  readonly removed: number
  /** Left at the source. Latin1 text. */
  readonly kept: readonly string[]
}

/**
 * Deletes keys at the source that the cluster holds just as they were read, and that are at the source just as they were
 * read. Whatever changed at the source since is brought after; whatever clients changed at the cluster stays on both
 * sides.
 *
 *     watched, read --> written --> compared at the cluster --> MULTI DEL EXEC
 *                                                                 | a key of them was touched since
 *                                                                 v
 *                                          each by itself: watched, read, compared, brought after, deleted
 *
 * @param watchedAt - the link's generation when the keys were watched and read
 * @param keys - of outcome written, replaced or equal
 */
export async function removeFromSource(
  source: Source,
  link: SourceLink,
  writer: ClusterWriter,
  watchedAt: number,
  keys: readonly DumpedKey[],
): Promise<Removal> {
  const comparisons = await Promise.all(keys.map((key) => writer.comparer.compare(key)))
  const arrived = keys.filter((_, index) => comparisons[index]?.kind === 'same')
  // One that is missing there expires here as well, or else a client deleted it or the node evicted it: the copy here
  // may be the last.
  const kept = keys
    .filter((key, index) => {
      const {kind} = comparisons[index] as KeyComparison
      return kind === 'different' || (kind === 'missing' && !isPast(expiresAt(key), writer.dialect))
    })
    .map(({key}) => key)
  if (arrived.length === 0) await link.send([['UNWATCH']])
  const all = await removeAll(link, watchedAt, arrived)
  if (all !== undefined) return {removed: all, kept}
  let removed = 0
  for (const key of arrived) {
    const one = await removeOne(source, link, writer, key)
    if (one === undefined) kept.push(key.key)
    else removed += one
  }
  return {removed, kept}
}

/** @returns how many were deleted; undefined if that is not known, or none because one was touched */
async function removeAll(link: SourceLink, watchedAt: number, keys: readonly DumpedKey[]): Promise<number | undefined> {
  if (keys.length === 0) return 0
  try {
    // On another connection nothing is watched.
    return deletedBy(await link.sendOn(watchedAt, [['MULTI'], ['DEL', ...keys.map(({key}) => key)], ['EXEC']]))
  } catch (error) {
    if (isLost(error)) return undefined
    throw error
  }
}

/** @returns keys deleted, 0 if it was gone before; undefined if it is left at the source */
async function removeOne(
  source: Source,
  link: SourceLink,
  writer: ClusterWriter,
  key: DumpedKey,
): Promise<number | undefined> {
  let arrived = key
  for (let chase = 0; chase < CHASES_MAX; chase++) {
    const [, ...replies] = await link.send([['WATCH', key.key], ...dumpCommands(source, [key.key])])
    const watchedAt = link.generation
    const [present] = readDumps(source, [key.key], replies)
    if (!present) return 0
    if (!isSame(arrived, present)) {
      if (!(await bringAfter(writer, arrived, present))) break
      arrived = present
    }
    const removed = await removeAll(link, watchedAt, [present])
    if (removed !== undefined) return removed
  }
  await link.send([['UNWATCH']])
  return undefined
}

function isSame(a: DumpedKey, b: DumpedKey): boolean {
  return comparePayloads(a.payload, b.payload) === 'same' && expiresAt(a) === expiresAt(b)
}

/** Puts the newer value in place of the older, if the cluster still holds the older. */
async function bringAfter(writer: ClusterWriter, older: DumpedKey, newer: DumpedKey): Promise<boolean> {
  const held = await writer.comparer.compare(older)
  if (held.kind !== 'same') return false
  const deadline = String(expiresAt(newer) ?? 0)
  const command = ['EVAL', REFRESH_SCRIPT, '1', newer.key, held.payload, deadline, newer.payload]
  const [reply] = await writer.router.send(hashSlot(newer.key), [command], newer.payload.length * 2)
  // Repeated after a lost answer it does nothing, so what counts is what is there.
  return reply === 1 || (await writer.comparer.compare(newer)).kind === 'same'
}

/** @returns what DEL said within EXEC, the last reply; undefined if a watched key was touched, so that nothing was done */
function deletedBy(replies: readonly WireReply[]): number | undefined {
  const done = replies.at(-1)
  const refused = [...replies, ...(Array.isArray(done) ? done : [])].find((reply) => reply instanceof NodeReplyError)
  if (refused) throw sourceRefusal('DEL', refused)
  return Array.isArray(done) ? Number(done[0]) : undefined
}

function isLost(error: unknown): boolean {
  return error instanceof CliError && (error.code === 'UNREACHABLE' || error.code === 'TIMED_OUT')
}
