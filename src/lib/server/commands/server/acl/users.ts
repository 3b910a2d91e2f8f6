import {describeChannels, describeCommands, describeKeys} from '../../../acl/describe.js'
import {refusalOf} from '../../../acl/load.js'
import {hasBlank, type Selector} from '../../../acl/selector.js'
import {mergeSelectors, User} from '../../../acl/user.js'
import {ReplyError} from '../../../reply-error.js'
import type {CommandContext} from '../../command.js'

/** All rules or none: they are tried on a copy first. */
export function setuser({reply, server: {acl}}: CommandContext, argv: string[]): void {
  const name = argv[2]!
  if (hasBlank(name)) throw new ReplyError("ERR Usernames can't contain spaces or null characters")
  const merged = mergeSelectors(argv.slice(3))
  if ('unmatched' in merged) {
    throw new ReplyError(`ERR Unmatched parenthesis in acl selector starting at '${merged.unmatched}'.`)
  }
  const draft = new User(name, acl.surroundings)
  const known = acl.find(name)
  if (known !== undefined) draft.copyFrom(known)
  for (const rule of merged.rules) {
    const reason = refusalOf(draft, rule)
    if (reason !== undefined) throw new ReplyError(`ERR Error in ACL SETUSER modifier '${rule}': ${reason}`)
  }
  acl.setRules(name, draft)
  reply.ok()
}

export function deluser({client, reply, server: {acl}}: CommandContext, argv: string[]): void {
  const names = argv.slice(2)
  if (names.includes(acl.defaultUser.name)) throw new ReplyError("ERR The 'default' user cannot be removed")
  reply.integer(names.filter((name) => acl.remove(name, client)).length)
}

export function getuser(context: CommandContext, argv: string[]): void {
  const {reply, server} = context
  const user = server.acl.find(argv[2]!)
  if (user === undefined) {
    reply.nil()
    return
  }
  const {flags, passwords, root, selectors} = user
  reply.map(6)
  reply.bulk('flags')
  reply.set(flags.length)
  for (const flag of flags) reply.bulk(flag)
  reply.bulk('passwords')
  reply.bulks(passwords)
  writeSelector(context, root)
  reply.bulk('selectors')
  reply.array(selectors.length - 1)
  for (const selector of selectors.slice(1)) {
    reply.map(3)
    writeSelector(context, selector)
  }
}

function writeSelector({reply, server}: CommandContext, selector: Selector): void {
  reply.bulk('commands')
  reply.bulk(describeCommands(selector, server.acl.ids))
  reply.bulk('keys')
  reply.bulk(describeKeys(selector))
  reply.bulk('channels')
  reply.bulk(describeChannels(selector))
}
