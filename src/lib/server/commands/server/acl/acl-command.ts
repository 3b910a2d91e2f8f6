import {messageOf} from '../../../../kernel/errors.js'
import {AclFileError} from '../../../acl/load.js'
import {requireInteger} from '../../../arguments.js'
import {ReplyError} from '../../../reply-error.js'
import {type CommandContext, defineCommand} from '../../command.js'
import {helpSubcommand} from '../help.js'
import {cat} from './cat.js'
import {dryrun} from './dryrun.js'
import {ACL} from './facts.js'
import {log} from './log.js'
import {deluser, getuser, setuser} from './users.js'
import {wrongSubcommand} from './wrong.js'

const NO_FILE =
  'ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users in the Redis configuration.'

const GENPASS_BITS = 256
const GENPASS_BITS_MAX = 4096
const BITS_PER_DIGIT = 4

function requireFile({server}: CommandContext): void {
  if (server.config.values.aclfile === '') throw new ReplyError(NO_FILE)
}

function load(context: CommandContext): void {
  const {client, reply, server} = context
  requireFile(context)
  try {
    server.acl.loadFile(client)
  } catch (error) {
    if (!(error instanceof AclFileError)) throw error
    throw new ReplyError(`ERR ${error.message}`)
  }
  reply.ok()
}

function save(context: CommandContext): void {
  const {reply, server} = context
  requireFile(context)
  try {
    server.acl.saveFile()
  } catch (error) {
    server.effects.log('warning', `Writing the ACL file for ACL SAVE: ${messageOf(error)}`)
    throw new ReplyError(
      'ERR There was an error trying to save the ACLs. Please check the server logs for more information',
    )
  }
  reply.ok()
}

function genpass({reply, server}: CommandContext, argv: string[]): void {
  if (argv.length > 3) throw wrongSubcommand(argv)
  const bits = argv.length === 3 ? requireInteger(argv[2]!) : GENPASS_BITS
  if (bits <= 0 || bits > GENPASS_BITS_MAX) {
    throw new ReplyError(
      'ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096',
    )
  }
  reply.bulk(server.rng.hex(Math.ceil(bits / BITS_PER_DIGIT)))
}

export const acl = defineCommand({
  ...ACL.acl,
  subcommands: [
    defineCommand({...ACL['acl|cat'], run: cat}),
    defineCommand({...ACL['acl|deluser'], run: deluser}),
    defineCommand({...ACL['acl|dryrun'], run: dryrun}),
    defineCommand({...ACL['acl|genpass'], run: genpass}),
    defineCommand({...ACL['acl|getuser'], run: getuser}),
    defineCommand({...ACL['acl|list'], run: ({reply, server}) => reply.bulks(server.acl.describe())}),
    defineCommand({...ACL['acl|load'], run: load}),
    defineCommand({...ACL['acl|log'], run: log}),
    defineCommand({...ACL['acl|save'], run: save}),
    defineCommand({...ACL['acl|setuser'], run: setuser}),
    defineCommand({...ACL['acl|users'], run: ({reply, server}) => reply.bulks(server.acl.all.map(({name}) => name))}),
    defineCommand({...ACL['acl|whoami'], run: ({client, reply}) => reply.bulk(client.user)}),
    helpSubcommand('ACL', {group: 'server', since: '6.0.0'}, [
      ['CAT [<category>]', 'The categories, or the commands of one.'],
      ['DELUSER <username> [<username> ...]', 'Remove users and end their connections.'],
      ['DRYRUN <username> <command> [<arg> ...]', 'Whether the user may run the command; it is not run.'],
      ['GENPASS [<bits>]', 'A random password of 256 bits, or as many as given.'],
      ['GETUSER <username>', 'The rules of one user, by kind.'],
      ['LIST', 'All users with their rules, as in an ACL file.'],
      ['LOAD', 'Replace all users by those of the ACL file.'],
      ['LOG [<count> | RESET]', 'What was refused to whom, newest first.'],
      ['SAVE', 'Write all users to the ACL file.'],
      ['SETUSER <username> <rule> [<rule> ...]', 'Make a user, or change one.'],
      ['USERS', 'The names of all users.'],
      ['WHOAMI', 'The name of the user of this connection.'],
    ]),
  ],
})
