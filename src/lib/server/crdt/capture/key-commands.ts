import {keyIndexesOf} from '../../dispatcher.js'
import {restore} from './restore.js'
import {natureOf, rewrite} from './rewrite.js'
import {type Translate, writeDeadline} from './unit.js'

const del: Translate = (unit, argv) => {
  for (const key of argv.slice(1)) {
    // One that has only run out stays until its owner deletes it.
    if (unit.look(key) !== undefined && !unit.db.hasEvenExpired(key)) unit.writer(key).resetKey(key)
  }
}

const rename: Translate = (unit, argv) => {
  const [, source, target] = argv as [string, string, string]
  if (source === target) return
  const before = unit.look(source)
  const nature = before && natureOf(before)
  unit.writer(source).resetKey(source)
  rewrite(unit, target, nature)
}

/** Where the last key is what was made: SORT STORE, GEORADIUS STORE. */
const storeLast: Translate = (unit, argv) => {
  const indexes = keyIndexesOf(unit.server.findCommand(argv)!, argv)
  if (indexes.length > 1) rewrite(unit, argv[indexes[indexes.length - 1]!]!)
}

const storeFirst: Translate = (unit, argv) => rewrite(unit, argv[1]!)

export const KEY_TRANSLATORS: readonly (readonly [string, Translate])[] = [
  ['del', del],
  ['unlink', del],
  ['pexpireat', (unit, argv) => writeDeadline(unit, argv[1]!, Number(argv[2]))],
  ['persist', (unit, argv) => unit.writer(argv[1]!).setDeadline(argv[1]!, Number.POSITIVE_INFINITY)],
  ['rename', rename],
  ['renamenx', rename],
  ['copy', (unit, argv) => rewrite(unit, argv[2]!, unit.look(argv[1]!))],
  ['restore', restore],
  ['sort', storeLast],
  ['georadius', storeLast],
  ['georadiusbymember', storeLast],
  ['geosearchstore', storeFirst],
  ['sinterstore', storeFirst],
  ['sunionstore', storeFirst],
  ['sdiffstore', storeFirst],
  ['zunionstore', storeFirst],
  ['zinterstore', storeFirst],
  ['zdiffstore', storeFirst],
  ['zrangestore', storeFirst],
]
