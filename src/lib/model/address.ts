import {CliError} from '../kernel/errors.js'

/**
 * Where a node's client port is. `host` is a name or an IP literal, without brackets; or the absolute path of a Unix socket,
 * and then `port` is 0.
 */
export interface Address {
  readonly host: string
  readonly port: number
}

/** Redis derives the bus port so unless `cluster-port` says otherwise. */
export const BUS_PORT_OFFSET = 10000

/** Whether it is a Unix socket of this machine. */
export function isSocketPath({host}: Address): boolean {
  return host.startsWith('/')
}

/**
 * Reads `host:port`, `[::1]:port`, the absolute path of a Unix socket (`unix:` may stand before it), and what redis-cli
 * takes: `::1:port` and a `@busport` suffix, which is ignored.
 *
 * @returns undefined if it is not an address
 */
export function tryParseAddress(text: string): Address | undefined {
  const [, path] = /^(?:unix:)?(\/.+)$/.exec(text.trim()) ?? []
  if (path !== undefined) return {host: path, port: 0}
  const match = /^(?:\[([^\]\s]+)\]|([^\s[\]@/]+)):(\d{1,5})(?:@\d{1,5})?$/.exec(text.trim())
  if (!match) return undefined
  const host = match[1] ?? match[2]
  const port = Number(match[3])
  if (host === undefined || port < 1 || port > 65535) return undefined
  return {host, port}
}

/** @throws {CliError} BAD_ADDRESS */
export function parseAddress(text: string): Address {
  const address = tryParseAddress(text)
  if (!address) {
    throw new CliError('BAD_ADDRESS', `${JSON.stringify(text)} is not an address`, {
      suggestions: ['Write HOST:PORT, for example 127.0.0.1:7000 or [::1]:7000, or the path of a Unix socket.'],
    })
  }
  return address
}

/** `host:port`, with brackets around an IPv6 literal; the path of a Unix socket. */
export function renderAddress({host, port}: Address): string {
  if (host.startsWith('/')) return host
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** One locale for all, so that numbers given by order are the same on every machine. */
const HOSTS = new Intl.Collator('en', {numeric: true})

/**
 * Orders addresses as people do, 10.0.0.9 before 10.0.0.10, then by port.
 *
 * @returns negative, 0 or positive, as for `sort`
 */
export function compareNaturally(a: Address, b: Address): number {
  return HOSTS.compare(a.host, b.host) || a.port - b.port
}
