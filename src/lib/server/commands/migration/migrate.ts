import {isInt64Text} from '../../keyspace/value.js'
import {NOT_AN_INTEGER, ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import {defineCommand} from '../command.js'
import {keyAt} from '../key-spec.js'
import {Transfer, type TransferTarget} from './transfer.js'

const TIMEOUT_MS_DEFAULT = 1000
/** The legacy key argument's place in argv. */
const KEY_INDEX = 3

interface MigrateRequest extends TransferTarget {
  readonly keys: readonly string[]
}

function requireLong(text: string): number {
  if (!isInt64Text(text)) throw new ReplyError(NOT_AN_INTEGER)
  return Number(text)
}

/** @throws ReplyError */
function parse(argv: readonly string[]): MigrateRequest {
  let copy = false
  let replace = false
  let auth: readonly string[] | undefined
  let keys: readonly string[] = [argv[KEY_INDEX]!]
  for (let i = 6; i < argv.length; i++) {
    const word = argv[i]!.toLowerCase()
    const left = argv.length - i - 1
    if (word === 'copy') copy = true
    else if (word === 'replace') replace = true
    else if (word === 'auth' && left >= 1) auth = [argv[++i]!]
    else if (word === 'auth2' && left >= 2) auth = [argv[++i]!, argv[++i]!]
    else if (word === 'keys') {
      if (argv[KEY_INDEX] !== '') {
        throw new ReplyError('ERR When using MIGRATE KEYS option, the key argument must be set to the empty string')
      }
      keys = argv.slice(i + 1)
      break
    } else throw new ReplyError(SYNTAX_ERROR)
  }
  const timeoutMs = requireLong(argv[5]!)
  return {
    auth,
    copy,
    database: requireLong(argv[4]!),
    host: argv[1]!,
    keys,
    // As atoi does: redis-server then fails to connect, and says that.
    port: Number.parseInt(argv[2]!, 10) || 0,
    replace,
    timeoutMs: timeoutMs > 0 ? timeoutMs : TIMEOUT_MS_DEFAULT,
  }
}

/** As redis-server finds them: KEYS is looked for only behind an empty key argument, past the values of AUTH. */
function keyIndexes(argv: readonly string[]): number[] {
  if (argv[KEY_INDEX] !== '') return [KEY_INDEX]
  for (let i = 6; i < argv.length; i++) {
    const word = argv[i]!.toLowerCase()
    if (word === 'auth') i += 1
    else if (word === 'auth2') i += 2
    else if (word === 'keys') return Array.from({length: argv.length - i - 1}, (_, index) => i + 1 + index)
  }
  return [KEY_INDEX]
}

/**
 * MIGRATE host port key|"" db timeout [COPY] [REPLACE] [AUTH password | AUTH2 user password] [KEYS key...]
 *
 * Unlike redis-server's it does not stop the node: the client waits, the keys are held, everyone else goes on.
 */
export const migrate = defineCommand({
  name: 'migrate',
  arity: -6,
  flags: ['write', 'movablekeys'],
  group: 'generic',
  since: '2.6.0',
  acl: ['keyspace', 'dangerous'],
  tips: ['nondeterministic_output'],
  keys: [
    keyAt(KEY_INDEX, ['RW', 'access', 'delete']),
    {
      flags: ['RW', 'access', 'delete', 'incomplete'],
      begin: {type: 'keyword', keyword: 'KEYS', startFrom: -2},
      find: {type: 'range', lastKey: -1, step: 1, limit: 0},
    },
  ],
  keyIndexes,
  run({client, db, reply, server}, argv) {
    const request = parse(argv)
    const keys = request.keys.filter((key) => db.get(key) !== undefined)
    if (keys.length === 0) {
      reply.simple('NOKEY')
      return
    }
    new Transfer(server, client, db, request, keys).start()
  },
})
