import {encodePosition} from '../../geo/geohash.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import {type Command, type CommandContext, defineCommand} from '../command.js'
import {addScored, CH, NX, XX} from '../sorted-set/add.js'
import {requirePosition} from './arguments.js'
import {GEO} from './facts.js'

const OPTIONS: ReadonlyMap<string, number> = new Map([
  ['nx', NX],
  ['xx', XX],
  ['ch', CH],
])

/** Longitude, latitude, member. */
const TRIPLE = 3

function geoadd(context: CommandContext, argv: string[]): void {
  let options = 0
  let at = 2
  for (; at < argv.length; at++) {
    const option = OPTIONS.get(argv[at]!.toLowerCase())
    if (option === undefined) break
    options |= option
  }
  const optionsEnd = at
  const isContradiction = (options & NX) !== 0 && (options & XX) !== 0
  if ((argv.length - at) % TRIPLE !== 0 || isContradiction) throw new ReplyError(SYNTAX_ERROR)
  const members: string[] = []
  const scores: number[] = []
  for (; at < argv.length; at += TRIPLE) {
    scores.push(encodePosition(requirePosition(argv, at)))
    members.push(argv[at + 2]!)
  }
  // ZADD has no other words for a command without members.
  if (members.length === 0) throw new ReplyError(SYNTAX_ERROR)
  const {db, server} = context
  const {dirty, propagation} = server.state
  addScored(context, argv[1]!, members, scores, options)
  if (propagation.isOn && server.state.dirty !== dirty) {
    const words = argv.slice(2, optionsEnd)
    propagation.instead(db.index, [
      'ZADD',
      argv[1]!,
      ...words,
      ...members.flatMap((one, i) => [String(scores[i]), one]),
    ])
  }
}

export const geoAddCommands: readonly Command[] = [defineCommand({...GEO.geoadd, run: geoadd})]
