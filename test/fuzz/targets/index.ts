import type {FuzzTarget} from '../target.js'
import {intsetTarget, listpackTarget, lzfTarget, streamNodeTarget, ziplistTarget, zipmapTarget} from './packed.js'
import {compareTarget, rdbFileTarget, snapshotTarget} from './rdb-file.js'
import {replyTarget, requestTarget} from './resp.js'
import {restoreTarget} from './restore.js'

export const TARGETS: readonly FuzzTarget[] = [
  requestTarget,
  replyTarget,
  restoreTarget,
  listpackTarget,
  ziplistTarget,
  intsetTarget,
  zipmapTarget,
  lzfTarget,
  streamNodeTarget,
  rdbFileTarget,
  compareTarget,
  snapshotTarget,
]

/** @throws RangeError */
export function targetNamed(name: string): FuzzTarget {
  const target = TARGETS.find((one) => one.name === name)
  if (target === undefined) throw new RangeError(`no target ${name}`)
  return target
}
