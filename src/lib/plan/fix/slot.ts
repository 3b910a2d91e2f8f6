import {findNode, isBlankReplica, ownRecord, replicasOf} from '../../model/cluster-map.js'
import type {ClusterView, NodeView} from '../../model/cluster-view.js'
import type {NodeId} from '../../model/node-id.js'
import {hasMajority} from '../failover.js'
import {successorOf} from '../moves/successor.js'
import type {SlotFacts} from './facts.js'

/**
 * What is to happen to one slot.
 *
 *   move      the owner hands it over, as it has begun to; clients are redirected meanwhile
 *   gather    keys of a node that is not the owner go to the owner
 *   yield     as gather, from a node that takes itself for the owner and serves it until then
 *   assign    nobody owns it: this node does from now on
 *   close     a node's mark of a move that is none is taken back
 *   failover  a replica takes the place of an owner that is down
 */
export type SlotStep =
  | {readonly kind: 'move'; readonly from: NodeId; readonly to: NodeId}
  | {readonly kind: 'gather'; readonly from: NodeId; readonly to: NodeId}
  | {readonly kind: 'yield'; readonly from: NodeId; readonly to: NodeId}
  | {readonly kind: 'assign'; readonly node: NodeId}
  | {readonly kind: 'close'; readonly node: NodeId}
  | {readonly kind: 'failover'; readonly node: NodeId; readonly from: NodeId}

export const FIX_PROBLEMS = [
  'owner-down',
  'uncovered',
  'multiply-owned',
  'half-moved',
  'left-open',
  'keys-stray',
  'nodes-disagree',
] as const
export type FixProblem = (typeof FIX_PROBLEMS)[number]

/** Why a decision is as it is; a key into texts, so that slots of one kind can be told together. */
export type Reason =
  | 'job'
  | 'recorded'
  | 'not-begun'
  | 'owner-stable'
  | 'only-holder'
  | 'most-keys'
  | 'no-keys'
  | 'operator'
  | 'newest-epoch'
  | 'replica-alive'
  | 'owner-gone'
  | 'replica-flag'

/** Why nothing is decided; a key into texts as well. */
export type Doubt =
  | 'seen-alive'
  | 'owner-down'
  | 'replica-blank'
  | 'no-majority'
  | 'target-down'
  | 'same-epoch'
  | 'no-primary'

export interface SlotDecision {
  readonly problem: FixProblem
  readonly steps: readonly SlotStep[]
  readonly reason?: Reason
  readonly doubt?: Doubt
}

/** What the operator decided beforehand. */
export interface FixChoices {
  /** Slot -> who shall own it. */
  readonly owners: ReadonlyMap<number, NodeId>
  /** Give up primaries that do not answer and have no replica with their keys. */
  readonly withUnreachable: boolean
  /** Only these are given up: whoever goes down later was not agreed to. Absent: all that do not answer. */
  readonly silent?: ReadonlySet<NodeId>
}

export function isGivenUp({silent, withUnreachable}: FixChoices, id: NodeId): boolean {
  return withUnreachable && (silent === undefined || silent.has(id))
}

/** @param spread - slot -> owner, for slots that nobody owns and nobody has keys of */
export interface SlotContext {
  readonly view: ClusterView
  readonly choices: FixChoices
  readonly spread: ReadonlyMap<number, NodeId>
}

/** Decides about one slot that is not as it should be. */
export function decideSlot(facts: SlotFacts, context: SlotContext): SlotDecision {
  const [owner, ...others] = facts.claims
  if (owner === undefined) {
    return facts.silentOwner === undefined ? decideUncovered(facts, context) : decideSilent(facts, context)
  }
  if (others.length > 0) return decideMultiplyOwned(facts, context)
  return decideOwned(facts, owner, context)
}

/** Keys that nobody finds go to whoever owns the slot in the end; marks of moves there are none of are taken back. */
function cleanUp({importing, keys, migrating}: SlotFacts, owner: NodeId, busy: readonly NodeId[]): SlotStep[] {
  const strays = [...keys.keys()].filter((id) => id !== owner && !busy.includes(id)).sort()
  const marked = new Set([...importing, ...migrating].map(({node}) => node))
  const idle = [...marked].filter((id) => id !== owner && !busy.includes(id) && !keys.has(id)).sort()
  return [
    ...strays.map((from): SlotStep => ({kind: 'gather', from, to: owner})),
    ...idle.map((node): SlotStep => ({kind: 'close', node})),
  ]
}

function decideUncovered(facts: SlotFacts, {choices, spread}: SlotContext): SlotDecision {
  const chosen = choices.owners.get(facts.slot)
  const holders = [...facts.keys].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map(([id]) => id)
  const owner = chosen ?? holders[0] ?? spread.get(facts.slot)
  if (owner === undefined) return {problem: 'uncovered', steps: [], doubt: 'no-primary'}
  const steps: SlotStep[] = [{kind: 'assign', node: owner}, ...cleanUp(facts, owner, [])]
  const byKeys = holders.length > 1 ? 'most-keys' : holders.length === 1 ? 'only-holder' : 'no-keys'
  return {problem: 'uncovered', steps, reason: chosen === undefined ? byKeys : 'operator'}
}

/** The owner does not answer; that others hold it for dead is what counts, not that it is out of reach from here. */
function decideSilent(facts: SlotFacts, context: SlotContext): SlotDecision {
  const {choices, view} = context
  const dead = facts.silentOwner as NodeId
  if (!isHeldForDead(view, dead)) return {problem: 'owner-down', steps: [], doubt: 'seen-alive'}
  const heir = heirOf(view, dead)
  if (heir) {
    const blank = isBlankReplica(heir)
    if (blank && !isGivenUp(choices, dead)) return {problem: 'owner-down', steps: [], doubt: 'replica-blank'}
    if (!hasMajority(view)) return {problem: 'owner-down', steps: [], doubt: 'no-majority'}
    const steps: SlotStep[] = [{kind: 'failover', node: heir.id, from: dead}]
    return {problem: 'owner-down', steps, reason: blank ? 'owner-gone' : 'replica-alive'}
  }
  if (!isGivenUp(choices, dead)) return {problem: 'owner-down', steps: [], doubt: 'owner-down'}
  const decision = decideUncovered(facts, context)
  return {...decision, problem: 'owner-down', ...(decision.reason && {reason: 'owner-gone'})}
}

/**
 * A slot that several claim. The newest epoch is what the bus would decide by, unless that owner was handing the slot over to
 * another that claims it.
 *
 * Nobody else gets the slot before one alone claims it: who takes it takes a new epoch too, and as soon as the others hear of
 * that they drop what they hold. So a node chosen by the operator that does not claim it gets it by a move afterwards.
 */
function decideMultiplyOwned(facts: SlotFacts, {choices, view}: SlotContext): SlotDecision {
  const {claims, migrating, slot} = facts
  const ranked = [...claims].sort((a, b) => epochOf(view, b) - epochOf(view, a))
  const [first, second] = ranked as [NodeId, NodeId]
  const chosen = choices.owners.get(slot)
  const onTheWay = migrating.find(({node}) => node === first)?.peer
  if (chosen === undefined && onTheWay === undefined && epochOf(view, first) === epochOf(view, second)) {
    return {problem: 'multiply-owned', steps: [], doubt: 'same-epoch'}
  }
  const recorded = onTheWay !== undefined && claims.includes(onTheWay) ? onTheWay : undefined
  const keeper = chosen !== undefined && claims.includes(chosen) ? chosen : (recorded ?? first)
  const final = chosen ?? keeper
  const losers = ranked.filter((id) => id !== keeper)
  const marked = migrating.some(({node}) => node === keeper)
  return {
    problem: 'multiply-owned',
    steps: [
      ...(marked ? [{kind: 'close', node: keeper} as const] : []),
      ...losers.map((from): SlotStep => ({kind: 'yield', from, to: keeper})),
      ...(final === keeper ? [] : [{kind: 'move', from: keeper, to: final} as const]),
      ...cleanUp(facts, final, claims),
    ],
    reason: chosen !== undefined ? 'operator' : recorded !== undefined ? 'recorded' : 'newest-epoch',
  }
}

function epochOf(view: ClusterView, id: NodeId): number {
  const node = findNode(view, id)
  return (node && ownRecord(node)?.configEpoch) ?? 0
}

function isPrimary(view: ClusterView, id: NodeId): boolean {
  const node = findNode(view, id)
  return node !== undefined && ownRecord(node)?.role === 'primary'
}

/**
 * A slot with one owner. What the owner itself has marked as going away is finished in that direction: whoever asks for a
 * key is redirected until the end, whichever side it is on, and keys may be written on the other side at any moment. Going
 * back instead would hide them. A mark of the other side alone sends nobody there, so it can be taken back.
 */
function decideOwned(facts: SlotFacts, owner: NodeId, context: SlotContext): SlotDecision {
  const {choices, view} = context
  const {byJob, peer} = direction(facts, owner)
  const target = peer && successorOf(view, peer)
  const chosen = choices.owners.get(facts.slot)
  if (target !== undefined && target !== owner) {
    if (isPrimary(view, target)) {
      const final = chosen ?? target
      const onward: SlotStep[] = final === target ? [] : [{kind: 'move', from: target, to: final}]
      const steps: SlotStep[] = [{kind: 'move', from: owner, to: target}, ...onward]
      const reason = chosen !== undefined ? 'operator' : byJob ? 'job' : 'recorded'
      return {problem: 'half-moved', steps: [...steps, ...cleanUp(facts, final, [owner, target])], reason}
    }
    if (!isGivenUp(choices, target)) return {problem: 'half-moved', steps: [], doubt: 'target-down'}
    const steps: SlotStep[] = [{kind: 'close', node: owner}, ...cleanUp(facts, owner, [])]
    return {problem: 'half-moved', steps, reason: 'owner-gone'}
  }
  if (chosen !== undefined && chosen !== owner) {
    const steps: SlotStep[] = [{kind: 'move', from: owner, to: chosen}, ...cleanUp(facts, chosen, [owner, chosen])]
    return {problem: 'half-moved', steps, reason: 'operator'}
  }
  return decideStable(facts, owner, view)
}

/** Where the owner sends the slot: by the job that opened it, else by the owner's own mark. */
function direction({importing, job, migrating}: SlotFacts, owner: NodeId): {byJob: boolean; peer: NodeId | undefined} {
  const byJob = job?.from === owner && importing.some(({node}) => node === job.to)
  return byJob ? {byJob, peer: job?.to} : {byJob, peer: migrating.find(({node}) => node === owner)?.peer}
}

/** The owner serves the slot alone; what others hold or have marked is left over. */
function decideStable(facts: SlotFacts, owner: NodeId, view: ClusterView): SlotDecision {
  const {importing, migrating} = facts
  const rest = cleanUp(facts, owner, [])
  const mended = rest.map((step) => onPrimary(view, step))
  const own: SlotStep[] = migrating.some(({node}) => node === owner) ? [{kind: 'close', node: owner}] : []
  const steps = [...own, ...mended]
  if (rest.some(({kind}) => kind === 'gather')) {
    return {problem: importing.length > 0 ? 'left-open' : 'keys-stray', steps, reason: 'owner-stable'}
  }
  const flagged = mended.some((step, index) => step !== rest[index])
  return {problem: 'left-open', steps, reason: flagged ? 'replica-flag' : 'not-begun'}
}

/** A replica takes its marks from its primary and refuses to be told otherwise. */
function onPrimary(view: ClusterView, step: SlotStep): SlotStep {
  if (step.kind !== 'close') return step
  const node = findNode(view, step.node)
  const own = node && ownRecord(node)
  return own?.role === 'replica' && own.primaryId !== undefined ? {...step, node: own.primaryId} : step
}

/** Where most who could declare it dead are gone themselves, that everybody left suspects it is all there will be. */
function isHeldForDead(view: ClusterView, id: NodeId): boolean {
  const seen = view.nodes.flatMap(({records}) => records.filter((record) => record.id === id))
  const alive = seen.filter(({fail, noaddr, pfail}) => !fail && !noaddr && !pfail)
  return seen.some(({fail, noaddr}) => fail || noaddr) || (alive.length === 0 && !hasMajority(view))
}

/** The replica of a dead primary that has heard the most of it. */
export function heirOf(view: ClusterView, dead: NodeId): NodeView | undefined {
  const offset = ({info}: NodeView) => Number(info.get('slave_repl_offset') ?? 0)
  const heirs = replicasOf(view).filter(({own}) => own.primaryId === dead)
  const blank = (node: NodeView) => Number(isBlankReplica(node))
  return heirs.map(({node}) => node).sort((a, b) => blank(a) - blank(b) || offset(b) - offset(a))[0]
}
