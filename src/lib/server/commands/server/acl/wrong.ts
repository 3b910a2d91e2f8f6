import {ReplyError} from '../../../reply-error.js'

/** What a subcommand of ACL answers to more arguments than it takes. */
export function wrongSubcommand(argv: readonly string[]): ReplyError {
  return new ReplyError(`ERR unknown subcommand or wrong number of arguments for '${argv[1]!}'. Try ACL HELP.`)
}
