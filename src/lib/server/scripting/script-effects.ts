import type {ServerEffects} from '../effects.js'
import type {Server} from '../server.js'

/** What scripts ask of the shell; a server whose effects lack it has no scripts. */
export interface ScriptEffects {
  /** Runs something from the event loop, after what has come in meanwhile. */
  soon(run: () => void): void
  /** Lua 5.1, compiled to WebAssembly. Read when a script is first run. @throws Error if it is not there */
  luaModule(): Uint8Array
}

export function scriptEffects(server: Server): ScriptEffects {
  return server.effects as ServerEffects & ScriptEffects
}
