import {CliError} from '../../kernel/errors.js'
import {nearest} from '../../kernel/nearest.js'
import {type Address, parseAddress, renderAddress} from '../../model/address.js'

/** One `--instance`: a participating cluster, and how to log in there. */
export interface InstanceRequest {
  readonly place: RequestedPlace
  readonly login: RequestedLogin
  /** Accepted, and of no use here. */
  readonly ignored: readonly string[]
}

export type RequestedPlace =
  /** A region of an environment. */
  | {readonly kind: 'region'; readonly region: string}
  /** A cluster that runs already. */
  | {readonly kind: 'endpoint'; readonly address: Address}

export interface RequestedLogin {
  readonly username?: string
  readonly password?: string
  readonly clientCert?: string
  readonly clientKey?: string
  readonly trustedCa?: string
}

const KEYS = [
  'fqdn',
  'endpoint',
  'username',
  'password',
  'client_cert',
  'client_key',
  'trusted_ca',
  'url',
  'replication_endpoint',
  'replication_tls_sni',
] as const
type Key = (typeof KEYS)[number]

const EXAMPLES = [
  '--instance fqdn=cluster1.local,username=r@r.com,password=test',
  '--instance endpoint=127.0.0.1:7001,username=default,password=secret',
]

/**
 * Reads `KEY=VALUE,KEY=VALUE`. A comma that no key follows belongs to the value, so that a password may hold one.
 *
 * @throws {CliError} BAD_FLAG
 */
export function parseInstance(text: string): InstanceRequest {
  const values = pairsIn(text)
  const {
    fqdn,
    endpoint,
    password,
    username,
    client_cert: clientCert,
    client_key: clientKey,
    trusted_ca: trustedCa,
  } = values
  if ((fqdn === undefined) === (endpoint === undefined)) {
    const problem = fqdn === undefined ? 'says neither fqdn nor endpoint' : 'says both fqdn and endpoint'
    throw bad(text, problem)
  }
  requireOneKind(values, text)
  return {
    ignored: (['url', 'replication_endpoint', 'replication_tls_sni'] as const).filter(
      (key) => values[key] !== undefined,
    ),
    login: {
      ...(username !== undefined && {username}),
      ...(password !== undefined && {password}),
      ...(clientCert !== undefined && {clientCert}),
      ...(clientKey !== undefined && {clientKey}),
      ...(trustedCa !== undefined && {trustedCa}),
    },
    place:
      fqdn === undefined
        ? {address: parseAddress(endpoint as string), kind: 'endpoint'}
        : {kind: 'region', region: fqdn},
  }
}

/** What a place is called where it stands for its cluster. */
export function nameOfPlace(place: RequestedPlace): string {
  return place.kind === 'region' ? place.region : renderAddress(place.address)
}

/**
 * Reads `id=N,username=,password=` of `--credentials`.
 *
 * @throws {CliError} BAD_FLAG
 */
export function parseCredentials(text: string): [id: number, login: RequestedLogin] {
  const [, digits = '', rest = ''] = /^\s*id=(\d{1,9})\s*,(.*)$/s.exec(text) ?? []
  if (digits === '') {
    throw new CliError('BAD_FLAG', '--credentials is not id=N,username=NAME,password=PASSWORD', {
      suggestions: ['--credentials id=2,username=r@r.com,password=test'],
    })
  }
  const {login} = parseInstance(`fqdn=${digits},${rest}`)
  return [Number(digits), login]
}

function pairsIn(text: string): Partial<Record<Key, string>> {
  const values: Partial<Record<Key, string>> = {}
  for (const pair of text.split(/,(?=\s*[a-z_-]+=)/i)) {
    const [, written = '', value = ''] = /^\s*([\w-]+)=([\s\S]*)$/.exec(pair) ?? []
    const key = written.toLowerCase().replaceAll('-', '_')
    if (key === '') throw bad(text, 'is not KEY=VALUE,KEY=VALUE')
    if (!isKey(key)) {
      const meant = nearest(key, KEYS)
      throw bad(text, `has the key ${written}${meant ? `; did you mean ${meant}?` : ''}`)
    }
    if (values[key] !== undefined) throw bad(text, `has ${key} twice`)
    if (value.trim() === '') throw bad(text, `has no value for ${key}`)
    values[key] = value.trim()
  }
  return values
}

/** @throws {CliError} BAD_FLAG, in the product's words, for a password and a certificate at once */
function requireOneKind(values: Partial<Record<Key, string>>, text: string): void {
  const {client_cert: cert, client_key: key, password, trusted_ca: ca, username} = values
  const hasCertificate = (cert ?? key ?? ca) !== undefined
  if (hasCertificate && (username ?? password) !== undefined) {
    throw new CliError('BAD_FLAG', 'Use either username/password or client_cert/client_key/trusted_ca, not both', {
      suggestions: EXAMPLES,
    })
  }
  if (hasCertificate && (cert === undefined || key === undefined))
    throw bad(text, 'needs both client_cert and client_key')
  if (username !== undefined && password === undefined) throw bad(text, 'has a username and no password')
}

function isKey(key: string): key is Key {
  return KEYS.some((each) => each === key)
}

/** The text is not shown whole: it may hold a password. */
function bad(text: string, problem: string): CliError {
  const [, place] = /((?:fqdn|endpoint)=[^,]*)/.exec(text) ?? []
  return new CliError('BAD_FLAG', `--instance${place === undefined ? '' : ` ${place}`} ${problem}`, {
    suggestions: EXAMPLES,
  })
}
