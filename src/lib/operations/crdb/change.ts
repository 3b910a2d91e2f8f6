import {flushShard} from '../../client/crdt.js'
import {CliError} from '../../kernel/errors.js'
import {TOLD} from './create.js'
import {overtaken, requireNewest} from './heard.js'
import {dropFrom, tellConfig} from './instance-nodes.js'
import {chooseDatabase, forgetDatabase, instancesOf, type KnownDatabase, readDatabases, writeDatabase} from './known.js'
import type {Credentials, TaskRequest} from './requests.js'
import {awayOrInPart, type Opened, openInstances} from './sync.js'
import {atCluster, type CrdbParts, NO_OUTCOME, type TaskOutcome, type TaskRun} from './task-run.js'

type RequestOf<O extends TaskRequest['operation']> = Extract<TaskRequest, {readonly operation: O}>

/** @throws {CliError} NOT_FOUND */
export async function requireKnown({databases}: Pick<CrdbParts, 'databases'>, guid: string): Promise<KnownDatabase> {
  return chooseDatabase(await readDatabases(databases), guid)
}

/**
 * Gives all instances a later configuration. It is on record first: who cannot be reached now takes it up from the others
 * later, as nodes do.
 *
 * @throws {CliError} CREDENTIALS_REFUSED, OVERTAKEN by another machine, UNREACHABLE if nobody answers; then nothing has changed
 */
export async function updateDatabase(
  run: TaskRun,
  {config, credentials, guid}: RequestOf<'update_crdb'>,
): Promise<TaskOutcome> {
  const before = await requireKnown(run.parts, guid)
  // A task that waited may have been overtaken.
  if (config.version < before.config.version) throw overtaken(before.config)
  const known = withCredentials({...before, config}, credentials)
  await requireAdmitted(known, credentials, run.signal)
  const opened = await openInstances(instancesOf(known), run.signal)
  try {
    requireSome(opened)
    await requireNewest(opened.open, known.config)
  } finally {
    opened.close()
  }
  await run.step('record', () => writeDatabase(run.parts.databases, known))
  return spread(run, known)
}

/** Tells all instances what is on record. @throws {CliError} UNREACHABLE if nobody answers */
export async function spread(run: TaskRun, known: KnownDatabase): Promise<TaskOutcome> {
  const {config} = known
  const environments = new Set(
    known.instances.flatMap(({place}) => (place.kind === 'region' ? [place.environment] : [])),
  )
  return run.step(TOLD, async () => {
    await Promise.all(
      [...environments].map((each) => run.parts.hosts.retune(each, config.guid, config.settings, run.signal)),
    )
    const opened = await openInstances(instancesOf(known), run.signal)
    try {
      requireSome(opened)
      await Promise.all(
        opened.open.map(({instance, nodes}) =>
          atCluster(instance.config.cluster, tellConfig(nodes, instance.id, config)),
        ),
      )
      // Another machine may have been faster by a moment: nodes took no notice of this one then.
      await requireNewest(opened.open, config)
      return outcomeOf(opened, 'it takes the change up from the others when it is back')
    } finally {
      opened.close()
    }
  })
}

/** Before anything changes. */
async function requireAdmitted(
  known: KnownDatabase,
  credentials: readonly Credentials[],
  signal: AbortSignal,
): Promise<void> {
  const ids = new Set(credentials.map(({id}) => id))
  const opened = await openInstances(
    instancesOf(known).filter(({id}) => ids.has(id)),
    signal,
  )
  opened.close()
}

/** What this machine and the nodes of other regions log in with. */
function withCredentials(known: KnownDatabase, credentials: readonly Credentials[]): KnownDatabase {
  const loginOf = (id: number) => credentials.find((each) => each.id === id)?.login
  return {
    ...known,
    config: {
      ...known.config,
      instances: known.config.instances.map((instance) => {
        const login = loginOf(instance.id)
        if (login?.password === undefined) return instance
        const {username: _before, ...rest} = instance
        return {...rest, password: login.password, ...(login.username !== undefined && {username: login.username})}
      }),
    },
    instances: known.instances.map((instance) => ({...instance, login: loginOf(instance.id) ?? instance.login})),
  }
}

/** Empties all instances: each removes what it has seen, and tells the others. */
export async function flushDatabase(
  run: TaskRun,
  {guid}: RequestOf<'flush_crdb' | 'delete_crdb'>,
): Promise<TaskOutcome> {
  const known = await requireKnown(run.parts, guid)
  const opened = await openInstances(instancesOf(known), run.signal)
  try {
    requireSome(opened)
    await run.step('flush', () =>
      Promise.all(
        opened.open.map(({instance, nodes}) =>
          atCluster(instance.config.cluster, Promise.all(nodes.primaries.map(flushShard))),
        ),
      ),
    )
    return outcomeOf(
      opened,
      'what others have seen of its keys goes there too when it is back; what they have not stays',
    )
  } finally {
    opened.close()
  }
}

/** All instances, with what they hold. A cluster that stood before stands on, empty and part of nothing. */
export async function deleteDatabase(
  run: TaskRun,
  {guid}: RequestOf<'flush_crdb' | 'delete_crdb'>,
): Promise<TaskOutcome> {
  const {databases, hosts} = run.parts
  const found = (await readDatabases(databases)).find(({config}) => config.guid === guid)
  // A run of this task that was cut short had done all but to say so.
  if (!found) return NO_OUTCOME
  const outcome = await run.step('delete', () => dropAll(run, found))
  const abandoned = found.abandoned ?? []
  const environments = new Set(
    [...found.instances, ...abandoned].flatMap(({place}) => (place.kind === 'region' ? [place.environment] : [])),
  )
  await run.step('stop', () =>
    Promise.all([...environments].map((each) => hosts.drop(each, guid, undefined, run.signal))),
  )
  await run.step('forget', () => forgetDatabase(databases, guid))
  return outcome
}

/** Nodes of environments are stopped instead. */
async function dropAll(run: TaskRun, known: KnownDatabase): Promise<TaskOutcome> {
  const {guid, name} = known.config
  const endpoints = instancesOf(known).filter(({place}) => place.kind === 'endpoint')
  const opened = await openInstances(endpoints, run.signal)
  try {
    await Promise.all(opened.open.map(({instance, nodes}) => atCluster(instance.config.cluster, dropFrom(nodes, guid))))
    return outcomeOf(opened, `it still holds its part: CRDT.CONFIG DROP ${guid} on its nodes ends that of ${name}`)
  } finally {
    opened.close()
  }
}

export function requireSome({away, open}: Opened): void {
  const [first] = away
  if (open.length > 0 || !first) return
  throw new CliError('UNREACHABLE', `no instance can be reached: ${first.error.message}`, {
    cause: first.error,
    details: {clusters: away.map(({instance}) => instance.config.cluster)},
    suggestions: ['shoal ps', 'shoal up'],
  })
}

function outcomeOf(opened: Opened, consequence: string): TaskOutcome {
  const names = awayOrInPart(opened).map(({instance}) => instance.config.cluster)
  return {
    notes: names.map((name) => `${name} could not be reached: ${consequence}`),
    unreachable: names,
  }
}
