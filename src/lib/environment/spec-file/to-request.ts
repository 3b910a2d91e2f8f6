import {CliError} from '../../kernel/errors.js'
import {nearest} from '../../kernel/nearest.js'
import {DEFAULTS, type EnvironmentRequest, type SpecNode, type Topology} from '../spec.js'
import type {SpecFile} from './schema.js'

/** What flags of the same command may say beside a file; they prevail. */
export type SpecFileOverrides = Partial<EnvironmentRequest>

type FileNodes = NonNullable<SpecFile['nodes']>

/**
 * What a spec file asks for, and the flags beside it.
 *
 * @throws {CliError} BAD_FLAG for what contradicts itself
 */
export function requestOf(file: SpecFile, flags: SpecFileOverrides): EnvironmentRequest {
  const {auth, cluster, config, image, network, persistence, ports, regions, replication, server} = file
  const topology = flags.topology ?? topologyOf(file)
  const engine = flags.engine ?? engineOf(file)
  const primaries = cluster?.shards
  const replicas = cluster?.replicas ?? replication?.replicas
  const basePort = flags.basePort ?? ports?.base
  const program = server ?? image
  const settings = config && settingsOf(config)
  const counts = {...(primaries !== undefined && {primaries}), ...(replicas !== undefined && {replicas})}
  const subnet = network?.subnet
  const request = {
    ...counts,
    ...(topology !== undefined && {topology}),
    ...(engine !== undefined && {engine}),
    // Another engine by a flag does not run this one's program.
    ...(program !== undefined && engine === engineOf(file) && {program}),
    ...(regions !== undefined && {regions}),
    ...(persistence !== undefined && {persistence}),
    ...(cluster?.nodeTimeout !== undefined && {nodeTimeoutMs: cluster.nodeTimeout}),
    ...(subnet !== undefined && subnet !== 'auto' && {subnet}),
    ...(auth && {password: String(auth.requirepass)}),
    ...flags,
    ...(basePort !== undefined && {basePort}),
    ...(settings !== undefined && {settings: {...settings, ...flags.settings}}),
    name: flags.name ?? file.name ?? DEFAULTS.name,
  }
  if (!file.nodes) return request
  if (flags.primaries !== undefined || flags.replicas !== undefined) {
    throw new CliError('BAD_FLAG', 'the file names the nodes: --primaries and --replicas cannot say how many there are')
  }
  const nodes = nodesIn(file.nodes, {basePort: basePort ?? DEFAULTS.basePort, ...counts, regions, topology})
  const first = nodes[0] as SpecNode
  const own = [...new Set(nodes.flatMap(({region}) => region ?? []))]
  return {...request, basePort: basePort ?? first.port, nodes, ...(own.length > 0 && {regions: regions ?? own})}
}

/** One primary and its named replicas are no cluster, unless the file says so. */
function topologyOf({cluster, crdb, nodes, replication}: SpecFile): Topology | undefined {
  const kinds = Object.entries({cluster, replication, crdb}).flatMap(([kind, value]) =>
    value === undefined ? [] : [kind],
  )
  if (kinds.length > 1) throw new CliError('BAD_FLAG', `the file has both ${kinds.slice(0, 2).join(' and ')}`)
  if (crdb !== undefined && nodes)
    throw new CliError('BAD_FLAG', 'the file has both crdb and nodes: databases bring theirs')
  if (crdb !== undefined) return 'crdb'
  if (cluster) return 'cluster'
  if (replication) return 'replication'
  const all = Object.values(nodes ?? {})
  const isReplica = (node: FileNodes[string]) => node?.role === 'replica' || node?.replicaOf !== undefined
  return all.some(isReplica) && all.filter((node) => !isReplica(node)).length === 1 ? 'replication' : undefined
}

function engineOf({engine, image, server}: SpecFile): EnvironmentRequest['engine'] {
  const implied = image !== undefined ? 'docker' : server !== undefined ? 'process' : undefined
  if (image !== undefined && server !== undefined) throw new CliError('BAD_FLAG', 'the file has both image and server')
  if (engine !== undefined && implied !== undefined && engine !== implied) {
    throw new CliError('BAD_FLAG', `the file has engine ${engine}, but ${image ? 'image' : 'server'} is for ${implied}`)
  }
  return engine ?? implied
}

/** As redis.conf writes them. */
function settingsOf(config: NonNullable<SpecFile['config']>): Record<string, string> {
  const text = (value: string | number | boolean) => (typeof value === 'boolean' ? (value ? 'yes' : 'no') : `${value}`)
  return Object.fromEntries(Object.entries(config).map(([name, value]) => [name.toLowerCase(), text(value)]))
}

interface NodeDefaults {
  readonly basePort: number
  readonly primaries?: number
  readonly replicas?: number
  readonly regions?: readonly string[] | undefined
  readonly topology: Topology | undefined
}

/** In the order of the file, but those to begin as primaries first. */
function nodesIn(nodes: FileNodes, {basePort, primaries, regions, replicas, topology}: NodeDefaults): SpecNode[] {
  const names = Object.keys(nodes)
  if (names.length === 0) throw new CliError('BAD_FLAG', 'nodes is empty')
  const hasRoles = Object.values(nodes).some((node) => node?.role !== undefined || node?.replicaOf !== undefined)
  const shards = topology === 'replication' ? 1 : (primaries ?? shardsAmong(names.length, replicas))
  const planned = names.map((name, index): SpecNode => {
    const {port = basePort + index, region = regions?.[index % regions.length]} = nodes[name] ?? {}
    if (regions && region !== undefined && !regions.includes(region)) {
      throw new CliError('BAD_FLAG', `node ${name} is in region ${region}, which is none of ${regions.join(', ')}`)
    }
    const replicaOf = hasRoles ? primaryOf(name, nodes) : index < shards ? undefined : names[index % shards]
    return {name, port, ...(region !== undefined && {region}), ...(replicaOf !== undefined && {replicaOf})}
  })
  const first = planned.filter(({replicaOf}) => replicaOf === undefined)
  const expected = [primaries ?? first.length, replicas ?? (names.length - first.length) / first.length] as const
  if (first.length === 0) throw new CliError('BAD_FLAG', 'none of the nodes begins as a primary')
  if (topology === 'replication' && first.length !== 1) {
    const found = first.map(({name}) => name).join(', ')
    throw new CliError('BAD_FLAG', `a replication without cluster has one primary, not ${found}`)
  }
  if (expected[0] !== first.length || (replicas !== undefined && names.length !== expected[0] * (1 + expected[1]))) {
    const wanted = `${expected[0]} primaries with ${expected[1]} replicas each`
    throw new CliError(
      'BAD_FLAG',
      `the file names ${names.length} nodes, ${first.length} of them primaries, not ${wanted}`,
    )
  }
  return [...first, ...planned.filter(({replicaOf}) => replicaOf !== undefined)]
}

/** Of so many nodes without roles. */
function shardsAmong(count: number, replicas: number | undefined): number {
  const each = 1 + (replicas ?? (count >= 6 && count % 2 === 0 ? DEFAULTS.replicas : 0))
  return Math.max(1, Math.floor(count / each))
}

function primaryOf(name: string, nodes: FileNodes): string | undefined {
  const {replicaOf, role} = nodes[name] ?? {}
  const names = Object.keys(nodes)
  if (replicaOf === undefined) {
    if (role !== 'replica') return undefined
    const others = names.filter((each) => nodes[each]?.role !== 'replica' && nodes[each]?.replicaOf === undefined)
    if (others.length === 1) return others[0]
    throw new CliError('BAD_FLAG', `node ${name} is a replica; say of whom`, {
      suggestions: [`${name}: {replicaOf: ${others[0] ?? names[0]}}`],
    })
  }
  if (role !== undefined && role !== 'replica')
    throw new CliError('BAD_FLAG', `node ${name} is a ${role} and a replica`)
  if (!names.includes(replicaOf)) {
    const meant = nearest(replicaOf, names)
    const hint = meant ? `; did you mean ${meant}?` : ''
    throw new CliError('BAD_FLAG', `node ${name} is a replica of ${replicaOf}, which is none of the nodes${hint}`)
  }
  const target = nodes[replicaOf]
  if (replicaOf === name || target?.replicaOf !== undefined || target?.role === 'replica') {
    throw new CliError('BAD_FLAG', `node ${name} is a replica of ${replicaOf}, which is no primary`)
  }
  return replicaOf
}
