import {untilAborted} from '../client/abort.js'
import {findNode, primariesOf} from '../model/cluster-map.js'
import {type ClusterSummary, summarizeCluster} from '../model/cluster-summary.js'
import {SLOT_COUNT} from '../model/slot-set.js'
import {type Finding, SEVERITIES, type Severity, sortFindings, TRANSIENT} from '../plan/finding.js'
import {checkHealth} from '../plan/health/health.js'
import {checkStrayKeys, foreignSlotsOf} from '../plan/health/stray.js'
import type {TraitsByNode} from '../plan/health/traits.js'
import type {ZoneLabels} from '../plan/zone.js'
import {WirePool} from './migration/wires.js'
import type {ObservedCluster} from './observe.js'
import {settle} from './settle.js'
import {readTraits, TRAIT_COMMANDS} from './traits.js'

/** What `check` found; the `--json` document. */
export interface CheckReport {
  readonly seed: string
  readonly totals: ClusterSummary['totals']
  readonly findings: readonly Finding[]
  readonly counts: Readonly<Record<Severity, number>>
}

export interface CheckOptions {
  /** How long what gossip settles by itself may take before it is reported. Milliseconds. */
  readonly settleMs: number
  /** Also count keys in slots that their node does not own; some thousand small commands per primary. */
  readonly searchStrayKeys?: boolean
  readonly zones?: ZoneLabels
  readonly signal?: AbortSignal | undefined
}

/**
 * Judges a cluster that has been observed, with TRAIT_COMMANDS sent along. While the nodes merely have not heard of each other's news, it looks again.
 *
 * @throws {CliError} INTERRUPTED; UNREACHABLE if the seed stops answering
 */
export async function checkCluster(cluster: ObservedCluster, options: CheckOptions): Promise<CheckReport> {
  const {settleMs, searchStrayKeys, signal, zones} = options
  let first = true
  const look = async () => {
    const view = first ? cluster.view : await cluster.observe(signal)
    first = false
    return {view, findings: checkHealth(view, {traits: traitsOf(cluster), ...(zones && {zones})})}
  }
  const transient = ({findings}: {readonly findings: readonly Finding[]}) =>
    findings.flatMap(({id, message}) => (TRANSIENT.has(id) ? [message] : []))
  const {view, findings: found} = (await settle(look, transient, {timeoutMs: settleMs, signal})).state
  const stray = searchStrayKeys ? await findStrayKeys(cluster, signal) : []
  const findings = sortFindings([...found, ...stray])
  const {seed, totals} = summarizeCluster(view)
  const counts = Object.fromEntries(
    SEVERITIES.map((severity) => [severity, findings.filter((finding) => finding.severity === severity).length]),
  ) as Record<Severity, number>
  return {seed, totals, findings, counts}
}

/** What nodes told beside their views; nothing of a cluster that was not asked for TRAIT_COMMANDS. */
function traitsOf({extras, view}: ObservedCluster): TraitsByNode {
  return new Map(
    view.nodes.flatMap((node) => {
      const replies = extras.get(node.id) ?? []
      return replies.length === TRAIT_COMMANDS.length ? [[node.id, readTraits(replies, node)] as const] : []
    }),
  )
}

/** A node that is given a slot while its keys are counted holds them rightly: what is found must be foreign before and after. */
async function findStrayKeys(cluster: ObservedCluster, signal: AbortSignal | undefined): Promise<Finding[]> {
  const wires = new WirePool(cluster)
  try {
    const counting = primariesOf(cluster.view).map(async ({node}) => {
      const counts = await wires.countKeys(node.id, foreignSlotsOf(node, SLOT_COUNT))
      return [node.id, new Map([...counts].filter(([, count]) => count > 0))] as const
    })
    const found = (await untilAborted(Promise.all(counting), signal)).filter(([, counts]) => counts.size > 0)
    if (found.length === 0) return []
    const view = await cluster.observe(signal)
    return found.flatMap(([id, counts]) => {
      const node = findNode(view, id)
      if (!node) return []
      const foreign = new Set(foreignSlotsOf(node, SLOT_COUNT))
      return checkStrayKeys(node, new Map([...counts].filter(([slot]) => foreign.has(slot))), view.seed)
    })
  } finally {
    wires.close()
  }
}

/** Whether a report fails by the caller's measure: `warning` counts errors too, `never` nothing. */
export function isFailing({counts}: CheckReport, failOn: 'error' | 'warning' | 'never'): boolean {
  if (failOn === 'never') return false
  return counts.error > 0 || (failOn === 'warning' && counts.warning > 0)
}
