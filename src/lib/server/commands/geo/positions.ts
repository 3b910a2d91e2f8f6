import {decodePosition, geohashText} from '../../geo/geohash.js'
import {distanceMeters} from '../../geo/shape.js'
import {formatLongDouble, longDoubleOf} from '../../long-double.js'
import type {ReplyWriter} from '../../reply.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import type {SortedSet} from '../../values/zset/sorted-set.js'
import {type Command, type CommandContext, defineCommand} from '../command.js'
import {requireUnit} from './arguments.js'
import {GEO} from './facts.js'

/** In the unit asked for, with four decimals; a bulk string in both protocols. */
export function writeDistance(reply: ReplyWriter, distance: number): void {
  reply.bulk(distance.toFixed(4))
}

/** Longitude and latitude of a score. */
export function writePosition(reply: ReplyWriter, score: number): void {
  const {latitude, longitude} = decodePosition(score)
  reply.array(2)
  reply.double(formatLongDouble(longDoubleOf(longitude)))
  reply.double(formatLongDouble(longDoubleOf(latitude)))
}

function geopos({db, reply}: CommandContext, argv: string[]): void {
  const zset = db.getObject<SortedSet>(argv[1]!, 'zset')
  reply.array(argv.length - 2)
  for (let i = 2; i < argv.length; i++) {
    const score = zset?.scoreOf(argv[i]!)
    if (score === undefined) reply.nilArray()
    else writePosition(reply, score)
  }
}

function geohash({db, reply}: CommandContext, argv: string[]): void {
  const zset = db.getObject<SortedSet>(argv[1]!, 'zset')
  reply.array(argv.length - 2)
  for (let i = 2; i < argv.length; i++) {
    const score = zset?.scoreOf(argv[i]!)
    if (score === undefined) reply.nil()
    else reply.bulk(geohashText(decodePosition(score)))
  }
}

const ARGUMENTS_MAX = 5

function geodist({db, reply}: CommandContext, argv: string[]): void {
  if (argv.length > ARGUMENTS_MAX) throw new ReplyError(SYNTAX_ERROR)
  const unitMeters = argv.length === ARGUMENTS_MAX ? requireUnit(argv[4]!) : 1
  const zset = db.getObject<SortedSet>(argv[1]!, 'zset')
  const from = zset?.scoreOf(argv[2]!)
  const to = zset?.scoreOf(argv[3]!)
  if (from === undefined || to === undefined) reply.nil()
  else writeDistance(reply, distanceMeters(decodePosition(from), decodePosition(to)) / unitMeters)
}

export const positionCommands: readonly Command[] = [
  defineCommand({...GEO.geopos, run: geopos}),
  defineCommand({...GEO.geohash, run: geohash}),
  defineCommand({...GEO.geodist, run: geodist}),
]
