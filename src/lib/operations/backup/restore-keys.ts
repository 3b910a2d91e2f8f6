import {join} from 'node:path'
import {parseRanges, SLOT_COUNT, slotsOf} from '../../model/slot-set.js'
import type {Manifest, ShardEntry} from '../../plan/backup/manifest.js'
import {hashSlot} from '../../protocol/hash-slot.js'
import type {RdbItem} from '../../protocol/rdb/walker.js'
import {eachOf} from '../each-of.js'
import type {ClusterWriter} from '../load/cluster-writer.js'
import {conflictOf} from '../load/cluster-writer.js'
import {isPast} from '../load/expiry.js'
import {type DumpedKey, expiresAt, type KeyConflict} from '../load/types.js'
import {printableKey} from '../migration/busy-keys.js'
import {IGNORED_KEYS} from './backup.js'
import {readRdb} from './read-backup.js'

export interface EachFile {
  readonly folder: string
  readonly manifest: Manifest
  /** Files read at one time. */
  readonly parallel: number
  readonly signal: AbortSignal
  readonly onProgress: (shard: ShardEntry, bytes: number) => void
}

/** What a second look at every key of the backup found in the cluster. */
export interface KeyVerification {
  readonly equal: number
  /** Expired since, as it should. */
  readonly expired: number
  readonly missing: number
  readonly different: number
  /** The first of the missing ones, by name. */
  readonly missingKeys: readonly string[]
  /** The first of the different ones. */
  readonly differences: readonly KeyConflict[]
}

/** Keys compared in one go, at most; and about the bytes of them. */
const COMPARED_MAX = 256
const COMPARED_BYTES = 4 * 1024 * 1024
const NAMED_MAX = 100

/** Hands every key of a backup to the writer, as fast as it takes them. */
export async function writeKeys(each: EachFile, writer: ClusterWriter): Promise<void> {
  await eachOf(each.manifest.shards, each.parallel, async (shard) => {
    for await (const keys of keysIn(each, shard)) {
      for (const batch of batchesOf(keys)) {
        await writer.ready()
        writer.write(batch)
      }
    }
  })
}

/**
 * Compares every key of a backup, value and time of expiry, with what the cluster holds.
 *
 * Also those that the writer compared before, because they were there already, as all are that an earlier run brought:
 * a failover since then may have taken what its replica had not heard of, and that is what this look is for. Nor can the
 * writer leave comparing to it: by that it tells a key of the cluster's own from one that came to harm on the way, and
 * knows what may be replaced.
 */
export async function verifyKeys(each: EachFile, writer: ClusterWriter): Promise<KeyVerification> {
  const counts = {equal: 0, expired: 0, missing: 0, different: 0}
  const missingKeys: string[] = []
  const differences: KeyConflict[] = []
  const compare = async (key: DumpedKey) => {
    const found = await writer.comparer.compare(key)
    if (found.kind === 'same') counts.equal++
    else if (found.kind === 'different') {
      counts.different++
      if (differences.length < NAMED_MAX) differences.push(conflictOf(key, found))
    } else if (isPast(expiresAt(key), writer.dialect)) counts.expired++
    else {
      counts.missing++
      if (missingKeys.length < NAMED_MAX) missingKeys.push(printableKey(key.key))
    }
  }
  await eachOf(each.manifest.shards, each.parallel, async (shard) => {
    for await (const keys of keysIn(each, shard)) {
      for (const batch of batchesOf(keys)) await Promise.all(batch.map(compare))
    }
  })
  return {...counts, missingKeys, differences}
}

/** The keys of a shard's file that are data of its slots, but for those that are too big to be carried. */
async function* keysIn(
  {folder, onProgress, signal}: EachFile,
  shard: ShardEntry,
): AsyncGenerator<readonly DumpedKey[]> {
  const owned = new Uint8Array(SLOT_COUNT)
  for (const slot of slotsOf(parseRanges(shard.slots) ?? [])) owned[slot] = 1
  const isData = (item: RdbItem) =>
    item.kind === 'key' && item.payload !== undefined && !IGNORED_KEYS.has(item.key) && owned[hashSlot(item.key)] === 1
  const onBytes = (bytes: number) => onProgress(shard, bytes)
  for await (const items of readRdb(join(folder, shard.file), {keepValues: true, signal, onBytes})) {
    const keys = items.filter(isData) as readonly DumpedKey[]
    if (keys.length > 0) yield keys
  }
}

function* batchesOf(keys: readonly DumpedKey[]): Generator<readonly DumpedKey[]> {
  let start = 0
  let bytes = 0
  for (const [index, key] of keys.entries()) {
    bytes += key.payload.length
    if (index - start + 1 < COMPARED_MAX && bytes < COMPARED_BYTES) continue
    yield keys.slice(start, index + 1)
    start = index + 1
    bytes = 0
  }
  if (start < keys.length) yield keys.slice(start)
}
