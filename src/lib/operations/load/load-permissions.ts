import type {WireCommand} from '../../client/migration/wire.js'
import {primariesOf} from '../../model/cluster-map.js'
import type {NodeId} from '../../model/node-id.js'
import type {FunctionPlan} from '../../plan/import-functions.js'
import {
  type ImportNeeds,
  neededAtSource,
  neededToImport,
  neededToRestore,
  type WriteNeeds,
} from '../../plan/permissions/change-permissions.js'
import {leaveKeysOpen, type NodePermissions} from '../../plan/permissions/permissions.js'
import type {ObservedCluster} from '../observe.js'
import {askPermissions, nodesOf, requireAllowed, tellPermissions} from '../permissions.js'
import {askDialect} from './cluster-writer.js'
import {type Source, SourceLink} from './source.js'

/**
 * Looks whether the users on both sides may do what an import takes. Changes nothing.
 *
 * @returns warnings of keys that a user may not touch
 * @throws {CliError} PREFLIGHT_FAILED
 */
export async function requireImportable(
  cluster: ObservedCluster,
  source: Source,
  how: Pick<ImportNeeds, 'count' | 'move'> & {
    readonly functions: FunctionPlan | undefined
    readonly signal: AbortSignal
  },
): Promise<readonly string[]> {
  const needs = neededToImport({...how, ...(await writeNeeds(cluster, how.functions))})
  const there = tellPermissions(nodesOf(cluster, needs), cluster.options.username)
  return judge((await Promise.all([there, atSource(source, how)])).flat())
}

/**
 * Looks whether the user may do what a restore takes. Changes nothing.
 *
 * @param users - whether users are restored too
 * @returns warnings of keys that the user may not touch
 * @throws {CliError} PREFLIGHT_FAILED
 */
export async function requireRestorable(
  cluster: ObservedCluster,
  functions: FunctionPlan,
  users: boolean,
): Promise<readonly string[]> {
  const nodes: NodeId[] = users ? [...cluster.connections.keys()] : []
  const needs = neededToRestore({...(await writeNeeds(cluster, functions)), users: nodes})
  return judge(await tellPermissions(nodesOf(cluster, needs), cluster.options.username))
}

async function writeNeeds(cluster: ObservedCluster, functions: FunctionPlan | undefined): Promise<WriteNeeds> {
  const {absolute} = await askDialect(cluster)
  return {
    absolute,
    loads: functions?.loads.map(({id}) => id) ?? [],
    primaries: primariesOf(cluster.view).map(({node}) => node.id),
  }
}

async function atSource(
  source: Source,
  {move, signal}: {readonly move: boolean; readonly signal: AbortSignal},
): Promise<NodePermissions> {
  const {dialect, facts, options} = source
  const link = new SourceLink(source, 0, signal)
  try {
    const needed = neededAtSource({absolute: dialect.absolute, move})
    const send = (commands: readonly (readonly [string, ...string[]])[]) =>
      link.send(commands as readonly WireCommand[])
    const told = await askPermissions(send, needed, options.username ?? 'default')
    return {node: {id: facts.runId as NodeId, address: `the source ${facts.address}`}, ...told}
  } finally {
    link.close()
  }
}

/** Which keys there are is not known yet; who may not touch all may touch them. */
function judge(told: readonly NodePermissions[]): readonly string[] {
  const {told: judged, warnings} = leaveKeysOpen(told)
  requireAllowed(judged)
  return warnings
}
