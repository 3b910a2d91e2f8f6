import {plus} from '../../../kernel/uint64.js'
import type {StreamIdMode} from '../../../model/crdb.js'
import {compareIds, type StreamId} from '../../../protocol/stream-id.js'
import type {GivenId} from '../../commands/stream/ids.js'
import {ReplyError} from '../../reply-error.js'

const FULL_ID =
  'ERR Full stream IDs are not allowed in the strict mode of an active-active database: use * or milliseconds only'
const NOT_GREATER = 'ERR The ID specified in XADD is equal or smaller than the target stream top item'

/**
 * The id of a new entry where several regions add at a time (crdb.md 3.3): its sequence part is the region, so that no two
 * regions give the same.
 *
 * @param given - undefined for `*` @param lastId - undefined for a new stream
 * @returns undefined: the id stands as it was given
 * @throws ReplyError
 */
export function nextStreamId(
  mode: StreamIdMode,
  given: GivenId | undefined,
  lastId: StreamId | undefined,
  region: number,
  nowMs: number,
): StreamId | undefined {
  if (given === undefined) {
    const now = {ms: nowMs, seq: region}
    if (lastId === undefined || compareIds(now, lastId) > 0) return now
    const same = {ms: lastId.ms, seq: region}
    return compareIds(same, lastId) > 0 ? same : {ms: plus(lastId.ms, 1), seq: region}
  }
  if (given.seq !== undefined) {
    if (mode === 'strict') throw new ReplyError(FULL_ID)
    return undefined
  }
  const id = {ms: given.ms, seq: mode === 'liberal' ? 0 : region}
  if (lastId !== undefined && compareIds(id, lastId) <= 0) throw new ReplyError(NOT_GREATER)
  return id
}
