import type {Value} from '../../keyspace/value.js'
import {type HashLimits, HashValue} from '../../values/hash/hash-value.js'
import {ListValue} from '../../values/list/list-value.js'
import {SetValue} from '../../values/set/set-value.js'
import {type NodeLimits, Stream} from '../../values/stream/stream.js'
import {ScoredList} from '../../values/zset/scored-list.js'
import {type PackedLimits, SortedSet} from '../../values/zset/sorted-set.js'
import type {VisibleKey} from '../core/api.js'
import {showStream} from './stream-edits.js'

export interface ValueLimits extends HashLimits, NodeLimits, PackedLimits {
  readonly listMaxListpackSize: number
  readonly setMaxIntsetEntries: number
}

/** As TYPE answers. */
export function shownType({type}: VisibleKey): 'string' | 'list' | 'set' | 'zset' | 'hash' | 'stream' {
  return type === 'hll' ? 'string' : type
}

/** @param held - what the key held: a stream keeps its consumers */
export function wholeValue(shown: VisibleKey, held: Value | undefined, limits: ValueLimits): Value {
  switch (shown.type) {
    case 'string':
    case 'hll':
      return shown.text()
    case 'set': {
      const set = new SetValue(true)
      for (const member of shown.elements()) set.add(member, limits.setMaxIntsetEntries)
      return set
    }
    case 'hash': {
      const hash = new HashValue()
      for (const field of shown.elements()) hash.set(field, shown.field(field)!, limits)
      return hash
    }
    case 'zset': {
      const list = new ScoredList()
      for (const member of shown.elements()) list.push(member, shown.score(member)!)
      return SortedSet.of(list, limits)
    }
    case 'list':
      return ListValue.of(shown.elements(), limits.listMaxListpackSize)
    case 'stream': {
      const stream = typeof held === 'object' && held.type === 'stream' ? (held as Stream) : new Stream()
      showStream(stream, shown, limits)
      return stream
    }
  }
}
