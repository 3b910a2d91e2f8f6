import {checkDump, decodeDump, encodeDump} from '../../../protocol/rdb/dump.js'
import {RdbError} from '../../../protocol/rdb/reader.js'
import {valueFromRdb} from '../../keyspace/from-rdb.js'
import type {Value} from '../../keyspace/value.js'
import {ReplyError} from '../../reply-error.js'
import type {Server} from '../../server.js'

/** The keyspace's values as DUMP payloads, and back. */

/** @param mayCompress - false: time counts more than size */
export function encodePayload(server: Server, value: Value, mayCompress = true): string {
  return encodeDump(typeof value === 'string' ? value : value.toRdb(), {
    compress: mayCompress && server.config.values.rdbcompression,
  })
}

/** @throws ReplyError with redis-server's two texts: for the footer, and for what is before it */
export function decodePayload(server: Server, payload: string): Value {
  if (!checkDump(payload)) throw new ReplyError('ERR DUMP payload version or checksum are wrong')
  try {
    return valueFromRdb(decodeDump(payload), server.config.values)
  } catch (error) {
    if (error instanceof RdbError) throw new ReplyError('ERR Bad data format')
    throw error
  }
}
