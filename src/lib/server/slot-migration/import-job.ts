import {denialText} from '../acl/acl.js'
import {type Client, SPECIAL_IMPORT, SPECIAL_RESTRICTED} from '../client.js'
import type {Command} from '../commands/command.js'
import type {Store} from '../keyspace/store.js'
import {OUT_OF_MEMORY} from '../memory-limit.js'
import {ReplyError} from '../reply-error.js'
import type {Server} from '../server.js'
import type {Job} from './job.js'
import {GRANT_USE_MS_MAX, REPLICAS_WAIT_MS_MAX} from './limits.js'
import {establishWords} from './passive-imports.js'
import {slotOfChange} from './slot-of-change.js'

/** What a job of a target needs of those beside it. */
export interface ImportHost {
  /** What came is to be deleted. @param then - once it is */
  onCleanUp(job: ImportJob, then: () => void): void
  /** What comes on the connection is of no meaning; its peer is to close it. */
  linger(client: Client): void
  /** @param words - of a CLUSTER SYNCSLOTS command for this node's replicas and its append-only file */
  propagate(words: readonly string[]): void
  /** The keys are anybody's to see. */
  reveal(slots: readonly number[]): void
}

/**
 * The target's part in one slot migration. Its source's commands are carried out like a primary's, on keys that nobody
 * else sees; they go on to this node's own replicas, which hide them too (`CLUSTER SYNCSLOTS ESTABLISH` and `FINISH` in
 * the stream tell them), so that whoever is promoted has all or deletes all.
 */
export class ImportJob {
  /** The source's connection. */
  private client: Client | undefined
  private readonly store: Store
  private requestedMs = 0
  /** Since when replicas are waited for; 0: they are not. */
  private waitsSinceMs = 0
  /** The stream up to here holds all keys. */
  private streamEnd = 0
  /** What the slots were claimed by; -1: they were not. */
  claimedEpoch = -1

  constructor(
    private readonly server: Server,
    readonly job: Job,
    client: Client,
    private readonly host: ImportHost,
  ) {
    this.client = client
    this.store = server.databases[0]!.store
    client.special |= SPECIAL_IMPORT
  }

  isFrom(client: Client): boolean {
    return this.client === client
  }

  /** Nothing is left to be cleaned up of what was in the slots. */
  begin(): void {
    if (this.job.state !== 'waiting-for-ack') return
    this.become('receiving-snapshot')
    this.host.propagate(establishWords(this.job))
    this.answer('+OK')
  }

  private become(state: Parameters<Job['become']>[0]): void {
    this.job.become(state, this.server.effects.nowMs())
  }

  private answer(line: string): void {
    this.client?.pushInline(`${line}\r\n`)
  }

  private get isOver(): boolean {
    return this.job.isEnded || this.job.state === 'cleaning-up'
  }

  /** A command of the source's for the keys. @param call - carries it out */
  apply(client: Client, command: Command, argv: string[], call: () => void): void {
    if (this.isOver) return
    const {server} = this
    const {reply} = client
    const {state} = server
    this.job.ackMs = state.nowMs
    const refusal = this.refusalOf(client, command, argv)
    if (refusal !== undefined) {
      this.fail(refusal)
      return
    }
    const errors = reply.errorCount
    const before = reply.out
    const {notifyMask} = state
    // As of a primary: what its clock has not ended yet is there. And nobody sees any of it.
    state.isApplying = true
    state.notifyMask = 0
    call()
    state.isApplying = false
    state.notifyMask = notifyMask
    reply.out = before
    if (reply.errorCount !== errors) this.fail(`${reply.lastError} (${command.fullName})`)
  }

  private refusalOf(client: Client, command: Command, argv: readonly string[]): string | undefined {
    const {server} = this
    if (this.store !== server.databases[0]!.store) return DROPPED
    const slot = slotOfChange(server, command, argv)
    if (slot === undefined || !this.job.hasSlot(slot)) return `ERR unexpected ${command.fullName}`
    if ((client.special & SPECIAL_RESTRICTED) !== 0) {
      const denial = server.acl.check(client, command, argv)
      if (denial !== undefined) return denialText(denial, command)
    }
    return server.memory.isSet && server.memory.refuses(client, command) ? OUT_OF_MEMORY : undefined
  }

  /** A word of the source's. @throws ReplyError */
  onWord(word: string, argument: string | undefined): void {
    const {job, server} = this
    if (this.isOver) return
    job.ackMs = server.state.nowMs
    if (word === 'getack') this.answer(`+ACK ${argument}`)
    else if (word === 'snapshot-eof' && job.state === 'receiving-snapshot') {
      this.become('waiting-for-paused')
      this.answer('+REQUEST-PAUSE')
    } else if (word === 'paused' && job.state === 'waiting-for-paused') this.onPaused()
    else if (word === 'failover-granted' && job.state === 'failover-requested') this.onGranted(Number(argument))
    else throw new ReplyError(`ERR unexpected SYNCSLOTS ${word} in state ${job.state}`)
  }

  /** All keys are here; before they are served, replicas are to have them as well. */
  private onPaused(): void {
    const {effects, replication} = this.server
    this.streamEnd = replication.offset
    this.waitsSinceMs = effects.nowMs()
    replication.replicas.askForAck()
    this.onAcknowledged()
  }

  /** A replica said how far it is; or time has passed. */
  onAcknowledged(): void {
    if (this.waitsSinceMs === 0 || this.isOver) return
    const {effects, replication} = this.server
    const {attached} = replication.replicas
    let online = 0
    for (const {state} of attached.values()) if (state === 'online') online++
    const isLate = effects.nowMs() - this.waitsSinceMs > REPLICAS_WAIT_MS_MAX
    if (!isLate && replication.replicas.countAcknowledged(this.streamEnd) < online) return
    this.waitsSinceMs = 0
    this.requestedMs = effects.nowMs()
    this.become('failover-requested')
    this.askForSlots()
  }

  private askForSlots(): void {
    this.answer(`+REQUEST-FAILOVER ${this.server.cluster!.core.currentEpoch}`)
  }

  private onGranted(epoch: number): void {
    const {job, server} = this
    const cluster = server.cluster!
    if (server.effects.nowMs() - this.requestedMs > GRANT_USE_MS_MAX) {
      this.fail('ERR Granted too late')
      return
    }
    if (this.store !== server.databases[0]!.store) {
      this.fail(DROPPED)
      return
    }
    if (!Number.isSafeInteger(epoch) || epoch < cluster.core.currentEpoch) {
      // A greater one was heard of meanwhile; the source must know what we would claim with.
      this.askForSlots()
      return
    }
    this.become('failover-granted')
    try {
      const {effects, epoch: claimed} = cluster.core.takeOverSlots(job.slots, job.source!, epoch)
      this.claimedEpoch = claimed
      this.host.propagate(['FINISH', 'NAME', job.name, 'STATE', 'success', 'EPOCH', String(claimed)])
      cluster.perform(effects)
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error
      this.fail(error.message)
      return
    }
    this.host.reveal(job.slots)
    this.become('success')
    this.answer(`+FINISHED ${this.claimedEpoch}`)
    this.letGo()
    server.effects.log('notice', `Slot migration ${job.name} of ${job.slots.length} slots from ${job.source}: success`)
  }

  /** Ownership or roles may have changed. */
  look(): void {
    if (this.isOver) return
    const {core} = this.server.cluster!
    if (this.server.isReplica) this.fail('ERR This node failed over, it is a replica now')
    else if (this.job.slots.some((slot) => core.ownerOf(slot)?.id !== this.job.source)) {
      this.fail('ERR Slots are no longer owned by the source node')
    }
  }

  /** The connection is gone. */
  onClose(): void {
    this.client = undefined
    this.fail('ERR Connection lost to source')
  }

  /** @param error - as the source is told */
  fail(error: string): void {
    if (this.isOver) return
    const {job, server} = this
    job.message = error.startsWith('ERR ') ? error.slice('ERR '.length) : error
    this.answer(`-${error}`)
    // Closed with something unread in it, the connection would break before the answer is read.
    if (this.client !== undefined) this.host.linger(this.client)
    this.client = undefined
    this.waitsSinceMs = 0
    const wasBegun = job.state !== 'waiting-for-ack'
    this.become('cleaning-up')
    server.effects.log('warning', `Slot migration ${job.name} from ${job.source} failed: ${job.message}`)
    this.host.onCleanUp(this, () => {
      if (wasBegun) this.host.propagate(['FINISH', 'NAME', job.name, 'STATE', 'failed'])
      this.become('failed')
    })
  }

  private letGo(): void {
    const {client} = this
    this.client = undefined
    if (client !== undefined) this.server.effects.closeClient(client, true)
  }

  /** Every 100 ms. */
  cron(nowMs: number): void {
    if (this.isOver) return
    if (nowMs - this.job.ackMs > this.server.config.values.replTimeout * 1000) {
      this.fail('ERR Timed out after too long with no interaction')
    } else if (this.store !== this.server.databases[0]!.store) this.fail(DROPPED)
    else this.onAcknowledged()
  }
}

const DROPPED = 'ERR Data was flushed, or replaced, while slots were importing'
