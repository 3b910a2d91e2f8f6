import type {RdbObject, RdbValue} from '../../protocol/rdb/value.js'
import {streamFromRdb} from '../values/stream/from-rdb.js'
import type {ObjectType, ObjectValue, Value} from './value.js'

/** Makes what the keyspace keeps of what was read from RDB bytes; one line per type of object. */
const BUILDERS: Readonly<Partial<Record<ObjectType, (rdb: never) => ObjectValue>>> = {
  stream: streamFromRdb,
}

export function valueFromRdb(rdb: RdbValue): Value {
  return typeof rdb === 'string' ? rdb : objectFromRdb(rdb)
}

function objectFromRdb(rdb: RdbObject): ObjectValue {
  const build = BUILDERS[rdb.type]
  if (build === undefined) throw new Error(`nothing keeps a ${rdb.type}`)
  return build(rdb as never)
}
