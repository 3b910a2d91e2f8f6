import {hashSlot} from '../protocol/hash-slot.js'
import type {Reply} from '../protocol/resp/reply-parser.js'
import type {CrdtCore} from '../server/crdt/core/api.js'
import {describeLacks, lacksOfSlot, type RegionState, slotsOf} from './lacks.js'
import {commandShowing, dueText, seenText} from './seen-values.js'

/** Are all regions equal, and if not, what differs? */
export interface CrdbVerification {
  readonly equal: boolean
  /** By slot and key. */
  readonly differences: readonly CrdbDifference[]
  /** Slots and visible keys that were compared. */
  readonly slotCount: number
  readonly keyCount: number
}

export interface CrdbDifference {
  readonly slot: number
  /** Undefined: nothing of a key differs, but what is known of the slot does. */
  readonly key?: string
  /** Who lacks what of whom; or that regions which know the same differ, which is a fault of Shoal. */
  readonly why: string
  /** Which value wins where the key is, one sentence per region; undefined: there is nothing of it. */
  readonly regions?: Readonly<Record<number, string | undefined>>
}

/** A region that can also be asked as clients ask. */
export interface AskedRegion extends RegionState {
  /** Binary strings. */
  ask(slot: number, argv: readonly string[]): Promise<Reply>
  /** All keys that clients see of one region, binary strings. */
  seenKeys(): Promise<Set<string>>
  nowMs(): number
}

/** What is compared at a time. */
const KEYS_AT_ONCE = 500

export async function verifyRegions(regions: readonly AskedRegion[]): Promise<CrdbVerification> {
  const slots = slotsOf(regions)
  const differences = slots.flatMap((slot) => differencesOfSlot(regions, slot))
  let keyCount = 0
  for (const region of regions) {
    const due = await wronglySeen(region, slots)
    keyCount = Math.max(keyCount, due.keyCount)
    differences.push(...due.differences)
  }
  return {differences: differences.sort(byPlace), equal: differences.length === 0, keyCount, slotCount: slots.length}
}

function byPlace(a: CrdbDifference, b: CrdbDifference): number {
  return a.slot - b.slot || compare(a.key ?? '', b.key ?? '')
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}

function differencesOfSlot(regions: readonly RegionState[], slot: number): CrdbDifference[] {
  const digests = new Set(regions.map((state) => state.coreOf(slot)?.digestSlot(slot) ?? ''))
  const lacks = lacksOfSlot(regions, slot)
  if (digests.size === 1) return []
  const why = lacks.length > 0 ? describeLacks(lacks) : 'all have applied the same effects: this is a fault of Shoal'
  const keys = differingKeys(regions, slot)
  if (keys.length === 0 && lacks.length > 0) return []
  if (keys.length === 0) return [{slot, why}]
  return keys.map((key) => ({key: shown(key), regions: becauses(regions, slot, key), slot, why}))
}

function differingKeys(regions: readonly RegionState[], slot: number): string[] {
  const digests = regions.map((state) => state.coreOf(slot)?.digestKeys(slot) ?? new Map<string, string>())
  const keys = new Set(digests.flatMap((digest) => [...digest.keys()]))
  return [...keys].filter((key) => new Set(digests.map((digest) => digest.get(key))).size > 1).sort(compare)
}

function becauses(regions: readonly RegionState[], slot: number, key: string) {
  return Object.fromEntries(regions.map((state) => [state.region, state.coreOf(slot)?.explain(slot, key)?.because]))
}

/** Keys that clients of a region see otherwise than its state says. */
async function wronglySeen(region: AskedRegion, slots: readonly number[]) {
  const differences: CrdbDifference[] = []
  const seen = await region.seenKeys()
  const due = slots.flatMap((slot) => dueKeys(region, slot))
  for (let at = 0; at < due.length; at += KEYS_AT_ONCE) {
    const some = await Promise.all(due.slice(at, at + KEYS_AT_ONCE).map((one) => wrongKey(region, one)))
    differences.push(...some.flatMap((one) => one ?? []))
  }
  const known = new Set(due.map(({key}) => key))
  for (const key of seen) {
    if (!known.has(key))
      differences.push(fault(region, hashSlot(key), key, 'clients see it, though there is nothing of it'))
  }
  return {differences, keyCount: due.length}
}

interface DueKey {
  readonly core: CrdtCore
  readonly key: string
  readonly slot: number
}

/** Those whose deadline has passed are hidden from clients, and wait for their owner. */
function dueKeys(region: AskedRegion, slot: number): DueKey[] {
  const core = region.coreOf(slot)
  if (core === undefined) return []
  const nowMs = region.nowMs()
  return [...core.keys(slot)]
    .filter((key) => (core.look(slot, key)?.deadlineMs ?? Number.POSITIVE_INFINITY) > nowMs)
    .map((key) => ({core, key, slot}))
}

async function wrongKey(region: AskedRegion, {core, key, slot}: DueKey): Promise<CrdbDifference | undefined> {
  const value = core.look(slot, key)
  if (value === undefined) return undefined
  const {type} = value
  const expected = dueText(value)
  const reply = await region.ask(slot, commandShowing(key, type))
  const actual = seenText(type, reply)
  return actual === expected
    ? undefined
    : fault(region, slot, key, `clients see ${actual}, which should be ${expected}`)
}

function fault({region}: RegionState, slot: number, key: string, what: string): CrdbDifference {
  return {key: shown(key), slot, why: `region ${region}: ${what}: this is a fault of Shoal`}
}

/** Keys are UTF-8 for whoever reads them. */
function shown(key: string): string {
  return Buffer.from(key, 'latin1').toString()
}
