import {hashSlot} from '../../protocol/hash-slot.js'
import type {KeyExplanation} from '../../server/crdt/core/api.js'
import {instancesOf, type KnownDatabase} from './known.js'
import {openInstances} from './sync.js'
import {explainAt, keyDigests} from './verify.js'

/** What each region knows of a key. */
export interface KeyReport {
  readonly guid: string
  readonly name: string
  readonly key: string
  /** Undefined unless one was asked for. */
  readonly element?: string
  readonly regions: readonly {
    readonly id: number
    readonly cluster: string
    /** Undefined: nothing is known of the key there. */
    readonly explanation?: KeyExplanation
    /** Why it could not be asked. */
    readonly error?: string
  }[]
  /** All regions that answered know the same of it. */
  readonly equal: boolean
}

/** @param key - binary string, as `element` @throws {CliError} CREDENTIALS_REFUSED, INTERRUPTED, UNREACHABLE */
export async function explainKey(
  known: KnownDatabase,
  key: string,
  element: string | undefined,
  signal: AbortSignal,
): Promise<KeyReport> {
  const {away, close, open} = await openInstances(instancesOf(known), signal)
  try {
    const answered = await Promise.all(
      open.map(async ({instance: {config, id}, nodes}) => {
        const explanation = await explainAt(nodes.primaries, key, element)
        return {cluster: config.cluster, id, ...(explanation && {explanation})}
      }),
    )
    const silent = away.map(({error, instance: {config, id}}) => ({cluster: config.cluster, error: error.message, id}))
    const {guid, name} = known.config
    const slot = hashSlot(key)
    const digests = await Promise.all(open.map(({nodes}) => keyDigests(nodes.primaries, slot)))
    return {
      guid,
      name,
      key: shown(key),
      ...(element !== undefined && {element: shown(element)}),
      regions: [...answered, ...silent].sort((a, b) => a.id - b.id),
      equal: new Set(digests.map((digest) => digest.get(key))).size <= 1,
    }
  } finally {
    close()
  }
}

function shown(text: string): string {
  return Buffer.from(text, 'latin1').toString()
}
