import {findNode, keyCountOf, nameNode, ownRecord, replicasOf} from '../../model/cluster-map.js'
import type {ClusterView, NodeView} from '../../model/cluster-view.js'
import type {NodeId} from '../../model/node-id.js'
import {countSlots} from '../../model/slot-set.js'
import {list} from '../finding.js'
import {countedMemory, refusesWhenFull} from '../health/memory.js'
import {versionOf} from '../health/traits.js'
import {payloadVersionOf, takesPayloads} from './payload-versions.js'
import {BYTES_PER_MS, bytesPerKeyOf, type MovePlan} from './reshard-document.js'

/** Whether a move of slots should begin, by what there is at its ends. */
export interface MoveVerdict {
  /** Reasons not to begin. Each is one sentence that names nodes. */
  readonly refusals: readonly string[]
  /** What the operator should know before saying yes. */
  readonly warnings: readonly string[]
}

/** The part of the estimate that is believed where a node does not tell what its data alone take. */
const CERTAIN_PART = 0.75

/** By the view alone: memory, versions, links, replicas. */
export function judgeMove(view: ClusterView, plan: MovePlan): MoveVerdict {
  const verdicts = [judgeMemory(view, plan), judgeVersions(view, plan)]
  return {
    refusals: verdicts.flatMap(({refusals}) => refusals),
    warnings: [
      ...judgeRedundancy(view, plan),
      ...verdicts.flatMap(({warnings}) => warnings),
      ...judgeLinks(view, plan),
      ...judgeEmptied(view, plan),
    ],
  }
}

function nodesOf(view: ClusterView, ids: Iterable<NodeId>): NodeView[] {
  return [...new Set(ids)].flatMap((id) => findNode(view, id) ?? [])
}

function judgeRedundancy(view: ClusterView, {steps}: MovePlan): string[] {
  const replicated = new Set(replicasOf(view).map(({own}) => own.primaryId))
  if (replicated.size === 0) return []
  const bare = nodesOf(
    view,
    steps.map(({to}) => to),
  ).filter(({id}) => !replicated.has(id))
  return bare.map(
    (node) => `${nameNode(node)} has no replica that answers: if it fails, the slots it gets fail with it`,
  )
}

function judgeMemory(view: ClusterView, {steps}: MovePlan): MoveVerdict {
  const refusals: string[] = []
  const warnings: string[] = []
  const bytesOf = ({from, keyCount}: MovePlan['steps'][number]) => keyCount * bytesPerKeyOf(view, from)
  const leastBytesOf = ({from, keyCount}: MovePlan['steps'][number]) => keyCount * leastBytesPerKey(view, from)
  for (const node of nodesOf(
    view,
    steps.map(({to}) => to),
  )) {
    const limit = Number(node.info.get('maxmemory') ?? 0)
    if (!(limit > 0)) continue
    const free = Math.max(0, limit - countedMemory(node))
    const coming = steps.filter(({to}) => to === node.id)
    const incoming = Math.round(sum(coming.map(bytesOf)))
    if (incoming <= free) continue
    const outgoing = sum(steps.filter(({from}) => from === node.id).map(bytesOf))
    const overflows = sum(coming.map(leastBytesOf)) > free + outgoing
    const text = `${nameNode(node)} has ${free} bytes left below maxmemory for about ${incoming}`
    if (!refusesWhenFull(node)) warnings.push(`${text}: it will evict keys (${node.info.get('maxmemory_policy')})`)
    else if (overflows) refusals.push(`${text}, and refuses what goes beyond (noeviction)`)
    else warnings.push(text)
  }
  return {refusals, warnings}
}

/** Without what comes on top of the data: a move is refused only if not even that has room. */
function leastBytesPerKey(view: ClusterView, id: NodeId): number {
  const node = findNode(view, id)
  const keys = node ? keyCountOf(node) : 0
  const dataset = Number(node?.info.get('used_memory_dataset') ?? Number.NaN)
  return keys > 0 && dataset >= 0 ? dataset / keys : bytesPerKeyOf(view, id) * CERTAIN_PART
}

function judgeVersions(view: ClusterView, {steps}: MovePlan): MoveVerdict {
  const refusals: string[] = []
  const warnings: string[] = []
  for (const {from, keyCount, to} of steps) {
    const [source, target] = [findNode(view, from), findNode(view, to)]
    if (!source || !target || keyCount === 0 || versionOf(source) === versionOf(target)) continue
    const names = `${nameNode(target)} runs ${versionOf(target)}, ${nameNode(source)} ${versionOf(source)}`
    const takes = takesPayloads(target, payloadVersionOf(source))
    if (takes === undefined) {
      if (isOlder(target, source)) warnings.push(`${names}: it may not understand all keys`)
      continue
    }
    if (!takes) refusals.push(`${names}: it does not understand keys from there`)
  }
  return {refusals: [...new Set(refusals)], warnings: [...new Set(warnings)]}
}

function isOlder(a: NodeView, b: NodeView): boolean {
  const parts = (node: NodeView) => (versionOf(node) ?? '').split('.').map(Number)
  const [ours, theirs] = [parts(a), parts(b)]
  const at = ours.findIndex((part, index) => part !== theirs[index])
  return at >= 0 && (ours[at] ?? 0) < (theirs[at] ?? 0)
}

/**
 * Clients call functions where the keys are.
 *
 * @param libraries - by node; a node that does not tell is left out
 */
export function judgeFunctions(
  view: ClusterView,
  {steps}: MovePlan,
  libraries: ReadonlyMap<NodeId, readonly string[]>,
): string[] {
  const warnings = steps.flatMap(({from, to}) => {
    const [there, here, target] = [libraries.get(from), libraries.get(to), findNode(view, to)]
    const missing = there && here ? there.filter((name) => !here.includes(name)) : []
    if (!target || missing.length === 0) return []
    return [`${nameNode(target)} lacks function libraries that clients may call on the slots it gets: ${list(missing)}`]
  })
  return [...new Set(warnings)]
}

/** Two ends that do not hear of each other wait for the news by way of others. */
function judgeLinks(view: ClusterView, {steps}: MovePlan): string[] {
  const warnings = steps.flatMap(({from, to}) =>
    [
      [from, to],
      [to, from],
    ].flatMap(([one, other]) => {
      const observer = one && findNode(view, one)
      const record = observer ? observer.records.find(({id}) => id === other) : undefined
      if (!observer || !record || record.linked) return []
      return [`${nameNode(observer)} holds no bus link to ${nameNode(record)} (bus port ${record.busPort})`]
    }),
  )
  return [...new Set(warnings)]
}

function judgeEmptied(view: ClusterView, {steps}: MovePlan): string[] {
  return nodesOf(
    view,
    steps.map(({from}) => from),
  ).flatMap((node) => {
    const own = ownRecord(node)
    const given = sum(steps.filter(({from}) => from === node.id).map(({slotCount}) => slotCount))
    if (!own || countSlots(own.slots) !== given) return []
    return [`${nameNode(node)} is left without slots and may turn into a replica`]
  })
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

/** A key that is among the biggest to be moved. */
export interface BigKey {
  /** As it is printed. */
  readonly key: string
  readonly slot: number
  readonly bytes: number
}

const BIG_KEYS_SHOWN = 3

/** From this size on a key may keep its node silent for so long that the others take it for dead. */
export function bigKeyBytes(nodeTimeoutMs: number): number {
  return (nodeTimeoutMs / 2) * BYTES_PER_MS
}

/** @param keys - of one source, those that were looked at and are at least `bigKeyBytes` */
export function judgeBigKeys(source: NodeView, keys: readonly BigKey[], nodeTimeoutMs: number): string[] {
  if (keys.length === 0) return []
  const biggest = [...keys].sort((a, b) => b.bytes - a.bytes).slice(0, BIG_KEYS_SHOWN)
  const shown = biggest.map(({bytes, key, slot}) => `${key} in slot ${slot} (${bytes} bytes)`)
  const more = keys.length > shown.length ? ` and ${keys.length - shown.length} more` : ''
  return [
    `moving ${list(shown)}${more} may keep ${nameNode(source)} silent for longer than half its node timeout of ` +
      `${nodeTimeoutMs} ms, and start a failover: raise it for the time of the move, with shoal set-timeout`,
  ]
}
