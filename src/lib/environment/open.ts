import type {Engine, NodeRef} from '../engine/engine.js'
import {CliError} from '../kernel/errors.js'
import {nearest} from '../kernel/nearest.js'
import {requireSight} from './parts.js'
import {requireEnvironmentName} from './spec.js'
import type {EnvironmentState, EnvironmentStore} from './store.js'

/**
 * What an environment is meant to be, for whatever needs one that stands.
 *
 * @throws {CliError} BAD_FLAG for a name that none can have, NOT_FOUND with the nearest one there is, CLUSTER_UNHEALTHY for what an `up`
 *   that was cut short left
 */
export async function openEnvironment(store: EnvironmentStore, rawName: string): Promise<EnvironmentState> {
  const name = requireEnvironmentName(rawName)
  const state = await store.read(name)
  if (state?.formed) return state
  const names = await store.names()
  if (names.includes(name)) {
    throw new CliError('CLUSTER_UNHEALTHY', `environment ${name} is incomplete: an \`up\` was cut short`, {
      details: {name},
      suggestions: [`shoal down --name ${name}`, `shoal up --name ${name}`],
    })
  }
  const meant = nearest(name, names)
  throw new CliError('NOT_FOUND', `there is no environment ${name}${meant ? `. Did you mean ${meant}?` : ''}`, {
    details: {environments: names, name},
    suggestions: [names.length > 0 ? 'shoal list' : `shoal up --name ${name}`],
  })
}

/** @throws {CliError} UNKNOWN_NODE with the nearest name there is */
export function requireNode({spec}: Pick<EnvironmentState, 'spec'>, name: string): string {
  const names = spec.nodes.map((node) => node.name)
  if (names.includes(name)) return name
  const meant = nearest(name, names)
  throw new CliError(
    'UNKNOWN_NODE',
    `environment ${spec.name} has no node ${name}${meant ? `. Did you mean ${meant}?` : ''}`,
    {
      details: {node: name, nodes: names},
      suggestions: [`shoal ps --name ${spec.name}`],
    },
  )
}

/** @throws {CliError} UNKNOWN_NODE; ENVIRONMENT_LACKS; UNREACHABLE if it does not run */
export async function requireRunning(
  engine: Engine,
  state: Pick<EnvironmentState, 'spec'>,
  node: string,
): Promise<NodeRef> {
  const {name} = state.spec
  requireNode(state, node)
  const ref = (await engine.list(name)).find((each) => each.name === node)
  if (ref) return ref
  await requireSight(engine)
  throw new CliError('UNREACHABLE', `node ${node} of environment ${name} does not run`, {
    details: {node},
    suggestions: [`shoal start ${node} --name ${name}`],
  })
}
