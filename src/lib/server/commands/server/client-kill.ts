import {type Client, SPECIAL_REPLICA, SPECIAL_SUBSCRIBED} from '../../client.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import type {Server} from '../../server.js'
import type {CommandContext} from '../command.js'
import {parseLong} from './arguments.js'

/** What CLIENT LIST TYPE and CLIENT KILL TYPE know. The link to this node's own primary is no client here. */
export type ClientType = 'normal' | 'master' | 'replica' | 'pubsub'

const TYPES: Readonly<Record<string, ClientType>> = {
  normal: 'normal',
  slave: 'replica',
  replica: 'replica',
  pubsub: 'pubsub',
  master: 'master',
}

export function requireClientType(text: string): ClientType {
  const type = TYPES[text.toLowerCase()]
  if (type === undefined) throw new ReplyError(`ERR Unknown client type '${text}'`)
  return type
}

export function typeOfClient({special}: Client): ClientType {
  if ((special & SPECIAL_REPLICA) !== 0) return 'replica'
  return (special & SPECIAL_SUBSCRIBED) !== 0 ? 'pubsub' : 'normal'
}

/** Ends connections; the one that asks gets its answer first. */
export function killClients(server: Server, victims: readonly Client[], asking: Client): void {
  for (const victim of victims) {
    const isSelf = victim === asking
    victim.closing = true
    server.effects.closeClient(victim, isSelf)
  }
}

interface KillFilter {
  id?: number
  address?: string
  localAddress?: string
  user?: string
  type?: ClientType
  skipMe: boolean
}

function parseFilter(server: Server, argv: readonly string[]): KillFilter {
  const filter: KillFilter = {skipMe: true}
  for (let at = 2; at < argv.length; at += 2) {
    const value = argv[at + 1]
    if (value === undefined) throw new ReplyError(SYNTAX_ERROR)
    switch (argv[at]!.toLowerCase()) {
      case 'id':
        filter.id = requireId(value)
        break
      case 'type':
        filter.type = requireClientType(value)
        break
      case 'addr':
        filter.address = value
        break
      case 'laddr':
        filter.localAddress = value
        break
      case 'user':
        if (server.acl.find(value) === undefined) throw new ReplyError(`ERR No such user '${value}'`)
        filter.user = value
        break
      case 'skipme':
        filter.skipMe = requireYesNo(value)
        break
      default:
        throw new ReplyError(SYNTAX_ERROR)
    }
  }
  return filter
}

function requireId(text: string): number {
  const id = parseLong(text)
  if (id === undefined || id <= 0) throw new ReplyError('ERR client-id should be greater than 0')
  return id
}

function requireYesNo(text: string): boolean {
  const word = text.toLowerCase()
  if (word !== 'yes' && word !== 'no') throw new ReplyError(SYNTAX_ERROR)
  return word === 'yes'
}

function accepts(filter: KillFilter, client: Client): boolean {
  if (filter.id !== undefined && client.id !== filter.id) return false
  if (filter.address !== undefined && client.address !== filter.address) return false
  if (filter.localAddress !== undefined && client.localAddress !== filter.localAddress) return false
  if (filter.type !== undefined && typeOfClient(client) !== filter.type) return false
  return filter.user === undefined || client.user === filter.user
}

/** CLIENT KILL addr (answers OK or an error) and CLIENT KILL with filters (answers how many). */
export function clientKill({client, reply, server}: CommandContext, argv: string[]): void {
  const clients = [...server.clients.values()].filter((one) => !one.closing)
  if (argv.length === 3) {
    const victims = clients.filter((one) => one.address === argv[2])
    if (victims.length === 0) throw new ReplyError('ERR No such client')
    killClients(server, victims, client)
    reply.ok()
    return
  }
  const filter = parseFilter(server, argv)
  const victims = clients.filter((one) => accepts(filter, one) && !(filter.skipMe && one === client))
  killClients(server, victims, client)
  reply.integer(victims.length)
}
