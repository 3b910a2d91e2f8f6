import type {FuzzTarget} from '../target.js'
import {busTarget, nodesConfTarget} from './bus.js'
import {clientTextTarget} from './client-text.js'
import {commandsTarget} from './commands.js'
import {aclTarget, configTarget} from './configuration.js'
import {effectTarget, slotStateTarget} from './crdt.js'
import {crdtSnapshotTarget, streamFactsTarget} from './crdt-files.js'
import {batchTarget, vectorsTarget} from './crdt-peers.js'
import {hyperLogLogTarget} from './hyperloglog.js'
import {intsetTarget, listpackTarget, lzfTarget, streamNodeTarget, ziplistTarget, zipmapTarget} from './packed.js'
import {compareTarget, rdbFileTarget, snapshotTarget} from './rdb-file.js'
import {replyTarget, requestTarget} from './resp.js'
import {restoreTarget} from './restore.js'
import {bytecodeTarget, functionTarget, jsonTarget, messagePackTarget, structTarget} from './scripts.js'
import {globTarget, numbersTarget} from './text.js'

export const TARGETS: readonly FuzzTarget[] = [
  ...[requestTarget, replyTarget],
  ...[restoreTarget, hyperLogLogTarget],
  ...[listpackTarget, ziplistTarget, intsetTarget, zipmapTarget, lzfTarget, streamNodeTarget],
  ...[rdbFileTarget, compareTarget, snapshotTarget],
  ...[functionTarget, jsonTarget, messagePackTarget, structTarget, bytecodeTarget],
  ...[busTarget, nodesConfTarget, configTarget, aclTarget],
  ...[effectTarget, slotStateTarget, batchTarget, vectorsTarget, streamFactsTarget, crdtSnapshotTarget],
  ...[commandsTarget, globTarget, numbersTarget, clientTextTarget],
]

/** @throws RangeError */
export function targetNamed(name: string): FuzzTarget {
  const target = TARGETS.find((one) => one.name === name)
  if (target === undefined) throw new RangeError(`no target ${name}`)
  return target
}
