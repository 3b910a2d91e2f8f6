import {categoryBit} from '../../../acl/command-ids.js'
import {ReplyError} from '../../../reply-error.js'
import {ACL_CATEGORIES, type CommandContext} from '../../command.js'
import {wrongSubcommand} from './wrong.js'

/** The categories, or those commands of one which this node has. */
export function cat({reply, server}: CommandContext, argv: string[]): void {
  if (argv.length > 3) throw wrongSubcommand(argv)
  if (argv.length === 2) {
    reply.bulks(ACL_CATEGORIES)
    return
  }
  const bit = categoryBit(argv[2]!)
  if (bit === 0) throw new ReplyError(`ERR Unknown category '${argv[2]!}'`)
  const found = server.acl.ids.all.filter(({categories, command}) => command !== undefined && (categories & bit) !== 0)
  reply.bulks(found.map(({fullName}) => fullName))
}
