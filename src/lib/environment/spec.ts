import type {EngineKind, NodeSpec} from '../engine/engine.js'
import {CliError} from '../kernel/errors.js'
import {BUS_PORT_OFFSET} from '../model/address.js'
import {planParticipants} from './participants.js'
import {requireRegions, requireSettings} from './settings.js'

/** What nodes keep on disk: nothing, snapshots, or every write. */
export const PERSISTENCES = ['none', 'rdb', 'aof'] as const
export type Persistence = (typeof PERSISTENCES)[number]

/**
 * `replication`: one primary and its replicas, without cluster mode. `crdb`: regions that are participating clusters of
 * active-active databases; each database has a cluster of its own in each of its regions, and without one there are no nodes.
 */
export const TOPOLOGIES = ['cluster', 'replication', 'crdb'] as const
export type Topology = (typeof TOPOLOGIES)[number]

/** What a named environment consists of. Clients on this machine reach all of it on loopback: these are for development. */
export interface EnvironmentSpec {
  readonly name: string
  readonly engine: EngineKind
  readonly topology: Topology
  readonly primaries: number
  /** Of each primary. */
  readonly replicas: number
  readonly persistence: Persistence
  /** Nodes listen on consecutive ports from here, unless they say otherwise; their bus on port + 10000. */
  readonly basePort: number
  readonly nodeTimeoutMs: number
  /** Names; nodes are spread over them, a primary and its replicas apart from each other. */
  readonly regions: readonly string[]
  /** Further directives of redis.conf, by name, for all nodes. */
  readonly settings: Readonly<Record<string, string>>
  /** As `NodeSpec.program`. */
  readonly program?: string
  /** As `Layout.subnet`. */
  readonly subnet?: string
  readonly password?: string
  readonly nodes: readonly SpecNode[]
  /** Topology `crdb`: those that have instances here. */
  readonly databases?: readonly SpecDatabase[]
}

/** What the nodes of one active-active database have in common; the rest of it, `operations/crdb` knows. */
export interface SpecDatabase {
  /** UUID. */
  readonly guid: string
  readonly name: string
  /** What its clients must give. */
  readonly password?: string
  /** Directives of redis.conf for its nodes. */
  readonly settings: Readonly<Record<string, string>>
}

export interface SpecNode {
  readonly name: string
  readonly port: number
  readonly region?: string
  /** Name of the primary whose replica it begins as; a primary without. Who is what later, the nodes say. */
  readonly replicaOf?: string
  /** Topology `crdb`: name of the database, and number of the instance, that it belongs to. */
  readonly database?: string
  readonly instance?: number
}

/** What the caller asked for. What is left out is as it is, or the default for a new environment. */
export type EnvironmentRequest = Pick<EnvironmentSpec, 'name'> & Partial<EnvironmentSpec>

export const HOST = '127.0.0.1'
export const DEFAULTS = {
  basePort: 17001,
  engine: 'embedded',
  name: 'default',
  nodeTimeoutMs: 2000,
  persistence: 'none',
  primaries: 3,
  regions: [],
  replicas: 1,
  settings: {},
  topology: 'cluster',
} as const satisfies Partial<EnvironmentSpec>
export const NODES_MAX = 100
const PORT_MAX = 65535

/** A name becomes a folder and stands in process lists: short, and no character that means anything to either. */
const NAME = /^[a-z0-9][a-z0-9_-]{0,39}$/

/** @throws {CliError} BAD_FLAG */
export function requireEnvironmentName(name: string): string {
  if (NAME.test(name)) return name
  throw new CliError('BAD_FLAG', `${JSON.stringify(name.slice(0, 60))} cannot be the name of an environment`, {
    suggestions: ['A name is 1 to 40 of a-z, 0-9, - and _, and begins with a letter or digit.'],
  })
}

/**
 * The request with defaults filled in, and nodes named `n1`, `n2` ... unless it names them. Those to begin as primaries come first.
 *
 * @throws {CliError} BAD_FLAG
 */
export function planEnvironment(request: EnvironmentRequest): EnvironmentSpec {
  const name = requireEnvironmentName(request.name)
  if (request.topology === 'crdb') return planParticipants({...request, name, topology: 'crdb'})
  const counts = countsOf(request)
  const {basePort, nodeTimeoutMs, password, regions, settings} = {...DEFAULTS, ...request}
  requireRegions(regions)
  requireSettings(settings)
  if (counts.primaries < 1 || counts.primaries > NODES_MAX) {
    throw new CliError('BAD_FLAG', `--primaries ${counts.primaries} is not between 1 and ${NODES_MAX}`)
  }
  const nodeCount = counts.primaries * (1 + counts.replicas)
  if (counts.replicas < 0 || nodeCount > NODES_MAX) {
    throw new CliError(
      'BAD_FLAG',
      `${counts.primaries} primaries with ${counts.replicas} replicas each are ${nodeCount} nodes`,
      {
        suggestions: [`An environment has ${NODES_MAX} nodes at most.`],
      },
    )
  }
  const lastBusPort = basePort + nodeCount - 1 + BUS_PORT_OFFSET
  if (basePort < 1 || lastBusPort > PORT_MAX) {
    const highest = PORT_MAX - BUS_PORT_OFFSET - nodeCount + 1
    throw new CliError('BAD_FLAG', `--base-port ${basePort} is not between 1 and ${highest}`, {
      suggestions: [`The bus of a node listens on its port + ${BUS_PORT_OFFSET}.`],
    })
  }
  if (nodeTimeoutMs < 1) throw new CliError('BAD_FLAG', `--node-timeout ${nodeTimeoutMs} is not above 0`)
  if (password === '') throw new CliError('BAD_FLAG', 'the password is empty')
  const persistence = request.persistence ?? persistenceIn(settings)
  const spec = {...DEFAULTS, ...request, ...counts, name, persistence}
  const nodes = request.nodes ?? nameNodes(spec)
  requireOwnPorts(nodes)
  return {...spec, nodes}
}

/** @throws {CliError} BAD_FLAG for nodes that would take a port or bus port of each other */
function requireOwnPorts(nodes: readonly SpecNode[]): void {
  const owners = new Map<number, string>()
  for (const {name, port} of nodes) {
    for (const each of [port, port + BUS_PORT_OFFSET]) {
      const owner = owners.get(each)
      if (owner !== undefined) {
        const bus = each === port ? '' : ' (a bus port)'
        throw new CliError('BAD_FLAG', `${owner} and ${name} have the same port ${each}${bus}`)
      }
      owners.set(each, name)
    }
  }
}

/** What the nodes' own directives ask for, where nothing else does. */
function persistenceIn({appendonly}: Readonly<Record<string, string>>): Persistence {
  return appendonly?.toLowerCase() === 'yes' ? 'aof' : DEFAULTS.persistence
}

/** A replication has one primary, and two replicas unless it is said otherwise. */
function countsOf({
  nodes,
  primaries,
  replicas,
  topology,
}: EnvironmentRequest): Pick<EnvironmentSpec, 'primaries' | 'replicas'> {
  if (nodes) {
    const first = nodes.filter(({replicaOf}) => replicaOf === undefined).length
    return {primaries: first, replicas: first === 0 ? 0 : Math.ceil((nodes.length - first) / first)}
  }
  if (topology !== 'replication')
    return {primaries: primaries ?? DEFAULTS.primaries, replicas: replicas ?? DEFAULTS.replicas}
  if (primaries !== undefined && primaries !== 1)
    throw new CliError('BAD_FLAG', 'a replication without cluster has one primary')
  return {primaries: 1, replicas: replicas ?? 2}
}

function nameNodes({basePort, primaries, regions, replicas}: Omit<EnvironmentSpec, 'nodes'>): SpecNode[] {
  return Array.from({length: primaries * (1 + replicas)}, (_, index) => {
    const shard = index % primaries
    const copy = Math.floor(index / primaries)
    const region = regions[(shard + copy) % regions.length]
    return {
      name: `n${index + 1}`,
      port: basePort + index,
      ...(region !== undefined && {region}),
      ...(copy > 0 && {replicaOf: `n${shard + 1}`}),
    }
  })
}

/** redis.conf lines by which a node keeps that much. Snapshots come at Redis's own save points, and at the end. */
const SETTINGS: Readonly<Record<Persistence, NonNullable<NodeSpec['settings']>>> = {
  none: [
    ['save', ''],
    ['appendonly', 'no'],
  ],
  rdb: [
    ['save', '3600 1 300 100 60 10000'],
    ['appendonly', 'no'],
  ],
  aof: [
    ['save', ''],
    ['appendonly', 'yes'],
  ],
}

/**
 * The nodes of an environment, as the engine starts them.
 *
 * @param peerHosts - what `Engine.prepare` said; nothing yet if absent
 */
export function nodesOf(spec: EnvironmentSpec, peerHosts: Readonly<Record<string, string>> = {}): NodeSpec[] {
  const {name: environment, program, topology} = spec
  const isCluster = topology !== 'replication'
  return spec.nodes.map((node) => {
    const {name, port, region, replicaOf} = node
    const database = spec.databases?.find((each) => each.name === node.database)
    const password = passwordOf(spec, node)
    const settings = settingsOf(spec, database)
    const primary = isCluster ? undefined : spec.nodes.find((each) => each.name === replicaOf)
    const peerHost = peerHosts[name]
    return {
      address: {host: HOST, port},
      busPort: port + BUS_PORT_OFFSET,
      cluster: isCluster,
      environment,
      name,
      settings,
      ...(password !== undefined && {password}),
      ...(peerHost !== undefined && {peerHost}),
      ...(primary && {primary: {host: peerHosts[primary.name] ?? HOST, port: primary.port}}),
      ...(program !== undefined && {program}),
      ...(region !== undefined && {region}),
    }
  })
}

function settingsOf(spec: EnvironmentSpec, database: SpecDatabase | undefined): (readonly [string, string])[] {
  const {nodeTimeoutMs, persistence, topology} = spec
  const settings = {...spec.settings, ...database?.settings}
  const own: (readonly [string, string])[] = [
    ...SETTINGS[persistence],
    // A replica that is asked for is wanted now, not after others may have asked too.
    ['repl-diskless-sync-delay', '0'],
    ...(topology === 'replication' ? [] : [['cluster-node-timeout', String(nodeTimeoutMs)] as const]),
  ]
  return [...own.filter(([directive]) => settings[directive] === undefined), ...Object.entries(settings)]
}

/** What the clients of a node must give, if anything. */
export function passwordOf(
  {databases = [], password}: Pick<EnvironmentSpec, 'databases' | 'password'>,
  {database}: Pick<SpecNode, 'database'>,
): string | undefined {
  return databases.find(({name}) => name === database)?.password ?? password
}

/** Nodes that are one cluster: all of them, or those of each instance of each database. */
export function clustersOf({nodes, topology}: Pick<EnvironmentSpec, 'nodes' | 'topology'>): SpecNode[][] {
  if (topology !== 'crdb') return [[...nodes]]
  const clusters = new Map<string, SpecNode[]>()
  for (const node of nodes) {
    const key = `${node.database} ${node.instance}`
    clusters.set(key, [...(clusters.get(key) ?? []), node])
  }
  return [...clusters.values()]
}

/** Ports of an environment, bus ports included. */
export function portsOf(spec: EnvironmentSpec): number[] {
  return nodesOf(spec).flatMap(({address, busPort}) => [address.port, busPort])
}
