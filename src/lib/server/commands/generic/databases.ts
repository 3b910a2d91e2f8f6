import {requireInt32} from '../../arguments.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import {type Command, type CommandContext, defineCommand} from '../command.js'

/** The old data is only let go of, so SYNC and ASYNC cost the same. */
function requireFlushOptions(argv: readonly string[]): void {
  const word = argv[1]?.toLowerCase()
  if (argv.length > 2 || (word !== undefined && word !== 'sync' && word !== 'async')) throw new ReplyError(SYNTAX_ERROR)
}

function flushall({db: selected, reply, server}: CommandContext, argv: string[]): void {
  requireFlushOptions(argv)
  for (const db of server.databases) db.flush()
  server.tracking.invalidateAll()
  server.state.dirty++
  server.state.propagation.always(selected.index, argv)
  reply.ok()
}

function flushdb({db, reply, server}: CommandContext, argv: string[]): void {
  requireFlushOptions(argv)
  db.flush()
  server.tracking.invalidateAll()
  server.state.propagation.always(db.index, argv)
  reply.ok()
}

function swapdb({reply, server}: CommandContext, argv: string[]): void {
  if (server.isCluster) throw new ReplyError('ERR SWAPDB is not allowed in cluster mode')
  const a = server.databases[requireInt32(argv[1]!, 'ERR invalid first DB index')]
  const b = server.databases[requireInt32(argv[2]!, 'ERR invalid second DB index')]
  if (a === undefined || b === undefined) throw new ReplyError('ERR DB index is out of range')
  if (a !== b) a.swapWith(b)
  server.state.dirty++
  reply.ok()
}

function time({reply, server}: CommandContext): void {
  const us = server.effects.unixUs()
  reply.array(2)
  reply.bulk(String(Math.floor(us / 1_000_000)))
  reply.bulk(String(us % 1_000_000))
}

const ALL_SUCCEEDED = ['request_policy:all_shards', 'response_policy:all_succeeded']

export const databaseCommands: readonly Command[] = [
  defineCommand({
    acl: ['keyspace', 'dangerous'],
    arity: -1,
    flags: ['write'],
    group: 'server',
    name: 'flushall',
    run: flushall,
    since: '1.0.0',
    tips: ALL_SUCCEEDED,
  }),
  defineCommand({
    acl: ['keyspace', 'dangerous'],
    arity: -1,
    flags: ['write'],
    group: 'server',
    name: 'flushdb',
    run: flushdb,
    since: '1.0.0',
    tips: ALL_SUCCEEDED,
  }),
  defineCommand({
    acl: ['keyspace'],
    arity: 1,
    flags: ['readonly', 'fast'],
    group: 'server',
    name: 'dbsize',
    run: ({db, reply}) => reply.integer(db.visibleSize),
    since: '1.0.0',
    tips: ['request_policy:all_shards', 'response_policy:agg_sum'],
  }),
  defineCommand({
    acl: ['keyspace', 'dangerous'],
    arity: 3,
    flags: ['write', 'fast'],
    group: 'server',
    name: 'swapdb',
    run: swapdb,
    since: '4.0.0',
  }),
  defineCommand({
    arity: 1,
    flags: ['loading', 'stale', 'fast'],
    group: 'server',
    name: 'time',
    run: time,
    since: '2.6.0',
    tips: ['nondeterministic_output'],
  }),
]
