import {requireInteger} from '../../arguments.js'
import type {PrimaryHost} from '../../replication/replication.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import {type CommandContext, defineCommand} from '../command.js'
import {REPLICATION} from './facts.js'

interface Options {
  readonly abort: boolean
  readonly force: boolean
  readonly target: PrimaryHost | undefined
  readonly timeoutMs: number | undefined
}

/** Each option once. @throws ReplyError */
function parseOptions(argv: readonly string[]): Options {
  let abort = false
  let force = false
  let target: PrimaryHost | undefined
  let timeoutMs: number | undefined
  for (let i = 1; i < argv.length; i++) {
    const word = argv[i]!.toLowerCase()
    if (word === 'timeout' && i + 1 < argv.length && timeoutMs === undefined) {
      timeoutMs = requireInteger(argv[++i]!)
      if (timeoutMs <= 0) throw new ReplyError('ERR FAILOVER timeout must be greater than 0')
    } else if (word === 'abort' && argv.length === 2) abort = true
    else if (word === 'to' && i + 2 < argv.length && target === undefined) {
      target = {host: argv[i + 1]!, port: requireInteger(argv[i + 2]!)}
      i += 2
    } else if (word === 'force' && !force) force = true
    else throw new ReplyError(SYNTAX_ERROR)
  }
  return {abort, force, target, timeoutMs}
}

/** FAILOVER [TO host port [FORCE]] [ABORT] [TIMEOUT milliseconds] */
function run({nowMs, reply, server}: CommandContext, argv: string[]): void {
  if (server.isCluster)
    throw new ReplyError('ERR FAILOVER not allowed in cluster mode. Use CLUSTER FAILOVER command instead.')
  const {abort, force, target, timeoutMs} = parseOptions(argv)
  const {failover, link, replicas} = server.replication
  if (failover.state !== 'no-failover') {
    if (!abort) throw new ReplyError('ERR FAILOVER already in progress.')
    failover.abort('Failover manually aborted')
    reply.ok()
    return
  }
  if (abort) throw new ReplyError('ERR No failover in progress.')
  if (link !== undefined) throw new ReplyError('ERR FAILOVER is not valid when server is a replica.')
  if (replicas.attached.size === 0) throw new ReplyError('ERR FAILOVER requires connected replicas.')
  if (force && (timeoutMs === undefined || target === undefined)) {
    throw new ReplyError('ERR FAILOVER with force option requires both a timeout and target HOST and IP.')
  }
  if (target !== undefined) {
    const replica = failover.find(target)
    if (replica === undefined) throw new ReplyError('ERR FAILOVER target HOST and PORT is not a replica.')
    if (replica.state !== 'online') throw new ReplyError('ERR FAILOVER target replica is not online.')
  }
  failover.begin({deadlineMs: timeoutMs === undefined ? undefined : nowMs + timeoutMs, force, target})
  reply.ok()
}

export const failover = defineCommand({...REPLICATION.failover, run})
