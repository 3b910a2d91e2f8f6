import {requireInteger} from '../../arguments.js'
import {SPECIAL_IMPORT, SPECIAL_PRIMARY} from '../../client.js'
import type {VectorEntries} from '../../crdt/core/api.js'
import {CrdtError} from '../../crdt/core/crdt-error.js'
import type {CrdtDatabase} from '../../crdt/crdt-database.js'
import {adoptStreamFacts} from '../../crdt/durability/stream-facts.js'
import {SLOT_COUNT} from '../../keyspace/slot-keys.js'
import {ReplyError} from '../../reply-error.js'
import {type Command, type CommandContext, type CommandHandler, defineCommand} from '../command.js'
import {CRDT_STREAM} from './stream-facts.js'

/** What a file, a replica or the new owner of a slot is told of changes of the state (crdt/durability/). */
type Apply = (crdt: CrdtDatabase, argv: readonly string[], context: CommandContext) => void

/** It goes on to this node's own replicas and file as it came. */
function handler(apply: Apply): CommandHandler {
  return (context, argv) => {
    const {client, reply, server} = context
    const {crdt} = server
    if (crdt === undefined) throw new ReplyError('ERR This node holds no active-active database')
    if ((client.special & (SPECIAL_PRIMARY | SPECIAL_IMPORT)) === 0) {
      throw new ReplyError(`ERR ${argv[0]!.toUpperCase()} comes from a primary or a file only`)
    }
    try {
      apply(crdt, argv, context)
    } catch (error) {
      if (error instanceof CrdtError) throw new ReplyError(`ERR ${error.message}`)
      throw error
    }
    server.state.propagation.always(0, argv)
    reply.ok()
  }
}

function requireSlot(text: string): number {
  const slot = requireInteger(text)
  if (slot < 0 || slot >= SLOT_COUNT) throw new ReplyError('ERR Invalid slot')
  return slot
}

/** CRDT.EFFECT effect [effect ...]: one that fails does not keep the others from being taken. */
function effect(crdt: CrdtDatabase, [, ...effects]: readonly string[]): void {
  let failure: CrdtError | undefined
  for (const one of effects) {
    try {
      crdt.durability.follow(one)
    } catch (error) {
      if (!(error instanceof CrdtError)) throw error
      failure ??= error
    }
  }
  if (failure !== undefined) throw failure
}

/** CRDT.MERGE slot state */
function merge(crdt: CrdtDatabase, [, slot, state]: readonly string[]): void {
  crdt.join(requireSlot(slot!), state!, true)
}

/** CRDT.STREAM key facts: what only this region knows of a stream. */
function stream({server}: CrdtDatabase, [, key, facts]: readonly string[]): void {
  adoptStreamFacts(server, server.databases[0]!, key!, facts!)
}

/** CRDT.STABLE slot [region epoch sequence ...]: all regions have that. */
function stable(crdt: CrdtDatabase, [, slot, ...numbers]: readonly string[]): void {
  const entries: VectorEntries[number][] = []
  for (let i = 0; i + 2 < numbers.length; i += 3) {
    const [region, epoch, sequence] = numbers.slice(i, i + 3).map((text) => requireInteger(text)) as [
      number,
      number,
      number,
    ]
    entries.push([{epoch, region}, sequence])
  }
  crdt.core.collect(requireSlot(slot!), entries)
}

/** CRDT.FORGET slot: it is another shard's now. */
function forget(crdt: CrdtDatabase, [, slot]: readonly string[]): void {
  crdt.durability.dropSlot(requireSlot(slot!))
}

export const crdtStreamCommands: readonly Command[] = [
  defineCommand({...CRDT_STREAM['crdt.effect'], run: handler(effect)}),
  defineCommand({...CRDT_STREAM['crdt.forget'], run: handler(forget)}),
  defineCommand({...CRDT_STREAM['crdt.merge'], run: handler(merge)}),
  defineCommand({...CRDT_STREAM['crdt.stable'], run: handler(stable)}),
  defineCommand({...CRDT_STREAM['crdt.stream'], run: handler(stream)}),
]
