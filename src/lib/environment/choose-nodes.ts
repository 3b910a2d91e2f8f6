import {CliError} from '../kernel/errors.js'
import {requireNode} from './open.js'
import type {EnvironmentParts} from './parts.js'
import type {EnvironmentState} from './store.js'

/** Selectors of nodes, or all of them. */
export type NodeChoice = 'all' | readonly string[]

/**
 * @returns names of the nodes that are meant, in the order of the environment, each once
 * @throws {CliError} BAD_FLAG, NOT_FOUND
 */
export async function chooseNodes(
  _parts: EnvironmentParts,
  state: EnvironmentState,
  choice: NodeChoice,
  _signal: AbortSignal,
): Promise<string[]> {
  const names = state.spec.nodes.map(({name}) => name)
  if (choice === 'all') return names
  if (choice.length === 0) {
    throw new CliError('BAD_FLAG', 'which nodes?', {suggestions: [`Name some of ${names.join(', ')}, or pass --all.`]})
  }
  const chosen = new Set(choice.map((name) => requireNode(state, name)))
  return names.filter((name) => chosen.has(name))
}
