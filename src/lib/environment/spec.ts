import type {NodeSpec} from '../engine/engine.js'
import {CliError} from '../kernel/errors.js'
import {BUS_PORT_OFFSET} from '../model/address.js'

/** What nodes keep on disk: nothing, snapshots, or every write. */
export const PERSISTENCES = ['none', 'rdb', 'aof'] as const
export type Persistence = (typeof PERSISTENCES)[number]

/** What a named environment consists of. Host is always loopback: these are for development. */
export interface EnvironmentSpec {
  readonly name: string
  readonly primaries: number
  /** Of each primary. */
  readonly replicas: number
  readonly persistence: Persistence
  /** Nodes listen on consecutive ports from here; their bus on port + 10000. */
  readonly basePort: number
  readonly password?: string
}

/** What the caller asked for. What is left out is as it is, or the default for a new environment. */
export type EnvironmentRequest = Pick<EnvironmentSpec, 'name'> & Partial<EnvironmentSpec>

export const HOST = '127.0.0.1'
export const DEFAULTS = {basePort: 17001, name: 'default', persistence: 'none', primaries: 3, replicas: 1} as const
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
 * The request with defaults filled in.
 *
 * @throws {CliError} BAD_FLAG
 */
export function planEnvironment(request: EnvironmentRequest): EnvironmentSpec {
  const name = requireEnvironmentName(request.name)
  const {password} = request
  const {basePort, persistence, primaries, replicas} = {...DEFAULTS, ...request}
  if (primaries < 1 || primaries > NODES_MAX) {
    throw new CliError('BAD_FLAG', `--primaries ${primaries} is not between 1 and ${NODES_MAX}`)
  }
  const nodeCount = primaries * (1 + replicas)
  if (replicas < 0 || nodeCount > NODES_MAX) {
    throw new CliError('BAD_FLAG', `${primaries} primaries with ${replicas} replicas each are ${nodeCount} nodes`, {
      suggestions: [`An environment has ${NODES_MAX} nodes at most.`],
    })
  }
  const lastBusPort = basePort + nodeCount - 1 + BUS_PORT_OFFSET
  if (basePort < 1 || lastBusPort > PORT_MAX) {
    const highest = PORT_MAX - BUS_PORT_OFFSET - nodeCount + 1
    throw new CliError('BAD_FLAG', `--base-port ${basePort} is not between 1 and ${highest}`, {
      suggestions: [`The bus of a node listens on its port + ${BUS_PORT_OFFSET}.`],
    })
  }
  if (password === '') throw new CliError('BAD_FLAG', 'the password is empty')
  return {basePort, name, persistence, primaries, replicas, ...(password === undefined ? {} : {password})}
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

/** The nodes of an environment, by port; `n1` is the first. Those to begin as primaries come first. */
export function nodesOf({basePort, name, password, persistence, primaries, replicas}: EnvironmentSpec): NodeSpec[] {
  return Array.from({length: primaries * (1 + replicas)}, (_, index) => ({
    address: {host: HOST, port: basePort + index},
    busPort: basePort + index + BUS_PORT_OFFSET,
    environment: name,
    name: `n${index + 1}`,
    settings: SETTINGS[persistence],
    ...(password === undefined ? {} : {password}),
  }))
}

/** In which ways the request asks for another environment than `existing`, each as `FLAG is A, not B`. */
export function differencesOf(request: EnvironmentRequest, existing: EnvironmentSpec): string[] {
  const flags = {
    basePort: '--base-port',
    persistence: '--persistence',
    primaries: '--primaries',
    replicas: '--replicas',
  } as const
  const found = (Object.keys(flags) as (keyof typeof flags)[])
    .filter((key) => request[key] !== undefined && request[key] !== existing[key])
    .map((key) => `${flags[key]} is ${existing[key]}, not ${request[key]}`)
  // Neither password is shown.
  if (request.password !== undefined && request.password !== existing.password) found.push('--password is another')
  return found
}

/** Ports of an environment, bus ports included. */
export function portsOf(spec: EnvironmentSpec): number[] {
  return nodesOf(spec).flatMap(({address, busPort}) => [address.port, busPort])
}
