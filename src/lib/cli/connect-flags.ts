import {readFile} from 'node:fs/promises'
import type {AddressMap, ConnectOptions, TlsSettings} from '../client/connect-options.js'
import type {KnownEnvironment} from '../environment/known.js'
import {messageOf} from '../kernel/errors.js'
import type {Address} from '../model/address.js'
import {renderAddress, tryParseAddress} from '../model/address.js'
import {badFlag} from './flags.js'

/** The parsed values of `connectFlags`. */
export interface ConnectFlagValues {
  readonly password?: string | undefined
  readonly askpass?: boolean | undefined
  readonly user?: string | undefined
  readonly timeout: number
  readonly 'address-map'?: readonly string[] | undefined
  readonly tls?: boolean | undefined
  readonly cacert?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
  readonly sni?: string | undefined
  readonly insecure?: boolean | undefined
}

/** A second set of the same flags, for a server on the other side. */
export interface FlagNaming {
  /** Before each name of a flag: `from-`. */
  readonly prefix: string
  /** Environment variables that may hold the password, the first that is set counts. */
  readonly passwordVariables: readonly string[]
}

const PLAIN: FlagNaming = {prefix: '', passwordVariables: ['SHOAL_PASSWORD', 'REDISCLI_AUTH']}

/**
 * From flags and environment to how nodes are reached. The password is taken from `--password`, else `--askpass`, else
 * SHOAL_PASSWORD, else REDISCLI_AUTH.
 *
 * @param askPassword - asks the operator; called for `--askpass` alone
 * @param naming - how flags and variables are called, for messages; the plain names by default
 * @throws {CliError} BAD_FLAG
 */
export async function connectOptionsFrom(
  flags: ConnectFlagValues,
  env: Readonly<Record<string, string | undefined>>,
  askPassword: () => Promise<string>,
  {passwordVariables, prefix}: FlagNaming = PLAIN,
): Promise<ConnectOptions> {
  const fromEnv = passwordVariables.map((name) => env[name]).find((value) => value)
  const password = flags.password ?? (flags.askpass ? await askPassword() : fromEnv)
  if (flags.user !== undefined && password === undefined) {
    throw badFlag(`--${prefix}user needs a password`, [
      `Set ${passwordVariables[0]}, or pass --${prefix}askpass or --${prefix}password.`,
    ])
  }
  const tls = await tlsFrom(flags, prefix)
  return {
    timeoutMs: flags.timeout,
    ...(password !== undefined && {password}),
    ...(flags.user !== undefined && {username: flags.user}),
    ...(tls && {tls}),
    ...(flags['address-map']?.length && {addressMap: parseAddressMap(flags['address-map'])}),
  }
}

/** What the operator says prevails over what a development environment says of itself. */
export function withEnvironment(options: ConnectOptions, {addressMap, password}: KnownEnvironment): ConnectOptions {
  const map = new Map([...addressMap, ...(options.addressMap ?? [])])
  const needsPassword = options.password === undefined && options.username === undefined
  return {
    ...options,
    ...(map.size > 0 && {addressMap: map}),
    ...(needsPassword && password !== undefined && {password}),
  }
}

async function tlsFrom(flags: ConnectFlagValues, prefix: string): Promise<TlsSettings | undefined> {
  const {cacert, cert, insecure, key, sni} = flags
  const wanted = flags.tls || insecure || [cacert, cert, key, sni].some((value) => value !== undefined)
  if (!wanted) return undefined
  const [ca, certText, keyText] = await Promise.all([
    readPem(`${prefix}cacert`, cacert),
    readPem(`${prefix}cert`, cert),
    readPem(`${prefix}key`, key),
  ])
  return {
    ...(ca !== undefined && {ca}),
    ...(certText !== undefined && {cert: certText}),
    ...(keyText !== undefined && {key: keyText}),
    ...(sni !== undefined && {servername: sni}),
    ...(insecure && {insecure}),
  }
}

async function readPem(flag: string, file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw badFlag(`--${flag} ${file} cannot be read: ${messageOf(error)}`)
  }
}

/**
 * Reads `FROM=TO` pairs; both sides a host or HOST:PORT. A host on the right keeps the announced port.
 *
 * @throws {CliError} BAD_FLAG
 */
export function parseAddressMap(pairs: readonly string[]): AddressMap {
  const map = new Map<string, Address | string>()
  for (const pair of pairs) {
    const [from, to, ...rest] = pair.split('=')
    if (!from || !to || rest.length > 0) {
      throw badFlag(`--address-map ${pair} is not FROM=TO`, ['--address-map 10.0.0.5:6379=127.0.0.1:7001'])
    }
    const fromAddress = tryParseAddress(from)
    const toAddress = tryParseAddress(to)
    if (!fromAddress && toAddress) {
      throw badFlag(`--address-map ${pair} maps every port of ${from} to one port; name the port on the left too`)
    }
    map.set(fromAddress ? renderAddress(fromAddress) : bareHost(from), toAddress ?? bareHost(to))
  }
  return map
}

function bareHost(text: string): string {
  return text.replace(/^\[|\]$/g, '')
}
