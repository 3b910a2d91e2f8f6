import {Flags} from '@oclif/core'
import type {ConnectOptions} from '../client/connect-options.js'
import {connectOptionsFrom} from './connect-flags.js'
import {askPassword} from './prompts.js'

const GROUP = 'SOURCE'

/** Which server keys are taken from. */
export const sourceFlags = {
  from: Flags.string({
    aliases: ['cluster-from'],
    helpGroup: GROUP,
    helpValue: 'HOST:PORT',
    required: true,
    summary: 'The server to take keys from; not in cluster mode.',
  }),
  'from-db': Flags.integer({
    default: 0,
    helpGroup: GROUP,
    helpValue: 'N',
    min: 0,
    summary: 'Its database to take keys from. A cluster has one only, so one is taken at a time.',
  }),
}

/** How it is reached: it has a login and certificates of its own. */
export const sourceLoginFlags = {
  'from-user': Flags.string({
    aliases: ['cluster-from-user'],
    helpGroup: GROUP,
    helpValue: 'NAME',
    summary: 'ACL user to log in as at the source.',
  }),
  'from-password': Flags.string({
    aliases: ['cluster-from-pass'],
    helpGroup: GROUP,
    helpValue: 'PASSWORD',
    summary: 'Password at the source. Better: SHOAL_FROM_PASSWORD, which no process list shows.',
  }),
  'from-askpass': Flags.boolean({
    aliases: ['cluster-from-askpass'],
    exclusive: ['from-password'],
    helpGroup: GROUP,
    summary: 'Ask for the password of the source on the terminal.',
  }),
  'from-tls': Flags.boolean({helpGroup: GROUP, summary: 'Connect to the source with TLS.'}),
  'from-cacert': Flags.string({
    helpGroup: GROUP,
    helpValue: 'FILE',
    summary: 'Authorities to trust at the source (PEM). Implies --from-tls.',
  }),
  'from-cert': Flags.string({
    dependsOn: ['from-key'],
    helpGroup: GROUP,
    helpValue: 'FILE',
    summary: 'Client certificate for the source (PEM). Implies --from-tls.',
  }),
  'from-key': Flags.string({
    dependsOn: ['from-cert'],
    helpGroup: GROUP,
    helpValue: 'FILE',
    summary: 'Key of the client certificate for the source (PEM).',
  }),
  'from-sni': Flags.string({
    helpGroup: GROUP,
    helpValue: 'NAME',
    summary: 'Name the certificate of the source is checked against.',
  }),
  'from-insecure': Flags.boolean({helpGroup: GROUP, summary: 'Accept any certificate of the source.'}),
}

/** The parsed values of `sourceLoginFlags`, and the timeout, which both sides share. */
export interface SourceFlagValues {
  readonly timeout: number
  readonly 'from-user'?: string | undefined
  readonly 'from-password'?: string | undefined
  readonly 'from-askpass': boolean
  readonly 'from-tls': boolean
  readonly 'from-cacert'?: string | undefined
  readonly 'from-cert'?: string | undefined
  readonly 'from-key'?: string | undefined
  readonly 'from-sni'?: string | undefined
  readonly 'from-insecure': boolean
}

const PASSWORD_VARIABLE = 'SHOAL_FROM_PASSWORD'

/** How the source is reached. The cluster's password is not tried on it. @throws {CliError} BAD_FLAG, NEEDS_TERMINAL */
export function sourceOptionsFrom(
  flags: SourceFlagValues,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ConnectOptions> {
  return connectOptionsFrom(
    {
      timeout: flags.timeout,
      user: flags['from-user'],
      password: flags['from-password'],
      askpass: flags['from-askpass'],
      tls: flags['from-tls'],
      cacert: flags['from-cacert'],
      cert: flags['from-cert'],
      key: flags['from-key'],
      sni: flags['from-sni'],
      insecure: flags['from-insecure'],
    },
    env,
    () => askPassword('Password of the source:', {flag: 'from-askpass', variable: PASSWORD_VARIABLE}),
    {prefix: 'from-', passwordVariables: [PASSWORD_VARIABLE]},
  )
}
