import type {EngineKind} from '../engine/engine.js'
import {CliError} from '../kernel/errors.js'
import {nearest} from '../kernel/nearest.js'
import type {Address} from '../model/address.js'
import {renderAddress} from '../model/address.js'
import type {ClusterDriver} from './cluster-driver.js'
import {accessOf} from './parts.js'
import {nodesOf, passwordOf, type Topology} from './spec.js'
import type {EnvironmentState} from './store.js'

/** The variable that `shoal env` exports the password as. */
export const PASSWORD_VARIABLE = 'REDIS_PASSWORD'

/** What a client on this machine needs to know. */
export interface EnvironmentAccess {
  readonly environment: string
  readonly engine: EngineKind
  readonly topology: Topology
  /** HOST:PORT of all nodes; without cluster the primary first. */
  readonly seeds: readonly string[]
  /** The name of the variable that holds the password; none is needed without. */
  readonly passwordVariable?: string
  /** By the HOST:PORT that a node is known as to others: where this machine reaches it, if elsewhere. */
  readonly addressMap: Readonly<Record<string, Address>>
}

/** Of participating clusters: whose nodes are meant. */
export interface InstanceChoice {
  readonly database?: string
  readonly region?: string
}

/**
 * The part of an environment of participating clusters that an application uses: the instance of one database in one region,
 * the first of each unless the choice says otherwise. Of other environments all.
 *
 * @throws {CliError} NOT_FOUND; BAD_FLAG for a choice where there are no databases
 */
export function instanceIn(state: EnvironmentState, {database, region}: InstanceChoice): EnvironmentState {
  const {spec} = state
  const {databases = [], name, nodes, regions, topology} = spec
  if (topology !== 'crdb') {
    if (database === undefined && region === undefined) return state
    throw new CliError(
      'BAD_FLAG',
      `environment ${name} has no active-active databases: --database and --region mean nothing there`,
    )
  }
  const names = databases.map((each) => each.name)
  const chosen = database === undefined ? names[0] : names.find((each) => each === database)
  if (chosen === undefined) {
    const what = database === undefined ? 'no database yet' : `no database ${database}${meantIn(database, names)}`
    throw new CliError('NOT_FOUND', `environment ${name} has ${what}`, {
      suggestions: ['shoal crdb list', 'shoal crdb create --help'],
    })
  }
  const own = nodes.filter((node) => node.database === chosen)
  const places = [...new Set(own.flatMap((node) => node.region ?? []))]
  const place = region ?? places[0]
  if (place === undefined || !places.includes(place)) {
    throw new CliError('NOT_FOUND', `database ${chosen} has no instance in ${place}${meantIn(place ?? '', regions)}`, {
      suggestions: [`shoal crdb get --crdb-guid ${chosen}`],
    })
  }
  return {...state, spec: {...spec, nodes: own.filter((node) => node.region === place)}}
}

function meantIn(name: string, names: readonly string[]): string {
  const meant = nearest(name, names)
  return meant === undefined ? '' : `. Did you mean ${meant}?`
}

/** Asks nodes without cluster who is the primary now: clients go there. */
export async function describeAccess(
  driver: ClusterDriver,
  state: EnvironmentState,
  signal: AbortSignal,
): Promise<EnvironmentAccess> {
  const {peerHosts, spec} = state
  const access = accessOf(state)
  const nodes = nodesOf(spec, peerHosts).map(({address}) => address)
  const facts = spec.topology !== 'replication' ? [] : await driver.describe(access, signal)
  const primary = facts.find(({role}) => role === 'primary')?.address.port
  const inOrder = [...nodes].sort((a, b) => Number(b.port === primary) - Number(a.port === primary))
  return {
    addressMap: Object.fromEntries(access.addressMap),
    engine: spec.engine,
    environment: spec.name,
    seeds: inOrder.map(renderAddress),
    topology: access.clusters ? 'cluster' : spec.topology,
    ...(spec.nodes.some((node) => passwordOf(spec, node) !== undefined) && {passwordVariable: PASSWORD_VARIABLE}),
  }
}
