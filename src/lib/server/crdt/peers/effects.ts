import type {ServerEffects} from '../../effects.js'
import type {LinkEvents, PrimaryConnection} from '../../replication/link-effects.js'
import type {Server} from '../../server.js'

/** What the machines between regions ask of the shell (node/crdt/); it is there while the node is an instance. */
export interface PeerEffects {
  /** Connects to the clients' port of a node of another region. @param isEncrypted - TLS whatever the node's settings say */
  openPeerLink(host: string, port: number, isEncrypted: boolean, events: LinkEvents): PrimaryConnection
  /** In the next turn of the loop. */
  soon(run: () => void): void
  /** Binary strings. @param level - 1..9 */
  deflate(text: string, level: number): string
  /** @param rawLength - bytes that come out @throws Error if it is not that many, or no deflated text */
  inflate(packed: string, rawLength: number): Buffer
  /** Below 1, for choices that must not be the same on all nodes. */
  chance(): number
}

/** The part of the node's effects that carries out CRDT.CONFIG. */
export interface HasCrdt {
  /** Loads what an instance needs: @returns the instance's shell once it is there @throws Error if it cannot be loaded */
  loadCrdt(): CrdtShell | Promise<CrdtShell>
}

/** A node's configuration as an instance: kept on disk, followed, and left. Texts are for clients. */
export interface CrdtShell {
  /** @param json - a CrdbConfig @param done - called once, later: why it was refused, with its code */
  take(region: number, json: string, done: (refusal?: string) => void): void
  drop(guid: string, done: (refusal?: string) => void): void
  /** The database that this node has left last. */
  readonly left: LeftDatabase | undefined
}

export interface LeftDatabase {
  readonly guid: string
  readonly region: number
}

export function crdtEffects(server: Server): HasCrdt | undefined {
  const effects = server.effects as ServerEffects & Partial<HasCrdt>
  return effects.loadCrdt === undefined ? undefined : (effects as ServerEffects & HasCrdt)
}
