import type {ServerEffects} from '../effects.js'
import type {Server} from '../server.js'

/** What the shell tells of a connection to the primary; never from within `open`. */
export interface LinkEvents {
  onOpen(): void
  /** @param bytes - of the shell; to be used up before this returns */
  onData(bytes: Uint8Array): void
  /** Nothing comes after it. @param reason - undefined: the peer closed it */
  onClose(reason?: string): void
}

export interface PrimaryConnection {
  /** @param text - binary string */
  send(text: string): void
  /** No event comes any more. */
  close(): void
}

/** What replication asks of the shell; a server whose effects lack it replicates nobody. */
export interface ReplicationEffects {
  /** Connects to a primary. */
  openLink(host: string, port: number, events: LinkEvents): PrimaryConnection
  /** Runs something from the event loop, after what has come in meanwhile. */
  soon(run: () => void): void
}

export function replicationEffects(server: Server): ReplicationEffects {
  return server.effects as ServerEffects & ReplicationEffects
}
