import {type QueuedCommand, SPECIAL_MULTI} from '../../client.js'
import {ReplyError} from '../../reply-error.js'
import {type Command, type CommandContext, type CommandFlag, type CommandHandler, defineCommand} from '../command.js'
import {type KeySpec, keyAt} from '../key-spec.js'

function multi({client, reply}: CommandContext): void {
  if (client.queue !== undefined) throw new ReplyError('ERR MULTI calls can not be nested')
  client.queue = []
  client.special |= SPECIAL_MULTI
  reply.ok()
}

function discard({client, reply}: CommandContext): void {
  if (client.queue === undefined) throw new ReplyError('ERR DISCARD without MULTI')
  client.discard()
  reply.ok()
}

/** A watched key that has run out since counts as changed; one that was expired when it was watched does not. */
function isWatchBroken({client}: CommandContext): boolean {
  return client.watchBroken || client.watched.some(({db, key, wasExpired}) => !wasExpired && db.isExpired(key))
}

function exec(context: CommandContext): void {
  const {client, reply} = context
  const {queue} = client
  if (queue === undefined) throw new ReplyError('ERR EXEC without MULTI')
  const isDoomed = client.queueBroken
  const isBroken = isWatchBroken(context)
  client.discard()
  if (isDoomed) throw new ReplyError('EXECABORT Transaction discarded because of previous errors.')
  if (isBroken) {
    reply.nilArray()
    return
  }
  reply.array(queue.length)
  runQueue(context, queue, 0)
}

function runQueue(context: CommandContext, queue: readonly QueuedCommand[], first: number): void {
  const {client, server} = context
  for (let i = first; i < queue.length; i++) {
    const {argv, command} = queue[i]!
    const before = client.reply.out
    client.mustNotBlock = true
    server.call(client, command, argv)
    client.mustNotBlock = false
    if (client.pushesBefore !== '') client.placePushes(before)
    if (client.parked && i + 1 < queue.length) {
      // MIGRATE waits for its target; the rest of the transaction follows its reply.
      client.afterUnpark(() => runQueue(context, queue, i + 1))
      return
    }
  }
}

function watch({client, db, reply}: CommandContext, argv: string[]): void {
  if (client.queue !== undefined) throw new ReplyError('ERR WATCH inside MULTI is not allowed')
  for (const key of argv.slice(1)) {
    if (client.watched.some((one) => one.db === db && one.key === key)) continue
    client.watched.push({db, key, wasExpired: db.isExpired(key)})
    db.watch(key, client)
  }
  reply.ok()
}

function unwatch({client, reply}: CommandContext): void {
  client.unwatchAll()
  reply.ok()
}

const CONTROL: readonly CommandFlag[] = ['noscript', 'loading', 'stale', 'fast', 'allow_busy']

function control(
  name: string,
  arity: number,
  since: string,
  run: CommandHandler,
  flags = CONTROL,
  keys: readonly KeySpec[] = [],
): Command {
  return defineCommand({acl: ['transaction'], arity, flags, group: 'transactions', keys, name, run, since})
}

export const transactionCommands: readonly Command[] = [
  control('multi', 1, '1.2.0', multi),
  control('exec', 1, '1.2.0', exec, ['noscript', 'loading', 'stale', 'skip_slowlog']),
  control('discard', 1, '2.0.0', discard),
  control('watch', -2, '2.2.0', watch, CONTROL, [keyAt(1, ['RO'], -1)]),
  control('unwatch', 1, '2.2.0', unwatch),
]
