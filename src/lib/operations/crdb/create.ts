import {CliError} from '../../kernel/errors.js'
import {renderAddress} from '../../model/address.js'
import type {CrdbConfig} from '../../model/crdb.js'
import type {CreatePlan, PlannedInstance} from '../../plan/crdb/create.js'
import {nameOfPlace} from '../../plan/crdb/instance-list.js'
import {dropFrom, openInstance, requireUsable, tellConfig} from './instance-nodes.js'
import {
  forgetDatabase,
  type InstancePlace,
  instancesOf,
  type KnownDatabase,
  type KnownInstance,
  readDatabases,
  writeDatabase,
} from './known.js'
import type {AddTask, CreateTask} from './requests.js'
import {openAll, requireInSync} from './sync.js'
import {atCluster, type CrdbParts, NO_OUTCOME, type TaskOutcome, type TaskRun} from './task-run.js'

/** Instances find each other within milliseconds, on a busy machine later. */
const SYNC_MS = 30_000
/** What is undone is not waited for longer than that, and not interrupted either. */
const UNDO_MS = 60_000

/** After this step a create stays: before, it is undone. */
export const RECORDED = 'record'
/** In this step nodes hear of it. */
export const TOLD = 'configure'

/** Makes a database: all of it, or nothing of it. */
export async function createDatabase(run: TaskRun, request: CreateTask): Promise<TaskOutcome> {
  const {parts} = run
  const {plan} = request
  try {
    await requireNewName(parts, plan.config)
    const made = await makeInstances(run, {
      environments: request.environments,
      guid: request.guid,
      instances: plan.instances,
      plan,
    })
    const config = withPlaces(plan.config, made)
    const known: KnownDatabase = {
      config,
      instances: made.map(({known: each}) => each),
      version: 1,
      ...(plan.password !== undefined && {password: plan.password}),
      ...(plan.port !== undefined && {port: plan.port}),
    }
    await run.step(TOLD, async () => {
      const opened = await openAll(instancesOf(known), run.signal)
      try {
        await Promise.all(
          opened.open.map(({instance, nodes}) =>
            atCluster(instance.config.cluster, tellConfig(nodes, instance.id, config)),
          ),
        )
        run.progress('waiting until all instances are in sync')
        await requireInSync(opened.open, SYNC_MS, run.signal)
      } finally {
        opened.close()
      }
    })
    await run.step(RECORDED, () => writeDatabase(parts.databases, known))
    await run.assignGuid(request.guid)
    return NO_OUTCOME
  } catch (error) {
    await undoCreate(parts, request)
    throw interruptedOr(error, run.signal)
  }
}

/** Leaves nothing of it: nodes of environments go, clusters that stood before are part of nothing again. Safe to repeat. */
export async function undoCreate(parts: CrdbParts, {environments, guid, plan}: CreateTask): Promise<void> {
  const signal = AbortSignal.timeout(UNDO_MS)
  await Promise.all(
    [...new Set(Object.values(environments))].map((environment) =>
      parts.hosts.drop(environment, guid, undefined, signal),
    ),
  )
  await Promise.all(plan.instances.map((instance) => freeEndpoint(instance, guid, signal)))
  await forgetDatabase(parts.databases, guid)
}

/** A cluster that stood before is part of nothing again; one that is not there is left. */
export async function freeEndpoint({login, place}: PlannedInstance, guid: string, signal: AbortSignal): Promise<void> {
  if (place.kind !== 'endpoint') return
  const endpoint = renderAddress(place.address)
  const nodes = await openInstance({login, place: {endpoint, kind: 'endpoint'}, seeds: [endpoint]}, signal).catch(
    () => undefined,
  )
  try {
    if (nodes) await dropFrom(nodes, guid)
  } catch {
    // It is no node of Shoal, or went away: then there is nothing to undo.
    return
  } finally {
    nodes?.close()
  }
}

export function interruptedOr(error: unknown, signal: AbortSignal): unknown {
  if (!signal.aborted) return error
  return new CliError('INTERRUPTED', 'interrupted; nothing is left behind', {cause: error})
}

/** @throws {CliError} CRDB_EXISTS */
export async function requireNewName(
  {databases, tasks: _tasks}: Pick<CrdbParts, 'databases' | 'tasks'>,
  {guid, name}: CrdbConfig,
): Promise<void> {
  const there = (await readDatabases(databases)).find(({config}) => config.name === name && config.guid !== guid)
  if (!there) return
  throw new CliError('CRDB_EXISTS', `there is a database ${name} already`, {
    details: {guid: there.config.guid, name},
    suggestions: [`shoal crdb get --crdb-guid ${name}`, `shoal crdb delete --crdb-guid ${name}`],
  })
}

/** An instance that was made, or a cluster that was found fit to be one. */
export interface MadeInstance {
  readonly known: KnownInstance
  readonly endpoints: readonly string[]
  /** What other regions' nodes log in with. */
  readonly username?: string
  readonly password?: string
}

interface MakeRequest {
  readonly guid: string
  readonly instances: readonly PlannedInstance[]
  readonly environments: AddTask['environments']
  readonly plan: Pick<CreatePlan, 'config' | 'password' | 'port'>
}

/** @returns in the order of `instances` */
export async function makeInstances(run: TaskRun, request: MakeRequest): Promise<MadeInstance[]> {
  const {environments, guid, instances, plan} = request
  // What costs nothing to find out comes first.
  const found = await run.step('inspect', () =>
    Promise.all(
      instances.map(async (instance): Promise<MadeInstance | undefined> => {
        const {id, login, place} = instance
        if (place.kind !== 'endpoint') return undefined
        const endpoint = renderAddress(place.address)
        const endpoints = await atCluster(endpoint, requireUsable(endpoint, login, run.signal))
        const {password, username} = login
        return {
          endpoints,
          known: {
            id,
            login,
            place: {endpoint, kind: 'endpoint'},
            seeds: [endpoint, ...endpoints.filter((each) => each !== endpoint)],
          },
          ...(username !== undefined && {username}),
          ...(password !== undefined && {password}),
        }
      }),
    ),
  )
  const hosted = instances.filter(({place}) => place.kind === 'region')
  const names = [...new Set(hosted.map(({place}) => environments[nameOfPlace(place)] as string))]
  const started = await run.step('start', async () => {
    const each = await Promise.all(
      names.map(async (environment) => {
        const own = hosted.filter(({place}) => environments[nameOfPlace(place)] === environment)
        const made = await run.parts.hosts.start(
          {
            environment,
            guid,
            instances: own.map(({id, place}) => ({id, region: nameOfPlace(place)})),
            name: plan.config.name,
            settings: plan.config.settings,
            ...(plan.password !== undefined && {password: plan.password}),
            ...(plan.port !== undefined && {port: plan.port}),
          },
          run.signal,
          (text) => run.progress(text),
        )
        return made.map(({endpoints, id, password, region, seeds}): MadeInstance => {
          const place: InstancePlace = {environment, kind: 'region', region}
          const login = password === undefined ? {} : {password}
          return {endpoints, known: {id, login, place, seeds}, ...login}
        })
      }),
    )
    return each.flat()
  })
  return instances.map(({id}, index) => (found[index] ?? started.find(({known}) => known.id === id)) as MadeInstance)
}

/** With what only shows when the instances are there. */
export function withPlaces(config: CrdbConfig, made: readonly MadeInstance[]): CrdbConfig {
  const instances = config.instances.map((instance) => {
    const found = made.find(({known}) => known.id === instance.id)
    if (!found) return instance
    const {endpoints, password, username} = found
    return {
      ...instance,
      endpoints,
      ...(username !== undefined && {username}),
      ...(password !== undefined && {password}),
    }
  })
  return {...config, instances}
}
