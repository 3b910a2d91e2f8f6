import {hashSlot} from '../protocol/hash-slot.js'
import type {Client} from './client.js'
import {route} from './cluster/routing.js'
import type {Command} from './commands/command.js'
import {keysOf} from './dispatcher.js'
import type {Server} from './server.js'

/**
 * May this node serve the command? All that the dispatcher's one-byte test does not answer.
 *
 * EXEC is asked for the union of its queue; a command without keys is served anywhere.
 *
 * @returns the whole error text (`MOVED 1 127.0.0.1:7000`), or undefined to go on
 */
export function routeKeys(
  server: Server,
  client: Client,
  command: Command,
  argv: readonly string[],
): string | undefined {
  const {core} = server.cluster!
  const isExec = command.name === 'exec'
  const calls = isExec ? (client.queue ?? []) : [{argv, command}]
  const keys: string[] = []
  // One by one: there may be more of them than a call takes arguments.
  for (const one of calls) for (const key of keysOf(one.command, one.argv)) keys.push(key)
  if (isExec) client.slot = -1
  if (keys.length === 0) return undefined
  const slots = keys.map(hashSlot)
  const slot = slots[0]!
  if (isExec) client.slot = slot
  if (core.serves[slot] === 1 && slots.every((other) => other === slot)) return undefined
  const maySpan = server.crdt !== undefined && SPANNING.has(command.name)
  if (maySpan && slots.every((other) => core.serves[other] === 1)) return undefined
  return route(core, {
    asking: client.asking || calls.some((one) => one.command.flags.includes('asking')),
    exists: (index) => client.db.hasEvenExpired(keys[index]!),
    isMigrate: calls.some((one) => one.command.name === 'migrate'),
    isReadonlyClient: client.isReadonly,
    isShardPubsub: calls.some(({command: {name}}) => SHARD_PUBSUB.has(name)),
    isWrite: calls.some((one) => one.command.isWrite),
    slots,
  })
}

/** In an active-active database these read keys of several slots, of one shard. */
const SPANNING = new Set(['mget', 'exists', 'touch'])
const SHARD_PUBSUB = new Set(['ssubscribe', 'sunsubscribe', 'spublish'])
