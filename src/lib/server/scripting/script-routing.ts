import {hashSlot} from '../../protocol/hash-slot.js'
import type {Client} from '../client.js'
import type {Command} from '../commands/command.js'
import {keysOf} from '../dispatcher.js'
import {routeKeys} from '../key-routing.js'
import type {Server} from '../server.js'
import {ALLOW_CROSS_SLOT, COMPATIBLE, type ScriptRun} from './script-run.js'

const CROSS_SLOT = 'Script attempted to access keys that do not hash to the same slot'
const OTHER_NODE = 'Script attempted to access a non local key in a cluster node'
const DOWN = 'Script attempted to execute a command while the cluster is down'
const DOWN_FOR_WRITES = 'Script attempted to execute a write command while the cluster is down and readonly'

/**
 * In cluster mode, what is wrong with the keys of a script's command: they must be here, and all in one slot unless the
 * script's flags say otherwise.
 *
 * @param inner - runs the command; the caller's ASKING holds for it
 */
export function routeRefusal(
  server: Server,
  inner: Client,
  command: Command,
  argv: readonly string[],
  run: ScriptRun,
): string | undefined {
  inner.asking = run.caller.asking
  const text = routeKeys(server, inner, command, argv)
  inner.asking = false
  if (text !== undefined) return `ERR ${inScript(text)}`
  if ((run.flags & (ALLOW_CROSS_SLOT | COMPATIBLE)) !== 0) return undefined
  const slot = slotOf(command, argv)
  if (slot === undefined) return undefined
  const {caller} = run
  // What a transaction's commands and scripts use before counts for its next script, too.
  if (caller.slot === -1) caller.slot = slotOf(server.findCommand(run.argv), run.argv) ?? slot
  return caller.slot === slot ? undefined : `ERR ${CROSS_SLOT}`
}

function slotOf(command: Command | undefined, argv: readonly string[]): number | undefined {
  const key = command === undefined ? undefined : keysOf(command, argv)[0]
  return key === undefined ? undefined : hashSlot(key)
}

/** A refusal to a client as a script is told it. */
function inScript(text: string): string {
  if (!text.startsWith('CLUSTERDOWN')) return OTHER_NODE
  if (text.includes('read commands')) return DOWN_FOR_WRITES
  return text.includes('The cluster is down') ? DOWN : OTHER_NODE
}
