import type {Address} from '../model/address.js'
import {renderAddress} from '../model/address.js'

/** How to reach the nodes of one cluster; the same for all of them. */
export interface ConnectOptions {
  readonly username?: string
  readonly password?: string
  readonly tls?: TlsSettings
  /** Bound on connecting, and on each command that names no other. Milliseconds, > 0. */
  readonly timeoutMs: number
  readonly addressMap?: AddressMap
}

/** PEM texts. Without `ca` the system's authorities are trusted. */
export interface TlsSettings {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  /** The name the certificate is checked against, and sent as SNI, in place of the node's own. */
  readonly servername?: string
  /** Accept any certificate. */
  readonly insecure?: boolean
}

/** Announced address -> the address to use from here. Keys are `host:port`, or `host` for all its ports. */
export type AddressMap = ReadonlyMap<string, Address | string>

/** @returns where to connect for a node that announces `address` */
export function mapAddress(address: Address, map: AddressMap | undefined): Address {
  if (!map || map.size === 0) return address
  const exact = map.get(renderAddress(address))
  if (exact !== undefined) return typeof exact === 'string' ? {...address, host: exact} : exact
  const host = map.get(address.host)
  if (host === undefined) return address
  return typeof host === 'string' ? {...address, host} : host
}
