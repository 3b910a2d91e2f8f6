import {type Client, SPECIAL_MONITOR, SPECIAL_REPLICA, SPECIAL_SUBSCRIBED} from '../../client.js'
import {redirectOf} from './client-tracking.js'

/** One byte per property, as in CLIENT LIST's `flags`. */
function flagsOf(client: Client): string {
  let flags = (client.special & SPECIAL_REPLICA) === 0 ? '' : 'S'
  if ((client.special & SPECIAL_MONITOR) !== 0) flags += 'O'
  if ((client.special & SPECIAL_SUBSCRIBED) !== 0) flags += 'P'
  if (client.queue !== undefined) flags += 'x'
  if (client.parked) flags += 'b'
  if (client.tracking !== undefined) flags += 't'
  if (client.tracking?.brokenRedirect) flags += 'R'
  if (client.tracking?.broadcast) flags += 'B'
  if (client.watchBroken) flags += 'd'
  if (client.closing) flags += 'c'
  if (client.address.startsWith('/')) flags += 'U'
  if (client.isReadonly) flags += 'r'
  if (client.noEvict) flags += 'e'
  return flags === '' ? 'N' : flags
}

/** Redis's own bookkeeping for one connection, which ours resembles. */
const CLIENT_BYTES = 2048

/**
 * One connection as CLIENT LIST and CLIENT INFO print it, without a line end.
 *
 * `fd` and the sizes of buffers that Redis preallocates have no counterpart here: -1 and 0.
 */
export function clientLine(client: Client, nowMs: number): string {
  const queryBytes = client.queryBufferBytes
  const outputBytes = client.reply.out.length
  const {unsentBytes} = client
  const fields: readonly (readonly [string, string | number])[] = [
    ['id', client.id],
    ['addr', client.address],
    ['laddr', client.localAddress],
    ['fd', -1],
    ['name', client.name],
    ['age', secondsBetween(client.createdMs, nowMs)],
    ['idle', secondsBetween(client.lastInteractionMs, nowMs)],
    ['flags', flagsOf(client)],
    ['db', client.db.index],
    ['sub', client.subscriptions?.channels.size ?? 0],
    ['psub', client.subscriptions?.patterns.size ?? 0],
    ['ssub', client.subscriptions?.shardChannels.size ?? 0],
    ['multi', client.queue === undefined ? -1 : client.queue.length],
    ['qbuf', queryBytes],
    ['qbuf-free', 0],
    ['argv-mem', 0],
    ['multi-mem', 0],
    ['rbs', 0],
    ['rbp', 0],
    ['obl', outputBytes],
    ['oll', Number(unsentBytes > 0)],
    ['omem', unsentBytes],
    ['tot-mem', CLIENT_BYTES + queryBytes + outputBytes + unsentBytes],
    ['events', 'r'],
    ['cmd', client.lastCommand?.fullName ?? 'NULL'],
    ['user', client.user],
    ['redir', redirectOf(client)],
    ['resp', client.reply.resp],
  ]
  return fields.map(([name, value]) => `${name}=${value}`).join(' ')
}

function secondsBetween(fromMs: number, toMs: number): number {
  return Math.max(0, Math.floor((toMs - fromMs) / 1000))
}

/** Does the client come over the loopback interface or a Unix socket? What `local` in the configuration means. */
export function isLocalClient({address}: Client): boolean {
  return /^(?:127\.|\[?::1\]?:|\[?::ffff:127\.|\/)/.test(address)
}
