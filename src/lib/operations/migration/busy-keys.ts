import {NodeReplyError} from '../../client/reply-error.js'
import {CliError} from '../../kernel/errors.js'
import type {PairContext} from './types.js'

/** Conflicts shown; the rest is counted. */
const SHOWN_MAX = 10

interface BusyKey {
  readonly name: string
  /** JSON text of the key, bytes beyond ASCII escaped. */
  readonly key: string
  readonly sourceType: string
  readonly sourceBytes: number
  readonly targetType: string
  readonly targetBytes: number
}

/** What to do with keys that the target refused to take over its own. */
export interface BusyVerdict {
  /** May be sent again with REPLACE. */
  readonly replaceable: readonly string[]
  /** Keys that differ and that the rule leaves to the operator; undefined if there are none. */
  readonly conflict?: CliError
}

/**
 * Judges keys that the target holds already, by comparing DUMPs, and carries out what the rule says about them.
 *
 * Whatever is dropped at the source was not changed there since it was compared.
 *
 * @param keys - of one slot
 */
export async function settleBusyKeys(
  context: PairContext,
  slot: number,
  keys: readonly string[],
): Promise<BusyVerdict> {
  const {busyKeys: rule, source, target} = context
  // ASKING where it is not needed does no harm: source or target may be importing the slot.
  const [atSource, atTarget] = await Promise.all([
    source.wire.send(keys.flatMap((key) => [['ASKING'], ['WATCH', key], ...askAbout(key)])),
    target.wire.send(keys.flatMap(askAbout)),
  ])
  const refusal = [...atSource, ...atTarget].find((reply) => reply instanceof NodeReplyError)
  if (refusal instanceof NodeReplyError) {
    // A key that left in the meantime is no conflict: the source answers ASK for it, and the next list tells.
    if (refusal.code !== 'ASK' && refusal.code !== 'TRYAGAIN') {
      const text = `slot ${slot}: keys cannot be compared: ${refusal.message}`
      return {replaceable: [], conflict: new CliError('PLAN_PARTIAL', text)}
    }
  }
  const equal: string[] = []
  const different: BusyKey[] = []
  keys.forEach((key, index) => {
    const [sourceDump, sourceType] = dumpAndType(atSource.slice(index * 6 + 2, index * 6 + 6))
    const [targetDump, targetType] = dumpAndType(atTarget.slice(index * 4, index * 4 + 4))
    if (sourceDump === undefined || targetDump === undefined) return
    if (sourceDump === targetDump) equal.push(key)
    else {
      const sizes = {sourceBytes: sourceDump.length, targetBytes: targetDump.length}
      different.push({name: key, key: printableKey(key), sourceType, targetType, ...sizes})
    }
  })
  const differing = different.map(({name}) => name)
  const dropped = [...(rule.equal === 'drop' ? equal : []), ...(rule.different === 'drop' ? differing : [])]
  await dropAtSource(context, dropped)
  return {
    replaceable: [...(rule.equal === 'replace' ? equal : []), ...(rule.different === 'replace' ? differing : [])],
    ...(rule.different === 'report' && different.length > 0 && {conflict: conflictError(context, slot, different)}),
  }
}

function askAbout(key: string): string[][] {
  return [['ASKING'], ['DUMP', key], ['ASKING'], ['TYPE', key]]
}

/** @returns undefined for a key that is not there */
function dumpAndType([, dump, , type]: readonly unknown[]): [dump: string | undefined, type: string] {
  return [typeof dump === 'string' ? dump : undefined, String(type)]
}

/** Nothing is deleted if any of the keys watched was changed; the next list of the slot brings them again. */
async function dropAtSource({source}: PairContext, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) {
    await source.wire.send([['UNWATCH']])
    return
  }
  const replies = await source.wire.send([['ASKING'], ['MULTI'], ['DEL', ...keys], ['EXEC']])
  const refusal = replies.find((reply) => reply instanceof NodeReplyError)
  if (refusal instanceof NodeReplyError) {
    throw new CliError('PLAN_PARTIAL', `${source.name} does not delete what the target has: ${refusal.message}`)
  }
}

function conflictError({migrate, source, target}: PairContext, slot: number, conflicts: readonly BusyKey[]): CliError {
  const shown = conflicts
    .slice(0, SHOWN_MAX)
    .map(
      ({key, sourceBytes, sourceType, targetBytes, targetType}) =>
        `${key} (${sourceType}, ${sourceBytes} bytes at ${source.name}; ` +
        `${targetType}, ${targetBytes} bytes at ${target.name})`,
    )
  const more = conflicts.length > SHOWN_MAX ? ` and ${conflicts.length - SHOWN_MAX} more` : ''
  return new CliError('PLAN_PARTIAL', `slot ${slot}: keys differ on both sides: ${shown.join(', ')}${more}`, {
    details: {
      slot,
      from: source.id,
      to: target.id,
      keys: conflicts.map(({name: _, ...conflict}) => conflict),
      replace: migrate.replace,
    },
    suggestions: ['shoal resume --replace lets the source win.'],
  })
}

/** Keys are bytes; people read JSON. */
export function printableKey(key: string): string {
  return JSON.stringify(key).replace(/[\x7f-\xff]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16)}`)
}
