import {encodeCommand} from '../../protocol/resp/encode-command.js'
import type {Database} from '../keyspace/database.js'
import {SERVER_BUSY, SERVER_HOLDS_KEYS, type Server} from '../server.js'
import {HandoverDoubt} from './handover-doubt.js'
import type {EndState, Job} from './job.js'
import {KeyCommands} from './key-commands.js'
import {
  COPY_TURN_US,
  COPY_UNSENT_BYTES_MAX,
  GRANT_ANSWER_MS_MAX,
  PAUSE_BEHIND_BYTES_MAX,
  PAUSE_MS_MAX,
  PING_MS,
} from './limits.js'
import {migrationEffects, TargetLink} from './link.js'
import {type ExportWalk, SlotWalk} from './slot-walk.js'

/** What a job of a source needs of those beside it. */
export interface ExportHost {
  /** It wants to copy: one job does at a time. */
  onReadyToCopy(job: ExportJob): void
  onCopied(job: ExportJob): void
  /** Its slots' writes wait, or go on. */
  onPauseChanged(): void
  onEnded(job: ExportJob): void
  /** Its slots are about to be given away. */
  onGranted(job: ExportJob): void
}

const TOO_SLOW = 'Timed out after too long with no interaction'
const DROPPED = 'Data was flushed, or replaced, while slots were migrating'

/**
 * The source's part in one slot migration (link.ts has the dialogue, cluster/handover.ts the moment of the change).
 *
 *   connect, AUTH, establish -> copy, with the changes in what is copied -> stream -> the target asks for a pause
 *     -> once it is close behind: writes to the slots wait -> it asks for the slots -> granted -> it has claimed them
 *
 * Until the grant any trouble ends the job, and clients notice nothing. After the grant the slots' writes wait until it is
 * certain whose they are: told by the target's claim, by its own answer (handover-doubt.ts), or, if the majority says that
 * it has failed, by an epoch of ours above the one it was granted.
 */
export class ExportJob {
  private readonly commands: KeyCommands
  private walk: ExportWalk | undefined
  private link: TargetLink | undefined
  private doubt: HandoverDoubt | undefined
  private isWaitingForDrain = false
  /** Nothing is told any more: writes wait. */
  private isCut = false
  private wantsPause = false
  private marker = 0
  private sentSinceMarker = 0
  /** When the state's deadline began; unix milliseconds. */
  private sinceMs: number
  private pingedMs = 0
  /** Epoch that the target was granted the slots with; -1: it was not. */
  private grantedEpoch = -1

  constructor(
    private readonly server: Server,
    readonly job: Job,
    private readonly host: ExportHost,
  ) {
    this.sinceMs = server.effects.nowMs()
    this.commands = new KeyCommands(server, (text) => this.send(text))
  }

  /** Writes to its slots wait. */
  get isPausing(): boolean {
    return this.isCut && !this.job.isEnded
  }

  get isGranted(): boolean {
    return this.wasGranted && !this.job.isEnded
  }

  get wasGranted(): boolean {
    return this.grantedEpoch >= 0
  }

  get isCopying(): boolean {
    return this.job.state === 'snapshotting'
  }

  start(): void {
    const target = this.server.cluster!.core.nodes.get(this.job.target)
    if (target === undefined) {
      this.fail('Unknown target node')
      return
    }
    this.link = new TargetLink(this.server, target.ip, target.port, {
      onClose: (reason) => this.fail(`Connection lost to target${reason === undefined ? '' : `: ${reason}`}`),
      onDrain: () => this.onDrain(),
      onLine: (line) => this.onLine(line),
      onOpen: () => this.onOpen(),
    })
  }

  private become(state: Parameters<Job['become']>[0]): void {
    this.sinceMs = this.server.effects.nowMs()
    this.job.become(state, this.sinceMs)
  }

  private onOpen(): void {
    this.become('sending-auth-command')
    if (this.link!.authenticate()) this.become('reading-auth-response')
    else this.establish()
  }

  private establish(): void {
    const {name, ranges, source, target} = this.job
    this.become('sending-establish-command')
    const words = ranges.flatMap(({first, last}) => [String(first), String(last)])
    this.link!.command('ESTABLISH', 'SOURCE', source!, 'TARGET', target, 'NAME', name, 'SLOTSRANGE', ...words)
    this.become('reading-establish-response')
  }

  private onLine(line: string): void {
    const {job} = this
    job.ackMs = this.server.effects.nowMs()
    const [word = '', argument = ''] = line.split(' ')
    if (line.startsWith('-')) {
      const what = job.state === 'reading-auth-response' ? 'Failed to AUTH to target node' : 'Target node replied'
      // Who has not said who he is may not send much.
      const error = line.includes('unauthenticated') ? 'NOAUTH Authentication required.' : line.slice(1)
      this.fail(`${what}: ${error}`, true)
    } else if (job.state === 'reading-auth-response') this.establish()
    else if (job.state === 'reading-establish-response') {
      this.become('waiting-to-snapshot')
      this.host.onReadyToCopy(this)
    } else if (word === '+ACK') this.onAck(Number(argument))
    else if (word === '+REQUEST-PAUSE' && job.state === 'replicating') {
      this.become('waiting-to-pause')
      this.askForAck()
    } else if (word === '+REQUEST-FAILOVER') this.grant(Number(argument))
    else if (word === '+FINISHED') this.onTaken(Number(argument))
  }

  /** It is this job's turn. */
  copy(): void {
    const {job, server} = this
    this.walk =
      server.crdt?.durability.openExport(job.slots, (text) => this.send(text)) ??
      new SlotWalk(this.database, job.slots, this.commands)
    server.state.walks.add(this.walk)
    this.become('snapshotting')
    this.goOnCopying()
  }

  private get database(): Database {
    return this.server.databases[0]!
  }

  private goOnCopying(): void {
    const {walk} = this
    if (walk === undefined || !this.isCopying || this.isWaitingForDrain) return
    const {effects} = this.server
    const startedUs = effects.monotonicUs()
    while (effects.monotonicUs() - startedUs < COPY_TURN_US) {
      if (walk.isStale) {
        this.fail(DROPPED)
        return
      }
      if (this.link!.unsentBytes > COPY_UNSENT_BYTES_MAX) {
        this.isWaitingForDrain = true
        return
      }
      if (walk.step()) continue
      this.become('replicating')
      this.link!.command('SNAPSHOT-EOF')
      this.host.onCopied(this)
      return
    }
    migrationEffects(this.server).soon(() => this.goOnCopying())
  }

  private onDrain(): void {
    if (!this.isWaitingForDrain) return
    this.isWaitingForDrain = false
    this.goOnCopying()
  }

  /** A command that changed keys of a slot. */
  take(slot: number, keys: readonly string[], argv: readonly string[]): void {
    const {walk} = this
    if (walk === undefined || this.isCut || !walk.tells(slot)) return
    for (const key of keys) walk.touch(key)
    this.send(encodeCommand(argv))
  }

  private send(text: string): void {
    this.sentSinceMarker += text.length
    this.link?.send(text)
  }

  private askForAck(): void {
    this.sentSinceMarker = 0
    this.link!.command('GETACK', String(++this.marker))
  }

  /** The target has all that was sent before the marker. */
  private onAck(marker: number): void {
    if (marker !== this.marker) return
    this.job.remainingBytes = this.sentSinceMarker
    if (this.job.state !== 'waiting-to-pause') return
    if (this.sentSinceMarker > PAUSE_BEHIND_BYTES_MAX) this.askForAck()
    else this.pause()
  }

  private pause(): void {
    const {server, walk} = this
    // Keys that MIGRATE has sent, a script amid its commands, a replica about to take over: their writes are to come.
    const isBusy = (server.special & (SERVER_HOLDS_KEYS | SERVER_BUSY)) !== 0 || server.failoverPausedUntilMs !== 0
    this.wantsPause = isBusy || this.sharesEpoch()
    if (this.wantsPause) return
    if (walk!.isStale) {
      this.fail(DROPPED)
      return
    }
    this.isCut = true
    this.become('failover-paused')
    this.host.onPauseChanged()
    this.link!.command('PAUSED')
  }

  /** Whoever settles that takes a new epoch, by which others may take the target's claim for an old one. */
  private sharesEpoch(): boolean {
    const {myself, nodes} = this.server.cluster!.core
    for (const node of nodes.values()) {
      const isRival = node !== myself && node.isPrimary && node.slots.count > 0
      if (isRival && node.configEpoch === myself.configEpoch) return true
    }
    return false
  }

  /** @param targetEpoch - the greatest that the target has heard of */
  private grant(targetEpoch: number): void {
    const {job, server, walk} = this
    if (job.state !== 'failover-paused' && job.state !== 'failover-granted') return
    const {core} = server.cluster!
    if (
      walk!.isStale ||
      !Number.isSafeInteger(targetEpoch) ||
      job.slots.some((slot) => core.ownerOf(slot) !== core.myself)
    ) {
      this.fail(walk!.isStale ? DROPPED : 'Slots are no longer owned by this node')
      return
    }
    if (!this.wasGranted) this.host.onGranted(this)
    this.grantedEpoch = Math.max(core.currentEpoch, targetEpoch)
    if (job.state === 'failover-paused') this.become('failover-granted')
    this.host.onPauseChanged()
    this.link!.command('FAILOVER-GRANTED', String(this.grantedEpoch))
  }

  /** The target says that the slots are its own. */
  private onTaken(epoch: number): void {
    if (!this.isGranted || !Number.isSafeInteger(epoch)) return
    const cluster = this.server.cluster!
    cluster.perform(cluster.core.yieldSlots(this.job.slots, this.job.target, epoch))
    this.look()
  }

  /** Ownership or roles may have changed. */
  look(): void {
    const {job, server} = this
    if (job.isEnded) return
    const {core} = server.cluster!
    const target = core.nodes.get(job.target)
    const kept = job.slots.filter((slot) => core.ownerOf(slot) === core.myself).length
    if (this.isGranted) {
      if (kept === 0) this.end('success')
      else if (server.isReplica) this.end('failed', 'Failover of this node while slots were handed over')
      else if (target?.failed !== false) this.keep()
    } else if (server.isReplica) this.fail('This node failed over, it is a replica now')
    else if (kept < job.slots.length) this.fail('Slots are no longer owned by this node')
    else if (target === undefined) this.fail('Target node was forgotten')
    else if (!target.isPrimary) this.fail('Target node failed over, it is a replica now')
    else if (target.failed) this.fail('Target node failed')
  }

  /** The target cannot serve the slots: the majority holds it for failed. */
  private keep(): void {
    const cluster = this.server.cluster!
    cluster.perform(cluster.core.keepSlots(this.grantedEpoch))
    this.end('failed', 'Target node failed while slots were handed over; they stay here')
  }

  cancel(): boolean {
    if (this.isGranted || this.job.isEnded) return false
    this.end('cancelled', 'Cancelled by CLUSTER CANCELSLOTMIGRATIONS')
    return true
  }

  /** @param isDefinite - the target itself says that it has not taken the slots, nor will */
  private fail(message: string, isDefinite = false): void {
    if (this.job.isEnded) return
    if (this.isGranted && !isDefinite) this.beginDoubt()
    else this.end('failed', message)
  }

  private beginDoubt(): void {
    if (this.doubt !== undefined) return
    this.link?.close()
    this.server.effects.log('warning', `Slot migration ${this.job.name}: asking the target whether it took the slots`)
    this.doubt = new HandoverDoubt(this.server, this.job, {
      onKept: () => this.end('failed', 'Connection lost to target before it took the slots'),
      onTaken: (epoch) => this.onTaken(epoch),
    })
  }

  private end(state: EndState, message = ''): void {
    const {job, server} = this
    job.message = message
    this.become(state)
    job.remainingBytes = 0
    this.link?.close()
    this.doubt?.close()
    if (this.walk !== undefined) server.state.walks.delete(this.walk)
    const level = state === 'failed' ? 'warning' : 'notice'
    const slots = job.slots.length
    server.effects.log(level, `Slot migration ${job.name} of ${slots} slots to ${job.target}: ${state} ${message}`)
    this.host.onEnded(this)
  }

  /** Every 100 ms. */
  cron(nowMs: number): void {
    this.look()
    const {job, link, server} = this
    if (job.isEnded) return
    this.doubt?.cron(nowMs)
    const {clientOutputBufferLimit, replTimeout} = server.config.values
    if (this.isGranted) {
      if (nowMs - this.sinceMs > GRANT_ANSWER_MS_MAX) this.beginDoubt()
      return
    }
    const {hardBytes} = clientOutputBufferLimit.replica
    if (this.walk?.isStale) this.fail(DROPPED)
    else if (nowMs - job.ackMs > replTimeout * 1000) this.fail(TOO_SLOW)
    else if (hardBytes > 0 && link!.unsentBytes > hardBytes) this.fail('Output buffer limit of the target reached')
    else if (this.isCut && nowMs - this.sinceMs > PAUSE_MS_MAX) this.fail('Unpaused before migration completed')
    else if (this.wantsPause) this.pause()
    else if (this.walk !== undefined && !this.isCut && nowMs - this.pingedMs >= PING_MS) {
      this.pingedMs = nowMs
      if (job.state !== 'waiting-to-pause') this.askForAck()
    }
  }
}
