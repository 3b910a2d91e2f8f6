import {renderAddress} from '../../model/address.js'
import {dissentsOf, findNode, ownersOf, primariesOf} from '../../model/cluster-map.js'
import type {ClusterView} from '../../model/cluster-view.js'
import type {NodeId} from '../../model/node-id.js'
import {shortId} from '../../model/node-id.js'
import {countSlots, parseRanges, rangesOf, renderRanges, slotsOf} from '../../model/slot-set.js'
import {clusterFingerprint} from '../moves/reshard-document.js'
import {assignSlots} from './assign.js'
import {type JobSlot, type KeysByNode, type SlotFacts, slotFacts} from './facts.js'
import {
  type Doubt,
  decideSlot,
  type FixChoices,
  type FixProblem,
  isGivenUp,
  type SlotDecision,
  type SlotStep,
} from './slot.js'
import {foundText, reasonText, riskText, stepText, wayText} from './text.js'

/** A step for many slots; `announce` makes the owner tell everybody anew. */
export type FixStep = (SlotStep | {readonly kind: 'announce'; readonly node: NodeId}) & {
  /** `0-99,300` */
  readonly slots: string
}

/** Slots that are wrong in one way and are mended in one way. */
export interface FixItem {
  readonly problem: FixProblem
  readonly slots: string
  readonly slotCount: number
  /** Keys that go from one node to another. */
  readonly keyCount: number
  /** One sentence each: what was found, what is to happen, why so, and what may be lost (empty: nothing). */
  readonly found: string
  readonly action: string
  readonly why: string
  readonly risk: string
  /** Empty if nothing is decided; then `why` says what is missing, and `way` how to go on. */
  readonly steps: readonly FixStep[]
  readonly way: string
  readonly doubt?: Doubt
}

export interface FixPlan {
  readonly version: 1
  readonly kind: 'fix'
  readonly cluster: string
  /** In order of their first slot. */
  readonly items: readonly FixItem[]
}

export interface FixInput {
  readonly view: ClusterView
  readonly keys: KeysByNode
  /** Slots that interrupted jobs of this machine opened. */
  readonly jobs: ReadonlyMap<number, JobSlot>
  readonly choices: FixChoices
}

/**
 * Decides how every slot gets one owner that has all its keys, with nothing left open. Pure: the same input gives the same
 * plan. What cannot be decided without the operator is an item without steps.
 */
export function planFix(input: FixInput): FixPlan {
  const {choices, jobs, keys, view} = input
  const facts = slotFacts(view, keys, jobs)
  const context = {view, choices, spread: spreadOf(input, facts)}
  const groups = new Map<string, {decision: SlotDecision; members: SlotFacts[]}>()
  for (const each of facts) {
    const decision = decideSlot(each, context)
    const key = JSON.stringify([decision, signatureOf(each)])
    const group = groups.get(key) ?? {decision, members: []}
    group.members.push(each)
    groups.set(key, group)
  }
  const items = [...groups.values()].map(({decision, members}) => itemOf(view, decision, members))
  const handled = new Set(facts.map(({slot}) => slot))
  return {
    version: 1,
    kind: 'fix',
    cluster: clusterFingerprint(primariesOf(view).map(({node}) => node.id)),
    items: [...items, ...disagreements(view, handled)].sort((a, b) => firstOf(a) - firstOf(b)),
  }
}

function firstOf({slots}: FixItem): number {
  return parseRanges(slots)?.[0]?.first ?? 0
}

/** Slots that nobody owns, has keys of, or was chosen for are dealt out together. */
function spreadOf({choices, view}: FixInput, facts: readonly SlotFacts[]): ReadonlyMap<number, NodeId> {
  const free = facts.filter(
    ({claims, keys, silentOwner, slot}) =>
      claims.length === 0 &&
      keys.size === 0 &&
      !choices.owners.has(slot) &&
      (silentOwner === undefined || isGivenUp(choices, silentOwner)),
  )
  return assignSlots(
    view,
    free.map(({slot}) => slot),
  )
}

/** What must be alike for slots to be told of together. */
function signatureOf({claims, importing, job, keys, migrating, silentOwner}: SlotFacts) {
  return [claims, silentOwner, migrating, importing, [...keys.keys()].sort(), job]
}

function itemOf(view: ClusterView, decision: SlotDecision, members: readonly SlotFacts[]): FixItem {
  const name = namesOf(view)
  const slots = renderRanges(rangesOf(members.map(({slot}) => slot)))
  const sample = members[0] as SlotFacts
  return {
    problem: decision.problem,
    slots,
    slotCount: members.length,
    keyCount: movedKeys(decision, members),
    found: foundText(sample, totalsOf(members), name),
    action: decision.steps.map((step) => stepText(step, name)).join(', then ') || 'nothing yet',
    why: reasonText(decision),
    risk: riskText(decision, sample, name),
    steps: decision.steps.map((step) => ({...step, slots})),
    way: wayText(decision, sample, slots, view),
    ...(decision.doubt && {doubt: decision.doubt}),
  }
}

/** Keys at the nodes that hand some over. */
function movedKeys({steps}: SlotDecision, members: readonly SlotFacts[]): number {
  const givers = new Set(steps.flatMap((step) => ('to' in step ? [step.from] : [])))
  const counts = members.flatMap(({keys}) => [...keys].map(([id, count]) => (givers.has(id) ? count : 0)))
  return counts.reduce((a, b) => a + b, 0)
}

function totalsOf(members: readonly SlotFacts[]): ReadonlyMap<NodeId, number> {
  const totals = new Map<NodeId, number>()
  for (const {keys} of members) for (const [id, count] of keys) totals.set(id, (totals.get(id) ?? 0) + count)
  return totals
}

function namesOf(view: ClusterView): (id: NodeId) => string {
  return (id) => {
    const node = findNode(view, id)
    const record = node ?? view.nodes.flatMap(({records}) => records).find((each) => each.id === id)
    return record ? renderAddress(record.address) : shortId(id)
  }
}

/** Nodes that still see another owner after a while: what they were told was overtaken, or never reached them. */
function disagreements(view: ClusterView, handled: ReadonlySet<number>): FixItem[] {
  const owners = ownersOf(view)
  const name = namesOf(view)
  const byOwner = new Map<NodeId, {slots: Set<number>; nodes: Set<string>}>()
  for (const {node, slots} of dissentsOf(view)) {
    for (const slot of slotsOf(slots)) {
      const owner = owners[slot]
      if (owner === undefined || handled.has(slot) || !findNode(view, owner)) continue
      const entry = byOwner.get(owner) ?? {slots: new Set(), nodes: new Set()}
      entry.slots.add(slot)
      entry.nodes.add(renderAddress(node.address))
      byOwner.set(owner, entry)
    }
  }
  return [...byOwner].map(([owner, {nodes, slots: numbers}]): FixItem => {
    const ranges = rangesOf([...numbers].sort((a, b) => a - b))
    const slots = renderRanges(ranges)
    return {
      problem: 'nodes-disagree',
      slots,
      slotCount: countSlots(ranges),
      keyCount: 0,
      found: `${name(owner)} owns them, but ${[...nodes].join(', ')} ${nodes.size === 1 ? 'sees' : 'see'} another owner`,
      action: `let ${name(owner)} take a new epoch, so that its word is the last`,
      why: 'its claim is older than what the others heard',
      risk: '',
      steps: [{kind: 'announce', node: owner, slots}],
      way: '',
    }
  })
}

/** All steps of one kind, those with the same ends as one. */
export function stepsOf<K extends FixStep['kind']>(plan: FixPlan, kind: K): Extract<FixStep, {readonly kind: K}>[] {
  const merged = new Map<string, FixStep>()
  for (const step of plan.items.flatMap(({steps}) => steps)) {
    if (step.kind !== kind) continue
    const key = JSON.stringify({...step, slots: undefined})
    const before = merged.get(key)
    const ranges = [...(parseRanges(before?.slots ?? '') ?? []), ...(parseRanges(step.slots) ?? [])]
    merged.set(key, {...step, slots: renderRanges(rangesOf(slotsOf(ranges)))})
  }
  return [...merged.values()] as Extract<FixStep, {readonly kind: K}>[]
}

/** Whether a plan does nothing to any slot that an earlier one would not have done. */
export function isWithin(plan: FixPlan, earlier: FixPlan): boolean {
  const deeds = ({items}: FixPlan) =>
    items.flatMap(({steps}) =>
      steps.flatMap(({slots, ...step}) =>
        slotsOf(parseRanges(slots) ?? []).map((slot) => `${slot} ${JSON.stringify(step)}`),
      ),
    )
  const known = new Set(deeds(earlier))
  return deeds(plan).every((deed) => known.has(deed))
}

/** Items that nobody has decided. */
export function undecidedOf({items}: FixPlan): FixItem[] {
  return items.filter(({steps}) => steps.length === 0)
}
