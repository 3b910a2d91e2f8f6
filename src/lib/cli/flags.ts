import {Flags} from '@oclif/core'
import {CliError} from '../kernel/errors.js'
import {parseDuration} from './duration.js'

/** Flags that every command has, and kinds of flags that several share. */

const GROUP = 'GLOBAL'

/** A length of time, in milliseconds. */
export const durationFlag = Flags.custom<number>({
  helpValue: 'TIME',
  parse: async (text, _context, {name}) => {
    const ms = parseDuration(text)
    if (ms === undefined) throw badFlag(`--${name} ${text} is not a length of time such as 500ms, 5s or 2m`)
    return ms
  },
})

/** @returns the error of a flag whose value makes no sense */
export function badFlag(message: string, suggestions: readonly string[] = []): CliError {
  return new CliError('BAD_FLAG', message, {suggestions})
}

/** Of every command. `--json` is oclif's own. */
export const globalFlags = {
  'no-color': Flags.boolean({helpGroup: GROUP, summary: 'Print without colour. NO_COLOR does the same.'}),
  quiet: Flags.boolean({char: 'q', helpGroup: GROUP, summary: 'Print results and errors only.'}),
  yes: Flags.boolean({
    aliases: ['cluster-yes'],
    char: 'y',
    helpGroup: GROUP,
    summary: 'Do not ask for confirmation.',
  }),
}

/** Of every command that talks to nodes. */
export const connectFlags = {
  password: Flags.string({
    aliases: ['pass'],
    char: 'a',
    helpGroup: 'CONNECTION',
    helpValue: 'PASSWORD',
    summary: 'Password of the nodes. Better: SHOAL_PASSWORD (or REDISCLI_AUTH), which no process list shows.',
  }),
  askpass: Flags.boolean({
    exclusive: ['password'],
    helpGroup: 'CONNECTION',
    summary: 'Ask for the password on the terminal.',
  }),
  user: Flags.string({helpGroup: 'CONNECTION', helpValue: 'NAME', summary: 'ACL user to log in as.'}),
  timeout: durationFlag({
    default: 5000,
    defaultHelp: async () => '5s',
    helpGroup: 'CONNECTION',
    summary: 'Longest wait for one answer, as 500ms, 5s or 2m.',
  }),
  'address-map': Flags.string({
    helpGroup: 'CONNECTION',
    helpValue: 'FROM=TO',
    multiple: true,
    multipleNonGreedy: true,
    summary: 'Reach nodes that announce FROM (HOST or HOST:PORT) at TO; for NAT and containers.',
  }),
  tls: Flags.boolean({helpGroup: 'CONNECTION', summary: 'Connect with TLS.'}),
  cacert: Flags.string({
    helpGroup: 'CONNECTION',
    helpValue: 'FILE',
    summary: 'Authorities to trust (PEM). Implies --tls.',
  }),
  cacertdir: Flags.string({
    helpGroup: 'CONNECTION',
    helpValue: 'FOLDER',
    summary: 'Folder of authorities to trust (PEM). Implies --tls.',
  }),
  cert: Flags.string({
    dependsOn: ['key'],
    helpGroup: 'CONNECTION',
    helpValue: 'FILE',
    summary: 'Client certificate (PEM). Implies --tls.',
  }),
  key: Flags.string({
    dependsOn: ['cert'],
    helpGroup: 'CONNECTION',
    helpValue: 'FILE',
    summary: 'Key of the client certificate (PEM).',
  }),
  sni: Flags.string({
    helpGroup: 'CONNECTION',
    helpValue: 'NAME',
    summary: 'Name the certificates are checked against.',
  }),
  insecure: Flags.boolean({helpGroup: 'CONNECTION', summary: 'Accept any certificate.'}),
  // Scripts written for redis-cli pass it; there is no such warning here.
  'no-auth-warning': Flags.boolean({hidden: true}),
}
