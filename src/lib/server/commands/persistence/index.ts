import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import {type Command, type CommandContext, defineCommand} from '../command.js'
import {PERSISTENCE} from './facts.js'

const IS_RUNNING = 'ERR Background save already in progress'
const OTHER_IS_RUNNING =
  "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible."

/** SAVE answers when the file is written. Others are served meanwhile: what they change is not in it. */
function save({client, reply, server}: CommandContext): void {
  if (server.saving.isRunning) throw new ReplyError(IS_RUNNING)
  const answer = (error?: string): void => {
    if (error === undefined) reply.ok()
    else reply.error('ERR')
  }
  let outcome: {readonly error?: string} | undefined
  client.park(() => answer(outcome?.error))
  server.saving.start((error) => {
    outcome = error === undefined ? {} : {error}
    client.unpark()
  })
}

/** BGSAVE [SCHEDULE] */
function bgsave({reply, server}: CommandContext, argv: string[]): void {
  const word = argv[1]?.toLowerCase()
  if (argv.length > 2 || (word !== undefined && word !== 'schedule')) throw new ReplyError(SYNTAX_ERROR)
  if (server.saving.isRunning) throw new ReplyError(IS_RUNNING)
  if (server.appendOnly.isRewriting) {
    if (word === undefined) throw new ReplyError(OTHER_IS_RUNNING)
    server.saving.schedule()
    reply.simple('Background saving scheduled')
    return
  }
  server.saving.start()
  reply.simple('Background saving started')
}

export const persistenceCommands: readonly Command[] = [
  defineCommand({
    ...PERSISTENCE.bgrewriteaof,
    run: ({client, reply, server}) => reply.simple(server.appendOnly.request(client.mustNotBlock)),
  }),
  defineCommand({...PERSISTENCE.bgsave, run: bgsave}),
  defineCommand({...PERSISTENCE.lastsave, run: ({reply, server}) => reply.integer(server.saving.lastSaveSeconds)}),
  defineCommand({...PERSISTENCE.save, run: save}),
]
