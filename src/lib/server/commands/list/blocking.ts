import type {Wait} from '../../blocked-clients.js'
import type {ListValue} from '../../values/list/list-value.js'
import {blockingDeadline} from '../blocking-timeout.js'
import {type Command, type CommandContext, type CommandHandler, defineCommand} from '../command.js'
import {countedKeys} from '../key-spec.js'
import {type Move, moveOne, popOne, popSome, propagatePop, requireEnd} from './ends.js'
import {LIST} from './facts.js'
import {type PopRequest, parsePopRequest, replyPopped} from './pop.js'

/** BLPOP, BRPOP, BLMPOP, BLMOVE, BRPOPLPUSH: what waits for a list to be there. */

/** Takes what one client asked for from one key; answers it. @returns whether there was a list */
type Take = (context: CommandContext, key: string) => boolean

/** What a waiter is woken for: a key of another type is not for it. */
function serveList(context: CommandContext, key: string, take: Take): boolean {
  const value = context.db.peek(key)
  return typeof value === 'object' && value.type === 'list' && take(context, key)
}

/** @returns whether the client waits; otherwise it may not */
function wait(context: CommandContext, keys: readonly string[], deadlineMs: number, take: Take, target = ''): boolean {
  const {client, db, reply, server} = context
  if (client.mustNotBlock) return false
  const request: Wait = {
    db,
    deadlineMs,
    keys,
    needsKey: true,
    serve: (key) => serveList(context, key, take),
    target,
    timeOut: () => reply.nilArray(),
    type: 'list',
  }
  server.blocked.block(client, request)
  return true
}

/** From the first key that has a list, now or later. */
function takeOrWait(context: CommandContext, keys: readonly string[], deadlineMs: number, take: Take): void {
  for (const key of keys) if (take(context, key)) return
  if (!wait(context, keys, deadlineMs, take)) context.reply.nilArray()
}

function takeOne({db, reply, server}: CommandContext, key: string, left: boolean): boolean {
  const list = db.getObjectForWrite<ListValue>(key, 'list')
  if (list === undefined) return false
  const text = popOne(db, key, list, left)
  propagatePop(server, db, key, left)
  reply.array(2)
  reply.bulk(key)
  reply.bulk(text)
  return true
}

const takeHead: Take = (context, key) => takeOne(context, key, true)
const takeTail: Take = (context, key) => takeOne(context, key, false)

function blockingPop(context: CommandContext, argv: string[], take: Take): void {
  const deadlineMs = blockingDeadline(argv[argv.length - 1]!, context.nowMs)
  takeOrWait(context, argv.slice(1, -1), deadlineMs, take)
}

const blpop: CommandHandler = (context, argv) => blockingPop(context, argv, takeHead)
const brpop: CommandHandler = (context, argv) => blockingPop(context, argv, takeTail)

function takeSome({db, reply, server}: CommandContext, key: string, {count, left}: PopRequest): boolean {
  const list = db.getObjectForWrite<ListValue>(key, 'list')
  if (list === undefined) return false
  const texts = popSome(db, key, list, left, count)
  propagatePop(server, db, key, left, texts.length)
  replyPopped(reply, key, texts)
  return true
}

const blmpop: CommandHandler = (context, argv) => {
  const request = parsePopRequest(argv, 2)
  const deadlineMs = blockingDeadline(argv[1]!, context.nowMs)
  takeOrWait(context, request.keys, deadlineMs, (again, key) => takeSome(again, key, request))
}

/** @param twin - the command that does the same without waiting */
function takeMove({db, reply, server}: CommandContext, move: Move, twin: readonly string[]): boolean {
  const list = db.getObjectForWrite<ListValue>(move.source, 'list')
  if (list === undefined) return false
  reply.bulk(moveOne(server, db, list, move))
  server.state.propagation.instead(db.index, twin)
  return true
}

function blockingMove(context: CommandContext, move: Move, timeout: string, twin: readonly string[]): void {
  const deadlineMs = blockingDeadline(timeout, context.nowMs)
  if (takeMove(context, move, twin)) return
  const isWaiting = wait(context, [move.source], deadlineMs, (again) => takeMove(again, move, twin), move.target)
  if (!isWaiting) context.reply.nil()
}

const blmove: CommandHandler = (context, argv) => {
  const [source, target, from, to, timeout] = argv.slice(1) as [string, string, string, string, string]
  const move = {fromLeft: requireEnd(from), source, target, toLeft: requireEnd(to)}
  blockingMove(context, move, timeout, ['LMOVE', source, target, from, to])
}

const brpoplpush: CommandHandler = (context, argv) => {
  const [source, target, timeout] = argv.slice(1) as [string, string, string]
  blockingMove(context, {fromLeft: false, source, target, toLeft: true}, timeout, ['RPOPLPUSH', source, target])
}

export const blockingCommands: readonly Command[] = [
  defineCommand({...LIST.blpop, run: blpop}),
  defineCommand({...LIST.brpop, run: brpop}),
  defineCommand({...LIST.blmpop, keyIndexes: countedKeys(2), run: blmpop}),
  defineCommand({...LIST.blmove, run: blmove}),
  defineCommand({...LIST.brpoplpush, run: brpoplpush}),
]
