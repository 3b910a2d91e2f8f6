import {ReplyError} from '../../reply-error.js'
import {type CommandContext, defineCommand} from '../command.js'
import {ADMIN, requireCrdt, requireSlot} from './context.js'

const FACTS = {flags: ADMIN, group: 'server', since: '7.0.0'} as const
const SLOT_MAX = 16_383

/** CRDT.DIGEST [first last]: slot and digest in turn, of slots of which anything is known. */
function digest({reply, server}: CommandContext, argv: string[]): void {
  const {core} = requireCrdt(server)
  if (argv.length === 2 || argv.length > 3) {
    throw new ReplyError("ERR wrong number of arguments for 'crdt.digest' command")
  }
  const first = argv[1] === undefined ? 0 : requireSlot(argv[1])
  const last = argv[2] === undefined ? SLOT_MAX : requireSlot(argv[2])
  const slots = [...core.slots()].filter((slot) => slot >= first && slot <= last)
  reply.array(slots.length * 2)
  for (const slot of slots) {
    reply.integer(slot)
    reply.bulk(core.digestSlot(slot))
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
