import {pause} from '../../client/abort.js'
import {parseClusterNodes, parseInfo} from '../../client/cluster-nodes.js'
import type {WireReply} from '../../client/migration/reply-reader.js'
import {CliError} from '../../kernel/errors.js'
import {nameNode} from '../../model/cluster-map.js'
import type {NodeRecord} from '../../model/cluster-view.js'
import type {NodeId} from '../../model/node-id.js'
import type {PairContext} from './types.js'

/** Gossip tells a node of a newer epoch within a ping round, at most half the node timeout. */
const GOSSIP_TIMEOUTS = 2
const GOSSIP_MS_MIN = 5000

const POLL_MS_FIRST = 10
const POLL_MS_MAX = 200

/** Bound on what gossip brings. Milliseconds. */
export function gossipMs(nodeTimeoutMs: number): number {
  return Math.max(GOSSIP_MS_MIN, nodeTimeoutMs * GOSSIP_TIMEOUTS)
}

export interface Epochs {
  /** The highest the node knows of anybody. */
  readonly current: number
  /** The node's own configuration. */
  readonly own: number
}

/** @returns undefined if the reply is not a CLUSTER INFO */
export function readEpochs(reply: WireReply | undefined): Epochs | undefined {
  if (typeof reply !== 'string') return undefined
  const fields = parseInfo(reply)
  const current = Number(fields.get('cluster_current_epoch'))
  const own = Number(fields.get('cluster_my_epoch'))
  return Number.isInteger(current) && Number.isInteger(own) ? {current, own} : undefined
}

/** Primaries that one node sees at one config epoch. */
export interface EpochCollision {
  readonly epoch: number
  readonly records: readonly NodeRecord[]
}

/**
 * Groups of primaries that share a config epoch in one node's view. A dead one counts only beside the source: what it
 * takes on its return is of no matter to anybody else.
 */
export function collisionsIn(records: readonly NodeRecord[], sourceId: NodeId): EpochCollision[] {
  const primaries = records.filter(({handshake, role}) => role === 'primary' && !handshake)
  const ofSource = primaries.find(({id}) => id === sourceId)?.configEpoch
  const byEpoch = new Map<number, NodeRecord[]>()
  for (const record of primaries) {
    const {configEpoch, fail, noaddr} = record
    if ((fail || noaddr) && configEpoch !== ofSource) continue
    byEpoch.set(configEpoch, [...(byEpoch.get(configEpoch) ?? []), record])
  }
  return [...byEpoch].flatMap(([epoch, sharing]) => (sharing.length > 1 ? [{epoch, records: sharing}] : []))
}

/** Whether the source shares its config epoch in a view: only then can it overtake the target. */
export function sourceCollides(records: readonly NodeRecord[], sourceId: NodeId): boolean {
  return collisionsIn(records, sourceId).some((collision) => collision.records.some(({id}) => id === sourceId))
}

export type BarrierContext = Pick<PairContext, 'emit' | 'epochs' | 'source' | 'target'>

/**
 * The epoch barrier: waits until the target itself knows an epoch as high as any node's, and until neither target nor
 * source sees two primaries with one config epoch.
 *
 * A target that takes a slot bumps its epoch only past what *it* has heard of. With a stale idea of the maximum it takes
 * too low an epoch, loses the slot to the old owner's next gossip, and deletes the keys as dirty. The same happens if the
 * old owner shares its epoch with somebody: as soon as the two hear of each other, one of them takes a new epoch, and if
 * it is the old owner, that is higher than the target's.
 *
 * Gossip brings the epoch, and resolves a collision, within a ping round, so waiting is enough; BUMPEPOCH on the target
 * would not help, since it too counts from what the target has heard. If gossip does not bring it, somebody is cut off.
 *
 * @throws {CliError} NODES_DISAGREE after `timeoutMs` if the target's epoch stays behind; else CLUSTER_UNHEALTHY, naming
 *   who shares an epoch
 */
export async function epochBarrier(context: BarrierContext, timeoutMs: number): Promise<void> {
  const {emit, epochs, source, target} = context
  const start = performance.now()
  for (let waitMs = POLL_MS_FIRST; ; waitMs = Math.min(waitMs * 2, POLL_MS_MAX)) {
    const [[info, seenByTarget], [seenBySource]] = await Promise.all([
      target.wire.send([
        ['CLUSTER', 'INFO'],
        ['CLUSTER', 'NODES'],
      ]),
      source.wire.send([['CLUSTER', 'NODES']]),
    ])
    const known = readEpochs(info)
    const views = [readRecords(seenByTarget), readRecords(seenBySource)]
    const collisions = views.flatMap((records) => collisionsIn(records, source.id))
    // What the source took to end a collision is news that the target must have heard.
    epochs.highest = Math.max(epochs.highest, ...views.flat().map(({configEpoch}) => configEpoch))
    const waitedMs = Math.round(performance.now() - start)
    const caughtUp = known !== undefined && known.current >= epochs.highest
    if (caughtUp && collisions.length === 0) {
      epochs.highest = Math.max(epochs.highest, known.current)
      emit({event: 'barrier', node: target.id, waitedMs})
      return
    }
    if (waitedMs + waitMs >= timeoutMs) {
      throw caughtUp
        ? collisionError(context, collisions, known.current, waitedMs)
        : behindError(context, known, waitedMs)
    }
    await pause(waitMs)
  }
}

/** @throws {CliError} PLAN_PARTIAL if a node does not show whom it knows */
function readRecords(reply: WireReply | undefined): NodeRecord[] {
  if (typeof reply === 'string') return parseClusterNodes(reply, {host: '', port: 0})
  const text = reply instanceof Error ? reply.message : JSON.stringify(reply)
  throw new CliError('PLAN_PARTIAL', `no reply to CLUSTER NODES but ${text}`)
}

function behindError({epochs, target}: BarrierContext, known: Epochs | undefined, waitedMs: number): CliError {
  return new CliError(
    'NODES_DISAGREE',
    `${target.name} knows epoch ${known?.current ?? '?'}, but others are at ${epochs.highest}: ` +
      `it would lose the slots it takes (waited ${waitedMs} ms)`,
    {details: {nodeId: target.id, known: known?.current ?? null, highest: epochs.highest}},
  )
}

function collisionError(
  {source, target}: BarrierContext,
  collisions: readonly EpochCollision[],
  currentEpoch: number,
  waitedMs: number,
): CliError {
  const nameOf = (record: NodeRecord) => [source, target].find(({id}) => id === record.id)?.name ?? nameNode(record)
  const byIds = new Map(collisions.map((each) => [`${each.epoch} ${each.records.map(({id}) => id).sort()}`, each]))
  const distinct = [...byIds.values()]
  const texts = distinct.map(({epoch, records}) => `${records.map(nameOf).join(' and ')} share config epoch ${epoch}`)
  const suggestions = distinct.flatMap(({epoch, records}) => {
    const names = records.map(nameOf)
    const bump = `CLUSTER BUMPEPOCH on ${names[0]}`
    // The holder of the highest epoch is not given another one.
    const highest = epoch >= currentEpoch
    const helper = records.some(({id}) => id === target.id) ? undefined : target.name
    return [
      `Let ${names.join(' and ')} reach each other's bus ports: they settle it as soon as they hear of each other.`,
      ...(highest ? (helper ? [`CLUSTER BUMPEPOCH on ${helper}, then ${bump}`] : []) : [bump]),
    ]
  })
  return new CliError(
    'CLUSTER_UNHEALTHY',
    `${texts.join('; ')}: slots could go back to the old owner without their keys (waited ${waitedMs} ms)`,
    {
      details: {
        collisions: distinct.map(({epoch, records}) => ({epoch, nodeIds: records.map(({id}) => id)})),
      },
      suggestions,
    },
  )
}
