import {type PeerReport, readPeers} from '../../client/crdt.js'
import {CliError} from '../../kernel/errors.js'
import {settle} from '../settle.js'
import {type InstanceNodes, isAway, openInstance} from './instance-nodes.js'
import type {DatabaseInstance} from './known.js'
import {atCluster} from './task-run.js'

/** An instance whose nodes are connected to. */
export interface OpenInstance {
  readonly instance: DatabaseInstance
  readonly nodes: InstanceNodes
}

export interface Opened {
  readonly open: readonly OpenInstance[]
  /** Those that do not answer, and why; the error does not name them. */
  readonly away: readonly {readonly instance: DatabaseInstance; readonly error: CliError}[]
  close(): void
}

/**
 * Connects to all that answer, side by side.
 *
 * @param timeoutMs - as of `openInstance`
 * @throws {CliError} CREDENTIALS_REFUSED, INTERRUPTED
 */
export async function openInstances(
  instances: readonly DatabaseInstance[],
  signal: AbortSignal,
  timeoutMs?: number,
): Promise<Opened> {
  const outcomes = await Promise.allSettled(
    instances.map((instance) => atCluster(instance.config.cluster, openInstance(instance, signal, timeoutMs))),
  )
  const open: OpenInstance[] = []
  const away: {instance: DatabaseInstance; error: CliError}[] = []
  let failure: unknown
  for (const [index, outcome] of outcomes.entries()) {
    const instance = instances[index] as DatabaseInstance
    if (outcome.status === 'fulfilled') open.push({instance, nodes: outcome.value})
    else if (isAway(outcome.reason)) away.push({error: unnamed(outcome.reason), instance})
    else failure ??= outcome.reason
  }
  const close = () => {
    for (const {nodes} of open) nodes.close()
  }
  if (failure === undefined) return {away, close, open}
  close()
  throw failure
}

/** Which instance it is about stands beside it. */
function unnamed(error: CliError): CliError {
  return error.cause instanceof CliError ? error.cause : error
}

/** Those that do not answer, or not for all of their slots. */
export function awayOrInPart({away, open}: Opened): Opened['away'] {
  return [...away, ...open.flatMap(({instance, nodes: {gap}}) => (gap ? [{error: gap, instance}] : []))]
}

/** As `openInstances`, where all of all are needed. @throws {CliError} UNREACHABLE naming who is away */
export async function openAll(instances: readonly DatabaseInstance[], signal: AbortSignal): Promise<Opened> {
  const opened = await openInstances(instances, signal)
  const missing = awayOrInPart(opened)
  const [first] = missing
  if (!first) return opened
  opened.close()
  const names = missing.map(({instance}) => instance.config.cluster)
  throw new CliError('UNREACHABLE', `${names.join(', ')} cannot be reached: ${first.error.message}`, {
    cause: first.error,
    details: {cluster: names[0], clusters: names},
    suggestions: ['shoal ps', 'shoal crdb remove-instance --force'],
  })
}

/** What of the regions is not in sync, each one sentence. */
async function syncProblems(open: readonly OpenInstance[]): Promise<string[]> {
  const problems = await Promise.all(
    open.map(async ({instance, nodes}) => {
      const others = open.filter((each) => each.instance.id !== instance.id)
      const reports = await Promise.all(nodes.primaries.map(readPeers))
      return others.flatMap(({instance: {config, id}}) => {
        const bad = reports
          .map((report) => report.find(({region}) => region === id))
          .find((peer) => peer?.status !== 'in-sync')
        const isMissing = reports.some((report) => !report.some(({region}) => region === id))
        if (!bad && !isMissing) return []
        return [`${instance.config.cluster} is not in sync with ${config.cluster}${whyOf(bad)}`]
      })
    }),
  )
  return problems.flat()
}

function whyOf(peer: PeerReport | undefined): string {
  if (!peer) return ''
  return ` (${peer.status}${peer.lastError ? `: ${peer.lastError}` : ''})`
}

/** @throws {CliError} NOT_IN_SYNC naming who is behind whom, after `withinMs` */
export async function requireInSync(
  open: readonly OpenInstance[],
  withinMs: number,
  signal: AbortSignal,
): Promise<void> {
  const {problems} = await settle(
    () => syncProblems(open),
    (found) => found,
    {signal, timeoutMs: withinMs},
  )
  if (problems.length === 0) return
  throw new CliError('NOT_IN_SYNC', `not in sync after ${withinMs} ms: ${problems.join('; ')}`, {
    details: {problems},
    suggestions: ['shoal ps', 'shoal heal'],
  })
}

/**
 * Waits until all others have all that an instance wrote.
 *
 * @throws {CliError} NOT_IN_SYNC naming who lacks how much, after `withinMs`
 */
export async function requireDrained(
  {instance, nodes}: OpenInstance,
  others: readonly DatabaseInstance[],
  withinMs: number,
  signal: AbortSignal,
): Promise<void> {
  const look = async () => {
    const reports = await Promise.all(nodes.primaries.map(readPeers))
    return others.flatMap(({config, id}) => {
      const pending = reports.map((report) => report.find(({region}) => region === id)?.pendingEffects ?? undefined)
      if (pending.includes(undefined))
        return [`${config.cluster} does not ask for what ${instance.config.cluster} wrote`]
      const count = pending.reduce<number>((sum, each) => sum + (each ?? 0), 0)
      return count === 0 ? [] : [`${config.cluster} lacks ${count} effects of ${instance.config.cluster}`]
    })
  }
  const {problems} = await settle(look, (found) => found, {signal, timeoutMs: withinMs})
  if (problems.length === 0) return
  throw new CliError('NOT_IN_SYNC', `not drained after ${withinMs} ms: ${problems.join('; ')}`, {
    details: {problems},
    suggestions: ['shoal heal', 'shoal crdb remove-instance --force (what others lack is lost)'],
  })
}
