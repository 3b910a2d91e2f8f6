import {formatDouble} from '../../../protocol/double.js'
import {addReplyToRun, addToRun, beginRun, endRun} from '../../bulk-run.js'
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
    beginRun()
    for (let i = 0; i < size; i++) {
      const [member, score] = [members[i]!, formatDouble(scores[i]!)]
      addToRun(reply, member, 0, member.length)
      addToRun(reply, score, 0, score.length)
    }
    endRun(reply)
  }
}

/** Pairs in either protocol. */
export function writePairs(reply: ReplyWriter, members: readonly string[], scores: readonly number[]): void {
  reply.array(members.length)
  beginRun()
  for (let i = 0; i < members.length; i++) {
    const [member, score] = [members[i]!, formatDouble(scores[i]!)]
    addReplyToRun(reply, '*2\r\n')
    addToRun(reply, member, 0, member.length)
    if (reply.resp === 3) addReplyToRun(reply, `,${score}\r\n`)
    else addToRun(reply, score, 0, score.length)
  }
  endRun(reply)
}
