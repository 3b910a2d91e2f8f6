import {type Area, areaOf, type Cell, cellOf, neighbour, type Position, STEPS_MAX} from './geohash.js'

const EARTH_RADIUS_METERS = 6_372_797.560856
const MERCATOR_MAX_METERS = 20_037_726.37
const DEGREE = Math.PI / 180

/** What is searched. Lengths are in the unit asked for; `unitMeters` of them are a meter's multiple. */
export type Shape = {readonly unitMeters: number; readonly center: Position} & (
  | {readonly kind: 'circle'; readonly radius: number}
  | {readonly kind: 'box'; readonly width: number; readonly height: number}
)

function latitudeDistance(latitude1: number, latitude2: number): number {
  return EARTH_RADIUS_METERS * Math.abs(latitude2 * DEGREE - latitude1 * DEGREE)
}

/** Meters, by the haversine. */
export function distanceMeters(a: Position, b: Position): number {
  const v = Math.sin((b.longitude * DEGREE - a.longitude * DEGREE) / 2)
  if (v === 0) return latitudeDistance(a.latitude, b.latitude)
  const latitude1 = a.latitude * DEGREE
  const latitude2 = b.latitude * DEGREE
  const u = Math.sin((latitude2 - latitude1) / 2)
  return 2 * EARTH_RADIUS_METERS * Math.asin(Math.sqrt(u * u + Math.cos(latitude1) * Math.cos(latitude2) * v * v))
}

/** Meters from the centre; undefined outside the shape. */
export function distanceWithin(shape: Shape, position: Position): number | undefined {
  const {center, unitMeters} = shape
  if (shape.kind === 'circle') {
    const distance = distanceMeters(center, position)
    return distance > shape.radius * unitMeters ? undefined : distance
  }
  if (latitudeDistance(position.latitude, center.latitude) > (shape.height * unitMeters) / 2) return undefined
  const sideways = distanceMeters(position, {latitude: position.latitude, longitude: center.longitude})
  if (sideways > (shape.width * unitMeters) / 2) return undefined
  return distanceMeters(center, position)
}

/** As far as the shape reaches. */
function boundsOf(shape: Shape): Area {
  const {center, unitMeters} = shape
  const {latitude, longitude} = center
  const height = unitMeters * (shape.kind === 'circle' ? shape.radius : shape.height / 2)
  const width = unitMeters * (shape.kind === 'circle' ? shape.radius : shape.width / 2)
  const latitudeDelta = height / EARTH_RADIUS_METERS / DEGREE
  // A degree of longitude is shortest at the side that is nearer to the pole.
  const widest = latitude < 0 ? latitude - latitudeDelta : latitude + latitudeDelta
  const longitudeDelta = width / EARTH_RADIUS_METERS / Math.cos(widest * DEGREE) / DEGREE
  return {
    maxLatitude: latitude + latitudeDelta,
    maxLongitude: longitude + longitudeDelta,
    minLatitude: latitude - latitudeDelta,
    minLongitude: longitude - longitudeDelta,
  }
}

/** So many that a cell and its neighbours cover the radius in most cases. */
function stepsFor(radiusMeters: number, latitude: number): number {
  if (radiusMeters === 0) return STEPS_MAX
  let steps = 1
  for (let meters = radiusMeters; meters < MERCATOR_MAX_METERS; meters *= 2) steps++
  steps -= 2
  // Cells are narrower towards the poles.
  if (Math.abs(latitude) > 66) steps--
  if (Math.abs(latitude) > 80) steps--
  return Math.max(1, Math.min(STEPS_MAX, steps))
}

function reachOf(shape: Shape): number {
  const reach = shape.kind === 'circle' ? shape.radius : Math.sqrt((shape.width / 2) ** 2 + (shape.height / 2) ** 2)
  return reach * shape.unitMeters
}

/** East and north of the middle cell, in the order they are searched in. */
const DIRECTIONS: readonly (readonly [dx: number, dy: number])[] = [
  [0, 0],
  [0, 1],
  [0, -1],
  [1, 0],
  [-1, 0],
  [1, 1],
  [-1, 1],
  [1, -1],
  [-1, -1],
]

function isEnough(cell: Cell, bounds: Area): boolean {
  if (areaOf(neighbour(cell, 0, 1)).maxLatitude < bounds.maxLatitude) return false
  if (areaOf(neighbour(cell, 0, -1)).minLatitude > bounds.minLatitude) return false
  if (areaOf(neighbour(cell, 1, 0)).maxLongitude < bounds.maxLongitude) return false
  return areaOf(neighbour(cell, -1, 0)).minLongitude <= bounds.minLongitude
}

/** The cells to search, in order; those of them that the shape cannot reach into are left out. */
export function cellsOf(shape: Shape): Cell[] {
  const {center} = shape
  const bounds = boundsOf(shape)
  let steps = stepsFor(reachOf(shape), center.latitude)
  let middle = cellOf(center, steps)
  if (steps > 1 && !isEnough(middle, bounds)) middle = cellOf(center, --steps)
  const area = areaOf(middle)
  const cells: Cell[] = []
  let last = 0
  for (const [i, [dx, dy]] of DIRECTIONS.entries()) {
    if (steps >= 2 && isUseless(area, bounds, dx, dy)) continue
    const cell = neighbour(middle, dx, dy)
    // The world of large cells is so small that neighbours meet on its other side; the first is no "last" to Redis.
    const before = cells[cells.length - 1]
    if (last > 0 && before !== undefined && before.x === cell.x && before.y === cell.y) continue
    cells.push(cell)
    last = i
  }
  return cells
}

/** The middle cell reaches beyond the shape on that side already. */
function isUseless(area: Area, bounds: Area, dx: number, dy: number): boolean {
  if (dy < 0 && area.minLatitude < bounds.minLatitude) return true
  if (dy > 0 && area.maxLatitude > bounds.maxLatitude) return true
  if (dx < 0 && area.minLongitude < bounds.minLongitude) return true
  return dx > 0 && area.maxLongitude > bounds.maxLongitude
}
