import {throwIfAborted} from '../client/abort.js'
import {primariesOf} from '../model/cluster-map.js'
import {type ClusterSummary, summarizeCluster} from '../model/cluster-summary.js'
import {SLOT_COUNT} from '../model/slot-set.js'
import {type Finding, SEVERITIES, type Severity, sortFindings, TRANSIENT} from '../plan/finding.js'
import {checkHealth} from '../plan/health.js'
import {checkStrayKeys, foreignSlotsOf} from '../plan/health-stray.js'
import type {ObservedCluster} from './observe.js'
import {settle} from './settle.js'

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
  readonly signal?: AbortSignal | undefined
}

/** COUNTKEYSINSLOT commands in one write. */
const COUNTS_PER_WRITE = 4096

/**
 * Judges a cluster that has been observed. While the nodes merely have not heard of each other's news, it looks again.
 *
 * @throws {CliError} INTERRUPTED; UNREACHABLE if the seed stops answering
 */
export async function checkCluster(cluster: ObservedCluster, options: CheckOptions): Promise<CheckReport> {
  const {settleMs, searchStrayKeys, signal} = options
  let first = true
  const look = async () => {
    const view = first ? cluster.view : await cluster.observe(signal)
    first = false
    return {view, findings: checkHealth(view)}
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

async function findStrayKeys(cluster: ObservedCluster, signal: AbortSignal | undefined): Promise<Finding[]> {
  const perNode = primariesOf(cluster.view).map(async ({node}) => {
    const link = cluster.connectionTo(node.id)
    const foreign = foreignSlotsOf(node, SLOT_COUNT)
    const keysBySlot = new Map<number, number>()
    for (let start = 0; start < foreign.length; start += COUNTS_PER_WRITE) {
      throwIfAborted(signal)
      const slots = foreign.slice(start, start + COUNTS_PER_WRITE)
      const counts = await link.pipeline(slots.map((slot) => ['CLUSTER', 'COUNTKEYSINSLOT', slot]))
      for (const [index, slot] of slots.entries()) {
        const count = counts[index]
        if (typeof count === 'number' && count > 0) keysBySlot.set(slot, count)
      }
    }
    return checkStrayKeys(node, keysBySlot)
  })
  return (await Promise.all(perNode)).flat()
}

/** Whether a report fails by the caller's measure: `warning` counts errors too, `never` nothing. */
export function isFailing({counts}: CheckReport, failOn: 'error' | 'warning' | 'never'): boolean {
  if (failOn === 'never') return false
  return counts.error > 0 || (failOn === 'warning' && counts.warning > 0)
}
