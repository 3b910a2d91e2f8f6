import {hashSlot} from '../../protocol/hash-slot.js'
import type {Command} from '../commands/command.js'
import {keyIndexesOf} from '../dispatcher.js'
import type {Server} from '../server.js'

/** The slot that a change of the data is in, which all of its keys are; undefined: it is in none. */
export function slotOfChange({crdt}: Server, command: Command, argv: readonly string[]): number | undefined {
  const slot = crdt?.durability.slotOf(argv)
  if (slot !== undefined) return slot
  const [index] = keyIndexesOf(command, argv)
  return index === undefined ? undefined : hashSlot(argv[index]!)
}
