import type {EngineKind} from '../engine/engine.js'
import type {Address} from '../model/address.js'
import {renderAddress} from '../model/address.js'
import type {ClusterDriver} from './cluster-driver.js'
import {accessOf} from './parts.js'
import {nodesOf, type Topology} from './spec.js'
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

/** Asks nodes without cluster who is the primary now: clients go there. */
export async function describeAccess(
  driver: ClusterDriver,
  state: EnvironmentState,
  signal: AbortSignal,
): Promise<EnvironmentAccess> {
  const {peerHosts, spec} = state
  const access = accessOf(state)
  const nodes = nodesOf(spec, peerHosts).map(({address}) => address)
  const facts = spec.topology === 'cluster' ? [] : await driver.describe(access, signal)
  const primary = facts.find(({role}) => role === 'primary')?.address.port
  const inOrder = [...nodes].sort((a, b) => Number(b.port === primary) - Number(a.port === primary))
  return {
    addressMap: Object.fromEntries(access.addressMap),
    engine: spec.engine,
    environment: spec.name,
    seeds: inOrder.map(renderAddress),
    topology: spec.topology,
    ...(spec.password !== undefined && {passwordVariable: PASSWORD_VARIABLE}),
  }
}
