import {requireKnown, spread} from './change.js'
import {freeEndpoint, interruptedOr, makeInstances, RECORDED, TOLD, withPlaces} from './create.js'
import {overtaken, requireNewest} from './heard.js'
import {dropFrom, type InstanceNodes, LOOK_MS, openInstance, tellConfig} from './instance-nodes.js'
import {type DatabaseInstance, instancesOf, type KnownDatabase, type KnownInstance, writeDatabase} from './known.js'
import type {AddTask, TaskRequest} from './requests.js'
import {type OpenInstance, openAll, openInstances, requireDrained, requireInSync} from './sync.js'
import {atCluster, type CrdbParts, NO_OUTCOME, type TaskOutcome, type TaskRun} from './task-run.js'

type RequestOf<O extends TaskRequest['operation']> = Extract<TaskRequest, {readonly operation: O}>

/** What members that are well need to say so. */
const IN_SYNC_MS = 5000
/** A full synchronisation of what a laptop holds. */
const SYNC_MS = 120_000
const DRAIN_MS = 60_000
const UNDO_MS = 60_000
/** More than any database has instances: no write is taken while so many replicas are wanted. */
const NO_WRITES = 1000
const FENCE = 'min-replicas-to-write'

/**
 * One more instance. All there are must answer and be in sync; the new one takes all they have, and serves reads meanwhile.
 *
 * @throws {CliError} UNREACHABLE, NOT_IN_SYNC, OVERTAKEN; what `makeInstances` throws. Then the database is as it was
 */
export async function addInstance(run: TaskRun, request: AddTask): Promise<TaskOutcome> {
  const {parts} = run
  const before = await requireKnown(parts, request.guid)
  requireNext(before, request.config.version)
  let wasTold = false
  try {
    const members = await openAll(instancesOf(before), run.signal)
    try {
      await requireNewest(members.open, request.config)
      await run.step('members', () => requireInSync(members.open, IN_SYNC_MS, run.signal))
      const made = await makeInstances(run, {
        environments: request.environments,
        guid: request.guid,
        instances: [request.instance],
        plan: {
          config: request.config,
          ...(before.password !== undefined && {password: before.password}),
          ...(before.port !== undefined && {port: before.port}),
        },
      })
      const config = withPlaces(request.config, made)
      const known = {...before, config, instances: [...before.instances, ...made.map((each) => each.known)]}
      wasTold = true
      await run.step(TOLD, () => join(run, known, members.open))
      await run.step(RECORDED, () => writeDatabase(parts.databases, known))
      return NO_OUTCOME
    } finally {
      members.close()
    }
  } catch (error) {
    await undoAdd(run, request, wasTold)
    throw interruptedOr(error, run.signal)
  }
}

/** Members first: who is asked by one that it does not know refuses, and is asked again only later. */
async function join(run: TaskRun, known: KnownDatabase, members: readonly OpenInstance[]): Promise<void> {
  const tell = ({instance, nodes}: OpenInstance) =>
    atCluster(instance.config.cluster, tellConfig(nodes, instance.id, known.config))
  await Promise.all(members.map(tell))
  const ids = new Set(members.map(({instance}) => instance.id))
  const newcomers = await openAll(
    instancesOf(known).filter(({id}) => !ids.has(id)),
    run.signal,
  )
  try {
    await Promise.all(newcomers.open.map(tell))
    run.progress('waiting until the new instance has all that the others have')
    await requireInSync([...members, ...newcomers.open], SYNC_MS, run.signal)
  } finally {
    newcomers.close()
  }
}

/**
 * Safe to repeat.
 *
 * @param wasTold - some node may have heard of the instance: all hear that it is gone, and its id is not given again
 */
export async function undoAdd(run: TaskRun, request: AddTask, wasTold: boolean): Promise<void> {
  const {config, environments, guid, instance} = request
  const signal = AbortSignal.timeout(UNDO_MS)
  const {databases, hosts} = run.parts
  const before = await requireKnown(run.parts, guid)
  await Promise.all(
    [...new Set(Object.values(environments))].map((environment) =>
      hosts.drop(environment, guid, [instance.id], signal),
    ),
  )
  await freeEndpoint(instance, guid, signal)
  if (!wasTold || before.config.version > config.version) return
  const undone: KnownDatabase = {
    ...before,
    instances: before.instances.filter(({id}) => id !== instance.id),
    config: {
      ...before.config,
      instances: before.config.instances.filter(({id}) => id !== instance.id),
      removed: [...new Set([...before.config.removed, instance.id])],
      version: config.version + 1,
    },
  }
  await writeDatabase(databases, undone)
  const opened = await openInstances(instancesOf(undone), signal)
  try {
    await Promise.all(opened.open.map(({instance: {id}, nodes}) => tellConfig(nodes, id, undone.config)))
  } finally {
    opened.close()
  }
}

/**
 * One instance less. Clients cannot write there from the beginning; it goes when all others have what it wrote. With `force`
 * it is not spoken to: what it alone has is lost to the others.
 *
 * @throws {CliError} UNREACHABLE, NOT_IN_SYNC, OVERTAKEN; then clients can write there again
 */
export async function removeInstance(run: TaskRun, request: RequestOf<'remove_instance'>): Promise<TaskOutcome> {
  const {config, force, guid, instance} = request
  const before = await requireKnown(run.parts, guid)
  const leaving = instancesOf(before).find(({id}) => id === instance.id)
  if (leaving) {
    requireNext(before, config.version)
    await requireUnchanged(before, request, run.signal)
    if (!force) await drain(run, before, leaving)
  }
  const abandoned = (before.abandoned ?? []).filter(({id}) => id !== instance.id)
  const known: KnownDatabase = {
    ...before,
    config,
    instances: before.instances.filter(({id}) => id !== instance.id),
    ...(force ? {abandoned: [...abandoned, instance]} : {abandoned}),
  }
  // From here on there is no way back: it is on record before the first node hears of it.
  await run.step(RECORDED, () => writeDatabase(run.parts.databases, known))
  const outcome = await spread(run, known)
  if (!force) await run.step('drop', () => clean(run.parts, guid, instance, run.signal))
  return outcome
}

/** As far as those can tell that stay. @throws {CliError} OVERTAKEN */
async function requireUnchanged(
  known: KnownDatabase,
  {config, instance}: RequestOf<'remove_instance'>,
  signal: AbortSignal,
): Promise<void> {
  const staying = instancesOf(known).filter(({id}) => id !== instance.id)
  const {close, open} = await openInstances(staying, signal, LOOK_MS)
  try {
    await requireNewest(open, config)
  } finally {
    close()
  }
}

/** Nobody can write there any more, and all others have what was written. */
async function drain(run: TaskRun, known: KnownDatabase, leaving: DatabaseInstance): Promise<void> {
  const opened = await openAll(instancesOf(known), run.signal)
  const own = opened.open.find(({instance}) => instance.id === leaving.id) as OpenInstance
  const others = opened.open.flatMap(({instance}) => (instance.id === leaving.id ? [] : [instance]))
  try {
    await run.step('drain', async () => {
      run.progress(
        `clients cannot write at ${leaving.config.cluster} any more; waiting until the others have all of it`,
      )
      await fence(own.nodes, NO_WRITES)
      await requireDrained(own, others, DRAIN_MS, run.signal)
    })
  } catch (error) {
    await fence(own.nodes, 0).catch(() => undefined)
    throw interruptedOr(error, run.signal)
  } finally {
    opened.close()
  }
}

async function fence({all}: InstanceNodes, replicas: number): Promise<void> {
  await Promise.all(all.map((node) => node.call('CONFIG', 'SET', FENCE, replicas)))
}

/** Leaves nothing of an instance where it was. Safe to repeat. @throws {CliError} UNREACHABLE */
async function clean({hosts}: CrdbParts, guid: string, instance: KnownInstance, signal: AbortSignal): Promise<void> {
  const {id, place} = instance
  if (place.kind === 'region') return hosts.drop(place.environment, guid, [id], signal)
  const nodes = await atCluster(place.endpoint, openInstance(instance, signal))
  try {
    await dropFrom(nodes, guid)
    await fence(nodes, 0)
  } finally {
    nodes.close()
  }
}

/** The rest of an instance that was removed by force. */
export async function purgeInstance(run: TaskRun, {guid, instance}: RequestOf<'purge_instance'>): Promise<TaskOutcome> {
  const {parts} = run
  await run.step('drop', () => clean(parts, guid, instance, run.signal))
  const before = await requireKnown(parts, guid)
  const abandoned = (before.abandoned ?? []).filter(({id}) => id !== instance.id)
  await run.step(RECORDED, () => writeDatabase(parts.databases, {...before, abandoned}))
  return NO_OUTCOME
}

/** A task that waited may have been overtaken. @throws {CliError} OVERTAKEN */
function requireNext({config}: KnownDatabase, next: number): void {
  if (next !== config.version + 1) throw overtaken(config)
}
