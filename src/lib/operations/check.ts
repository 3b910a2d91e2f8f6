import {type ClusterSummary, summarizeCluster} from '../model/cluster-summary.js'
import {checkHealth, type Finding, SEVERITIES, type Severity, TRANSIENT} from '../plan/health.js'
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
  readonly signal?: AbortSignal | undefined
}

/**
 * Judges a cluster that has been observed. While the nodes merely have not heard of each other's news, it looks again.
 *
 * @throws {CliError} INTERRUPTED; UNREACHABLE if the seed stops answering
 */
export async function checkCluster(cluster: ObservedCluster, {settleMs, signal}: CheckOptions): Promise<CheckReport> {
  let first = true
  const look = async () => {
    const view = first ? cluster.view : await cluster.observe(signal)
    first = false
    return {view, findings: checkHealth(view)}
  }
  const transient = ({findings}: {readonly findings: readonly Finding[]}) =>
    findings.flatMap(({id, message}) => (TRANSIENT.has(id) ? [message] : []))
  const {view, findings} = (await settle(look, transient, {timeoutMs: settleMs, signal})).state
  const {seed, totals} = summarizeCluster(view)
  const counts = Object.fromEntries(
    SEVERITIES.map((severity) => [severity, findings.filter((finding) => finding.severity === severity).length]),
  ) as Record<Severity, number>
  return {seed, totals, findings, counts}
}

/** Whether a report fails by the caller's measure: `warning` counts errors too, `never` nothing. */
export function isFailing({counts}: CheckReport, failOn: 'error' | 'warning' | 'never'): boolean {
  if (failOn === 'never') return false
  return counts.error > 0 || (failOn === 'warning' && counts.warning > 0)
}
