import {CliError} from '../../kernel/errors.js'
import {BUS_PORT_OFFSET} from '../../model/address.js'
import {CRDB_DEFAULTS, type CrdbConfig, type CrdbInstance, type CrdbSettings, REGION_MAX} from '../../model/crdb.js'
import {type DatabaseConfig, SHARDS_MAX, settingsFrom} from './database-config.js'
import {type InstanceRequest, nameOfPlace} from './instance-list.js'
import {requireDatabaseName} from './values.js'

export const COMPRESSION_MAX = 6
export const COMPRESSION_DEFAULT = 3
const INSTANCES_MIN = 2
/** Instance i on one machine is at port + 2 * (i - 1): as in the published quick start. */
export const PORT_STEP = 2
/** The highest whose bus port is one. */
const PORT_MAX = 65_535 - BUS_PORT_OFFSET
/** Where further shards and replicas begin, beyond what instances to come may need. */
const MORE_NODES_AT = 20

export interface CreateRequest {
  readonly name: string
  readonly instances: readonly InstanceRequest[]
  readonly port?: number
  /** Of clients. */
  readonly password?: string
  readonly compression?: number
  /** `default_db_config`, and what options of the same command say beside it, which prevails. */
  readonly database: DatabaseConfig
  readonly settings: Partial<CrdbSettings>
}

/** What is to be made; where, is not decided yet. */
export interface CreatePlan {
  /** Endpoints are found when the instances are there. */
  readonly config: CrdbConfig
  readonly instances: readonly PlannedInstance[]
  readonly port?: number
  readonly password?: string
}

export interface PlannedInstance extends InstanceRequest {
  readonly id: number
}

/**
 * @param guid - UUID
 * @throws {CliError} BAD_FLAG, naming what is wrong; NOT_ENOUGH_INSTANCES
 */
export function planCreate(request: CreateRequest, guid: string): CreatePlan {
  const {compression = COMPRESSION_DEFAULT, instances} = request
  const name = requireDatabaseName(request.name)
  requireInstances(instances)
  requireCompression(compression)
  const fromConfig = settingsFrom(request.database)
  const more = {...fromConfig.more, ...request.settings.more}
  const settings: CrdbSettings = {...CRDB_DEFAULTS, ...fromConfig, ...request.settings, more}
  if (settings.memorySize <= 0) {
    throw new CliError('BAD_FLAG', '--memory-size is missing', {suggestions: ['--memory-size 512mb']})
  }
  if (!Number.isInteger(settings.shardsCount) || settings.shardsCount < 1 || settings.shardsCount > SHARDS_MAX)
    throw new CliError('BAD_FLAG', `--shards-count ${settings.shardsCount} is not between 1 and ${SHARDS_MAX}`)
  if (more['sharding'] === false && settings.shardsCount > 1) {
    throw new CliError('BAD_FLAG', `--sharding false has one shard, not ${settings.shardsCount}`)
  }
  const port = request.port ?? (request.database['port'] as number | undefined)
  if (port !== undefined) requirePort(port, instances.length)
  const password = request.password ?? (request.database['authentication_redis_pass'] as string | undefined)
  if (password === '') throw new CliError('BAD_FLAG', 'the password is empty')
  const planned = instances.map((instance, index) => ({...instance, id: index + 1}))
  return {
    config: {
      guid,
      instances: planned.map((instance) => instanceOf(instance, compression)),
      name,
      removed: [],
      settings,
      version: 1,
    },
    instances: planned,
    ...(port !== undefined && {port}),
    ...(password !== undefined && {password}),
  }
}

/** As the nodes will know it, but for where it is. */
export function instanceOf({id, place}: PlannedInstance, compression: number): CrdbInstance {
  return {cluster: nameOfPlace(place), compression, endpoints: [], id}
}

function requireInstances(instances: readonly InstanceRequest[]): void {
  if (instances.length < INSTANCES_MIN) {
    const count = instances.length === 0 ? 'none' : 'one'
    throw new CliError(
      'NOT_ENOUGH_INSTANCES',
      `an active-active database has ${INSTANCES_MIN} instances at least, and ${count} is named`,
      {
        suggestions: [
          '--instance fqdn=cluster1.local,username=r@r.com,password=test --instance fqdn=cluster2.local,...',
        ],
      },
    )
  }
  if (instances.length > REGION_MAX)
    throw new CliError(
      'BAD_FLAG',
      `an active-active database has ${REGION_MAX} instances at most, not ${instances.length}`,
    )
  const names = instances.map(({place}) => nameOfPlace(place))
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined)
    throw new CliError('BAD_FLAG', `${twice} is named twice: a cluster has one instance of a database`)
}

/** @throws {CliError} BAD_FLAG */
export function requireCompression(compression: number): void {
  if (Number.isInteger(compression) && compression >= 0 && compression <= COMPRESSION_MAX) return
  throw new CliError('BAD_FLAG', `--compression ${compression} is not between 0 and ${COMPRESSION_MAX}`)
}

function requirePort(port: number, count: number): void {
  const highest = PORT_MAX - PORT_STEP * (count - 1)
  if (Number.isInteger(port) && port >= 1 && port <= highest) return
  throw new CliError('BAD_FLAG', `--port ${port} is not between 1 and ${highest}`, {
    suggestions: [
      `Instance 2 is at port + ${PORT_STEP}, and so on; the bus of a node at its port + ${BUS_PORT_OFFSET}.`,
    ],
  })
}

/** A node of an instance that runs in an environment. */
export interface PlannedNode {
  readonly name: string
  readonly port: number
  /** Name of the primary that it begins as a replica of. */
  readonly replicaOf?: string
}

export interface NodesRequest {
  readonly database: string
  readonly ids: readonly number[]
  readonly shards: number
  readonly replicas: number
  /** Of instance 1; one that is free if absent. */
  readonly port?: number
  /** Where to look for one that is free. */
  readonly basePort: number
  /** Names that are not to be given again. */
  readonly taken: ReadonlySet<string>
  /** @returns whether nobody has the port, nor its bus port */
  readonly isFree: (port: number) => boolean
}

/**
 * Names and ports of the nodes of some instances of a database, in the order of `ids`. The first shard of instance i is at
 * port + 2 * (i - 1), the other nodes have ports that are free.
 *
 * @throws {CliError} PORT_IN_USE naming the port that was asked for, or if none is left
 */
export function planNodes(request: NodesRequest): readonly (readonly PlannedNode[])[] {
  const {database, ids, isFree, replicas, shards, taken} = request
  const portOf = (base: number, id: number) => base + PORT_STEP * (id - 1)
  const base = request.port ?? findBase(request, portOf)
  const asked = ids.map((id) => portOf(base, id)).filter((port) => !isFree(port))
  if (asked.length > 0) throw portsTaken(asked)
  const used = new Set(ids.map((id) => portOf(base, id)))
  let next = base + MORE_NODES_AT
  const nextPort = (): number => {
    while (used.has(next) || used.has(next + BUS_PORT_OFFSET) || used.has(next - BUS_PORT_OFFSET) || !isFree(next))
      next++
    if (next > PORT_MAX) throw new CliError('PORT_IN_USE', `no port is free above ${base}`)
    used.add(next)
    return next
  }
  const label = nodeLabel(database, taken)
  return ids.map((id) =>
    Array.from({length: shards * (1 + replicas)}, (_, index): PlannedNode => {
      const primary = index % shards
      return {
        name: `${label}-${id}-${index + 1}`,
        port: index === 0 ? portOf(base, id) : nextPort(),
        ...(index >= shards && {replicaOf: `${label}-${id}-${primary + 1}`}),
      }
    }),
  )
}

function findBase({basePort, ids, isFree}: NodesRequest, portOf: (base: number, id: number) => number): number {
  for (let base = basePort; portOf(base, Math.max(...ids)) <= PORT_MAX; base++) {
    if (ids.every((id) => isFree(portOf(base, id)))) return base
  }
  throw new CliError('PORT_IN_USE', `no ports are free above ${basePort}`)
}

function portsTaken(ports: readonly number[]): CliError {
  const what = ports.length === 1 ? `port ${ports[0]} is taken` : `ports ${ports.join(', ')} are taken`
  return new CliError('PORT_IN_USE', what, {
    details: {ports},
    suggestions: ['Choose another with --port PORT.', 'shoal ps'],
  })
}

const LABEL_MAX = 40

/** A node's name is that of a host too, which has 63 letters at most: a long name of a database is cut. */
function nodeLabel(database: string, taken: ReadonlySet<string>): string {
  if (database.length <= LABEL_MAX) return database
  const cut = database.slice(0, LABEL_MAX)
  for (let count = 2; ; count++) {
    const label = count === 2 ? cut : `${cut}${count}`
    if (![...taken].some((name) => name.startsWith(`${label}-`))) return label
  }
}
