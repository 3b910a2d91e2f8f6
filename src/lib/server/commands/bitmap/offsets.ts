import {parseInt64} from '../../arguments.js'
import {STRING_BYTES_MAX} from '../../keyspace/string-bytes.js'
import {ReplyError} from '../../reply-error.js'
import type {Server} from '../../server.js'

const BAD_OFFSET = 'ERR bit offset is not an integer or out of range'

/**
 * The offset of a bit, within what a string may become.
 *
 * @param bits - of one field, where `#3` may stand for the third field; 0 where it may not
 * @throws ReplyError
 */
export function requireBitOffset(server: Server, text: string, bits = 0): number {
  const inFields = bits > 0 && text.charCodeAt(0) === 35
  const given = parseInt64(inFields ? text.slice(1) : text)
  if (given === undefined) throw new ReplyError(BAD_OFFSET)
  const offset = Number(given) * (inFields ? bits : 1)
  const bytesMax = Math.min(server.config.values.protoMaxBulkLen, STRING_BYTES_MAX)
  if (offset < 0 || Math.floor(offset / 8) >= bytesMax) throw new ReplyError(BAD_OFFSET)
  return offset
}
