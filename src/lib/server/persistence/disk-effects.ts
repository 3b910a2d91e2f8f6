import type {ServerEffects} from '../effects.js'
import type {Server} from '../server.js'
import type {Snapshot} from './snapshot.js'

/** What saving asks of the shell; a server whose effects lack it saves nothing. */
export interface DiskEffects {
  /**
   * Writes a snapshot in the place of the file of this name in the node's folder: all of it and durable, or nothing.
   *
   * @param done - called once, from the event loop; with the system's message if it failed
   */
  saveSnapshot(name: string, snapshot: Snapshot, done: (error?: string) => void): void
}

export function diskEffects(server: Server): DiskEffects {
  return server.effects as ServerEffects & DiskEffects
}
