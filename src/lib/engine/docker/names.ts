import {createHash} from 'node:crypto'
import {resolve} from 'node:path'

/**
 * What Docker knows of Shoal's: all state is in these names and labels.
 *
 *     container  shoal-ENV-NODE     network  shoal-ENV-client, shoal-ENV-peer     volume  shoal-ENV-NODE
 */
export const LABEL = {
  environment: 'dev.shoal.env',
  /** Helpers: what they make. */
  fault: 'dev.shoal.fault',
  image: 'dev.shoal.image',
  node: 'dev.shoal.node',
  peerHost: 'dev.shoal.peer-host',
  port: 'dev.shoal.port',
  region: 'dev.shoal.region',
  /** `node` or `fault`. */
  role: 'dev.shoal.role',
  /** Of images: which program is in it. */
  server: 'dev.shoal.server',
  /** Whose environment it is: two state folders do not see each other's. */
  state: 'dev.shoal.state',
  /** Of the server in an image. */
  serverVersion: 'dev.shoal.server-version',
  version: 'dev.shoal.version',
} as const

/** Names of a state folder's things differ from another's in this label alone. */
export function stateLabel(folder: string): string {
  return createHash('sha256').update(resolve(folder)).digest('hex').slice(0, 12)
}

export function containerName(environment: string, node: string): string {
  return `shoal-${environment}-${node}`
}

export const volumeName = containerName

export interface NetworkNames {
  readonly client: string
  readonly peer: string
}

export function networkNames(environment: string): NetworkNames {
  return {client: `shoal-${environment}-client`, peer: `shoal-${environment}-peer`}
}

/** `--label` arguments. */
export function labelArguments(labels: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(labels).flatMap(([name, value]) => (value === undefined ? [] : ['--label', `${name}=${value}`]))
}

/** `--filter` arguments for what has these labels. */
export function labelFilters(labels: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(labels).flatMap(([name, value]) =>
    value === undefined ? [] : ['--filter', `label=${name}=${value}`],
  )
}
