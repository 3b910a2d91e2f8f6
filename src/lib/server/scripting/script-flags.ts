import {OUT_OF_MEMORY} from '../memory-limit.js'
import {ReplyError} from '../reply-error.js'
import type {Server} from '../server.js'
import {ALLOW_OOM, COMPATIBLE, NO_CLUSTER, NO_WRITES} from './script-run.js'

/** May a script of these flags run here and now? @param isReadonly - called by a `_RO` command @throws ReplyError */
export function requireAllowed(server: Server, flags: number, isReadonly: boolean, isOutOfMemory: boolean): void {
  if ((flags & COMPATIBLE) !== 0) return
  if ((flags & NO_CLUSTER) !== 0 && server.cluster !== undefined) {
    throw new ReplyError("ERR Can not run script on cluster, 'no-cluster' flag is set.")
  }
  if ((flags & NO_WRITES) === 0) {
    if (server.refusesWrites) throw new ReplyError('READONLY Can not run script with write flag on readonly replica.')
    if (isReadonly) throw new ReplyError('ERR Can not execute a script with write flag using *_ro command.')
  }
  if (isOutOfMemory && (flags & (ALLOW_OOM | NO_WRITES)) === 0) throw new ReplyError(OUT_OF_MEMORY)
}
