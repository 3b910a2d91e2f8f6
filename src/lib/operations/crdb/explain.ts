import {hashSlot} from '../../protocol/hash-slot.js'
import type {KeyExplanation} from '../../server/crdt/core/api.js'
import {openRegions} from './compared-region.js'
import {instancesOf, type KnownDatabase} from './known.js'
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

/** How long a failover may take; milliseconds. */
const WAIT_MS = 2000

/** @param key - binary string, as `element` @throws {CliError} CREDENTIALS_REFUSED, INTERRUPTED */
export async function explainKey(
  known: KnownDatabase,
  key: string,
  element: string | undefined,
  signal: AbortSignal,
): Promise<KeyReport> {
  const regions = await openRegions(instancesOf(known), WAIT_MS, signal)
  try {
    const slot = hashSlot(key)
    const told = await Promise.all(
      regions.map(async (region) => {
        const explanation = await region.read((primaries) => explainAt(primaries, key, element))
        const digests = await region.read((primaries) => keyDigests(primaries, slot))
        const {error, id, instance} = region
        const facts = {cluster: instance.config.cluster, id}
        if (error) return {region: {...facts, error: error.message}}
        return {digest: digests?.get(key) ?? NOTHING, region: {...facts, ...(explanation && {explanation})}}
      }),
    )
    const {guid, name} = known.config
    return {
      guid,
      name,
      key: shown(key),
      ...(element !== undefined && {element: shown(element)}),
      regions: told.map(({region}) => region),
      equal: new Set(told.flatMap(({digest}) => digest ?? [])).size <= 1,
    }
  } finally {
    for (const region of regions) region.close()
  }
}

/** In place of a digest. */
const NOTHING = ''

function shown(text: string): string {
  return Buffer.from(text, 'latin1').toString()
}
