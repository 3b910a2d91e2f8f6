import type {Command} from '../commands/command.js'
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
    const refusal = roleRefusal(server)
    if (refusal !== undefined) throw new ReplyError(refusal)
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

/** Why a script may not call this command. @param isReadonly - of the script */
export function writeRefusal(server: Server, command: Command, isReadonly: boolean): string | undefined {
  // What is only passed on, as PUBLISH and what PFCOUNT writes, counts too.
  if (isReadonly && (command.isWrite || command.mayReplicate)) {
    return 'ERR Write commands are not allowed from read-only scripts.'
  }
  return command.isWrite ? (roleRefusal(server) ?? server.appendOnly.refusal) : undefined
}

/** Why nothing may be written here now, for reasons of replication. */
function roleRefusal(server: Server): string | undefined {
  if (server.lacksReplicas) return NO_REPLICAS
  return server.refusesWrites ? READ_ONLY_REPLICA : undefined
}
