import {parseDouble} from '../../../protocol/double.js'
import {LATITUDE_MAX, LONGITUDE_MAX, type Position} from '../../geo/geohash.js'
import {NOT_A_FLOAT, ReplyError} from '../../reply-error.js'

function requireDouble(text: string, message = NOT_A_FLOAT): number {
  const value = parseDouble(text)
  if (value === undefined) throw new ReplyError(message)
  return value
}

/** As C's `%f`. */
function sixDecimals(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  return Math.abs(value) < 1e21 ? value.toFixed(6) : `${BigInt(value)}.000000`
}

/** Longitude and latitude at `at`. @throws ReplyError */
export function requirePosition(argv: readonly string[], at: number): Position {
  const longitude = requireDouble(argv[at]!)
  const latitude = requireDouble(argv[at + 1]!)
  if (Math.abs(longitude) > LONGITUDE_MAX || Math.abs(latitude) > LATITUDE_MAX) {
    const shown = `${sixDecimals(longitude)},${sixDecimals(latitude)}`
    throw new ReplyError(`ERR invalid longitude,latitude pair ${shown}`)
  }
  return {latitude, longitude}
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ['m', 1],
  ['km', 1000],
  ['ft', 0.3048],
  ['mi', 1609.34],
])

/** @returns its meters @throws ReplyError */
export function requireUnit(text: string): number {
  const meters = UNITS.get(text.toLowerCase())
  if (meters === undefined) throw new ReplyError('ERR unsupported unit provided. please use M, KM, FT, MI')
  return meters
}

/** Radius and unit at `at`. @throws ReplyError */
export function requireRadius(argv: readonly string[], at: number): {radius: number; unitMeters: number} {
  const radius = requireDouble(argv[at]!, 'ERR need numeric radius')
  if (radius < 0) throw new ReplyError('ERR radius cannot be negative')
  return {radius, unitMeters: requireUnit(argv[at + 1]!)}
}

/** Width, height and unit at `at`. @throws ReplyError */
export function requireBox(argv: readonly string[], at: number): {width: number; height: number; unitMeters: number} {
  const width = requireDouble(argv[at]!, 'ERR need numeric width')
  const height = requireDouble(argv[at + 1]!, 'ERR need numeric height')
  if (width < 0 || height < 0) throw new ReplyError('ERR height or width cannot be negative')
  return {height, unitMeters: requireUnit(argv[at + 2]!), width}
}
