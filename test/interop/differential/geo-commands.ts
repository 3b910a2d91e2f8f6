import type {Rng} from '../../../src/lib/kernel/rng.js'
import {some} from './harness.js'

/** Random commands on positions: towns, a grid of points, the corners of the world, and scores that are no positions. */
const TOWNS: readonly (readonly [name: string, longitude: string, latitude: string])[] = [
  ['Palermo', '13.361389', '38.115556'],
  ['Catania', '15.087269', '37.502669'],
  ['Roma', '12.496366', '41.902782'],
  ['Oslo', '10.752245', '59.913868'],
  ['Quito', '-78.467834', '-0.180653'],
  ['Suva', '178.441895', '-18.141599'],
  ['Apia', '-171.766667', '-13.833333'],
  ['Tromso', '18.955324', '69.649208'],
  ['Longyear', '15.649', '78.22'],
  ['Null', '0', '0'],
  ['Corner', '180', '85.05112878'],
  ['Opposite', '-180', '-85.05112878'],
]
const BAD_LONGITUDES = ['180.1', 'x', '-181', 'inf', '', '1e30']
const BAD_LATITUDES = ['85.06', 'y', '-90', 'nan']
const LENGTHS = [
  '0',
  '1',
  '5',
  '10',
  '20',
  '30',
  '50',
  '70',
  '100',
  '150',
  '200',
  '300',
  '500',
  '2000',
  '20000',
  '166.2742',
]
/**
 * Scores that are no positions, each of one member: of two that are equally far, COUNT takes whichever redis-server's
 * quicksort has put first.
 */
const ODD_SCORES = [
  ['1', 'Palermo'],
  ['-1', 'Catania'],
  ['2.5', 'Roma'],
  ['4503599627370496', 'Oslo'],
  ['1e18', 'Quito'],
  ['3479099956230698', 'Null'],
]
const BAD_LENGTHS = ['-1', 'x', '', 'nan', 'inf']
const UNITS = ['m', 'km', 'KM', 'ft', 'mi', 'km', 'km', 'km', 'km']

/** Of stored results. */
export const TARGETS = ['d0', 'd1', 'text2']

const key = (rng: Rng): string => (rng.chance(0.1) ? rng.pick(['odd', 'nokey', 'text']) : rng.pick(['g0', 'g1']))
const target = (rng: Rng): string => rng.pick(TARGETS)
const name = (rng: Rng): string => (rng.chance(0.5) ? rng.pick(TOWNS)[0] : `p${rng.below(60)}`)
const length = (rng: Rng): string => (rng.chance(0.04) ? rng.pick(BAD_LENGTHS) : rng.pick(LENGTHS))
const unit = (rng: Rng): string => (rng.chance(0.02) ? 'foo' : rng.pick(UNITS))

function center(rng: Rng): string[] {
  if (rng.chance(0.03)) return [rng.pick(BAD_LONGITUDES), rng.pick(['1', ...BAD_LATITUDES])]
  if (rng.chance(0.2)) return rng.pick(TOWNS).slice(1)
  if (rng.chance(0.6)) return [String(13 + rng.below(2300) / 1000), String(37 + rng.below(1800) / 1000)]
  return [String(rng.below(360_000) / 1000 - 180), String(rng.below(170_000) / 1000 - 85)]
}

function added(rng: Rng): string[] {
  if (rng.chance(0.5)) {
    const [town, longitude, latitude] = rng.pick(TOWNS)
    return [longitude, latitude, town]
  }
  // Near each other, so that small searches find some; never twice at one place, which would leave the order open.
  const i = rng.below(60)
  return [String(13 + i * 0.0371), String(37 + ((i * 7) % 60) * 0.0293), `p${i}`]
}

function manyAdded(rng: Rng): string[] {
  return Array.from({length: 20}, () => (rng.chance(0.8) ? added(rng) : farAway(rng))).flat()
}

function farAway(rng: Rng): string[] {
  const i = rng.below(30)
  return [String(i * 11.7 - 170), String(((i * 11) % 30) * 5.5 - 80), `x${i}`]
}

const SEARCH_OPTIONS = ['WITHDIST', 'WITHCOORD', 'WITHHASH']

function ordered(rng: Rng): string[] {
  const kind = rng.below(5)
  if (kind === 0) return [rng.pick(['ASC', 'desc'])]
  if (kind === 1) return ['COUNT', rng.pick(['1', '3', '10', '0', 'x', '1000'])]
  if (kind === 2) return ['COUNT', rng.pick(['1', '3', '10']), 'ANY', ...some(rng, ['ASC', 'DESC'], 1)]
  if (kind === 3) return some(rng, ['ANY', 'COUNT', 'ASC', 'foo'], 2)
  return []
}

function from(rng: Rng): string[] {
  if (rng.chance(0.04)) return some(rng, ['FROMMEMBER', 'FROMLONLAT', 'Null'], 3)
  return rng.chance(0.5) ? ['FROMMEMBER', name(rng)] : ['FROMLONLAT', ...center(rng)]
}

function by(rng: Rng): string[] {
  if (rng.chance(0.04)) return some(rng, ['BYRADIUS', 'BYBOX', '1', 'm'], 5)
  return rng.chance(0.5) ? ['BYRADIUS', length(rng), unit(rng)] : ['BYBOX', length(rng), length(rng), unit(rng)]
}

type Make = (rng: Rng) => string[]

export const GEO: readonly Make[] = [
  (rng) => [
    'GEOADD',
    key(rng),
    ...some(rng, ['NX', 'XX', 'CH'], 1),
    ...added(rng),
    ...(rng.chance(0.5) ? added(rng) : []),
  ],
  (rng) => ['GEOADD', key(rng), ...farAway(rng)],
  (rng) => ['GEOADD', 'g0', rng.pick([...BAD_LONGITUDES, '1']), rng.pick([...BAD_LATITUDES, '2']), 'bad'],
  (rng) => ['GEOADD', 'g0', ...some(rng, ['NX', 'XX', 'CH', '1', '2', 'a'], 6)],
  (rng) => ['GEOPOS', key(rng), name(rng), name(rng), `x${rng.below(30)}`],
  (rng) => ['GEOHASH', key(rng), name(rng), name(rng), `x${rng.below(30)}`],
  (rng) => ['GEODIST', key(rng), name(rng), name(rng), ...(rng.chance(0.6) ? [unit(rng)] : [])],
  (rng) => ['GEOSEARCH', key(rng), ...from(rng), ...by(rng), ...some(rng, SEARCH_OPTIONS, 3), ...ordered(rng)],
  (rng) => ['GEOSEARCH', key(rng), ...by(rng), ...ordered(rng), ...from(rng)],
  (rng) => [
    'GEOSEARCHSTORE',
    target(rng),
    key(rng),
    ...from(rng),
    ...by(rng),
    ...ordered(rng),
    ...some(rng, ['STOREDIST', 'STOREDIST', 'WITHDIST'], 1),
  ],
  (rng) => [
    rng.pick(['GEORADIUS', 'GEORADIUS_RO']),
    key(rng),
    ...center(rng),
    length(rng),
    unit(rng),
    ...some(rng, SEARCH_OPTIONS, 2),
    ...ordered(rng),
  ],
  (rng) => [
    rng.pick(['GEORADIUSBYMEMBER', 'GEORADIUSBYMEMBER_RO']),
    key(rng),
    name(rng),
    length(rng),
    unit(rng),
    ...some(rng, SEARCH_OPTIONS, 2),
    ...ordered(rng),
  ],
  (rng) => [
    rng.pick(['GEORADIUSBYMEMBER', 'GEORADIUSBYMEMBER', 'GEORADIUSBYMEMBER_RO']),
    key(rng),
    name(rng),
    length(rng),
    unit(rng),
    ...ordered(rng),
    rng.pick(['STORE', 'STOREDIST']),
    target(rng),
    ...some(rng, ['WITHDIST', 'STORE'], 1),
  ],
  (rng) => ['ZRANGE', rng.pick(['d0', 'd1', 'g0', 'g1']), '0', '-1', 'WITHSCORES'],
  (rng) => ['ZADD', 'odd', ...rng.pick(ODD_SCORES)],
  (rng) => ['ZREM', rng.pick(['g0', 'g1']), name(rng)],
  (rng) => ['OBJECT', 'ENCODING', rng.pick(['g0', 'd0'])],
  (rng) => [
    'COMMAND',
    'GETKEYS',
    'GEORADIUS',
    'a',
    '1',
    '2',
    '3',
    'm',
    ...some(rng, ['STORE', 'b', 'STOREDIST', 'c'], 5),
  ],
  () => ['SET', 'text', 'x'],
  (rng) => ['DEL', rng.chance(0.1) ? rng.pick(['g0', 'g1']) : rng.pick(['d0', 'odd', 'd1'])],
  (rng) => ['GEOADD', rng.pick(['g0', 'g1']), ...manyAdded(rng)],
  () => ['MULTI'],
  () => ['EXEC'],
  () => ['EXEC'],
]

/** The last of a distance's 17 digits depends on who computes sines. Positions, which do not, have more characters. */
const DISTANCE = /(?:\$1[5-8]\r\n|,)(\d+\.\d{6,16})\r\n/g

export function rounded(reply: string): string {
  return reply.replace(DISTANCE, (all, digits: string) => (digits.length > 18 ? all : Number(digits).toPrecision(13)))
}
