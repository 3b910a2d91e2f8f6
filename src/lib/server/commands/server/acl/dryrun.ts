import {deniedTo} from '../../../acl/permissions.js'
import {ReplyError} from '../../../reply-error.js'
import type {CommandContext} from '../../command.js'

/** Whether a user may run a command: OK, or the reason why not as an ordinary string. */
export function dryrun({reply, server}: CommandContext, argv: string[]): void {
  const user = server.acl.find(argv[2]!)
  if (user === undefined) throw new ReplyError(`ERR User '${argv[2]!}' not found`)
  const line = argv.slice(3)
  const command = server.findCommand(line)
  // A container with something else than a subcommand behind it is no command.
  if (command === undefined || (command.run === undefined && line.length > 1)) {
    throw new ReplyError(`ERR Command '${line[0]!}' not found`)
  }
  const {arity, fullName} = command
  if (arity > 0 ? line.length !== arity : line.length < -arity) {
    throw new ReplyError(`ERR wrong number of arguments for '${fullName}' command`)
  }
  const denial = deniedTo(user, command, line)
  if (denial === undefined) reply.ok()
  else if (denial.what === 'command') reply.bulk(`This user has no permissions to run the '${fullName}' command`)
  else reply.bulk(`This user has no permissions to access the '${line[denial.index]!}' ${denial.what}`)
}
