import {type Engine, type Layout, peerAddress} from '../engine/engine.js'
import type {Engines} from '../engine/engines.js'
import {CliError} from '../kernel/errors.js'
import {renderAddress} from '../model/address.js'
import type {ClusterAccess, ClusterDriver} from './cluster-driver.js'
import {clustersOf, type EnvironmentSpec, nodesOf} from './spec.js'
import type {EnvironmentState, EnvironmentStore} from './store.js'

/** What environments are made of; the same for all that is done to them. */
export interface EnvironmentParts {
  readonly engines: Engines
  readonly store: EnvironmentStore
  readonly driver: ClusterDriver
}

/** @throws {CliError} ENVIRONMENT_LACKS with the remedy */
export async function requireEngine(engine: Engine, program: string | undefined): Promise<void> {
  const probe = await engine.probe(program)
  if (probe.available) return
  throw new CliError('ENVIRONMENT_LACKS', probe.reason, {
    details: {engine: engine.kind},
    suggestions: probe.remedy === undefined ? [] : [probe.remedy],
  })
}

/** It is not to be run: who looks needs none. */
const ANY_IMAGE = 'redis'

/**
 * For what must not take a daemon that does not answer for nodes that do not run. Processes of this machine are always seen, also
 * where the program they run is gone.
 *
 * @throws {CliError} ENVIRONMENT_LACKS with the remedy
 */
export async function requireSight(engine: Engine): Promise<void> {
  if (engine.kind === 'docker') await requireEngine(engine, ANY_IMAGE)
}

export function layoutOf(spec: EnvironmentSpec, peerHosts: Readonly<Record<string, string>> = {}): Layout {
  const {name, program, subnet, topology} = spec
  return {
    environment: name,
    nodes: nodesOf(spec, peerHosts),
    ...(topology === 'crdb' && {ownNode: true}),
    ...(program !== undefined && {program}),
    ...(subnet !== undefined && {subnet}),
  }
}

export function accessOf({peerHosts, spec}: Pick<EnvironmentState, 'peerHosts' | 'spec'>): ClusterAccess {
  if (spec.topology !== 'crdb') return accessOfCluster({peerHosts, spec})
  const clusters = clustersOf(spec).map((nodes) => accessOfCluster({peerHosts, spec: {...spec, nodes}}))
  const inAll = <K, V>(pick: (access: ClusterAccess) => ReadonlyMap<K, V>) =>
    new Map(clusters.flatMap((access) => [...pick(access)]))
  return {
    addresses: nodesOf(spec, peerHosts).map(peerAddress),
    addressMap: inAll(({addressMap}) => addressMap),
    clusters,
    regions: inAll(({regions}) => regions),
    topology: 'crdb',
  }
}

/** All nodes of the spec are one cluster, or one replication. */
function accessOfCluster({peerHosts, spec}: Pick<EnvironmentState, 'peerHosts' | 'spec'>): ClusterAccess {
  const nodes = nodesOf(spec, peerHosts)
  const [{password} = {}] = nodes
  const rendered = new Map(nodes.map((node) => [node.name, renderAddress(peerAddress(node))]))
  const elsewhere = nodes.filter(({peerHost}) => peerHost !== undefined)
  return {
    addressMap: new Map(elsewhere.map((node) => [renderAddress(peerAddress(node)), node.address])),
    addresses: nodes.map(peerAddress),
    regions: new Map(nodes.flatMap((node) => (node.region ? [[renderAddress(peerAddress(node)), node.region]] : []))),
    shards: spec.nodes
      .filter(({replicaOf}) => replicaOf === undefined)
      .map((primary) => [primary, ...spec.nodes.filter(({replicaOf}) => replicaOf === primary.name)])
      .map((members) => members.map(({name}) => rendered.get(name) as string)),
    topology: spec.topology === 'crdb' ? 'cluster' : spec.topology,
    ...(password !== undefined && {password}),
  }
}
