import {randomBytes} from 'node:crypto'
import {peerAddress} from '../engine/engine.js'
import {seededRng} from '../kernel/rng.js'
import {renderAddress} from '../model/address.js'
import {parseSelector, type SelectableNode, selectNodes} from '../plan/faults/selector.js'
import type {NodeFacts} from './cluster-driver.js'
import {accessOf, type EnvironmentParts} from './parts.js'
import {nodesOf} from './spec.js'
import type {EnvironmentState} from './store.js'

/** Selectors of nodes, one at least; or all of them. */
export type NodeChoice = 'all' | readonly [string, ...string[]]

/** What nodes themselves must be asked for. */
const ASKED = ['role', 'shard', 'slot']

/**
 * Stopped and paused nodes are chosen too, but have no role.
 *
 * @returns names of the nodes that are meant, in the order of the environment, each once
 * @throws {CliError} BAD_FLAG, UNKNOWN_NODE
 */
export async function chooseNodes(
  {driver}: Pick<EnvironmentParts, 'driver'>,
  state: EnvironmentState,
  choice: NodeChoice,
  signal: AbortSignal,
): Promise<string[]> {
  if (choice === 'all') return state.spec.nodes.map(({name}) => name)
  const selector = choice.join(',')
  const isAsked = parseSelector(selector).some(({kind}) => ASKED.includes(kind))
  const facts = isAsked ? await driver.describe(accessOf(state), signal) : []
  return selectNodes(selector, selectableNodes(state, facts), seededRng(randomBytes(4).readUInt32LE()))
}

/** @param facts - of the nodes that answered */
export function selectableNodes(state: EnvironmentState, facts: readonly NodeFacts[]): SelectableNode[] {
  const specs = nodesOf(state.spec, state.peerHosts)
  const factsAt = new Map(facts.map((fact) => [renderAddress(fact.address), fact]))
  const nameAt = new Map(specs.map((spec) => [renderAddress(peerAddress(spec)), spec.name]))
  return specs.map((spec) => {
    const fact = factsAt.get(renderAddress(peerAddress(spec)))
    const replicaOf = fact?.primary && nameAt.get(renderAddress(fact.primary))
    return {
      name: spec.name,
      ...(fact && {role: fact.role, slots: fact.slots}),
      ...(replicaOf !== undefined && {replicaOf}),
      ...(spec.region !== undefined && {region: spec.region}),
    }
  })
}
