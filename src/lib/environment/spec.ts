import type {NodeSpec} from '../engine/engine.js'
import {CliError} from '../kernel/errors.js'
import {BUS_PORT_OFFSET} from '../model/address.js'

/** What a named environment consists of. Host is always loopback: these are for development. */
export interface EnvironmentSpec {
  readonly name: string
  readonly primaries: number
  readonly replicas: number
  /** Nodes listen on consecutive ports from here; their bus on port + 10000. */
  readonly basePort: number
  readonly password?: string
}

/** What the caller asked for. What is left out is as it is, or the default for a new environment. */
export type EnvironmentRequest = Pick<EnvironmentSpec, 'name'> & Partial<EnvironmentSpec>

export const HOST = '127.0.0.1'
export const DEFAULTS = {basePort: 17001, name: 'default', primaries: 3, replicas: 0} as const
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
 * @throws {CliError} BAD_FLAG; ENVIRONMENT_LACKS if it asks for replicas, which environments cannot have yet
 */
export function planEnvironment(request: EnvironmentRequest): EnvironmentSpec {
  const name = requireEnvironmentName(request.name)
  const {basePort = DEFAULTS.basePort, password, primaries = DEFAULTS.primaries, replicas = DEFAULTS.replicas} = request
  if (replicas > 0) {
    throw new CliError('ENVIRONMENT_LACKS', 'environments have primaries only in this version of Shoal', {
      suggestions: [`shoal up --name ${name} --primaries ${primaries}`],
    })
  }
  if (primaries < 1 || primaries > NODES_MAX) {
    throw new CliError('BAD_FLAG', `--primaries ${primaries} is not between 1 and ${NODES_MAX}`)
  }
  const lastBusPort = basePort + primaries - 1 + BUS_PORT_OFFSET
  if (basePort < 1 || lastBusPort > PORT_MAX) {
    const highest = PORT_MAX - BUS_PORT_OFFSET - primaries + 1
    throw new CliError('BAD_FLAG', `--base-port ${basePort} is not between 1 and ${highest}`, {
      suggestions: [`The bus of a node listens on its port + ${BUS_PORT_OFFSET}.`],
    })
  }
  if (password === '') throw new CliError('BAD_FLAG', 'the password is empty')
  return {basePort, name, primaries, replicas, ...(password === undefined ? {} : {password})}
}

/** The nodes of an environment, by port; `n1` is the first. */
export function nodesOf({basePort, name, password, primaries}: EnvironmentSpec): NodeSpec[] {
  return Array.from({length: primaries}, (_, index) => ({
    address: {host: HOST, port: basePort + index},
    busPort: basePort + index + BUS_PORT_OFFSET,
    environment: name,
    name: `n${index + 1}`,
    ...(password === undefined ? {} : {password}),
  }))
}

/** In which ways the request asks for another environment than `existing`, each as `FLAG is A, not B`. */
export function differencesOf(request: EnvironmentRequest, existing: EnvironmentSpec): string[] {
  const flags = {basePort: '--base-port', primaries: '--primaries', replicas: '--replicas'} as const
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
