import type {Rng} from '../../kernel/rng.js'
import {isTooLong} from '../../kernel/too-long.js'
import {encodeCommand, encodeInPieces} from '../../protocol/resp/encode-command.js'
import {unblockForDemotion} from '../blocked-in-cluster.js'
import type {Snapshot, SnapshotParts} from '../persistence/snapshot.js'
import type {PropagationSink} from '../propagation/propagation.js'
import type {Server} from '../server.js'
import {Failover} from './failover.js'
import {PrimaryLink} from './primary-link.js'
import {Replicas} from './replicas.js'

export const NO_REPLICATION_ID = '0'.repeat(40)
const REPLICATION_ID_LENGTH = 40

export interface PrimaryHost {
  readonly host: string
  readonly port: number
  /** In a cluster: who is expected there. */
  readonly id?: string
}

/** A moment of a history. */
export interface StreamPlace {
  readonly id: string
  /** Bytes of the stream up to there. */
  readonly offset: number
  /** That the stream is in. */
  readonly database: number
}

/**
 * One node's part in replication: which history of the data it holds and how far, whom it follows, who follows it
 * (wire.md 2).
 *
 * As a primary it makes the stream of what commands change, from the first replica on. As a replica it applies its
 * primary's, and hands the same bytes on.
 */
export class Replication implements PropagationSink {
  /** 40 hex characters; names the history of the data. */
  id: string
  /** The history before, good up to `secondOffset` - 1; -1: there is none. */
  id2 = NO_REPLICATION_ID
  secondOffset = -1
  /** Bytes of the stream that are in the data. */
  offset = 0
  readonly replicas: Replicas
  readonly failover: Failover
  /** Whom this node follows; undefined for a primary. */
  link: PrimaryLink | undefined = undefined

  private readonly server: Server
  private readonly rng: Rng
  /** Database that the stream of a primary is in; -1: to be said anew. */
  private selected = -1
  private cronCount = 0
  /** What the file said that was loaded at the start. */
  private loaded: StreamPlace | undefined = undefined

  /** @param openSnapshot - of the data as they are now */
  constructor(server: Server, openSnapshot: (parts: SnapshotParts) => Snapshot) {
    this.server = server
    this.rng = server.rng
    this.id = server.rng.hex(REPLICATION_ID_LENGTH)
    this.replicas = new Replicas(
      server,
      () => this,
      (parts) => {
        // Whoever begins with this snapshot must be told where the stream goes on.
        if (this.link === undefined) this.selected = -1
        return openSnapshot(parts)
      },
    )
    this.replicas.onTell = (text) => this.write(text)
    this.failover = new Failover(server, this)
    this.replicas.onAcknowledged.push(() => this.failover.look(server.state.nowMs))
  }

  /** A change made here. */
  feed(database: number, argv: readonly string[]): void {
    if (database !== -1 && database !== this.selected) {
      this.selected = database
      this.write(encodeCommand(['SELECT', String(database)]))
    }
    this.writeCommand(argv)
  }

  /** One that no string can hold goes in pieces. */
  private writeCommand(argv: readonly string[]): void {
    let command: string
    try {
      command = encodeCommand(argv)
    } catch (error) {
      if (!isTooLong(error)) throw error
      for (const piece of encodeInPieces(argv)) this.write(piece)
      return
    }
    this.write(command)
  }

  private write(text: string): void {
    this.offset += text.length
    this.replicas.feed(text)
  }

  /** A change of the primary's that was applied, as it came. */
  relay(text: string): void {
    this.write(text)
    const {cluster} = this.server
    if (cluster?.core.awaitsStream === true) cluster.perform(cluster.core.streamApplied())
  }

  /** From the first replica on there is a stream. */
  beginStream(): void {
    const {replicas} = this
    if (replicas.backlog !== undefined) return
    if (this.link === undefined) {
      // Nobody has been told of what was changed until now: it is another history.
      this.changeId()
      this.server.state.propagation.setReplicas(this)
    }
    replicas.openBacklog()
  }

  /** Nobody has come for long: what changes from here on is not counted, and whoever knows the history must not go on in it. */
  private endStream(): void {
    this.server.state.propagation.setReplicas(undefined)
    this.loaded = undefined
    this.changeId()
  }

  /** Where in the stream the data are that a snapshot taken now holds; undefined: changes are not counted by any. */
  get place(): StreamPlace | undefined {
    if (this.replicas.backlog === undefined) return undefined
    const database = this.link === undefined ? this.selected : this.link.selected
    return {database: Math.max(0, database), id: this.id, offset: this.offset}
  }

  /** What others hold of the history is of no use any more. */
  changeId(): void {
    this.id = this.rng.hex(REPLICATION_ID_LENGTH)
    this.id2 = NO_REPLICATION_ID
    this.secondOffset = -1
  }

  /** This node follows another, or another one than before. */
  follow(primary: PrimaryHost): void {
    const {link} = this
    if (link !== undefined && isSame(link.primary, primary)) return
    const wasPrimary = link === undefined
    // The stream may go on where it is, from another that has it.
    let database = link === undefined ? Math.max(0, this.selected) : link.selected
    link?.close()
    this.server.state.propagation.setReplicas(undefined)
    // Theirs may be another history soon.
    this.replicas.detachAll()
    if (wasPrimary) {
      unblockForDemotion(this.server)
      if (this.loaded?.offset === this.offset) {
        this.id = this.loaded.id
        this.id2 = NO_REPLICATION_ID
        this.secondOffset = -1
        database = this.loaded.database
      }
    }
    this.loaded = undefined
    this.link = new PrimaryLink(this.server, this, primary, database)
    this.server.refreshRole()
    this.link.connect()
  }

  /** This node is a primary from now on, with the data that it has. */
  become(): void {
    if (this.link === undefined) return
    this.link.close()
    this.link = undefined
    this.id2 = this.id
    this.secondOffset = this.offset + 1
    this.id = this.rng.hex(REPLICATION_ID_LENGTH)
    this.selected = -1
    // They ask again, and go on where they are: the second id is theirs.
    this.replicas.detachAll()
    this.replicas.openBacklog()
    this.server.state.propagation.setReplicas(this)
    // Before anything is written: what the former primary wrote last may not be here.
    this.server.crdt?.durability.becomeNew()
    this.server.refreshRole()
  }

  /** The data are of another kind from now on, in a history of its own: all replicas begin anew. */
  beginAnew(): void {
    if (this.link !== undefined) return
    this.loaded = undefined
    this.changeId()
    this.replicas.detachAll()
    if (this.replicas.backlog === undefined) return
    this.replicas.backlog = undefined
    this.replicas.openBacklog()
  }

  /** The node ends: it follows nobody any more. */
  close(): void {
    this.link?.close()
  }

  /** The data are those of a snapshot of this history. */
  adopt(id: string, offset: number): void {
    this.id = id
    this.id2 = NO_REPLICATION_ID
    this.secondOffset = -1
    this.offset = offset
    this.replicas.detachAll()
    this.replicas.backlog = undefined
    this.replicas.openBacklog()
  }

  /**
   * The data were loaded from a file of this history. Whoever followed this node may go on where it was; and so may this
   * node, if it turns out to be a replica.
   */
  resume(place: StreamPlace): void {
    this.loaded = place
    this.offset = place.offset
    this.id2 = place.id
    this.secondOffset = place.offset + 1
    this.server.state.propagation.setReplicas(this)
    this.replicas.openBacklog()
  }

  /** The primary's history goes on under another name. */
  rename(id: string): void {
    if (id === this.id) return
    this.id2 = this.id
    this.secondOffset = this.offset + 1
    this.id = id
    this.replicas.detachAll()
  }

  /** Every 100 ms. */
  cron(nowMs: number): void {
    this.failover.look(nowMs)
    if (++this.cronCount % 10 !== 0) return
    this.link?.cron(nowMs)
    const {replicas} = this
    const hadBacklog = replicas.backlog !== undefined
    replicas.cron(nowMs, this.link === undefined)
    if (hadBacklog && replicas.backlog === undefined) this.endStream()
  }
}

function isSame(one: PrimaryHost, other: PrimaryHost): boolean {
  return one.host === other.host && one.port === other.port && one.id === other.id
}
