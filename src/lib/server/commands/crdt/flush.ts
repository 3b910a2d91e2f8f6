import {flushSlots} from '../../crdt/capture/flush.js'
import {type CommandContext, defineCommand} from '../command.js'
import {requireCrdt} from './context.js'

/** CRDT.FLUSH: empties the slots that this node owns, in all regions. Answers how many keys were seen here. */
function run({reply, server}: CommandContext): void {
  const crdt = requireCrdt(server)
  const {serves} = server.cluster!.core
  const slots = [...crdt.core.slots()].filter((slot) => serves[slot] === 1)
  reply.integer(flushSlots(crdt, slots))
}

export const flush = defineCommand({
  arity: 1,
  flags: ['write', 'admin', 'noscript'],
  group: 'server',
  name: 'crdt.flush',
  run,
  since: '7.0.0',
})
