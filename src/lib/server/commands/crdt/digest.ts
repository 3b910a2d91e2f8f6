import {ReplyError} from '../../reply-error.js'
import {type CommandContext, defineCommand} from '../command.js'
import {ADMIN, actorTexts, requireCrdt, requireSlot} from './context.js'

const FACTS = {flags: ADMIN, group: 'server', since: '7.0.0'} as const
const SLOT_MAX = 16_383

/**
 * CRDT.DIGEST [first last]: of each slot of which anything is known its number, digest, and the vector that the digest is
 * of, as `region.epoch:sequence` for each actor, in order.
 */
function digest({reply, server}: CommandContext, argv: string[]): void {
  const {core} = requireCrdt(server)
  if (argv.length === 2 || argv.length > 3) {
    throw new ReplyError("ERR wrong number of arguments for 'crdt.digest' command")
  }
  const first = argv[1] === undefined ? 0 : requireSlot(argv[1])
  const last = argv[2] === undefined ? SLOT_MAX : requireSlot(argv[2])
  const slots = [...core.slots()].filter((slot) => slot >= first && slot <= last)
  reply.array(slots.length)
  for (const slot of slots) {
    const vector = core.vectorOf(slot)
    reply.array(2 + vector.length)
    reply.integer(slot)
    reply.bulk(core.digestSlot(slot))
    for (const text of actorTexts(vector)) reply.bulk(text)
  }
}

/** CRDT.DIGESTKEYS slot: key and digest in turn. */
function digestKeys({reply, server}: CommandContext, argv: string[]): void {
  const digests = requireCrdt(server).core.digestKeys(requireSlot(argv[1]!))
  reply.bulks([...digests].flat())
}

export const digestCommands = [
  defineCommand({...FACTS, arity: -1, name: 'crdt.digest', run: digest}),
  defineCommand({...FACTS, arity: 2, name: 'crdt.digestkeys', run: digestKeys}),
]
