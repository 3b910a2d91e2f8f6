import {parseClusterNodes} from '../../client/cluster-nodes.js'
import type {AtomicDialect} from '../../client/migration/atomic.js'
import type {WireReply} from '../../client/migration/reply-reader.js'
import {CliError} from '../../kernel/errors.js'
import type {NodeRecord} from '../../model/cluster-view.js'
import type {NodeId} from '../../model/node-id.js'
import {rangesOf, renderRanges} from '../../model/slot-set.js'
import type {Endpoint} from './types.js'

/** Where slots are, by the own word of the two nodes between which they move. */
export interface Ownership {
  readonly atSource: readonly number[]
  readonly atTarget: readonly number[]
  /** What is not settled yet, as sentences. */
  readonly problems: readonly string[]
}

/**
 * Asks both nodes which of the slots they own.
 *
 * @throws {CliError} PLAN_PARTIAL if one of them is a primary no more; it has failed over
 */
export async function ownership(
  dialect: AtomicDialect,
  source: Endpoint,
  target: Endpoint,
  slots: readonly number[],
): Promise<Ownership> {
  const [ofSource, ofTarget, tasks] = await Promise.all([
    ownSlots(source, target.id),
    ownSlots(target),
    Promise.all([source, target].map(({wire}) => dialect.list(wire))),
  ])
  const atTarget = slots.filter((slot) => ofTarget.has(slot))
  const atSource = slots.filter((slot) => ofSource.has(slot))
  const twice = atTarget.filter((slot) => ofSource.has(slot))
  const nowhere = slots.filter((slot) => !ofSource.has(slot) && !ofTarget.has(slot))
  // The other end of a task may lag behind: it cleans up, and takes no new task meanwhile.
  const here = new Set(slots)
  const running = tasks
    .flat()
    .filter(({phase, slots: ranges}) => phase === 'running' && ranges.some(({first}) => here.has(first)))
  const text = (list: readonly number[]) => renderRanges(rangesOf(list))
  return {
    atSource,
    atTarget,
    problems: [
      ...(twice.length > 0 ? [`${source.name} and ${target.name} both own slots ${text(twice)}`] : []),
      ...(nowhere.length > 0 ? [`neither ${source.name} nor ${target.name} owns slots ${text(nowhere)}`] : []),
      ...running.map(({name, state}) => `task ${name} of theirs is ${state}`),
    ],
  }
}

/** @param heir - a source that gave away its last slot may replicate the node that got it */
async function ownSlots({id, name, wire}: Endpoint, heir?: NodeId): Promise<Set<number>> {
  const [reply] = await wire.send([['CLUSTER', 'NODES']])
  const own = recordsIn(reply, name).find(({myself}) => myself)
  if (own?.role === 'replica' && own.primaryId === heir) return new Set()
  if (own?.role !== 'primary') {
    throw new CliError('PLAN_PARTIAL', `${name} is not a primary any more`, {details: {nodeId: id, role: own?.role}})
  }
  const slots = new Set<number>()
  for (const {first, last} of own.slots) for (let slot = first; slot <= last; slot++) slots.add(slot)
  return slots
}

function recordsIn(reply: WireReply | undefined, name: string): NodeRecord[] {
  if (typeof reply === 'string') return parseClusterNodes(reply, {host: '', port: 0})
  throw new CliError('PLAN_PARTIAL', `${name} does not show its slots`)
}
