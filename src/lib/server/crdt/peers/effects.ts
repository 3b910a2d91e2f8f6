import type {ServerEffects} from '../../effects.js'
import type {LinkEvents, PrimaryConnection} from '../../replication/link-effects.js'
import type {Server} from '../../server.js'

/** What the machines between regions ask of the shell (node/crdt/); it is there while the node is an instance. */
export interface PeerEffects {
  /** Connects to the clients' port of a node of another region. @param isEncrypted - TLS whatever the node's settings say */
  openPeerLink(host: string, port: number, isEncrypted: boolean, events: LinkEvents): PeerLinkSocket
  /** In the next turn of the loop. */
  soon(run: () => void): void
  /** Binary strings. @param level - 1..9 */
  deflate(text: string, level: number): string
  /** @param rawLength - bytes that come out @throws Error if it is not that many, or no deflated text */
  inflate(packed: string, rawLength: number): Buffer
  /** At least 0, below 1: for choices that are not to be the same on all nodes. */
  chance(): number
}

export interface PeerLinkSocket extends PrimaryConnection {
  /** Nothing more is read until `goOn`; what was read may come still. */
  hold(): void
  goOn(): void
}

/** The part of the node's effects that makes it an instance; its code is loaded when it is needed. */
export interface HasCrdt {
  /** The one that this node left last, as far as it remembers. */
  readonly leftDatabase: LeftDatabase | undefined
  /** @param done - called once, later: what `run` threw, or why the code could not be loaded */
  useCrdt(run: (shell: CrdtShell) => void, done: (error?: string) => void): void
}

/** A node's part in a database: on disk, followed, and left. */
export interface CrdtShell {
  /**
   * CRDT.CONFIG SET: the node becomes an instance, or takes up a later version. On disk before it returns.
   *
   * @throws Error whose message is for the client
   */
  take(region: number, json: string): void
  /** CRDT.CONFIG DROP: data and configuration go. @param guid - undefined: whichever it is @throws Error */
  drop(guid: string | undefined): void
}

export interface LeftDatabase {
  readonly guid: string
  readonly region: number
}

export function crdtEffects(server: Server): HasCrdt | undefined {
  const effects = server.effects as ServerEffects & Partial<HasCrdt>
  return effects.useCrdt === undefined ? undefined : (effects as ServerEffects & HasCrdt)
}
