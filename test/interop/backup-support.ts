import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {connectWire} from '../../src/lib/client/migration/wire.js'
import {hashSlot} from '../../src/lib/protocol/hash-slot.js'
import {type RdbKey, RdbWalker} from '../../src/lib/protocol/rdb/walker.js'
import type {RedisNode} from '../support/peers.js'

type Commands = readonly (readonly string[])[]

const BATCH = 500

/** Sends commands of latin1 text on one connection. @returns the replies, in order */
export async function sendTo(port: number, commands: Commands): Promise<unknown[]> {
  const wire = await connectWire({host: '127.0.0.1', port}, {timeoutMs: 20_000})
  try {
    const replies: unknown[] = []
    for (let at = 0; at < commands.length; at += BATCH)
      replies.push(...(await wire.send(commands.slice(at, at + BATCH))))
    return replies
  } finally {
    wire.close()
  }
}

/** Sends each command to the node whose share holds the slot of its key; the shares are even. */
export async function sendByKey(nodes: readonly RedisNode[], commands: Commands): Promise<void> {
  await Promise.all(
    nodes.map(async ({port}, index) => {
      const mine = commands.filter((command) => ownerIndex(keyOf(command), nodes.length) === index)
      const refused = (await sendTo(port, mine)).filter((reply) => reply instanceof Error)
      if (refused.length > 0) throw refused[0]
    }),
  )
}

/** Where the key stands, if not first among the arguments. */
const KEY_AT: Readonly<Record<string, number>> = {XGROUP: 2, EVAL: 3, XREADGROUP: 7}

function keyOf(command: readonly string[]): string {
  return command[KEY_AT[command[0] ?? ''] ?? 1] ?? ''
}

export function ownerIndex(key: string, count: number): number {
  const slot = hashSlot(key)
  for (let index = 0; index < count; index++) if (slot < Math.round(((index + 1) * 16_384) / count)) return index
  return count - 1
}

/** Commands that make keys of all types and most encodings, some of which expire; names and values of any bytes. */
export function allTypes(expireAtMs: number): Commands {
  const many = Array.from({length: 700}, (_, i) => `member-${i}`)
  return [
    ['SET', 'string', 'value'],
    ['SET', 'integer', '12345'],
    ['SET', 'compressed', 'a'.repeat(500)],
    ['SET', 'empty', ''],
    ['SET', 'nul\0key\r\n\xff', '\0\x01\xfe\xff\r\n'],
    ['SET', '', 'of the empty name'],
    ['SET', 'big', Buffer.alloc(5_000_000, 'xyz\x80').toString('latin1')],
    ['SET', 'expiring', 'v', 'PXAT', String(expireAtMs)],
    ['RPUSH', 'list', 'a', '1', 'c'],
    ['RPUSH', 'long-list', ...many, 'x'.repeat(9000)],
    ['SADD', 'set', 'a', 'b', '3'],
    ['SADD', 'intset', '1', '300000', '-5'],
    ['SADD', 'long-set', ...many],
    ['ZADD', 'zset', '1', 'a', '-inf', 'b', '2.5', 'c'],
    ['ZADD', 'long-zset', ...many.flatMap((member, i) => [String(i / 7), member])],
    ['HSET', 'hash', 'f', 'v', 'n', '1'],
    ['HSET', 'long-hash', ...many.flatMap((member) => [member, `of ${member}`])],
    ['PEXPIREAT', 'long-hash', String(expireAtMs + 77)],
    ...many.slice(0, 150).map((member, i) => ['XADD', 'stream', `${i + 1}-1`, 'field', member]),
    ['XDEL', 'stream', '3-1'],
    ['XGROUP', 'CREATE', 'stream', 'group', '0'],
    ['XREADGROUP', 'GROUP', 'group', 'consumer', 'COUNT', '5', 'STREAMS', 'stream', '>'],
    ['PFADD', 'hyperloglog', ...many],
    ['SETBIT', 'bits', '9999', '1'],
    ['GEOADD', 'geo', '13.4', '52.5', 'berlin'],
    ...Array.from({length: 500}, (_, i) => ['SET', `key:${i}`, `value ${i}`]),
  ]
}

/** Key -> digest of its value and time of expiry, of all keys of all nodes. */
export async function digestOf(nodes: readonly RedisNode[]): Promise<Map<string, string>> {
  const digests = new Map<string, string>()
  for (const {port} of nodes) {
    const [keys] = (await sendTo(port, [['KEYS', '*']])) as [string[]]
    const replies = await sendTo(
      port,
      keys.flatMap((key) => [
        ['DEBUG', 'DIGEST-VALUE', key],
        ['PEXPIRETIME', key],
      ]),
    )
    keys.forEach((key, index) => {
      digests.set(key, `${String(replies[index * 2])} ${String(replies[index * 2 + 1])}`)
    })
  }
  return digests
}

/** Every key in the RDB files of a backup. */
export function keysInBackup(folder: string): RdbKey[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.rdb'))
    .flatMap((name) => {
      const walker = new RdbWalker({keepValues: true})
      walker.push(readFileSync(join(folder, name)))
      const keys: RdbKey[] = []
      for (let item = walker.next(); item; item = walker.next()) if (item.kind === 'key') keys.push(item)
      walker.requireEnd()
      return keys
    })
}
