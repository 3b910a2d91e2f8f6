import type {AtomicDialect, AtomicTask} from '../../client/migration/atomic.js'
import {migrateSlots} from '../../client/migration/migrateslots.js'
import {migrationImport} from '../../client/migration/migration-import.js'
import {NodeReplyError} from '../../client/reply-error.js'
import {CliError} from '../../kernel/errors.js'
import {ownRecord} from '../../model/cluster-map.js'
import type {NodeId} from '../../model/node-id.js'
import {rangesOf, renderRanges, slotsOf} from '../../model/slot-set.js'
import type {Move} from '../../plan/moves/reshard-document.js'
import type {Transfer} from './types.js'
import type {WirePool} from './wires.js'

const DIALECTS: readonly AtomicDialect[] = [migrateSlots, migrationImport]

/** A move, and how it is made: by the nodes themselves in their dialect, or slot by slot if there is none. */
export interface RoutedMove extends Move {
  readonly dialect?: AtomicDialect | undefined
}

/** What one node said when it was asked for its migrations. */
interface Offer {
  readonly id: NodeId
  readonly name: string
  readonly dialects: readonly AtomicDialect[]
  readonly running: readonly AtomicTask[]
  /** Why it has no dialect, in its own words; one per dialect that it does not offer. */
  readonly refusals: readonly string[]
}

/**
 * Chooses how each move is made, by asking both of its nodes for their migrations, which changes nothing. What a node
 * calls itself does not matter.
 *
 * Slots that are open already, left by a run that was cut short, are finished the way they were begun.
 *
 * @returns those without a dialect first: nodes refuse to migrate atomically beside a slot that is open
 * @throws {CliError} ENVIRONMENT_LACKS if `atomic` is asked for and a pair does not have it; LOCKED if nodes are in the
 *   middle of an atomic migration and the slots are to go another way
 */
export async function chooseTransfers(
  wires: WirePool,
  moves: readonly Move[],
  transfer: Transfer,
): Promise<RoutedMove[]> {
  const ids = [...new Set(moves.flatMap(({from, to}) => [from, to]))]
  const offers = new Map(await Promise.all(ids.map(async (id) => [id, await offerOf(wires, id)] as const)))
  const legacy: RoutedMove[] = []
  const atomic: RoutedMove[] = []
  for (const move of moves) {
    const ends = [offers.get(move.from), offers.get(move.to)] as [Offer, Offer]
    const dialect = DIALECTS.find((candidate) => ends.every(({dialects}) => dialects.includes(candidate)))
    if (!dialect && transfer === 'atomic') throw lackError(ends)
    if (!dialect || transfer === 'copy' || transfer === 'migrate') {
      requireIdle(ends)
      legacy.push(move)
      continue
    }
    const open = openSlots(wires, move)
    const slots = slotsOf(move.slots)
    const [begun, fresh] = [slots.filter((slot) => open.has(slot)), slots.filter((slot) => !open.has(slot))]
    if (begun.length > 0) legacy.push({...move, slots: rangesOf(begun)})
    if (fresh.length > 0) atomic.push({...move, slots: rangesOf(fresh), dialect})
  }
  return [...legacy, ...atomic]
}

async function offerOf(wires: WirePool, id: NodeId): Promise<Offer> {
  const {name, wire} = await wires.endpoint(id)
  const answers = await Promise.all(
    DIALECTS.map(async (dialect) => {
      try {
        return {dialect, tasks: await dialect.list(wire)}
      } catch (error) {
        if (error instanceof NodeReplyError) return {dialect, refusal: error.message}
        throw error
      }
    }),
  )
  return {
    id,
    name,
    dialects: answers.flatMap(({dialect, tasks}) => (tasks ? [dialect] : [])),
    running: answers.flatMap(({tasks = []}) => tasks.filter(({phase}) => phase === 'running')),
    refusals: answers.flatMap(({refusal}) => refusal ?? []),
  }
}

function openSlots(wires: WirePool, {from, to}: Move): Set<number> {
  const source = ownRecord(wires.node(from))
  const target = ownRecord(wires.node(to))
  return new Set([...(source?.migrating.keys() ?? []), ...(target?.importing.keys() ?? [])])
}

function lackError(ends: readonly Offer[]): CliError {
  const without = ends.filter(({dialects}) => dialects.length === 0)
  const names = without.map(({name}) => name).join(' and ')
  const mixed = ends.map(({dialects, name}) => `${name} offers ${dialects.map(({command}) => command).join(', ')}`)
  const what =
    without.length > 0
      ? `${names} ${without.length > 1 ? 'offer' : 'offers'} no atomic slot migration`
      : `${mixed.join(', ')}: they cannot migrate atomically to each other`
  const refusals = [...new Set(without.flatMap(({refusals: each}) => each))]
  return new CliError('ENVIRONMENT_LACKS', refusals.length > 0 ? `${what} (${refusals.join('; ')})` : what, {
    details: {nodes: without.map(({id}) => id), refusals},
    suggestions: ['--transfer auto (atomic where both nodes offer it, MIGRATE elsewhere)'],
  })
}

/** SETSLOT and an atomic migration do not mix on a node. */
function requireIdle(ends: readonly Offer[]): void {
  const busy = ends.find(({running}) => running.length > 0)
  if (busy) throw busyError(busy.name, busy.running)
}

/** @param tasks - not of the job at hand, or not to be gone on with; not empty */
export function busyError(nodeName: string, tasks: readonly AtomicTask[]): CliError {
  const texts = tasks.map(({name, slots, state}) => `slots ${renderRanges(slots)} (task ${name}, ${state})`)
  return new CliError('LOCKED', `${nodeName} is migrating ${texts.join(', ')}`, {
    details: {
      tasks: tasks.map(({from, name, slots, state, to}) => ({from, to, name, slots: renderRanges(slots), state})),
    },
    suggestions: ['Wait for it to end, or cancel it.', 'shoal jobs (an interrupted job of yours: shoal resume ID)'],
  })
}
