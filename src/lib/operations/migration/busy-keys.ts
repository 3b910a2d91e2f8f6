import {NodeReplyError} from '../../client/reply-error.js'
import {CliError} from '../../kernel/errors.js'
import type {PairContext} from './types.js'

/** Conflicts shown; the rest is counted. */
const SHOWN_MAX = 10

interface BusyKey {
  /** JSON text of the key, bytes beyond ASCII escaped. */
  readonly key: string
  readonly sourceType: string
  readonly sourceBytes: number
  readonly targetType: string
  readonly targetBytes: number
}

/**
 * Compares keys that the target holds already with those at the source, by DUMP.
 *
 * @returns undefined if they are the same, so that REPLACE loses nothing; otherwise what differs, both sides named
 */
export async function compareBusyKeys(
  {migrate, source, target}: PairContext,
  slot: number,
  keys: readonly string[],
): Promise<CliError | undefined> {
  const [atSource, atTarget] = await Promise.all([
    source.wire.send(
      keys.flatMap((key) => [
        ['DUMP', key],
        ['TYPE', key],
      ]),
    ),
    target.wire.send(keys.flatMap((key) => [['ASKING'], ['DUMP', key], ['ASKING'], ['TYPE', key]])),
  ])
  const refusal = [...atSource, ...atTarget].find((reply) => reply instanceof NodeReplyError)
  if (refusal instanceof NodeReplyError) {
    // A key that left in the meantime is no conflict: the source answers ASK for it, and the next list tells.
    if (refusal.code !== 'ASK' && refusal.code !== 'TRYAGAIN') {
      return new CliError('PLAN_PARTIAL', `slot ${slot}: keys cannot be compared: ${refusal.message}`)
    }
  }
  const conflicts = keys.flatMap((key, index): BusyKey[] => {
    const [sourceDump, sourceType] = atSource.slice(index * 2, index * 2 + 2)
    const [, targetDump, , targetType] = atTarget.slice(index * 4, index * 4 + 4)
    if (typeof sourceDump !== 'string' || typeof targetDump !== 'string' || sourceDump === targetDump) return []
    return [
      {
        key: printableKey(key),
        sourceType: String(sourceType),
        sourceBytes: sourceDump.length,
        targetType: String(targetType),
        targetBytes: targetDump.length,
      },
    ]
  })
  if (conflicts.length === 0) return undefined
  const shown = conflicts
    .slice(0, SHOWN_MAX)
    .map(
      ({key, sourceBytes, sourceType, targetBytes, targetType}) =>
        `${key} (${sourceType}, ${sourceBytes} bytes at ${source.name}; ` +
        `${targetType}, ${targetBytes} bytes at ${target.name})`,
    )
  const more = conflicts.length > SHOWN_MAX ? ` and ${conflicts.length - SHOWN_MAX} more` : ''
  return new CliError('PLAN_PARTIAL', `slot ${slot}: keys differ on both sides: ${shown.join(', ')}${more}`, {
    details: {slot, from: source.id, to: target.id, keys: conflicts, replace: migrate.replace},
    suggestions: ['shoal resume --replace lets the source win.'],
  })
}

/** Keys are bytes; people read JSON. */
export function printableKey(key: string): string {
  return JSON.stringify(key).replace(/[\x7f-\xff]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16)}`)
}
