import {randomBytes} from 'node:crypto'
import {seededRng} from '../kernel/rng.js'
import {asksNodes, selectNodes} from '../plan/faults/selector.js'
import {selectableNodes} from './faults/scene.js'
import type {EnvironmentParts} from './parts.js'
import type {EnvironmentState} from './store.js'

/** Selectors of nodes, one at least; or all of them. */
export type NodeChoice = 'all' | readonly [string, ...string[]]

/**
 * Stopped and paused nodes are chosen too, but have no role.
 *
 * @returns names of the nodes that are meant, in the order of the environment, each once
 * @throws {CliError} BAD_FLAG, UNKNOWN_NODE
 */
export async function chooseNodes(
  parts: EnvironmentParts,
  state: EnvironmentState,
  choice: NodeChoice,
  signal: AbortSignal,
): Promise<string[]> {
  if (choice === 'all') return state.spec.nodes.map(({name}) => name)
  const selector = choice.join(',')
  const nodes = asksNodes(selector) ? await selectableNodes(parts, state, signal) : state.spec.nodes
  return selectNodes(selector, nodes, seededRng(randomBytes(4).readUInt32LE()))
}
