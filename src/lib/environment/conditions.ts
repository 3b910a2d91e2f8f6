import {countSlots, SLOT_COUNT, slotsOf} from '../model/slot-set.js'
import type {NodeFacts} from './cluster-driver.js'
import type {FaultRecord} from './faults/record.js'
import {clustersOf, type EnvironmentSpec} from './spec.js'

/** An environment at one moment. */
export interface Situation {
  readonly spec: EnvironmentSpec
  readonly nodes: readonly SituationNode[]
  readonly faults: readonly FaultRecord[]
}

export interface SituationNode {
  readonly name: string
  readonly state: 'paused' | 'running' | 'stopped'
  /** What it says of itself; undefined if it does not answer. */
  readonly facts?: NodeFacts
}

/** What is still missing, each one sentence; empty: the condition holds. */
export type Condition = (situation: Situation) => string[]

/** Every running replica has its primary's data. Stopped and paused nodes are not waited for. */
export const replicasSynced: Condition = ({nodes}) => [...silent(nodes), ...unsynced(nodes)]

/** Every running node reports ok, and running primaries serve all slots. */
export const clusterOk: Condition = ({nodes}) => [
  ...silent(nodes),
  ...nodes
    .filter(({facts}) => facts && facts.state !== 'ok')
    .map(({facts, name}) => `${name} reports the cluster as ${facts?.state}`),
  ...uncovered(nodes.filter(({facts}) => facts?.role === 'primary')),
]

/**
 * Whatever primary is stopped, paused or cut off from the majority, another one has its slots: all of them are served by
 * primaries that run, report ok, and are linked to most of the others.
 */
export const failedOver: Condition = (situation) => {
  const {nodes} = situation
  const primaries = nodes.filter(
    ({facts, state}) => state === 'running' && facts?.role === 'primary' && facts.slots.length > 0,
  )
  // Before and after it, a shard may be claimed twice: by the old primary too.
  const shards = new Set(primaries.map(shardOf)).size
  const isOpen = (a: SituationNode, b: SituationNode) =>
    !isCut(situation, a.name, b.name) && !isCut(situation, b.name, a.name)
  const reached = (from: SituationNode) =>
    new Set(primaries.filter((to) => to === from || isOpen(from, to)).map(shardOf)).size
  const good = primaries.filter((node) => node.facts?.state === 'ok' && reached(node) * 2 > shards)
  return uncovered(good)
}

/** No fault is in force, all nodes run and report ok, every slot has one owner, every replica its primary's data. */
export const healed: Condition = (situation) => {
  const {faults, nodes, spec} = situation
  const primaries = nodes.filter(({facts}) => facts?.role === 'primary')
  const claimed = primaries.flatMap(({facts}) => facts?.slots ?? [])
  return [
    ...faults.map(({id, text}) => `fault ${id} (${text}) is in force`),
    ...nodes.filter(({state}) => state !== 'running').map(({name, state}) => `${name} is ${state}`),
    ...(spec.topology === 'replication' ? silent(nodes) : clusterOk(situation)),
    ...(countSlots(claimed) > SLOT_COUNT ? ['slots are claimed by two primaries'] : []),
    ...unsynced(nodes),
  ]
}

/** Of each cluster by itself; what concerns them all is said once. */
const ofEachCluster =
  (condition: Condition): Condition =>
  (situation) => {
    const {nodes, spec} = situation
    const clusters = clustersOf(spec).map((members) => new Set(members.map(({name}) => name)))
    const problems = clusters.flatMap((names) =>
      condition({...situation, nodes: nodes.filter(({name}) => names.has(name))}),
    )
    return [...new Set(problems)]
  }

export const CONDITIONS = {
  'cluster-ok': ofEachCluster(clusterOk),
  failover: ofEachCluster(failedOver),
  healed: ofEachCluster(healed),
  'replicas-synced': ofEachCluster(replicasSynced),
} as const satisfies Record<string, Condition>

export type ConditionName = keyof typeof CONDITIONS

/** Those that say nothing of nodes without slots. */
export const CLUSTER_CONDITIONS: readonly ConditionName[] = ['cluster-ok', 'failover']

function silent(nodes: readonly SituationNode[]): string[] {
  const running = nodes.filter(({state}) => state === 'running')
  if (running.length === 0) return ['no node runs']
  return running.filter(({facts}) => !facts).map(({name}) => `${name} does not answer`)
}

function unsynced(nodes: readonly SituationNode[]): string[] {
  return nodes
    .filter(({facts}) => facts?.role === 'replica' && facts.link !== 'up')
    .map(({name}) => `${name} has not got its primary's data`)
}

function uncovered(primaries: readonly SituationNode[]): string[] {
  const missing = SLOT_COUNT - new Set(slotsOf(primaries.flatMap(({facts}) => facts?.slots ?? []))).size
  return missing === 0 ? [] : [`${missing} slots are served by nobody`]
}

function shardOf({facts}: SituationNode): string {
  return (facts?.slots ?? []).map(({first, last}) => `${first}-${last}`).join()
}

function isCut({faults}: Situation, from: string, to: string): boolean {
  return faults.some(({rules}) =>
    rules.some(
      (rule) => rule.from === from && rule.to === to && (rule.effect.kind === 'drop' || rule.effect.kind === 'reset'),
    ),
  )
}
