import {parseInt64} from '../../arguments.js'
import {authenticate} from '../../authentication.js'
import {ReplyError} from '../../reply-error.js'
import {REDIS_VERSION} from '../../server.js'
import type {CommandContext} from '../command.js'

const NAME_ERROR = 'ERR Client names cannot contain spaces, newlines or special characters.'

/** @throws ReplyError unless every byte is printable and no blank */
export function requireClientName(name: string): string {
  if (!/^[!-~]*$/.test(name)) throw new ReplyError(NAME_ERROR)
  return name
}

/** HELLO [2|3 [AUTH user password] [SETNAME name]]. Nothing changes if any part is refused. */
export function hello(context: CommandContext, argv: string[]): void {
  const {client, server} = context
  let version = client.reply.resp
  if (argv.length > 1) {
    const asked = parseInt64(argv[1]!)
    if (asked === undefined) throw new ReplyError('ERR Protocol version is not an integer or out of range')
    if (asked !== 2 && asked !== 3) throw new ReplyError('NOPROTO unsupported protocol version')
    version = asked
  }
  let name: string | undefined
  for (let i = 2; i < argv.length; i++) {
    const word = argv[i]!.toLowerCase()
    if (word === 'auth' && i + 2 < argv.length) {
      authenticate(server, client, argv[i + 1]!, argv[i + 2]!, argv[0]!)
      i += 2
    } else if (word === 'setname' && i + 1 < argv.length) {
      name = requireClientName(argv[++i]!)
    } else {
      throw new ReplyError(`ERR Syntax error in HELLO option '${argv[i]!}'`)
    }
  }
  if (!client.authenticated) {
    throw new ReplyError(
      'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time',
    )
  }
  if (name !== undefined) client.name = name
  client.reply.resp = version
  writeGreeting(context, version)
}

function writeGreeting({client, reply, server}: CommandContext, version: number): void {
  reply.map(7)
  reply.bulk('server')
  reply.bulk('redis')
  reply.bulk('version')
  reply.bulk(REDIS_VERSION)
  reply.bulk('proto')
  reply.integer(version)
  reply.bulk('id')
  reply.integer(client.id)
  reply.bulk('mode')
  reply.bulk(server.isCluster ? 'cluster' : 'standalone')
  reply.bulk('role')
  reply.bulk(server.isReplica ? 'replica' : 'master')
  reply.bulk('modules')
  reply.array(0)
}
