import {hashSlot} from '../../../protocol/hash-slot.js'
import {type CommandContext, defineCommand} from '../command.js'
import {keyAt} from '../key-spec.js'
import {ADMIN, requireCrdt} from './context.js'

/** CRDT.EXPLAIN key [element]: who wrote what, which value won and why, as JSON; nil if nothing is known of the key. */
function run({reply, server}: CommandContext, argv: string[]): void {
  const key = argv[1]!
  const explanation = requireCrdt(server).core.explain(hashSlot(key), key, argv[2])
  // Texts are bytes; JSON is UTF-8.
  if (explanation === undefined) reply.nil()
  else reply.bulk(Buffer.from(JSON.stringify(explanation), 'utf8').toString('latin1'))
}

export const explain = defineCommand({
  arity: -2,
  flags: ADMIN,
  group: 'server',
  keys: [keyAt(1, ['RO'])],
  name: 'crdt.explain',
  run,
  since: '7.0.0',
})
