import {setImporting, setMigrating, setOwner} from '../../client/migration/legacy.js'
import type {WireCommand} from '../../client/migration/wire.js'
import type {Command} from '../../client/node-connection.js'
import {NODE_TIMEOUT, NODE_TIMEOUT_MS_DEFAULT, nodeTimeoutIn} from '../../client/node-timeout.js'
import {CliError, messageOf} from '../../kernel/errors.js'
import {findNode, nameNode, primariesOf} from '../../model/cluster-map.js'
import type {ClusterView} from '../../model/cluster-view.js'
import {type NodeId, shortId} from '../../model/node-id.js'
import {type Mending, type Orphans, planAdoption, planMend} from '../../plan/moves/mend.js'
import type {Move, MovePlan} from '../../plan/moves/reshard-document.js'
import {remainingMoves} from '../../plan/moves/reshard-resume.js'
import {successorsOf, targetsOf} from '../../plan/moves/successor.js'
import {judgeEpochs, judgeHealth, type OwnMoves} from '../fitness.js'
import type {ObservedCluster} from '../observe.js'
import {judgeAgreement, settle} from '../settle.js'
import type {Emit} from './types.js'

/*
 * A primary that fails while slots move.
 *
 *   the target fails   its replica knows the keys but not that it imports; the source sends clients to the dead one, who
 *                      come back until the slots are opened towards the successor
 *   the source fails   its replica knows neither that it migrates nor that keys went: it answers nil for those, so it is
 *                      told of the target as soon as it is promoted (`mend`), before anything else
 *
 * A slot that the target took the moment before may have no owner then: `adopt`.
 * In both cases the slots go on in the direction they had. Nothing is decided by who fails: it is whether each end of what
 * is left is a primary that answers, in a cluster that is fit.
 */

/** An election takes place a node timeout or two after the failure; the rest is for those that fail twice. */
const WAIT_MS_MIN = 10_000
const WAIT_TIMEOUTS = 6
/** What a mended cluster takes to call itself healthy. */
const MENDED_MS = 5000

export interface Recovery {
  readonly cluster: ObservedCluster
  readonly plan: MovePlan
  readonly emit: Emit
  /** Ctrl-C ends the wait. */
  readonly stop: AbortSignal
}

/** Slots of the plan may be open, towards or from nodes that have been replaced since. */
export function ownMoves(view: ClusterView, plan: MovePlan): OwnMoves {
  return {targets: targetsOf(view, plan), successor: successorsOf(view, plan)}
}

/**
 * Waits, after a failure, until what is left of a plan can go on.
 *
 * @param moves - that were under way
 * @param failure - how they ended
 * @returns what is left, between nodes that are primaries now; nothing has been done about it yet
 * @throws the failure itself if it is not of this kind; {CliError} PLAN_PARTIAL if the cluster does not become fit in time;
 *   INTERRUPTED
 */
export async function recover(job: Recovery, moves: readonly Move[], failure: unknown): Promise<Move[]> {
  const {cluster, emit, plan, stop} = job
  if (!(failure instanceof CliError) || failure.code === 'INTERRUPTED' || failure.code === 'LOCKED') throw failure
  const timeoutMs = await recoveryMs(cluster)
  const first = await look(job)
  if (!mayPass(failure, first, plan, moves)) throw failure
  const problems = judgeFit(first, plan)
  const message = `${failure.message}; waiting up to ${Math.round(timeoutMs / 1000)} s for the cluster`
  emit({event: 'warning', message: problems.length > 0 ? `${message}: ${problems.slice(0, 3).join('; ')}` : message})
  const settled = await settle(
    () => look(job),
    (view) => judgeFit(view, plan),
    {timeoutMs, signal: stop},
  )
  if (settled.problems.length > 0 || !settled.state) {
    throw new CliError(
      'PLAN_PARTIAL',
      `${failure.message}; the cluster is not fit to go on after ${Math.round(timeoutMs / 1000)} s: ` +
        settled.problems.slice(0, 10).join('; '),
      {cause: failure, details: {...failure.details, problems: settled.problems}, suggestions: failure.suggestions},
    )
  }
  tellSuccessors(settled.state, job, moves)
  return remainingMoves(settled.state, plan)
}

/**
 * Makes the ends of half-moved slots know each other again, after a failover between two runs.
 *
 * @returns the view to go on with
 */
export async function mendOpenSlots(cluster: ObservedCluster, plan: MovePlan): Promise<ClusterView> {
  if (!isBroken(cluster.view, plan)) return cluster.view
  const settled = await settle(
    () => look({cluster, plan}),
    (view) => judgeFit(view, plan),
    {timeoutMs: MENDED_MS},
  )
  return settled.state ?? cluster.view
}

/** How long a failover may take, by the nodes' own timeout. Milliseconds. */
async function recoveryMs(cluster: ObservedCluster): Promise<number> {
  const links = [...cluster.connections.values()].filter(({isOpen}) => isOpen)
  const told = links.map(async (link) => {
    const [reply] = await link.pipeline([['CONFIG', 'GET', NODE_TIMEOUT]])
    return nodeTimeoutIn(reply) ?? NODE_TIMEOUT_MS_DEFAULT
  })
  const nodeTimeoutMs = await Promise.any(told).catch(() => NODE_TIMEOUT_MS_DEFAULT)
  return Math.max(WAIT_MS_MIN, nodeTimeoutMs * WAIT_TIMEOUTS)
}

/** Observes, and mends at once what a failover left behind. @returns undefined while nobody answers */
async function look({cluster, plan}: Pick<Recovery, 'cluster' | 'plan'>): Promise<ClusterView | undefined> {
  try {
    if (!isBroken(await cluster.observe(), plan)) return cluster.view
    await Promise.all(planMend(cluster.view, plan).map((mending) => mend(cluster, mending)))
    // A look while a slot changes hands may miss both its owners: a second one tells.
    await Promise.all(planAdoption(await cluster.observe(), plan).map((orphans) => adopt(cluster, orphans)))
    return await cluster.observe()
  } catch (error) {
    if (error instanceof CliError && (error.code === 'UNREACHABLE' || error.code === 'TIMED_OUT')) return undefined
    throw error
  }
}

function isBroken(view: ClusterView, plan: MovePlan): boolean {
  return planMend(view, plan).length > 0 || planAdoption(view, plan).length > 0
}

/** Slots that nobody claims belong to the end that alone has keys of them; the target took them last. */
async function adopt(cluster: ObservedCluster, {slots, source, target}: Orphans): Promise<void> {
  const counts = slots.map((slot): Command => ['CLUSTER', 'COUNTKEYSINSLOT', slot])
  const [atSource, atTarget] = await Promise.all([
    cluster.connectionTo(source).pipeline(counts),
    cluster.connectionTo(target).pipeline(counts),
  ])
  const back = slots.filter((_, index) => atSource[index] !== 0 && atTarget[index] === 0)
  const taken = slots.filter((_, index) => atSource[index] === 0)
  await Promise.all([
    cluster.connectionTo(source).pipeline(back.map((slot) => toCommand(setOwner(slot, source)))),
    // Taken as imported, which brings an epoch that settles it.
    cluster
      .connectionTo(target)
      .pipeline(taken.flatMap((slot) => [setImporting(slot, source), setOwner(slot, target)].map(toCommand))),
  ])
}

/**
 * The successor of the source hears first which slots to send clients on for: those of which the target holds keys. Refusals
 * are of no matter: whoever is not ready for it yet is asked again with the next look.
 */
async function mend(cluster: ObservedCluster, {slots, source, target}: Mending): Promise<void> {
  const counts = await cluster.connectionTo(target).pipeline(slots.map((slot) => ['CLUSTER', 'COUNTKEYSINSLOT', slot]))
  const held = slots.filter((_, index) => counts[index] !== 0)
  const own = findNode(cluster.view, source)?.records.find(({myself}) => myself)
  const unmarked = held.filter((slot) => own?.migrating.get(slot) !== target)
  await Promise.all([
    cluster.connectionTo(source).pipeline(unmarked.map((slot) => toCommand(setMigrating(slot, target)))),
    cluster
      .connectionTo(target)
      .pipeline(slots.flatMap((slot) => [setOwner(slot, source), setImporting(slot, source)].map(toCommand))),
  ])
}

function toCommand([name = '', ...args]: WireCommand): Command {
  return [name, ...args]
}

/** Whether a failure may be the mark of a failover, or of a connection that broke. */
function mayPass({code}: CliError, view: ClusterView | undefined, plan: MovePlan, moves: readonly Move[]): boolean {
  if (code === 'UNREACHABLE' || code === 'TIMED_OUT' || !view) return true
  const primaries = new Set(primariesOf(view).map(({node}) => node.id))
  const successor = successorsOf(view, plan)
  const isReplaced = (id: NodeId) => !primaries.has(id) || successor(id) !== id
  return (
    moves.some(({from, to}) => isReplaced(from) || isReplaced(to)) || judgeHealth(view, ownMoves(view, plan)).length > 0
  )
}

function judgeFit(view: ClusterView | undefined, plan: MovePlan): string[] {
  if (!view) return ['no node answers']
  try {
    const primaries = new Set(primariesOf(view).map(({node}) => node.id))
    const ends = new Set(remainingMoves(view, plan).flatMap(({from, to}) => [from, to]))
    const missing = [...ends].filter((id) => !primaries.has(id))
    return [
      ...missing.map((id) => `${shortId(id)} is no primary that answers, and no replica took its place`),
      ...judgeHealth(view, ownMoves(view, plan)),
      ...judgeAgreement(view),
      ...judgeEpochs(view),
    ]
  } catch (error) {
    if (error instanceof CliError) return [messageOf(error)]
    throw error
  }
}

function tellSuccessors(view: ClusterView, {emit, plan}: Recovery, moves: readonly Move[]): void {
  const successor = successorsOf(view, plan)
  for (const id of new Set(moves.flatMap(({from, to}) => [from, to]))) {
    const next = successor(id)
    if (next === id) continue
    emit({event: 'failover', node: id, successor: next})
    const node = findNode(view, next)
    emit({event: 'warning', message: `${shortId(id)} failed over to ${node ? nameNode(node) : next}; going on there`})
  }
}
