import {CliError} from '../kernel/errors.js'

const HOW_TO = 'Shoal gives each node its own.'

/** Directives that `up` decides, and what to do instead of setting them. */
const OWNED: Readonly<Record<string, string>> = {
  bind: HOW_TO,
  'bind-source-addr': HOW_TO,
  'cluster-config-file': HOW_TO,
  'cluster-enabled': 'Use --topology cluster or --topology replication.',
  'cluster-node-timeout': 'Use --node-timeout MS.',
  'cluster-port': HOW_TO,
  'cluster-preferred-endpoint-type': HOW_TO,
  daemonize: HOW_TO,
  dir: HOW_TO,
  logfile: 'Read what nodes log with: shoal logs',
  masterauth: 'Set SHOAL_PASSWORD: the nodes require it, and give it to each other.',
  pidfile: HOW_TO,
  port: 'Use --base-port PORT.',
  replicaof: 'Use --topology replication.',
  requirepass: 'Set SHOAL_PASSWORD: the nodes require it, and give it to each other.',
  slaveof: 'Use --topology replication.',
  supervised: HOW_TO,
}
const OWNED_PREFIXES = ['cluster-announce-', 'replica-announce-', 'slave-announce-']

/**
 * Directives of redis.conf for all nodes of an environment. What they mean is the nodes' business: one that they do not know
 * fails at their start.
 *
 * @throws {CliError} BAD_FLAG for what no line of redis.conf can be, and for what Shoal itself decides
 */
export function requireSettings(settings: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(settings)) {
    if (!/^[a-z][a-z0-9-]*$/.test(name)) {
      throw new CliError('BAD_FLAG', `${JSON.stringify(name)} is no directive of redis.conf`, {
        suggestions: ['shoal up --set maxmemory=100mb'],
      })
    }
    // A line end would begin another directive.
    if (/[\n\r\0]/.test(value)) throw new CliError('BAD_FLAG', `the value of ${name} has more than one line`)
    const isOwned = Object.hasOwn(OWNED, name)
    if (!isOwned && !OWNED_PREFIXES.some((prefix) => name.startsWith(prefix))) continue
    throw new CliError('BAD_FLAG', `${name} cannot be set: Shoal decides it`, {
      suggestions: [(isOwned && OWNED[name]) || HOW_TO],
    })
  }
}

/** Also the full name of a host. */
export const REGION = /^[a-zA-Z0-9][\w.-]{0,62}$/

/** @throws {CliError} BAD_FLAG for a name that cannot be one, or that is there twice */
export function requireRegions(regions: readonly string[]): void {
  for (const [index, region] of regions.entries()) {
    if (!REGION.test(region)) {
      throw new CliError('BAD_FLAG', `${JSON.stringify(region)} cannot be the name of a region`, {
        suggestions: ['A name is 1 to 63 of letters, digits, dots, - and _.', 'shoal up --regions eu,us,asia'],
      })
    }
    if (regions.indexOf(region) !== index) throw new CliError('BAD_FLAG', `region ${region} is there twice`)
  }
}
