import {expect} from 'vitest'
import {differences} from '../../../src/lib/server/crdt/projection/check.js'
import {type RegionNode, until} from './regions.js'

/** Some of every type, with what only states know: counters, deletions, deadlines. */
export async function fill(node: RegionNode): Promise<void> {
  const numbers = Array.from({length: 300}, (_, i) => String(i))
  const commands: (readonly string[])[] = [
    ['SET', 'text', 'x\u0001y'],
    ['SET', 'long', 'ab'.repeat(50_000), 'PX', '100000000'],
    ['INCRBY', 'count', '5'],
    ['INCRBYFLOAT', 'share', '1.25'],
    ['SADD', 'members', ...numbers.map((one) => `member:${one}`)],
    ['SREM', 'members', 'member:7', 'member:8'],
    ['HSET', 'table', ...numbers.flatMap((one) => [`field:${one}`, one])],
    ['HINCRBY', 'table', 'sum', '4'],
    ['ZADD', 'scored', ...numbers.flatMap((one) => [String(Number(one) / 7), `member:${one}`])],
    ['RPUSH', 'list', ...numbers],
    ['LREM', 'list', '1', '7'],
    ['PFADD', 'hll', ...numbers],
    ['SET', 'gone', '1'],
    ['DEL', 'gone'],
    ...numbers.map((one) => ['SET', `key:${one}`, one]),
    ...numbers.slice(100, 150).map((one) => ['DEL', `key:${one}`]),
  ]
  for (const command of commands) await node.call(...command)
  const ids: string[] = []
  for (const one of numbers.slice(0, 120)) ids.push(String(await node.call('XADD', 'stream', '*', 'f', one)))
  await node.call('XGROUP', 'CREATE', 'stream', 'readers', '0')
  await node.call('XREADGROUP', 'GROUP', 'readers', 'one', 'COUNT', '10', 'STREAMS', 'stream', '>')
  await node.call('XACK', 'stream', 'readers', ids[0]!)
  await node.call('XDEL', 'stream', ids[2]!, ids[119]!)
}

/** What only the region knows of its streams: entries to be acknowledged, and how far groups are. */
export async function readersOf(node: RegionNode): Promise<unknown> {
  const pending = (await node.call('XPENDING', 'stream', 'readers', '-', '+', '100')) as unknown[][]
  const groups = (await node.call('XINFO', 'GROUPS', 'stream')) as unknown[][]
  // Not since when; nor how many were read, which the commands of the stream do not tell.
  return {
    groups: groups.map((facts) => facts.slice(0, 8)),
    pending: pending.map(([id, who, , times]) => [id, who, times]),
  }
}

/** Slot -> digest. */
export function digestsOf({crdt}: RegionNode): Record<string, string> {
  const {core} = crdt!
  return Object.fromEntries([...core.slots()].map((slot) => [slot, core.digestSlot(slot)]))
}

/** Slots whose states differ, with what either has. */
function unlike(one: RegionNode, other: RegionNode): string[] {
  const [first, second] = [digestsOf(one), digestsOf(other)]
  const slots = Object.keys({...first, ...second}).filter((slot) => first[slot] !== second[slot])
  const vectorOf = ({crdt}: RegionNode, slot: string): string =>
    JSON.stringify([...crdt!.core.keys(Number(slot)), crdt!.core.vectorOf(Number(slot))])
  return slots.map((slot) => `${slot}: ${vectorOf(one, slot)} ${vectorOf(other, slot)}`)
}

/** All have the same state, and show it. */
export async function expectSame(...nodes: readonly RegionNode[]): Promise<void> {
  const [first, ...others] = nodes
  await until(() => others.every((one) => unlike(first!, one).length === 0), 'equal states').catch(() => {
    for (const one of others) expect(unlike(first!, one)).toEqual([])
  })
  for (const node of nodes) expect(differences(node.crdt!)).toEqual([])
}

/** A write that is taken once regions have been heard of, or a failover is over. */
export async function writes(node: RegionNode, ...argv: readonly string[]): Promise<void> {
  await until(async () => {
    const reply = await node.call(...argv).catch(() => undefined)
    return reply !== undefined
  }, argv.join(' '))
}

/** Actors that have written, by name. */
export function actorsOf({crdt}: RegionNode): Set<string> {
  const {core} = crdt!
  return new Set(
    [...core.slots()].flatMap((slot) => core.vectorOf(slot).map(([{epoch, region}]) => `${region}.${epoch}`)),
  )
}
