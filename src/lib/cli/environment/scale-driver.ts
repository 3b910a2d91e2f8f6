import type {ConnectOptions} from '../../client/connect-options.js'
import {mapAddress} from '../../client/connect-options.js'
import {connectNode} from '../../client/node-connection.js'
import type {ClusterAccess} from '../../environment/cluster-driver.js'
import type {ClusterMember, Moved, ScaleDriver} from '../../environment/scale/driver.js'
import {CliError} from '../../kernel/errors.js'
import {type Address, renderAddress} from '../../model/address.js'
import {findNode, ownRecord, primariesOf} from '../../model/cluster-map.js'
import type {NodeView} from '../../model/cluster-view.js'
import {countSlots} from '../../model/slot-set.js'
import {addNode, prepareAddNode} from '../../operations/add-node.js'
import {prepareDelNode, removeNode} from '../../operations/del-node.js'
import {isCutShort, summarise} from '../../operations/job-list.js'
import {Journal, moveRecord, newJobId, readJob} from '../../operations/journal.js'
import {type JobResult, type RunJob, runJob} from '../../operations/migration/job.js'
import type {MoveOptions} from '../../operations/migration/run-moves.js'
import {preflightMoves} from '../../operations/move-preflight.js'
import {type ObservedCluster, observeCluster, readView} from '../../operations/observe.js'
import {prepareRebalance} from '../../operations/rebalance.js'
import {requireSettled} from '../../operations/settle.js'

const TIMEOUT_MS = 5000
const WAIT_MS = 30_000
const THRESHOLD_PERCENT = 2

/** As the flags of commands that move slots have it. */
const MOVE_OPTIONS: MoveOptions = {
  migrateTimeoutMs: 60_000,
  pace: {batchKeysMax: undefined, maxBlockMs: 20, windowSlots: 64},
  replace: false,
  retryMs: 10_000,
  transfer: 'auto',
}

/** Scaling by the operations of `add-node`, `rebalance` and `del-node`. @param jobsFolder - where moves are journaled */
export function scaleDriver(jobsFolder: string): ScaleDriver {
  return {
    async members(access, signal) {
      const views = await Promise.all(access.addresses.map((address) => viewOf(address, access, signal)))
      const best = views
        .filter((view) => view !== undefined)
        .sort((a, b) => assigned(b) - assigned(a) || b.records.length - a.records.length)[0]
      if (!best) throw new CliError('UNREACHABLE', 'no node of the environment answers')
      return membersIn(best)
    },

    async join(access, seed, node, primary, signal) {
      const request = {replica: primary !== undefined, ...(primary && {primary: renderAddress(primary)})}
      await withCluster(access, seed, signal, async (cluster) => {
        const connect = optionsOf(access)
        const address = mapAddress(node, connect.addressMap)
        const prepared = await prepareAddNode(cluster, address, request, {connect, probeBus: false, signal})
        try {
          await addNode(cluster, prepared, {
            joinTimeoutMs: WAIT_MS,
            onProgress: () => undefined,
            signal,
            takeBack: false,
          })
        } finally {
          prepared.close()
        }
      })
    },

    newJob: () => newJobId('rebalance'),

    async spread(access, owners, job, signal) {
      const seed = owners[0] as Address
      return withCluster(access, seed, signal, async (cluster) => {
        const wanted = new Set(owners.map(renderAddress))
        const weights = new Map(
          primariesOf(cluster.view).map(({node}) => [
            node.id as string,
            namesOf(node).some((name) => wanted.has(name)) ? 1 : 0,
          ]),
        )
        const request = {thresholdPercent: THRESHOLD_PERCENT, useEmptyPrimaries: true, weights}
        const prepared = await prepareRebalance(cluster, request, {by: 'slots'}, signal)
        const {plan} = prepared
        if (plan.steps.length === 0) return {keys: 0, slots: 0}
        const {refusal} = await preflightMoves(cluster, prepared, MOVE_OPTIONS.transfer)
        if (refusal) throw refusal
        const header = {command: 'rebalance', id: job, plan, seed: renderAddress(seed)} as const
        return move({cluster, jobId: job, openJournal: () => Journal.create(jobsFolder, header), plan, signal})
      })
    },

    async resume(access, seed, job, signal) {
      const record = await readJob(jobsFolder, job).catch(() => undefined)
      const moves = record && moveRecord(record)
      if (!moves || !isCutShort(summarise(moves))) return {keys: 0, slots: 0}
      const {plan} = moves.header
      return withCluster(access, seed, signal, (cluster) =>
        move({cluster, jobId: job, openJournal: () => Journal.reopen(jobsFolder, job), plan, signal}),
      )
    },

    async follow(access, replica, primary, signal) {
      await withCluster(access, primary, signal, async (cluster) => {
        const idOf = (address: Address) =>
          cluster.view.nodes.find((node) => namesOf(node).includes(renderAddress(address)))?.id
        const [from, to] = [idOf(replica), idOf(primary)]
        if (!from || !to) throw new CliError('UNREACHABLE', `${renderAddress(replica)} does not answer`)
        await cluster.connectionTo(from).call('CLUSTER', 'REPLICATE', to)
        const judge = (view: typeof cluster.view) => {
          const node = findNode(view, from)
          const isSynced = node && ownRecord(node)?.primaryId === to && node.info.get('master_link_status') === 'up'
          if (!isSynced) return [`${renderAddress(replica)} is not in sync with its new primary`]
          // Who is asked next must know of it.
          const knows = ({records}: NodeView) => records.find(({id}) => id === from)?.primaryId === to
          const others = view.nodes.filter((each) => !knows(each))
          return others.map(({address}) => `${renderAddress(address)} has not heard of the new copy`)
        }
        await requireSettled('the new copy', () => cluster.observe(signal), judge, {signal, timeoutMs: WAIT_MS})
      })
    },

    async remove(access, seed, node, signal) {
      await withCluster(access, seed, signal, async (cluster) => {
        const {plan} = await prepareDelNode(cluster, renderAddress(node), false, signal)
        await removeNode(cluster, plan.node, {onProgress: () => undefined, signal, waitMs: WAIT_MS})
      })
    },
  }
}

async function move({
  signal,
  ...job
}: Omit<RunJob, 'emit' | 'options' | 'stop'> & {signal: AbortSignal}): Promise<Moved> {
  const result: JobResult = await runJob({...job, emit: () => undefined, options: MOVE_OPTIONS, stop: signal})
  return {keys: result.keysMoved, slots: result.slotsMoved}
}

async function withCluster<T>(
  access: ClusterAccess,
  seed: Address,
  signal: AbortSignal,
  body: (cluster: ObservedCluster) => Promise<T>,
): Promise<T> {
  const options = optionsOf(access)
  const cluster = await observeCluster(mapAddress(seed, options.addressMap), options, signal)
  try {
    return await body(cluster)
  } finally {
    cluster.close()
  }
}

async function viewOf(address: Address, access: ClusterAccess, signal: AbortSignal): Promise<NodeView | undefined> {
  const options = optionsOf(access)
  try {
    const link = await connectNode(mapAddress(address, options.addressMap), options, {signal})
    try {
      return {...(await readView(link)), address}
    } finally {
      link.close()
    }
  } catch (error) {
    if (signal.aborted) throw error
    return undefined
  }
}

/** As it was reached, and as it is known. */
function namesOf(node: NodeView): string[] {
  const own = ownRecord(node)
  return [renderAddress(node.address), ...(own ? [renderAddress(own.address)] : [])]
}

/** Slots that have an owner in its eyes: a node that is in no cluster sees none. */
function assigned({records}: NodeView): number {
  return records.reduce((sum, {slots}) => sum + countSlots(slots), 0)
}

function membersIn(view: NodeView): ClusterMember[] {
  const addressOf = new Map(
    view.records.map(({address, id}) => [id, renderAddress(id === view.id ? view.address : address)]),
  )
  return view.records.map(({id, primaryId, role, slots}) => {
    const replicaOf = primaryId && addressOf.get(primaryId)
    return {address: addressOf.get(id) as string, role, slotCount: countSlots(slots), ...(replicaOf && {replicaOf})}
  })
}

function optionsOf({addressMap, password}: ClusterAccess): ConnectOptions {
  return {
    timeoutMs: TIMEOUT_MS,
    ...(addressMap.size > 0 && {addressMap}),
    ...(password !== undefined && {password}),
  }
}
