import {encodeCommand} from '../../protocol/resp/encode-command.js'
import {type Client, SPECIAL_REPLICA} from '../client.js'
import type {Snapshot, SnapshotParts} from '../persistence/snapshot.js'
import type {Server} from '../server.js'
import {AttachedReplica, type ReplicaFacts} from './attached-replica.js'
import {Backlog} from './backlog.js'
import {replicationEffects} from './link-effects.js'
import {SnapshotTransfer} from './snapshot-transfer.js'

const GET_ACK = encodeCommand(['REPLCONF', 'GETACK', '*'])
const PING = encodeCommand(['ping'])

/** Of one replica, whatever client-output-buffer-limit allows: no string holds much more. */
const UNSENT_BYTES_MAX = 384 * 1024 * 1024

/** A client that WAIT keeps until enough replicas have what it wrote. */
interface Waiter {
  readonly offset: number
  readonly wanted: number
}

/** The stream that goes on as it stands. */
export interface StreamState {
  readonly id: string
  readonly id2: string
  readonly secondOffset: number
  readonly offset: number
}

/** The replicas that follow this node: how they begin, what they are sent, how far they are (wire.md 2.1 to 2.4, 2.7). */
export class Replicas {
  backlog: Backlog | undefined = undefined
  readonly attached = new Map<Client, AttachedReplica>()
  fullSyncs = 0
  partialSyncs = 0
  failedPartialSyncs = 0
  /** Online ones that were heard of within min-replicas-max-lag. */
  goodCount = 0

  private readonly server: Server
  private readonly facts = new WeakMap<Client, ReplicaFacts>()
  private readonly waiters = new Map<Client, Waiter>()
  private transfer: SnapshotTransfer | undefined = undefined
  private isStarting = false
  private isAsking = false
  private aloneSinceMs = 0
  private lastPingMs = 0

  /** @param openSnapshot - of the data as they are now */
  constructor(
    server: Server,
    private readonly stateOf: () => StreamState,
    private readonly openSnapshot: (parts: SnapshotParts) => Snapshot,
  ) {
    this.server = server
  }

  factsOf(client: Client): ReplicaFacts {
    const known = this.facts.get(client)
    if (known !== undefined) return known
    const fresh: ReplicaFacts = {crdt: false, eof: false, filter: 'all', ip: '', port: 0, psync2: false, rdbOnly: false}
    this.facts.set(client, fresh)
    return fresh
  }

  /** Some of the stream, for all that have what came before it. */
  feed(text: string): void {
    this.backlog?.append(text)
    if (this.attached.size === 0) return
    const {hardBytes} = this.server.config.values.clientOutputBufferLimit.replica
    const bytesMax = hardBytes === 0 ? UNSENT_BYTES_MAX : Math.min(hardBytes, UNSENT_BYTES_MAX)
    for (const replica of this.attached.values()) {
      if (!replica.take(text, bytesMax)) this.dropSlow(replica.client)
    }
  }

  private dropSlow(client: Client): void {
    const {effects} = this.server
    effects.log(
      'warning',
      `Client id=${client.id} addr=${client.address} closed for overcoming of output buffer limits.`,
    )
    effects.closeClient(client, false)
  }

  openBacklog(): void {
    this.backlog ??= new Backlog(this.server.config.values.replBacklogSize, this.stateOf().offset + 1)
    // Whoever is to go on with it needs time to come.
    this.aloneSinceMs = this.server.effects.nowMs()
  }

  /**
   * A replica asks for the stream. @param id - of the one that it knows; `?`: none @param next - offset that it lacks
   */
  attach(client: Client, id: string, next: number): void {
    const replica = new AttachedReplica(client, this.server.state.nowMs)
    client.special |= SPECIAL_REPLICA
    // Whoever is promoted in the next seconds must not lack a mere ping.
    if (this.attached.size === 0) this.lastPingMs = this.server.state.nowMs
    this.attached.set(client, replica)
    this.server.effects.log('notice', `Replica ${this.nameOf(client)} asks for synchronization`)
    if (this.continues(client, replica, id, next)) return
    if (id !== '?') this.failedPartialSyncs++
    this.fullSyncs++
    this.startSoon()
  }

  private continues(client: Client, replica: AttachedReplica, id: string, next: number): boolean {
    const {backlog} = this
    const state = this.stateOf()
    const isOurs = id === state.id || (id === state.id2 && next <= state.secondOffset)
    if (!isOurs || backlog?.has(next) !== true) return false
    this.partialSyncs++
    replica.state = 'online'
    replica.ackOffset = next - 1
    const rest = backlog.from(next)
    client.reply.out += this.factsOf(client).psync2 ? `+CONTINUE ${state.id}\r\n` : '+CONTINUE\r\n'
    client.reply.out += rest
    this.server.effects.log(
      'notice',
      `Partial resynchronization request from ${this.nameOf(client)} accepted. Sending ${rest.length} bytes of backlog starting from offset ${next}.`,
    )
    this.countGood()
    return true
  }

  /** One snapshot serves all that have asked by then. */
  private startSoon(): void {
    if (this.isStarting || this.transfer !== undefined) return
    this.isStarting = true
    replicationEffects(this.server).soon(() => {
      this.isStarting = false
      this.start()
    })
  }

  private start(): void {
    const all = [...this.attached.values()].filter(({state}) => state === 'wait_bgsave')
    const [first] = all
    if (first === undefined) return
    const parts = this.factsOf(first.client).filter
    // Who wants another part of the data waits for the next.
    const waiting = all.filter(({client}) => this.factsOf(client).filter === parts)
    const {id, offset} = this.stateOf()
    for (const replica of waiting) {
      replica.state = 'send_bulk'
      replica.client.pushInline(`+FULLRESYNC ${id} ${offset}\r\n`)
    }
    const source = this.openSnapshot(parts)
    const mark = this.server.rng.hex(40)
    const receivers = waiting.map((replica) => {
      const {eof, rdbOnly} = this.factsOf(replica.client)
      replica.isLast = rdbOnly
      return {hasMark: eof, replica}
    })
    this.transfer = new SnapshotTransfer(this.server, source, mark, receivers, () => {
      this.transfer = undefined
      this.startSoon()
    })
    this.transfer.run()
  }

  /** REPLCONF ACK. */
  acknowledge(client: Client, offset: number): void {
    const replica = this.attached.get(client)
    if (replica === undefined) return
    replica.ackMs = this.server.state.nowMs
    if (offset > replica.ackOffset) replica.ackOffset = offset
    if (replica.waitsForAck) {
      replica.waitsForAck = false
      replica.goOnline()
    }
    this.countGood()
    this.serveWaiters()
    for (const listener of this.onAcknowledged) listener()
  }

  /** The connection is gone. */
  detach(client: Client): void {
    this.waiters.delete(client)
    const replica = this.attached.get(client)
    if (replica === undefined) return
    this.attached.delete(client)
    this.transfer?.drop(replica)
    this.aloneSinceMs = this.server.state.nowMs
    this.countGood()
    this.server.effects.log('warning', `Connection with replica ${this.nameOf(client)} lost.`)
  }

  /** What they know of the stream is not good any more: they come again. */
  detachAll(): void {
    for (const client of [...this.attached.keys()]) this.server.effects.closeClient(client, false)
  }

  /** How many have acknowledged the stream up to this offset. */
  countAcknowledged(offset: number): number {
    let count = 0
    for (const {ackOffset, state} of this.attached.values()) if (state === 'online' && ackOffset >= offset) count++
    return count
  }

  /** WAIT. @param deadlineMs - unix milliseconds; 0 = none */
  wait(client: Client, wanted: number, deadlineMs: number): void {
    const offset = client.writeOffset
    this.waiters.set(client, {offset, wanted})
    this.server.blocked.block(client, {
      db: client.db,
      deadlineMs,
      keys: [],
      serve: () => false,
      timeOut: () => {
        this.waiters.delete(client)
        client.reply.integer(this.countAcknowledged(offset))
      },
    })
    this.askForAck()
  }

  private serveWaiters(): void {
    for (const [client, {offset, wanted}] of [...this.waiters]) {
      if (this.countAcknowledged(offset) >= wanted) this.server.blocked.end(client)
    }
  }

  /** Once for all that wait within one turn of the loop. */
  askForAck(): void {
    if (this.isAsking || this.attached.size === 0) return
    this.isAsking = true
    replicationEffects(this.server).soon(() => {
      this.isAsking = false
      // Who takes over must reach the very offset that it was told; it acknowledges every second all the same.
      if (this.server.failoverPausedUntilMs === 0) this.tell(GET_ACK)
    })
  }

  /** Some replica has more than before. */
  readonly onAcknowledged: (() => void)[] = []

  /** Part of the stream that changes no data. */
  onTell: (text: string) => void = () => undefined

  private tell(text: string): void {
    if (this.backlog !== undefined) this.onTell(text)
  }

  private countGood(): void {
    const {nowMs} = this.server.state
    const {minReplicasMaxLag} = this.server.config.values
    let count = 0
    for (const replica of this.attached.values()) {
      if (replica.state === 'online' && replica.lagSeconds(nowMs) <= minReplicasMaxLag) count++
    }
    this.goodCount = count
  }

  /** As min-replicas-to-write asks. */
  get areEnough(): boolean {
    const {minReplicasMaxLag, minReplicasToWrite} = this.server.config.values
    return minReplicasToWrite === 0 || minReplicasMaxLag === 0 || this.goodCount >= minReplicasToWrite
  }

  /** About every second. @param isPrimary - pings are this node's own to send */
  cron(nowMs: number, isPrimary: boolean): void {
    const {replBacklogSize, replBacklogTtl, replPingReplicaPeriod, replTimeout} = this.server.config.values
    this.backlog?.resize(replBacklogSize)
    for (const [client, replica] of [...this.attached]) {
      // A bare newline says that the snapshot is being made.
      if (replica.state === 'wait_bgsave') client.pushInline('\n')
      const heardMs = Math.max(replica.ackMs, client.lastInteractionMs)
      const isSilent = replica.state !== 'wait_bgsave' && nowMs - heardMs > replTimeout * 1000
      if (isSilent) {
        this.server.effects.log('warning', `Disconnecting timedout replica: ${this.nameOf(client)}`)
        this.server.effects.closeClient(client, false)
      }
    }
    if (this.attached.size > 0) {
      this.aloneSinceMs = nowMs
      if (
        isPrimary &&
        nowMs - this.lastPingMs >= replPingReplicaPeriod * 1000 &&
        this.server.failoverPausedUntilMs === 0
      ) {
        this.lastPingMs = nowMs
        this.tell(PING)
      }
    } else if (isPrimary && replBacklogTtl > 0 && nowMs - this.aloneSinceMs > replBacklogTtl * 1000) {
      this.backlog = undefined
    }
    this.countGood()
  }

  /** `address:port` as replicas are told of in logs. */
  nameOf(client: Client): string {
    return `${this.ipOf(client)}:${this.factsOf(client).port || '<unknown-replica-port>'}`
  }

  ipOf(client: Client): string {
    return this.factsOf(client).ip || client.address.slice(0, client.address.lastIndexOf(':'))
  }
}
