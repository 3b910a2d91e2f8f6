import {parseRanges, renderRanges, type SlotRange, slotsOf} from '../../../model/slot-set.js'

/** Grows when nodes of different versions would not understand each other. */
export const SYNC_PROTOCOL = 2

/**
 * What a shard primary says of itself when it asks a node of another region for its effects:
 *
 *     CRDT.SYNC json vectors            `vectors`: of those slots, as CrdtCore.packVectors gives them
 *
 * Asked again on the same connection it takes the place of what was asked before: other slots, other regions.
 */
export interface SyncRequest {
  readonly guid: string
  readonly protocol: number
  /** Of the configuration. */
  readonly version: number
  /** Who asks. */
  readonly region: number
  /** Of the node: 40 hex digits. */
  readonly node: string
  /** Whose effects are wanted: the sender's, as a rule, and more where their own links are down. */
  readonly regions: readonly number[]
  readonly slots: readonly SlotRange[]
}

/** How the sender answers, as a status line: `SYNC json`. */
export interface SyncAnswer {
  readonly region: number
  readonly node: string
  readonly version: number
  /** Of those asked for, the ones the sender owns. */
  readonly slots: readonly SlotRange[]
}

export function renderRequest(request: SyncRequest): string {
  return JSON.stringify({...request, slots: renderRanges(request.slots)})
}

export function renderAnswer(answer: SyncAnswer): string {
  return `SYNC ${JSON.stringify({...answer, slots: renderRanges(answer.slots)})}`
}

/** @returns undefined if it is none */
export function parseRequest(text: string): SyncRequest | undefined {
  const read = objectOf(text)
  if (read === undefined) return undefined
  const {guid, node, protocol, region, regions, slots, version} = read
  const ranges = rangesFrom(slots)
  if (typeof guid !== 'string' || typeof node !== 'string' || ranges === undefined) return undefined
  if (!isCount(protocol) || !isCount(region) || !isCount(version)) return undefined
  if (!Array.isArray(regions) || !regions.every(isCount)) return undefined
  return {guid, node, protocol, region, regions, slots: ranges, version}
}

export function parseAnswer(status: string): SyncAnswer | undefined {
  const read = status.startsWith('SYNC ') ? objectOf(status.slice('SYNC '.length)) : undefined
  if (read === undefined) return undefined
  const {node, region, slots, version} = read
  const ranges = rangesFrom(slots)
  if (typeof node !== 'string' || ranges === undefined || !isCount(region) || !isCount(version)) return undefined
  return {node, region, slots: ranges, version}
}

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function rangesFrom(value: unknown): SlotRange[] | undefined {
  if (typeof value !== 'string') return undefined
  return value === '' ? [] : parseRanges(value)
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

/** Slots in both, ascending. */
export function commonSlots(a: readonly SlotRange[], b: readonly SlotRange[]): number[] {
  const common: SlotRange[] = []
  for (const one of a) {
    for (const other of b) {
      const [first, last] = [Math.max(one.first, other.first), Math.min(one.last, other.last)]
      if (first <= last) common.push({first, last})
    }
  }
  return slotsOf(common)
}
