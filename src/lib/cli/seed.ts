import {isIP} from 'node:net'
import {Args} from '@oclif/core'
import {renderAddress, tryParseAddress} from '../model/address.js'
import {badFlag} from './flags.js'

/** The seed of a command that works on a cluster; redis-cli also takes it as two words, `HOST PORT`. */
export const seedArgs = {
  seed: Args.string({
    description: 'HOST:PORT of any node of the cluster, or the path of its Unix socket.',
    required: true,
  }),
  // The parser would wait for a pipe to say it.
  port: Args.string({hidden: true, ignoreStdin: true}),
}

/**
 * Makes one word of two.
 *
 * @returns `seed` as it is if there is no second word
 * @throws {CliError} BAD_FLAG for a second word that is none of the address
 */
export function joinSeed(seed: string, port: string | undefined): string {
  if (port === undefined) return seed
  const host = seed.replace(/^\[(.+)\]$/, '$1')
  const isHost = isIP(host) !== 0 || (!host.includes(':') && tryParseAddress(seed) === undefined)
  if (!isHost || !/^\d{1,5}$/.test(port))
    throw badFlag(`Unexpected argument: ${port}`, ['Write the seed as HOST:PORT.'])
  return renderAddress({host, port: Number(port)})
}
