import {readPart} from '../../client/crdt.js'
import {CliError, messageOf} from '../../kernel/errors.js'
import type {CrdbConfig, CrdbInstance} from '../../model/crdb.js'
import {contentOf, type HeardConfig, latestOf} from '../../plan/crdb/latest.js'
import {LOOK_MS, openInstance} from './instance-nodes.js'
import {instancesOf, type KnownDatabase, type KnownInstance, readDatabases, writeDatabase} from './known.js'
import type {OpenInstance} from './sync.js'
import {hasEnded, readTasks} from './task-file.js'
import type {CrdbParts} from './task-run.js'

/** A database as its nodes have it, as far as they could be asked. */
export interface HeardDatabase {
  /** What this machine has on record, brought up to what the nodes say. */
  readonly known: KnownDatabase
  /** Ids of the instances that answered; none: `known` is what is on record. */
  readonly heardFrom: readonly number[]
  /** What is not as it should be, a sentence each. */
  readonly notes: readonly string[]
}

/**
 * Asks all instances side by side, and none for longer than LOOK_MS, which configuration they have: another machine may have
 * changed it.
 *
 * @throws {CliError} INTERRUPTED
 */
export async function hearDatabase(known: KnownDatabase, signal: AbortSignal): Promise<HeardDatabase> {
  const {guid, name} = known.config
  const instances = instancesOf(known)
  const outcomes = await Promise.allSettled(instances.map((instance) => partsOf(instance, guid, signal)))
  if (signal.aborted) throw new CliError('INTERRUPTED', 'interrupted')
  const heard = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []))
  const {config, notes} = latestOf(known.config, heard)
  const isMember = (id: number) => config.instances.some((each) => each.id === id)
  const silent = outcomes.flatMap((outcome, index) => {
    const {config: each, id} = instances[index]!
    if (!isMember(id)) return []
    if (outcome.status === 'rejected') return [`${each.cluster} could not be asked: ${messageOf(outcome.reason)}`]
    return outcome.value.length === 0 ? [`the nodes of ${each.cluster} are no part of database ${name} any more`] : []
  })
  const heardFrom = [...new Set(heard.map(({id}) => id))]
  return {
    heardFrom,
    known: config === known.config ? known : withConfig(known, config),
    notes: [
      ...notes,
      ...silent,
      ...(heardFrom.length === 0
        ? [`no instance of ${name} tells anything: this is what this machine has on record`]
        : []),
    ],
  }
}

async function partsOf(instance: KnownInstance, guid: string, signal: AbortSignal): Promise<HeardConfig[]> {
  const nodes = await openInstance(instance, signal, LOOK_MS)
  try {
    const parts = await Promise.all(nodes.all.map((node) => readPart(node, true)))
    return parts.flatMap((part) => (part?.config.guid === guid ? [{config: part.config, id: instance.id}] : []))
  } finally {
    nodes.close()
  }
}

/** Instances that this machine has not heard of before are where the nodes reach them. */
function withConfig(known: KnownDatabase, config: CrdbConfig): KnownDatabase {
  const before = new Map(known.config.instances.map((each) => [each.id, each]))
  const members = new Set(config.instances.map(({id}) => id))
  const instances = config.instances.map((each) => {
    const found = known.instances.find(({id}) => id === each.id)
    if (!found) return newcomer(each)
    return before.get(each.id)?.password === each.password
      ? found
      : {...found, login: {...found.login, ...loginOf(each)}}
  })
  // Whoever took it out could not stop nodes of this machine's environments: `purge-instance` can.
  const left = known.instances.filter(({id, place}) => place.kind === 'region' && !members.has(id))
  const abandoned = [...(known.abandoned ?? []).filter(({id}) => !left.some((each) => each.id === id)), ...left]
  return {...known, abandoned, config, instances}
}

function newcomer(instance: CrdbInstance): KnownInstance {
  const {cluster, endpoints, id} = instance
  return {
    id,
    login: loginOf(instance),
    place: {endpoint: endpoints[0] ?? cluster, kind: 'endpoint'},
    seeds: endpoints,
  }
}

function loginOf({password, username}: CrdbInstance): KnownInstance['login'] {
  return {...(username !== undefined && {username}), ...(password !== undefined && {password})}
}

/** Changes of the database that have not ended, a sentence each: what its nodes say may be half of one. */
export async function changesUnderWay({tasks}: CrdbParts, guid: string): Promise<string[]> {
  const open = (await readTasks(tasks)).filter((task) => !hasEnded(task) && task.header.request.guid === guid)
  return open.map(
    ({header: {id, request}}) =>
      `${request.operation} ${id} has not ended: shoal crdb task list brings it to an end if its process was killed`,
  )
}

/**
 * Writes down what was heard, unless a change of databases is under way or was cut short: then that writes it.
 *
 * @throws {CliError} LOCKED, INTERRUPTED, ENVIRONMENT_LACKS
 */
export async function mendRecord(parts: CrdbParts, {known}: HeardDatabase, signal: AbortSignal): Promise<void> {
  if ((await readTasks(parts.tasks)).some((task) => !hasEnded(task))) return
  await parts.lock(signal, async () => {
    const {guid, version} = known.config
    const now = (await readDatabases(parts.databases)).find(({config}) => config.guid === guid)
    if (now && now.config.version <= version) await writeDatabase(parts.databases, known)
  })
}

/**
 * That no instance has what `next` would overwrite: nodes take no notice of it then.
 *
 * @throws {CliError} OVERTAKEN
 */
export async function requireNewest(open: readonly OpenInstance[], next: CrdbConfig): Promise<void> {
  const parts = await Promise.all(open.flatMap(({nodes}) => nodes.all.map((node) => readPart(node))))
  const later = parts.flatMap((part) => part?.config ?? []).find((config) => isAhead(config, next))
  if (later) throw overtaken(later)
}

/** What was begun of the same change before is not ahead of it. */
function isAhead(config: CrdbConfig, next: CrdbConfig): boolean {
  if (config.guid !== next.guid || config.version < next.version) return false
  return config.version > next.version || contentOf(config) !== contentOf(next)
}

export function overtaken({name, version}: CrdbConfig): CliError {
  return new CliError('OVERTAKEN', `database ${name} was changed meanwhile, to version ${version}`, {
    details: {version},
    suggestions: [`shoal crdb get --crdb-guid ${name}`, 'Then give the command again.'],
  })
}
