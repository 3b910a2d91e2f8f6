import {CliError} from '../../kernel/errors.js'
import {nameNode, type ObservedNode, primariesOf} from '../../model/cluster-map.js'
import type {ClusterView} from '../../model/cluster-view.js'
import type {NodeId} from '../../model/node-id.js'
import {countSlots, rangesOf, SLOT_COUNT, type SlotRange, slotsOf} from '../../model/slot-set.js'
import {requirePrimary} from '../find-node.js'
import {chooseSlots} from './reshard-choice.js'
import type {Move} from './reshard-document.js'

/** What is to be even: the number of slots, of keys, the memory they take, or the CPU time. */
export const BALANCE_MEASURES = ['slots', 'keys', 'memory', 'cpu'] as const
export type BalanceMeasure = (typeof BALANCE_MEASURES)[number]

export interface RebalanceRequest {
  /** Full id or HOST:PORT -> share relative to the others', >= 0. A node that is not named has 1. */
  readonly weights: ReadonlyMap<string, number>
  /** Let primaries without slots take part that have no weight of their own. */
  readonly useEmptyPrimaries: boolean
  /** A primary this close to its share, in percent of the share, is left as it is if all are. */
  readonly thresholdPercent: number
}

/** One primary that takes part. Loads are in the unit of the measure. */
export interface Share {
  readonly id: NodeId
  readonly weight: number
  readonly now: number
  readonly fair: number
  readonly after: number
}

export interface Balance {
  /** Disjoint: no node both gives and gets. */
  readonly moves: readonly Move[]
  /** In the order of the view. */
  readonly shares: readonly Share[]
}

/** One primary while slots are dealt out. */
interface Party {
  readonly node: ObservedNode
  readonly weight: number
  readonly fair: number
  /** What it is to end with; as `fair`, but whole where slots are counted. */
  readonly goal: number
  slots: readonly SlotRange[]
  load: number
}

/** What a slot weighs. */
type LoadOf = (slot: number) => number

const ONE: LoadOf = () => 1

/** A slot without load weighs this part of an average one, so that such slots are spread too. */
const EMPTY_SLOT_SHARE = 0.001

/**
 * Evens out what the primaries carry, by as few slots and pairs as it takes: the fullest gives to the neediest until one of
 * them is done. Slots leave in whole ranges or from an edge (`chooseSlots`). A primary of weight 0 gives all it has.
 *
 * @param loadOf - undefined counts slots
 * @returns no moves if all are within the threshold
 * @throws {CliError} BAD_FLAG, UNKNOWN_NODE, NOT_A_PRIMARY
 */
export function planRebalance(view: ClusterView, request: RebalanceRequest, loadOf: LoadOf = ONE): Balance {
  const taking = participants(view, request)
  const total = taking.reduce((sum, {node}) => sum + loadOfAll(node.own.slots, loadOf), 0)
  const empty = total === 0 ? 1 : (total / SLOT_COUNT) * EMPTY_SLOT_SHARE
  const weigh: LoadOf = loadOf === ONE ? ONE : (slot) => loadOf(slot) + empty
  const parties = partiesOf(taking, weigh, loadOf === ONE)
  const off = parties.some(({fair, load}) => Math.abs(load - fair) > (fair * request.thresholdPercent) / 100)
  const moves = off ? deal(parties, weigh) : []
  const weightSum = taking.reduce((sum, {weight}) => sum + weight, 0)
  const shares = parties.map(({node: {node, own}, slots, weight}) => ({
    id: node.id,
    weight,
    now: loadOfAll(own.slots, loadOf),
    fair: (total * weight) / weightSum,
    after: loadOfAll(slots, loadOf),
  }))
  return {moves, shares}
}

interface Participant {
  readonly node: ObservedNode
  readonly weight: number
}

function participants(view: ClusterView, {useEmptyPrimaries, weights}: RebalanceRequest): Participant[] {
  const byId = new Map<NodeId, number>()
  for (const [name, weight] of weights) {
    const {node} = requirePrimary(view, name)
    if (byId.has(node.id)) throw new CliError('BAD_FLAG', `${nameNode(node)} has two weights`)
    byId.set(node.id, weight)
  }
  const taking = primariesOf(view)
    .filter(({node, own}) => byId.has(node.id) || own.slots.length > 0 || useEmptyPrimaries)
    .map((node) => ({node, weight: byId.get(node.node.id) ?? 1}))
  if (taking.length > 0 && taking.every(({weight}) => weight === 0)) {
    throw new CliError('BAD_FLAG', 'all weights are 0: nobody is left to own the slots')
  }
  return taking
}

function partiesOf(taking: readonly Participant[], weigh: LoadOf, whole: boolean): Party[] {
  const loads = taking.map(({node}) => loadOfAll(node.own.slots, weigh))
  const total = loads.reduce((a, b) => a + b, 0)
  const weightSum = taking.reduce((sum, {weight}) => sum + weight, 0)
  const fairs = taking.map(({weight}) => (total * weight) / weightSum)
  const goals = whole ? wholeGoals(fairs, loads) : fairs
  return taking.map(({node, weight}, index) => ({
    node,
    weight,
    fair: fairs[index] as number,
    goal: goals[index] as number,
    slots: node.own.slots,
    load: loads[index] as number,
  }))
}

/** Rounded down, and one more for those that would have to give the most away, so that as few slots move as can. */
function wholeGoals(fairs: readonly number[], loads: readonly number[]): number[] {
  const goals = fairs.map(Math.floor)
  let rest = loads.reduce((a, b) => a + b, 0) - goals.reduce((a, b) => a + b, 0)
  const order = fairs
    .map((fair, index) => ({index, over: (loads[index] as number) - fair, fair}))
    .filter(({fair}) => fair > Math.floor(fair))
    .sort((a, b) => b.over - a.over || a.index - b.index)
  for (const {index} of order) {
    if (rest === 0) break
    goals[index] = (goals[index] as number) + 1
    rest--
  }
  return goals
}

function deal(parties: readonly Party[], weigh: LoadOf): Move[] {
  const table = new Table(weigh)
  const surplus = ({goal, load}: Party) => load - goal
  const givers = new Set(parties.filter((party) => surplus(party) > 0))
  const needy = parties.filter((party) => surplus(party) < 0)
  const takers = new Set(needy)
  while (givers.size > 0 && takers.size > 0) {
    const giver = extreme(givers, surplus)
    const taker = extreme(takers, (party) => -surplus(party))
    const amount = Math.min(surplus(giver), -surplus(taker))
    if (amount === surplus(giver)) givers.delete(giver)
    if (amount === -surplus(taker)) takers.delete(taker)
    table.give(
      giver,
      taker,
      weigh === ONE ? chooseSlots(giver.slots, amount, taker.slots) : chooseLoad(giver, taker, amount, weigh),
    )
  }
  // What was too heavy for any share must leave a drained primary all the same.
  for (const party of parties.filter(({slots, weight}) => weight === 0 && slots.length > 0)) {
    table.give(
      party,
      extreme(new Set(needy), ({load, weight}) => -load / weight),
      party.slots,
    )
  }
  return table.moves
}

/** Who gave what to whom. */
class Table {
  private readonly byPair = new Map<string, Move>()

  constructor(private readonly weigh: LoadOf) {}

  get moves(): Move[] {
    return [...this.byPair.values()]
  }

  give(giver: Party, taker: Party, slots: readonly SlotRange[]): void {
    if (slots.length === 0) return
    const load = loadOfAll(slots, this.weigh)
    giver.load -= load
    taker.load += load
    giver.slots = without(giver.slots, slots)
    taker.slots = rangesOf(slotsOf([...taker.slots, ...slots]))
    const [from, to] = [giver.node.node.id, taker.node.node.id]
    const before = this.byPair.get(`${from}>${to}`)?.slots ?? []
    this.byPair.set(`${from}>${to}`, {from, to, slots: rangesOf(slotsOf([...before, ...slots]))})
  }
}

/** As many slots as come nearest to the load. */
function chooseLoad(giver: Party, taker: Party, amount: number, weigh: LoadOf): SlotRange[] {
  let best: SlotRange[] = []
  let missing = amount
  let [low, high] = [1, countSlots(giver.slots)]
  while (low <= high) {
    const count = (low + high) >> 1
    const slots = chooseSlots(giver.slots, count, taker.slots)
    const short = amount - loadOfAll(slots, weigh)
    if (Math.abs(short) < missing) {
      best = slots
      missing = Math.abs(short)
    }
    if (short > 0) low = count + 1
    else high = count - 1
  }
  return best
}

function extreme(parties: ReadonlySet<Party>, of: (party: Party) => number): Party {
  return [...parties].reduce((best, party) => (of(party) > of(best) ? party : best))
}

function without(ranges: readonly SlotRange[], gone: readonly SlotRange[]): SlotRange[] {
  const taken = new Set(slotsOf(gone))
  return rangesOf(slotsOf(ranges).filter((slot) => !taken.has(slot)))
}

function loadOfAll(ranges: readonly SlotRange[], loadOf: LoadOf): number {
  return slotsOf(ranges).reduce((sum, slot) => sum + loadOf(slot), 0)
}
