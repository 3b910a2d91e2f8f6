import {CliError} from '../../kernel/errors.js'

const UNITS: Readonly<Record<string, number>> = {'': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40}
const UNIT = /^(\d+(?:\.\d+)?)\s*(?:([kmgt])b?|b)?$/i

const MEGABYTE = 2 ** 20

/**
 * An amount of memory: `512mb`, `1GB`, `10g`, or bytes. As in the product, a kilobyte has 1024 bytes. A bare number below a megabyte
 * is one without its unit: no database can work with so little.
 *
 * @param flag - for the message
 * @throws {CliError} BAD_FLAG
 */
export function parseSize(text: string, flag: string): number {
  const [, digits = '', unit = ''] = UNIT.exec(text.trim()) ?? []
  const bytes = digits === '' ? Number.NaN : Math.round(Number(digits) * (UNITS[unit.toLowerCase()] as number))
  if (unit === '' && bytes >= 1 && bytes < MEGABYTE && !/b$/i.test(text.trim())) {
    throw new CliError('BAD_FLAG', `${flag} ${text} is ${text} bytes: did you mean ${text}mb?`)
  }
  if (bytes >= 1 && bytes <= Number.MAX_SAFE_INTEGER) return bytes
  throw new CliError('BAD_FLAG', `${flag} ${text} is not an amount of memory such as 512mb, 1GB, 10g, or bytes`)
}

const BOOLEANS: Readonly<Record<string, boolean>> = {0: false, 1: true, false: false, no: false, true: true, yes: true}

/** @throws {CliError} BAD_FLAG */
export function parseBoolean(text: string, flag: string): boolean {
  const value = BOOLEANS[text.toLowerCase()]
  if (value !== undefined) return value
  throw new CliError('BAD_FLAG', `${flag} ${text} is neither true nor false`)
}

const NAME = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/

/** @throws {CliError} BAD_FLAG */
export function requireDatabaseName(name: string): string {
  if (NAME.test(name)) return name
  throw new CliError('BAD_FLAG', `${JSON.stringify(name.slice(0, 80))} cannot be the name of a database`, {
    suggestions: ['A name is 1 to 63 letters, digits and hyphens, and begins and ends with a letter or digit.'],
  })
}
