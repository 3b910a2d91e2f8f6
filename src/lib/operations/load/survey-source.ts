import {NodeReplyError} from '../../client/reply-error.js'
import {CliError} from '../../kernel/errors.js'
import {printableKey} from '../migration/busy-keys.js'
import type {ObservedCluster} from '../observe.js'
import {ClusterWriter} from './cluster-writer.js'
import {forEachPage} from './page-workers.js'
import type {Source} from './source.js'
import {sourceRefusal} from './source-reader.js'
import {existAt} from './verify-import.js'

/** Keys looked at; of a source with more of them, the survey is of the first that SCAN names. */
const SURVEYED_MAX = 100_000

/** What is at a source. */
export interface SourceSurvey {
  /** Keys looked at: all of them, or the first hundred thousand. */
  readonly keys: number
  /** Whether that is all of them. */
  readonly complete: boolean
  /** Type, as TYPE names it -> keys. */
  readonly types: Readonly<Record<string, number>>
  /** In memory, as the source tells; absent if it does not. */
  readonly bytes?: number
  readonly biggest?: {readonly key: string; readonly bytes: number}
  /** Keys with a time to live. */
  readonly expiring: number
  /** Keys of whose name the cluster has one already: the same, or a conflict. */
  readonly atCluster: number
}

/** Enough has been seen. */
const ENOUGH = new CliError('INTERRUPTED', 'enough was seen')

/**
 * Looks at the keys of a source, and whether the cluster has keys of their names. Changes nothing.
 *
 * @throws {CliError} as `SourceLink.send` and `KeyRouter.send`
 */
export async function surveySource(
  cluster: ObservedCluster,
  source: Source,
  {retryMs, signal}: {readonly retryMs: number; readonly signal: AbortSignal},
): Promise<SourceSurvey> {
  const writer = await ClusterWriter.open(cluster, {replace: false, retryMs, signal})
  const types = new Map<string, number>()
  const sum = {keys: 0, bytes: 0, expiring: 0, atCluster: 0}
  let biggest: {key: string; bytes: number} | undefined
  let complete = true
  try {
    await forEachPage({
      source,
      retryMs,
      signal,
      work: async (link, {keys}) => {
        if (sum.keys >= SURVEYED_MAX) throw ENOUGH
        sum.keys += keys.length
        const [replies, there] = await Promise.all([
          link.send(
            keys.flatMap((key) => [
              ['TYPE', key],
              ['PTTL', key],
              ['MEMORY', 'USAGE', key],
            ]),
          ),
          existAt(writer, keys),
        ])
        for (const [index, key] of keys.entries()) {
          const [type, ttl, bytes] = replies.slice(index * 3, index * 3 + 3)
          if (type instanceof NodeReplyError) throw sourceRefusal('TYPE', type)
          // Gone since it was listed.
          if (type === 'none') continue
          types.set(String(type), (types.get(String(type)) ?? 0) + 1)
          if (typeof ttl === 'number' && ttl >= 0) sum.expiring++
          if (there[index]) sum.atCluster++
          if (typeof bytes !== 'number') continue
          sum.bytes += bytes
          if (bytes > (biggest?.bytes ?? 0)) biggest = {key, bytes}
        }
      },
    })
  } catch (error) {
    if (error !== ENOUGH) throw error
    complete = false
  } finally {
    writer.close()
  }
  return {
    keys: sum.keys,
    complete,
    types: Object.fromEntries([...types].sort((a, b) => b[1] - a[1])),
    ...(sum.bytes > 0 && {bytes: sum.bytes}),
    ...(biggest && {biggest: {key: printableKey(biggest.key), bytes: biggest.bytes}}),
    expiring: sum.expiring,
    atCluster: sum.atCluster,
  }
}
