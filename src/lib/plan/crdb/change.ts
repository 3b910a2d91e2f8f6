import {CliError} from '../../kernel/errors.js'
import type {CrdbConfig, CrdbInstance, CrdbSettings} from '../../model/crdb.js'
import {REGION_MAX} from '../../model/crdb.js'
import {COMPRESSION_DEFAULT, instanceOf, type PlannedInstance, requireCompression} from './create.js'
import {DATABASE_KEYS, type DatabaseConfig, settingsFrom} from './database-config.js'
import {type InstanceRequest, nameOfPlace, type RequestedLogin} from './instance-list.js'

export interface UpdateRequest {
  readonly database: DatabaseConfig
  readonly settings: Partial<CrdbSettings>
  readonly compression?: number
  /** By id of the instance. */
  readonly credentials: ReadonlyMap<number, RequestedLogin>
  /** Counts as a change, whatever else there is. */
  readonly force: boolean
}

export interface ConfigChange {
  readonly config: CrdbConfig
  /** What is another than before, as `KEY: BEFORE -> AFTER`. */
  readonly changes: readonly string[]
}

/**
 * The next version of a database's configuration.
 *
 * @returns the same version where nothing would change
 * @throws {CliError} CANNOT_CHANGE for what is fixed at creation; NOT_FOUND for credentials of an instance that there is not
 */
export function planUpdate(before: CrdbConfig, request: UpdateRequest): ConfigChange {
  requireChangeable(before, request.database)
  for (const id of request.credentials.keys()) requireInstance(before, id)
  if (request.compression !== undefined) requireCompression(request.compression)
  const wanted = {...settingsFrom(request.database), ...request.settings}
  const settings = {...before.settings, ...wanted, more: {...before.settings.more, ...wanted.more}}
  const {compression} = request
  const instances = before.instances.map((instance) => ({
    ...instance,
    ...(compression !== undefined && {compression}),
  }))
  const changes = [
    ...differences(before.settings, settings),
    ...(compression !== undefined && before.instances.some((each) => each.compression !== compression)
      ? [`compression: ${[...new Set(before.instances.map((each) => each.compression))].join()} -> ${compression}`]
      : []),
    ...[...request.credentials.keys()].map((id) => `credentials of instance ${id}`),
  ]
  if (changes.length === 0 && !request.force) return {changes, config: before}
  return {changes, config: {...before, instances, settings, version: before.version + 1}}
}

/** What is as it was is not a change. @throws {CliError} CANNOT_CHANGE */
function requireChangeable({name, settings}: CrdbConfig, database: DatabaseConfig): void {
  const now: DatabaseConfig = {
    ...settings.more,
    name,
    replication: settings.replication,
    shards_count: settings.shardsCount,
  }
  for (const [key, value] of Object.entries(database)) {
    if (!DATABASE_KEYS[key]?.fixed || now[key] === value) continue
    throw new CliError(
      'CANNOT_CHANGE',
      `${key} of a database cannot be changed${REASONS[key] ?? ' after it was made'}`,
      {
        details: {key},
        suggestions: ['shoal crdb create --name OTHER ...'],
      },
    )
  }
}

const REASONS: Readonly<Record<string, string>> = {
  name: ': it is what its nodes and its clients know',
  port: ': clients know it',
  shard_key_regex: ': keys would be looked for at other shards than they are at',
  sharding: ': keys would be looked for at other shards than they are at',
}

function differences(before: CrdbSettings, after: CrdbSettings): string[] {
  const flat = ({more, ...rest}: CrdbSettings): Record<string, unknown> => ({...rest, ...more})
  const [old, now] = [flat(before), flat(after)]
  return Object.keys(now)
    .filter((key) => now[key] !== old[key])
    .map((key) => `${key}: ${old[key] ?? 'None'} -> ${now[key]}`)
}

/** @throws {CliError} NOT_FOUND naming those there are */
export function requireInstance({instances, name, removed}: CrdbConfig, id: number): CrdbInstance {
  const found = instances.find((each) => each.id === id)
  if (found) return found
  const known = instances.map((each) => `${each.id} (${each.cluster})`).join(', ')
  const gone = removed.includes(id) ? ': it was removed' : ''
  throw new CliError('NOT_FOUND', `database ${name} has no instance ${id}${gone}. There are ${known}`, {
    details: {instances: instances.map((each) => each.id)},
    suggestions: [`shoal crdb get --crdb-guid ${name}`],
  })
}

export interface AddPlan {
  readonly instance: PlannedInstance
  /** With the instance in it; where it is comes when it is there. */
  readonly config: CrdbConfig
}

/** @throws {CliError} CRDB_EXISTS if the cluster takes part already; BAD_FLAG */
export function planAdd(before: CrdbConfig, request: InstanceRequest, compression = COMPRESSION_DEFAULT): AddPlan {
  const cluster = nameOfPlace(request.place)
  requireCompression(compression)
  const there = before.instances.find((each) => each.cluster === cluster)
  if (there) {
    throw new CliError('CRDB_EXISTS', `${cluster} is instance ${there.id} of database ${before.name} already`, {
      suggestions: [`shoal crdb get --crdb-guid ${before.name}`],
    })
  }
  // No id is used twice: a removed instance may come back with writes that bear its own.
  const id = Math.max(0, ...before.instances.map((each) => each.id), ...before.removed) + 1
  if (id > REGION_MAX) {
    throw new CliError('BAD_FLAG', `database ${before.name} has used up its ${REGION_MAX} instance ids`)
  }
  const instance = {...request, id}
  return {
    config: {
      ...before,
      instances: [...before.instances, instanceOf(instance, compression)],
      version: before.version + 1,
    },
    instance,
  }
}

/** @throws {CliError} NOT_FOUND; CANNOT_CHANGE for the last one */
export function planRemove(before: CrdbConfig, id: number): CrdbConfig {
  requireInstance(before, id)
  const instances = before.instances.filter((each) => each.id !== id)
  if (instances.length === 0) {
    throw new CliError('CANNOT_CHANGE', `instance ${id} is the last one of database ${before.name}`, {
      suggestions: [`shoal crdb delete --crdb-guid ${before.name}`],
    })
  }
  return {...before, instances, removed: [...before.removed, id], version: before.version + 1}
}
