import {INT64_MIN} from '../../arguments.js'
import {decodePosition, scoresOf} from '../../geo/geohash.js'
import {cellsOf, distanceWithin, type Shape} from '../../geo/shape.js'
import type {ReplyWriter} from '../../reply.js'
import {ScoredList} from '../../values/zset/scored-list.js'
import type {SortedSet} from '../../values/zset/sorted-set.js'
import {type Command, type CommandHandler, defineCommand} from '../command.js'
import {storeSorted} from '../sorted-set/range.js'
import {GEO} from './facts.js'
import {writeDistance, writePosition} from './positions.js'
import {SearchParser, type SearchRequest, type SearchSyntax} from './request.js'

interface Found {
  readonly member: string
  readonly score: number
  readonly meters: number
}

/** Elements of one cell that are looked at together. */
const PAGE_SIZE = 1000

/** @param limit - enough; 0 = all */
function findWithin(zset: SortedSet, shape: Shape, limit: number): Found[] {
  const found: Found[] = []
  for (const cell of cellsOf(shape)) {
    if (limit !== 0 && found.length >= limit) break
    const [from, to] = scoresOf(cell)
    const end = zset.countBefore((score) => score < to)
    let rank = zset.countBefore((score) => score < from)
    while (rank < end) {
      const {members, scores} = zset.slice(rank, Math.min(PAGE_SIZE, end - rank))
      rank += members.length
      for (let i = 0; i < members.length; i++) {
        const score = scores[i]!
        const meters = distanceWithin(shape, decodePosition(score))
        if (meters === undefined) continue
        found.push({member: members[i]!, meters, score})
        if (found.length === limit) {
          rank = end
          break
        }
      }
    }
  }
  return found
}

function search(zset: SortedSet, shape: Shape, request: SearchRequest): Found[] {
  const {any, count} = request
  const found = findWithin(zset, shape, any ? count : 0)
  // The nearest are meant where only some are wanted.
  const sort = request.sort ?? (count !== 0 && !any ? 'asc' : undefined)
  if (sort === 'asc') found.sort((a, b) => a.meters - b.meters)
  else if (sort === 'desc') found.sort((a, b) => b.meters - a.meters)
  return count === 0 ? found : found.slice(0, count)
}

const INT64_LIMIT = 2 ** 63

/** As the processor makes an integer of a double: the lowest one of what is out of range. */
function asInt64(value: number): bigint {
  return Math.abs(value) < INT64_LIMIT ? BigInt(Math.trunc(value)) : INT64_MIN
}

function writeFound(reply: ReplyWriter, found: readonly Found[], request: SearchRequest, unitMeters: number): void {
  const {withDistance, withHash, withPosition} = request
  const partCount = 1 + Number(withDistance) + Number(withHash) + Number(withPosition)
  reply.array(found.length)
  if (partCount === 1) {
    reply.texts(found.map(({member}) => member))
    return
  }
  for (const {member, meters, score} of found) {
    reply.array(partCount)
    reply.bulk(member)
    if (withDistance) writeDistance(reply, meters / unitMeters)
    if (withHash) reply.integer(asInt64(score))
    if (withPosition) writePosition(reply, score)
  }
}

function searching(syntax: SearchSyntax): CommandHandler {
  const event = syntax.stores ? 'geosearchstore' : 'georadiusstore'
  return (context, argv) => {
    const {db, reply} = context
    const zset = db.getObject<SortedSet>(argv[syntax.stores ? 2 : 1]!, 'zset')
    const request = new SearchParser(argv, syntax, zset).parse()
    const {shape, storeKey, storesDistance} = request
    const found = zset === undefined || shape === undefined ? [] : search(zset, shape, request)
    const unitMeters = shape?.unitMeters ?? 1
    if (storeKey === undefined) {
      writeFound(reply, found, request, unitMeters)
      return
    }
    const list = new ScoredList()
    for (const {member, meters, score} of found) list.push(member, storesDistance ? meters / unitMeters : score)
    storeSorted(context, storeKey, list, event)
  }
}

/** The last STORE or STOREDIST counts. */
function radiusKeys(optionsAt: number): (argv: readonly string[]) => number[] {
  return (argv) => {
    let stored: number | undefined
    for (let i = optionsAt; i + 1 < argv.length; i++) {
      const word = argv[i]!.toLowerCase()
      if (word === 'store' || word === 'storedist') stored = ++i
    }
    return stored === undefined ? [1] : [1, stored]
  }
}

const SHOWING = {stores: false, storesByOption: false}
const STORING_BY_OPTION = {stores: false, storesByOption: true}

export const searchCommands: readonly Command[] = [
  defineCommand({
    ...GEO.georadius,
    keyIndexes: radiusKeys(6),
    run: searching({center: 'position', ...STORING_BY_OPTION}),
  }),
  defineCommand({
    ...GEO.georadiusbymember,
    keyIndexes: radiusKeys(5),
    run: searching({center: 'member', ...STORING_BY_OPTION}),
  }),
  defineCommand({...GEO.georadius_ro, run: searching({center: 'position', ...SHOWING})}),
  defineCommand({...GEO.georadiusbymember_ro, run: searching({center: 'member', ...SHOWING})}),
  defineCommand({...GEO.geosearch, run: searching({center: 'option', ...SHOWING})}),
  defineCommand({
    ...GEO.geosearchstore,
    run: searching({center: 'option', stores: true, storesByOption: false}),
  }),
]
