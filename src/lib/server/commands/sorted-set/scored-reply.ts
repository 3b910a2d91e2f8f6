import {formatDouble} from '../../../protocol/double.js'
import type {ReplyWriter} from '../../reply.js'
import type {ScoredList} from '../../values/zset/scored-list.js'

export function writeScore(reply: ReplyWriter, score: number): void {
  reply.double(formatDouble(score))
}

/** Members, and if asked for their scores: side by side in RESP2, in pairs in RESP3. */
export function writeScored(reply: ReplyWriter, {members, scores, size}: ScoredList, withScores: boolean): void {
  if (!withScores) {
    reply.bulks(members)
  } else if (reply.resp === 3) {
    writePairs(reply, members, scores)
  } else {
    reply.array(2 * size)
    for (let i = 0; i < size; i++) {
      reply.bulk(members[i]!)
      reply.bulk(formatDouble(scores[i]!))
    }
  }
}

/** Pairs in either protocol. */
export function writePairs(reply: ReplyWriter, members: readonly string[], scores: readonly number[]): void {
  reply.array(members.length)
  for (let i = 0; i < members.length; i++) {
    reply.array(2)
    reply.bulk(members[i]!)
    writeScore(reply, scores[i]!)
  }
}
