import {Flags} from '@oclif/core'
import {renderAddress, tryParseAddress} from '../model/address.js'
import {badFlag} from './flags.js'

/** `--zone HOST[:PORT]=ZONE`, any number of times. */
export function zoneFlag(summary: string) {
  return Flags.string({helpValue: 'HOST[:PORT]=ZONE', multiple: true, multipleNonGreedy: true, summary})
}

/**
 * Reads `--zone HOST[:PORT]=ZONE` flags.
 *
 * @returns zone by `HOST:PORT` or `HOST`
 * @throws {CliError} BAD_FLAG
 */
export function parseZones(flags: readonly string[]): Map<string, string> {
  const zones = new Map<string, string>()
  for (const flag of flags) {
    const at = flag.lastIndexOf('=')
    const name = flag.slice(0, at)
    const zone = flag.slice(at + 1)
    if (at <= 0 || zone === '') {
      throw badFlag(`--zone ${flag} is not HOST=ZONE or HOST:PORT=ZONE`, ['--zone 10.0.0.1=a'])
    }
    const address = tryParseAddress(name)
    zones.set(address ? renderAddress(address) : name.replace(/^\[|\]$/g, ''), zone)
  }
  return zones
}
