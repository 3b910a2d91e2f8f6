import {type CommandContext, defineCommand} from '../command.js'
import {ADMIN, requireCrdt} from './context.js'

/** CRDT.VECTORS: of each slot of which anything is known its number, then `region.epoch:sequence` for each actor, in order. */
function run({reply, server}: CommandContext): void {
  const {core} = requireCrdt(server)
  const slots = [...core.slots()]
  reply.array(slots.length)
  for (const slot of slots) {
    const vector = [...core.vectorOf(slot)].sort(([a], [b]) => a.region - b.region || a.epoch - b.epoch)
    reply.array(1 + vector.length)
    reply.integer(slot)
    for (const [{epoch, region}, sequence] of vector) reply.bulk(`${region}.${epoch}:${sequence}`)
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
