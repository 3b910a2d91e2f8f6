import {readDigests, readExplanation, readFaults, readKeyDigests, type SlotDigest} from '../../client/crdt.js'
import type {NodeConnection} from '../../client/node-connection.js'
import {NodeReplyError} from '../../client/reply-error.js'
import {SLOT_COUNT} from '../../model/slot-set.js'
import {type Behind, compareRegions, differingKeys, type SlotDifference, sumBehind} from '../../plan/crdb/compare.js'
import type {KeyExplanation} from '../../server/crdt/core/api.js'
import {settle} from '../settle.js'
import {type ComparedRegion, openRegions} from './compared-region.js'
import {instancesOf, type KnownDatabase} from './known.js'

/** Are all regions of a database equal? */
export interface Verification {
  readonly guid: string
  readonly name: string
  /** All instances answered, and nothing differs. */
  readonly equal: boolean
  readonly regions: readonly VerifiedRegion[]
  /** Of which anything is known anywhere. */
  readonly slots: number
  /** Who has not yet applied what of whom. */
  readonly behind: readonly Behind[]
  /** Slots that differ although all have applied the same: a fault of Shoal. */
  readonly divergedSlots: readonly number[]
  /** Keys that differ, those that were asked for at most. */
  readonly keys: readonly KeyDifference[]
  /** Of the slots that were looked into. */
  readonly differingKeys: number
  /** Slots that differ and were not looked into, for there are too many. */
  readonly slotsNotLookedInto: number
  /** With `isDeep`: keys that clients see otherwise than the engine has them, a line each: a fault of Shoal. */
  readonly faults: readonly string[]
}

export interface VerifiedRegion {
  readonly id: number
  readonly cluster: string
  /** Keys its clients see, expired ones that are not yet deleted included. */
  readonly keys: number
  /** Why it could not be compared; undefined: it was. */
  readonly error?: string
}

export interface KeyDifference {
  /** As UTF-8. */
  readonly key: string
  readonly slot: number
  readonly kind: SlotDifference['kind']
  /** What each has. */
  readonly regions: readonly KeyInRegion[]
}

export interface KeyInRegion {
  /** Of the instance. */
  readonly id: number
  /** `none`: nothing visible. */
  readonly type: string
  /** What clients see, where the key has one element alone; as UTF-8. */
  readonly value?: string
  /** Why that one won. */
  readonly because: string
}

export interface VerifyOptions {
  /** How long effects that are on their way may take. Milliseconds. */
  readonly waitMs: number
  /** Keys to be named at most. */
  readonly keyLimit: number
  /** Also compare what clients see with what the engine has: it holds each node up for about a second per million keys. */
  readonly isDeep: boolean
  readonly signal: AbortSignal
}

/** Slots that differ and are looked into. */
const SLOTS_LOOKED_INTO = 100
/** A node computes digests for so long at a time; milliseconds. */
const STEP_MS = 20
const STEP_SLOTS_FIRST = 64
/** A node that is busy answers late whatever it is asked. */
const STEP_SLOTS_MIN = 32
const STEP_SLOTS_MAX = 2048
/** Slots between two that are asked for are read along if there are no more. */
const GAP_SLOTS_MAX = 16
const ALL_SLOTS: readonly number[] = Array.from({length: SLOT_COUNT}, (_, slot) => slot)

type RegionSlots = ReadonlyMap<number, SlotDigest>

/** A region that goes away on the way is not compared. @throws {CliError} CREDENTIALS_REFUSED, INTERRUPTED */
export async function verifyDatabase(known: KnownDatabase, options: VerifyOptions): Promise<Verification> {
  const {isDeep, keyLimit, signal, waitMs} = options
  const regions = await openRegions(instancesOf(known), waitMs, signal)
  try {
    const state = new Map<number, RegionSlots>()
    let slots: readonly number[] | undefined
    const look = async () => {
      const asked = slots
      await Promise.all(
        regions.map(async (region) => {
          const fresh = await region.read((primaries) => readRegion(primaries, asked))
          if (fresh) state.set(region.id, asked ? new Map([...(state.get(region.id) ?? []), ...fresh]) : fresh)
          else state.delete(region.id)
        }),
      )
      const differences = compareRegions(state)
      slots = differences.map(({slot}) => slot).sort((a, b) => a - b)
      return differences
    }
    const judge = (differences: readonly SlotDifference[]) =>
      differences.filter(({kind}) => kind === 'behind').map(({slot}) => `slot ${slot}`)
    const {state: differences} = await settle(look, judge, {signal, timeoutMs: waitMs})
    const found = await keysOf(regions, differences.slice(0, SLOTS_LOOKED_INTO), keyLimit)
    const faults = isDeep ? (await Promise.all(regions.map(faultsOf))).flat() : []
    const verified = await Promise.all(regions.map(verifiedRegion))
    const {guid, name} = known.config
    return {
      guid,
      name,
      equal: differences.length === 0 && faults.length === 0 && regions.every(({error}) => error === undefined),
      regions: verified,
      slots: new Set([...state.values()].flatMap((one) => [...one.keys()])).size,
      behind: sumBehind(differences),
      divergedSlots: differences.filter(({kind}) => kind === 'diverged').map(({slot}) => slot),
      keys: found.keys,
      differingKeys: found.count,
      slotsNotLookedInto: Math.max(0, differences.length - SLOTS_LOOKED_INTO),
      faults,
    }
  } finally {
    for (const region of regions) region.close()
  }
}

async function verifiedRegion(region: ComparedRegion): Promise<VerifiedRegion> {
  const keys = await region.read(keyCount)
  const {error, id, instance} = region
  const facts = {cluster: instance.config.cluster, id, keys: keys ?? 0}
  return error ? {...facts, error: error.message} : facts
}

/** @param slots - these alone */
async function readRegion(primaries: readonly NodeConnection[], slots = ALL_SLOTS): Promise<RegionSlots> {
  const each = await Promise.all(primaries.map((node) => readSlots(node, slots)))
  return new Map(each.flatMap((one) => [...one]))
}

/**
 * In steps that do not hold the node's clients up, and not slot by slot: while much is on its way, thousands are asked for
 * again. @param slots - ascending
 */
async function readSlots(node: NodeConnection, slots: readonly number[]): Promise<RegionSlots> {
  const wanted = new Set(slots)
  const found = new Map<number, SlotDigest>()
  let step = STEP_SLOTS_FIRST
  for (let at = 0; at < slots.length; ) {
    const first = slots[at]!
    let last = first
    for (at++; at < slots.length && slots[at]! - last <= GAP_SLOTS_MAX && slots[at]! - first < step; at++)
      last = slots[at]!
    const startedMs = performance.now()
    for (const [slot, digest] of await readDigests(node, first, last)) if (wanted.has(slot)) found.set(slot, digest)
    const tookMs = Math.max(1, performance.now() - startedMs)
    const fitting = Math.round(((last - first + 1) * STEP_MS) / tookMs)
    step = Math.max(STEP_SLOTS_MIN, Math.min(STEP_SLOTS_MAX, fitting))
  }
  return found
}

async function keysOf(regions: readonly ComparedRegion[], differences: readonly SlotDifference[], limit: number) {
  const keys: KeyDifference[] = []
  let count = 0
  for (const {kind, slot} of differences) {
    const each = await Promise.all(regions.map((region) => region.read((primaries) => keyDigests(primaries, slot))))
    const differing = differingKeys(each.flatMap((digests) => digests ?? []))
    count += differing.length
    for (const key of differing.slice(0, Math.max(0, limit - keys.length))) {
      keys.push({key: Buffer.from(key, 'latin1').toString(), kind, regions: await explanations(regions, key), slot})
    }
  }
  return {count, keys}
}

/** Of the primary that has the slot; the others know nothing of it. */
export async function keyDigests(primaries: readonly NodeConnection[], slot: number): Promise<Map<string, string>> {
  const each = await Promise.all(primaries.map((node) => readKeyDigests(node, slot)))
  return new Map(each.flatMap((digests) => [...digests]))
}

async function explanations(regions: readonly ComparedRegion[], key: string): Promise<KeyDifference['regions']> {
  const each = await Promise.all(
    regions.map(async (region): Promise<KeyInRegion | undefined> => {
      const {id} = region
      const explanation = await region.read((primaries) => explainAt(primaries, key))
      if (region.error) return undefined
      if (!explanation) return {because: 'nothing is known of the key', id, type: 'none'}
      const value = onlyValue(explanation)
      return {because: explanation.because, id, type: explanation.type, ...(value !== undefined && {value})}
    }),
  )
  return each.flatMap((one) => one ?? [])
}

function onlyValue({values}: KeyExplanation): string | undefined {
  const elements = values.find(({visible}) => visible)?.elements ?? []
  return elements.length === 1 ? elements[0]?.value : undefined
}

/** Asks the primary that has the key's slot. @returns undefined if nothing is known of the key */
export async function explainAt(
  primaries: readonly NodeConnection[],
  key: string,
  element?: string,
): Promise<KeyExplanation | undefined> {
  for (const node of primaries) {
    try {
      return await readExplanation(node, key, element)
    } catch (error) {
      if (!(error instanceof NodeReplyError && error.message.startsWith('MOVED'))) throw error
    }
  }
  return undefined
}

async function faultsOf(region: ComparedRegion): Promise<string[]> {
  const lines = await region.read((primaries) => Promise.all(primaries.map(readFaults)))
  return (lines ?? []).flat().map((line) => `${region.instance.config.cluster}: ${line}`)
}

async function keyCount(primaries: readonly NodeConnection[]): Promise<number> {
  const sizes = await Promise.all(primaries.map((node) => node.call('DBSIZE')))
  return sizes.reduce<number>((sum, size) => sum + Number(size), 0)
}
