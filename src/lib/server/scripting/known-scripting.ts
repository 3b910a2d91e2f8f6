import type {Server} from '../server.js'
import type {Scripting} from './scripting.js'

/** Beside the servers instead of inside, so that who only asks whether there are scripts does not load the engine. */
const OF_SERVERS = new WeakMap<Server, Scripting>()

/** @returns undefined while no script has been run */
export function knownScripting(server: Server): Scripting | undefined {
  return OF_SERVERS.get(server)
}

export function noteScripting(server: Server, scripting: Scripting): void {
  OF_SERVERS.set(server, scripting)
}
