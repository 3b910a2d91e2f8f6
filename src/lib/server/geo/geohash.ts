/**
 * Geohashes of up to 26 steps. Each step halves the longitude and the latitude:
 *
 *   bit 2i + 1   bit i of the longitude's index of 0 .. 2^steps - 1
 *   bit 2i       bit i of the latitude's
 */
export const STEPS_MAX = 26

export const LONGITUDE_MAX = 180
/** Of the Mercator projection: there is nothing to be found nearer to the poles. */
export const LATITUDE_MAX = 85.05112878
/** The text form reaches the poles. */
const TEXT_LATITUDE_MAX = 90

export interface Position {
  readonly longitude: number
  readonly latitude: number
}

/** Indexes of a cell; each is less than 2^steps. */
export interface Cell {
  readonly x: number
  readonly y: number
  readonly steps: number
}

export interface Area {
  readonly minLongitude: number
  readonly maxLongitude: number
  readonly minLatitude: number
  readonly maxLatitude: number
}

const HALF_BITS = 13
const HALF_MASK = (1 << HALF_BITS) - 1
const HALF_SCALE = 2 ** (2 * HALF_BITS)

/** Puts a zero before each of 16 bits. */
function spread(bits: number): number {
  let value = bits
  value = (value | (value << 8)) & 0x00ff_00ff
  value = (value | (value << 4)) & 0x0f0f_0f0f
  value = (value | (value << 2)) & 0x3333_3333
  return (value | (value << 1)) & 0x5555_5555
}

/** Every other bit of 32. */
function gather(bits: number): number {
  let value = bits & 0x5555_5555
  value = (value | (value >>> 1)) & 0x3333_3333
  value = (value | (value >>> 2)) & 0x0f0f_0f0f
  value = (value | (value >>> 4)) & 0x00ff_00ff
  return (value | (value >>> 8)) & 0x0000_ffff
}

/** The interleaved bits: up to 52, which a double holds. */
function interleave(x: number, y: number): number {
  const low = spread(y & HALF_MASK) | (spread(x & HALF_MASK) << 1)
  const high = spread(y >>> HALF_BITS) | (spread(x >>> HALF_BITS) << 1)
  return high * HALF_SCALE + low
}

function indexOf(value: number, max: number, steps: number): number {
  return Math.floor(((value + max) / (2 * max)) * 2 ** steps)
}

export function cellOf({latitude, longitude}: Position, steps: number): Cell {
  return {steps, x: indexOf(longitude, LONGITUDE_MAX, steps), y: indexOf(latitude, LATITUDE_MAX, steps)}
}

/** Around the world where it ends. The very edge has an index too many, which stays if that coordinate does. */
export function neighbour({steps, x, y}: Cell, dx: number, dy: number): Cell {
  const count = 2 ** steps
  return {steps, x: dx === 0 ? x : (x + dx + count) % count, y: dy === 0 ? y : (y + dy + count) % count}
}

/** The scores in a cell: from the first up to but without the second. */
export function scoresOf({steps, x, y}: Cell): [first: number, end: number] {
  const scale = 2 ** (2 * (STEPS_MAX - steps))
  const bits = interleave(x, y)
  return [bits * scale, (bits + 1) * scale]
}

function edge(index: number, count: number, max: number): number {
  return -max + (index / count) * (2 * max)
}

export function areaOf({steps, x, y}: Cell): Area {
  const count = 2 ** steps
  return {
    maxLatitude: edge(y + 1, count, LATITUDE_MAX),
    maxLongitude: edge(x + 1, count, LONGITUDE_MAX),
    minLatitude: edge(y, count, LATITUDE_MAX),
    minLongitude: edge(x, count, LONGITUDE_MAX),
  }
}

export function encodePosition({latitude, longitude}: Position): number {
  return interleave(indexOf(longitude, LONGITUDE_MAX, STEPS_MAX), indexOf(latitude, LATITUDE_MAX, STEPS_MAX))
}

const SCORE_LIMIT = 2 ** 52

/** The middle of a score's cell. Any score has one: sorted sets need not have been filled by GEOADD. */
export function decodePosition(score: number): Position {
  let x: number
  let y: number
  if (score >= 0 && score < SCORE_LIMIT) {
    const bits = Math.floor(score)
    const high = Math.floor(bits / HALF_SCALE)
    const low = bits - high * HALF_SCALE
    x = (gather(high >>> 1) << HALF_BITS) | gather(low >>> 1)
    y = (gather(high) << HALF_BITS) | gather(low)
  } else {
    const bits = BigInt.asUintN(64, Number.isFinite(score) ? BigInt(Math.trunc(score)) : 1n << 63n)
    const high = Number(bits >> 32n)
    const low = Number(bits & 0xffff_ffffn)
    x = gather(high >>> 1) * 65_536 + gather(low >>> 1)
    y = gather(high) * 65_536 + gather(low)
  }
  const {maxLatitude, maxLongitude, minLatitude, minLongitude} = areaOf({steps: STEPS_MAX, x, y})
  return {
    latitude: clamp((minLatitude + maxLatitude) / 2, LATITUDE_MAX),
    longitude: clamp((minLongitude + maxLongitude) / 2, LONGITUDE_MAX),
  }
}

function clamp(value: number, max: number): number {
  return Math.max(-max, Math.min(max, value))
}

const ALPHABET = '0123456789bcdefghjkmnpqrstuvwxyz'
const TEXT_LENGTH = 11

/** As GEOHASH answers: 11 characters of 5 bits, of which there are 52: the last is always 0. */
export function geohashText(position: Position): string {
  const x = indexOf(position.longitude, LONGITUDE_MAX, STEPS_MAX)
  const y = indexOf(position.latitude, TEXT_LATITUDE_MAX, STEPS_MAX)
  const bits = interleave(x, y)
  let text = ''
  for (let i = 1; i < TEXT_LENGTH; i++) text += ALPHABET[Math.floor(bits / 2 ** (52 - 5 * i)) % 32]
  return `${text}0`
}
