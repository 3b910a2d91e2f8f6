import {connectWire, type WireCommand} from '../../src/lib/client/migration/wire.js'
import {NodeReplyError} from '../../src/lib/client/reply-error.js'
import {hashSlot} from '../../src/lib/protocol/hash-slot.js'
import type {RedisNode} from '../support/peers.js'

/** A source full of everything, and what a cluster holds compared with it by the servers' own digests. */

/** Sends commands in batches; arguments are latin1 text. @throws on an error reply */
export async function sendAll(port: number, commands: readonly WireCommand[], password?: string): Promise<unknown[]> {
  const wire = await connectWire({host: '127.0.0.1', port}, {timeoutMs: 20_000, ...(password && {password})})
  const replies: unknown[] = []
  try {
    for (let at = 0; at < commands.length; at += 2000) replies.push(...(await wire.send(commands.slice(at, at + 2000))))
  } finally {
    wire.close()
  }
  const refused = replies.find((reply) => reply instanceof NodeReplyError)
  if (refused) throw refused
  return replies
}

const numbers = (count: number) => Array.from({length: count}, (_, i) => String(i))

/** Keys of every type and encoding, small and large, some with a deadline. */
export function everyKind(deadlineMs: number): WireCommand[] {
  const long = numbers(700).map((i) => `member:${i}:${'x'.repeat(70)}`)
  const binary = '\0\xff\r\n{'
  return [
    ['SET', 'string', 'v'],
    ['SET', 'integer', '12345'],
    ['SET', 'compressed', 'a'.repeat(10_000)],
    ['SET', binary, '\xfe\0'],
    ['SET', '', 'the empty key'],
    ['SET', 'big', numbers(400_000).join('')],
    ['RPUSH', 'list', 'a', 'b'],
    ['RPUSH', 'list:long', ...long],
    ['SADD', 'set:ints', '1', '2', '3'],
    ['SADD', 'set', 'a', binary],
    ['SADD', 'set:long', ...long],
    ['ZADD', 'zset', '1.5', 'a', '-inf', 'b'],
    ['ZADD', 'zset:long', ...long.flatMap((member, i) => [String(i / 3), member])],
    ['HSET', 'hash', 'f', 'v', binary, binary],
    ['HSET', 'hash:long', ...long.flatMap((member) => [member, member])],
    ['SETBIT', 'bits', '1000', '1'],
    ['PFADD', 'hll', ...numbers(3000)],
    ['GEOADD', 'geo', '13.361389', '38.115556', 'Palermo'],
    ...numbers(300).map((i): WireCommand => ['XADD', 'stream', `${Number(i) + 1}-1`, 'f', `v${i}`]),
    ['XDEL', 'stream', '5-1'],
    ['XGROUP', 'CREATE', 'stream', 'group', '0'],
    ['XREADGROUP', 'GROUP', 'group', 'consumer', 'COUNT', '50', 'STREAMS', 'stream', '>'],
    ['XACK', 'stream', 'group', '1-1', '2-1'],
    ['XGROUP', 'CREATE', 'stream:empty', 'group', '$', 'MKSTREAM'],
    ...['string', 'list', 'hash:long', 'stream', binary].map(
      (key): WireCommand => ['PEXPIREAT', key, String(deadlineMs)],
    ),
  ]
}

/** Plain keys whose value names them. */
export function plainKeys(count: number, bytes = 60): WireCommand[] {
  return numbers(count).map((i) => ['SET', `key:${i}`, `value of ${i} `.padEnd(bytes, '.')])
}

/** All keys of a server. */
export async function keysOf(port: number, password?: string): Promise<string[]> {
  const [keys] = (await sendAll(port, [['KEYS', '*']], password)) as [string[]]
  return keys
}

/** Key -> digest of its value, and its deadline. */
export async function digestsAt(
  port: number,
  keys: readonly string[],
  password?: string,
): Promise<Map<string, string>> {
  const commands = keys.flatMap((key): WireCommand[] => [
    ['DEBUG', 'DIGEST-VALUE', key],
    ['PEXPIRETIME', key],
  ])
  const replies = await sendAll(port, commands, password)
  return new Map(keys.map((key, index) => [key, `${replies[index * 2]} ${replies[index * 2 + 1]}`]))
}

/** What all primaries hold together. @throws if two hold one key */
export async function digestsOfCluster(nodes: readonly RedisNode[], password?: string): Promise<Map<string, string>> {
  const all = new Map<string, string>()
  for (const {port} of nodes) {
    const keys = (await keysOf(port, password)).filter((key) => key !== '{shoal}:lock')
    for (const [key, digest] of await digestsAt(port, keys, password)) {
      if (all.has(key)) throw new Error(`${JSON.stringify(key)} is on two nodes`)
      all.set(key, digest)
    }
  }
  return all
}

/** @returns keys that are not as the source has them; empty if nothing is wrong */
export async function differences(
  source: RedisNode,
  nodes: readonly RedisNode[],
  passwords: {readonly source?: string; readonly cluster?: string} = {},
): Promise<string[]> {
  const keys = await keysOf(source.port, passwords.source)
  const [wanted, held] = await Promise.all([
    digestsAt(source.port, keys, passwords.source),
    digestsOfCluster(nodes, passwords.cluster),
  ])
  return keys.filter((key) => wanted.get(key) !== held.get(key))
}

/** Moves one slot by hand, its keys one at a time, so that redirections of both kinds are there for a while. */
export async function moveSlot(
  slot: number,
  from: RedisNode,
  to: RedisNode,
  nodes: readonly RedisNode[],
): Promise<void> {
  const [fromId, toId] = await openSlot(slot, from, to)
  await closeSlot(slot, from, to, nodes, toId as string)
  void fromId
}

/** Marks a slot as moving. @returns ids of both nodes */
export async function openSlot(slot: number, from: RedisNode, to: RedisNode): Promise<string[]> {
  const ids = await Promise.all([from, to].map(async (node) => String(await node.call('CLUSTER', 'MYID'))))
  await to.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', ids[0] as string)
  await from.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', ids[1] as string)
  return ids
}

/** Moves what is left and hands the slot over. */
export async function closeSlot(
  slot: number,
  from: RedisNode,
  to: RedisNode,
  nodes: readonly RedisNode[],
  toId: string,
): Promise<void> {
  for (;;) {
    const [keys] = (await sendAll(from.port, [['CLUSTER', 'GETKEYSINSLOT', String(slot), '10']])) as [string[]]
    if (keys.length === 0) break
    await sendAll(from.port, [['MIGRATE', '127.0.0.1', String(to.port), '', '0', '5000', 'KEYS', ...keys]])
  }
  for (const node of [to, from, ...nodes]) await node.call('CLUSTER', 'SETSLOT', slot, 'NODE', toId)
}

/** The node of three even shares that owns a key's slot. */
export function ownerOf(key: string, nodes: readonly RedisNode[]): RedisNode {
  const index = [5460, 10_922, 16_383].findIndex((last) => hashSlot(key) <= last)
  return nodes[index] as RedisNode
}
