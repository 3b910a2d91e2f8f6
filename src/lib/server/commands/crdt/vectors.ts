import {type CommandContext, defineCommand} from '../command.js'
import {ADMIN, actorTexts, requireCrdt} from './context.js'

/** CRDT.VECTORS: of each slot of which anything is known its number, then `region.epoch:sequence` for each actor, in order. */
function run({reply, server}: CommandContext): void {
  const {core} = requireCrdt(server)
  const slots = [...core.slots()]
  reply.array(slots.length)
  for (const slot of slots) {
    const actors = actorTexts(core.vectorOf(slot))
    reply.array(1 + actors.length)
    reply.integer(slot)
    for (const text of actors) reply.bulk(text)
  }
}

export const vectors = defineCommand({
  arity: 1,
  flags: ADMIN,
  group: 'server',
  name: 'crdt.vectors',
  run,
  since: '7.0.0',
})
