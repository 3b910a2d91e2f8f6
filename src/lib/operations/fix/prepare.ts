import {CliError} from '../../kernel/errors.js'
import {findNode, primariesOf} from '../../model/cluster-map.js'
import type {ClusterView} from '../../model/cluster-view.js'
import type {NodeId} from '../../model/node-id.js'
import {SLOT_COUNT} from '../../model/slot-set.js'
import type {JobSlot, KeysByNode} from '../../plan/fix/facts.js'
import {type FixPlan, planFix} from '../../plan/fix/fix.js'
import type {FixChoices} from '../../plan/fix/slot.js'
import {NEEDED} from '../../plan/permissions/needed-commands.js'
import {judgeEpochs} from '../fitness.js'
import {readJobs, summarise} from '../job-list.js'
import {moveRecord, type Opening, openedSlots} from '../journal.js'
import {WirePool} from '../migration/wires.js'
import type {ObservedCluster} from '../observe.js'
import {requireNeeds} from '../permissions.js'
import {judgeAgreement, settle} from '../settle.js'

/** Nodes that were changed a moment ago may still gossip; what has not settled by then does not settle by itself. */
const SETTLE_MS = 5000

export interface PreparedFix {
  readonly plan: FixPlan
  readonly keys: KeysByNode
  /** Slots that interrupted jobs of this machine opened. */
  readonly jobs: ReadonlyMap<number, JobSlot & Opening>
}

export interface PrepareOptions {
  readonly choices: FixChoices
  /** Where the journals of jobs are. */
  readonly jobsFolder: string
  /** The job that this is a part of; another one that runs on this cluster is in the way. */
  readonly jobId?: string
  readonly signal?: AbortSignal | undefined
}

/**
 * Looks at every slot of a cluster, whatever its state, and decides what is to be done. Changes nothing.
 *
 * @throws {CliError} LOCKED if a job of this machine is moving slots of this cluster; PREFLIGHT_FAILED if the user may not
 *   count keys; INTERRUPTED; UNREACHABLE
 */
export async function prepareFix(cluster: ObservedCluster, options: PrepareOptions): Promise<PreparedFix> {
  const {choices, jobId, jobsFolder, signal} = options
  let first = true
  const look = async () => {
    if (!first) await cluster.observe(signal)
    first = false
    return cluster.view
  }
  const judge = (view: ClusterView) => [...judgeAgreement(view), ...judgeEpochs(view)]
  const {state: view} = await settle(look, judge, {timeoutMs: SETTLE_MS, signal})
  // Slots that a node does not tell about would pass for empty ones.
  await requireNeeds(cluster, new Map(primariesOf(view).map(({node}) => [node.id, [NEEDED.countKeys]])))
  const [keys, jobs] = await Promise.all([countEverywhere(cluster), slotsOfJobs(jobsFolder, view, jobId)])
  return {plan: planFix({view, keys, jobs, choices}), keys, jobs}
}

/** Keys of every slot at every primary; slots without keys are left out. */
async function countEverywhere(cluster: ObservedCluster): Promise<KeysByNode> {
  const all = Array.from({length: SLOT_COUNT}, (_, slot) => slot)
  const wires = new WirePool(cluster)
  try {
    const counts = await Promise.all(
      primariesOf(cluster.view).map(async ({node}) => {
        const held = [...(await wires.countKeys(node.id, all))].filter(([, count]) => count > 0)
        return [node.id, new Map(held)] as const
      }),
    )
    return new Map(counts)
  } finally {
    wires.close()
  }
}

/** What the journals of this machine say of slots that this cluster may have open. */
async function slotsOfJobs(
  folder: string,
  view: ClusterView,
  jobId: string | undefined,
): Promise<ReadonlyMap<number, JobSlot & Opening>> {
  const slots = new Map<number, JobSlot & Opening>()
  const isHere = (id: NodeId) => findNode(view, id) !== undefined
  for (const job of await readJobs(folder)) {
    const record = moveRecord(job)
    const {id, state} = summarise(job)
    if (!record || state === 'finished' || id === jobId) continue
    const opened = [...openedSlots(record)].filter(([, {from, to}]) => isHere(from) && isHere(to))
    if (state === 'running' && record.header.plan.steps.some(({from, to}) => isHere(from) || isHere(to))) {
      throw new CliError('LOCKED', `job ${id} is changing this cluster`, {
        details: {job: id},
        suggestions: ['shoal jobs (tells how far it is)'],
      })
    }
    for (const [slot, opening] of opened) slots.set(slot, {job: id, ...opening})
  }
  return slots
}
