import {OUT_OF_MEMORY} from '../memory-limit.js'
import {NO_REPLICAS, PRIMARY_DOWN, READ_ONLY_REPLICA, ReplyError} from '../reply-error.js'
import type {Server} from '../server.js'
import {ALLOW_OOM, ALLOW_STALE, COMPATIBLE, NO_CLUSTER, NO_WRITES} from './script-run.js'

/** May a script of these flags run here and now? @param isReadonly - called by a `_RO` command @throws ReplyError */
export function requireAllowed(server: Server, flags: number, isReadonly: boolean, isOutOfMemory: boolean): void {
  if ((flags & COMPATIBLE) !== 0) {
    if (server.isStale) throw new ReplyError(PRIMARY_DOWN)
    return
  }
  if ((flags & NO_WRITES) === 0) {
    if (server.lacksReplicas) throw new ReplyError(NO_REPLICAS)
    if (server.refusesWrites) throw new ReplyError(READ_ONLY_REPLICA)
  }
  if (server.isStale && (flags & ALLOW_STALE) === 0) throw new ReplyError(PRIMARY_DOWN)
  if ((flags & NO_CLUSTER) !== 0 && server.cluster !== undefined) {
    throw new ReplyError("ERR Can not run script on cluster, 'no-cluster' flag is set.")
  }
  if ((flags & NO_WRITES) === 0 && isReadonly) {
    throw new ReplyError('ERR Can not execute a script with write flag using *_ro command.')
  }
  if (isOutOfMemory && (flags & (ALLOW_OOM | NO_WRITES)) === 0) throw new ReplyError(OUT_OF_MEMORY)
}
