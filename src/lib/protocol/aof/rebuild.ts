import {formatDouble} from '../double.js'
import type {RdbHash} from '../rdb/hash.js'
import type {RdbList} from '../rdb/list.js'
import {frameListpack} from '../rdb/listpack.js'
import {intsetElements, listpackElements} from '../rdb/packed.js'
import type {RdbSet} from '../rdb/set.js'
import type {RdbStream} from '../rdb/stream.js'
import type {RdbObject} from '../rdb/value.js'
import type {ZsetRdb} from '../rdb/zset.js'
import type {AofOutput} from './output.js'
import {streamRebuild} from './rebuild-stream.js'

/** The commands that make a value anew, in parts of bounded size. */
export interface Rebuild {
  /** At least one. */
  readonly parts: number
  /** @param part - 0 up to `parts`, in order */
  write(part: number, out: AofOutput): void
}

/** Elements in one command. */
const ITEMS_PER_COMMAND = 64

/** @param value - must stay as it is while it is written */
export function rebuildOf(key: string, value: RdbObject): Rebuild {
  return REBUILDS[value.type](key, value as never)
}

const REBUILDS: Readonly<Record<RdbObject['type'], (key: string, value: never) => Rebuild>> = {
  hash: (key, hash: RdbHash) => inChunks('HMSET', key, hashPairs(hash), 2),
  list: (key, list: RdbList) => inChunks('RPUSH', key, listElements(list), 1),
  set: (key, set: RdbSet) => inChunks('SADD', key, setMembers(set), 1),
  stream: (key, stream: RdbStream) => streamRebuild(key, stream),
  zset: (key, zset: ZsetRdb) => scoresInChunks(key, zset),
}

/** @param texts - of each element `perItem` */
function inChunks(command: string, key: string, texts: readonly string[], perItem: 1 | 2): Rebuild {
  const perCommand = ITEMS_PER_COMMAND * perItem
  return {
    parts: Math.ceil(texts.length / perCommand),
    write(part, out) {
      const from = part * perCommand
      const to = Math.min(texts.length, from + perCommand)
      out.head(2 + to - from)
      out.argument(command)
      out.argument(key)
      for (let i = from; i < to; i++) out.argument(texts[i]!)
    },
  }
}

function scoresInChunks(key: string, {members, scores}: ZsetRdb): Rebuild {
  return {
    parts: Math.ceil(members.length / ITEMS_PER_COMMAND),
    write(part, out) {
      const from = part * ITEMS_PER_COMMAND
      const to = Math.min(members.length, from + ITEMS_PER_COMMAND)
      out.head(2 + 2 * (to - from))
      out.argument('ZADD')
      out.argument(key)
      for (let i = from; i < to; i++) {
        out.argument(formatDouble(scores[i]!))
        out.argument(members[i]!)
      }
    },
  }
}

function hashPairs(hash: RdbHash): readonly string[] {
  return hash.encoding === 'hashtable' ? hash.pairs : listpackElements(frameListpack(hash.entries, hash.size * 2))
}

function listElements({elements, nodes}: RdbList): readonly string[] {
  return elements ?? nodes.flatMap((node) => node.elements)
}

function setMembers(set: RdbSet): readonly string[] {
  return set.encoding === 'hashtable' ? set.members : intsetElements(set.blob)
}
