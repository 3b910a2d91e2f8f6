import {differences} from '../../crdt/projection/check.js'
import {encodingOf} from '../../keyspace/value.js'
import {NO_SUCH_KEY, ReplyError} from '../../reply-error.js'
import {type CommandContext, defineCommand} from '../command.js'
import {keyAt} from '../key-spec.js'
import {helpSubcommand} from '../server/help.js'
import {ADMIN, requireCrdt} from './context.js'

const FACTS = {group: 'server', since: '7.0.0'} as const

/** What OBJECT ENCODING says elsewhere. */
function encoding({db, reply}: CommandContext, argv: string[]): void {
  const value = db.peek(argv[2]!)
  if (value === undefined) throw new ReplyError(NO_SUCH_KEY)
  reply.bulk(encodingOf(value))
}

/** Compares what clients see with what the core shows: a line for each key that differs. */
function check({reply, server}: CommandContext): void {
  reply.bulks(differences(requireCrdt(server)))
}

/** Compares with other regions now, not within the minute: INFO crdt says what was found. */
function compare({reply, server}: CommandContext): void {
  requireCrdt(server).peers?.compareNow()
  reply.ok()
}

export const debug = defineCommand({
  ...FACTS,
  arity: -2,
  flags: ADMIN,
  name: 'crdt.debug',
  subcommands: [
    defineCommand({...FACTS, arity: 3, flags: ADMIN, keys: [keyAt(2, ['RO'])], name: 'encoding', run: encoding}),
    defineCommand({...FACTS, arity: 2, flags: ADMIN, name: 'check', run: check}),
    defineCommand({...FACTS, arity: 2, flags: ADMIN, name: 'compare', run: compare}),
    helpSubcommand('CRDT.DEBUG', FACTS, [
      ['CHECK', 'Compare what clients see with what the CRDT engine shows. A line for each key that differs.'],
      ['COMPARE', 'Compare slots that have changed with those of other regions now, which is done every minute.'],
      ['ENCODING <key>', 'Show how the value of <key> is encoded.'],
    ]),
  ],
})
