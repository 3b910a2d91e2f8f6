import type {RdbObject, RdbValue} from '../../protocol/rdb/value.js'
import type {ConfigValues} from '../config/parameters.js'
import {HashValue} from '../values/hash/hash-value.js'
import {ListValue} from '../values/list/list-value.js'
import {SetValue} from '../values/set/set-value.js'
import {SortedSet} from '../values/zset/sorted-set.js'
import type {ObjectType, ObjectValue, Value} from './value.js'

/** Makes what the keyspace keeps of what was read from RDB bytes; one line per type of object. */
const BUILDERS: Readonly<Partial<Record<ObjectType, (rdb: never, settings: ConfigValues) => ObjectValue>>> = {
  list: (rdb, {listMaxListpackSize}) => ListValue.fromRdb(rdb, listMaxListpackSize),
  hash: HashValue.fromRdb,
  set: (rdb, {setMaxIntsetEntries}) => SetValue.fromRdb(rdb, setMaxIntsetEntries),
  zset: SortedSet.fromRdb,
}

/** @param settings - they say what is to be packed */
export function valueFromRdb(rdb: RdbValue, settings: ConfigValues): Value {
  return typeof rdb === 'string' ? rdb : objectFromRdb(rdb, settings)
}

function objectFromRdb(rdb: RdbObject, settings: ConfigValues): ObjectValue {
  const build = BUILDERS[rdb.type]
  if (build === undefined) throw new Error(`nothing keeps a ${rdb.type}`)
  return build(rdb as never, settings)
}
