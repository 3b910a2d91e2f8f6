import {hashSlot} from '../../protocol/hash-slot.js'
import type {Client} from '../client.js'
import type {Command} from '../commands/command.js'
import {keysOf} from '../dispatcher.js'
import {HiddenSlots} from '../keyspace/hidden-slots.js'
import {SLOT_COUNT} from '../keyspace/slot-keys.js'
import {TO_AOF} from '../propagation/propagation.js'
import {ReplyError} from '../reply-error.js'
import {SERVER_PAUSED, type Server} from '../server.js'
import {ExportJob} from './export-job.js'
import {ImportJob} from './import-job.js'
import {Job} from './job.js'
import {LINGER_MS, LOG_LENGTH_MAX, PURGE_DELAY_MS} from './limits.js'
import {type Hidden, PassiveImports, rangeWords} from './passive-imports.js'
import {SlotPurge} from './purge.js'
import {slotOfChange} from './slot-of-change.js'

/** What CLUSTER MIGRATESLOTS asks for, checked. */
export interface MigrationRequest {
  readonly target: string
  readonly slots: readonly number[]
}

const NAME_LENGTH = 40

/** The slot migrations of one node: those it makes, those it takes, and what it hides and deletes for them. */
export class SlotMigrations {
  /** All that are remembered, in the order in which they began. */
  private log: Job[] = []
  private exports: ExportJob[] = []
  private imports: ImportJob[] = []
  private readonly waitingToCopy: ExportJob[] = []
  private readonly passive: PassiveImports
  private readonly purge: SlotPurge
  /** Connections of failed imports, and when they are closed if their sources do not; unix milliseconds. */
  private readonly lingering = new Map<Client, number>()
  /** 1 = writes to the slot wait; undefined: no slot's do. */
  private paused: Uint8Array | undefined = undefined

  constructor(private readonly server: Server) {
    this.purge = new SlotPurge(server, (slot) => this.reveal([slot]))
    this.passive = new PassiveImports(server, {
      onBegun: (job) => {
        this.remember(job)
        this.hide(job.slots)
      },
      onEnded: (slots) => this.reveal(slots),
      hide: (slots) => this.hide(slots),
      isImporting: (name) => this.imports.some(({job}) => job.name === name),
      purge: (slots, then) => {
        this.hide(slots)
        this.purge.add(slots, 0, then)
      },
      propagate: (words) => this.propagate(words),
      append: (words) => this.propagate(words, TO_AOF),
    })
    server.replication.replicas.onAcknowledged.push(() => {
      for (const one of this.imports) one.onAcknowledged()
    })
  }

  /** The newest first. */
  get jobs(): Job[] {
    return [...this.log].reverse()
  }

  /** Is a job under way that has to do with the slot? */
  isBusy(slot: number): boolean {
    return this.log.some((job) => !job.isEnded && job.hasSlot(slot))
  }

  get hasExports(): boolean {
    return this.exports.length > 0
  }

  private remember(job: Job): void {
    this.log.push(job)
    const over = this.log.filter(({isEnded}) => isEnded).length - LOG_LENGTH_MAX
    for (let left = over; left > 0; left--) {
      const oldest = this.log.findIndex(({isEnded}) => isEnded)
      this.log.splice(oldest, 1)
    }
  }

  /** Begins to give slots away. */
  start(requests: readonly MigrationRequest[]): void {
    const {effects, rng} = this.server
    for (const {slots, target} of requests) {
      const source = this.server.cluster!.core.myself.id
      const facts = {name: rng.hex(NAME_LENGTH), operation: 'EXPORT', slots, source, target} as const
      const job = new Job({...facts, nowMs: effects.nowMs()}, 'connecting')
      this.remember(job)
      const one = new ExportJob(this.server, job, {
        onCopied: () => this.copyNext(),
        onEnded: (ended) => this.onExportEnded(ended),
        onGranted: ({job}) => this.propagate(['HIDE', 'SLOTSRANGE', ...rangeWords(job.slots)], TO_AOF),
        onPauseChanged: () => this.applyPause(),
        onReadyToCopy: (ready) => {
          this.waitingToCopy.push(ready)
          this.copyNext()
        },
      })
      this.exports.push(one)
      one.start()
    }
    this.applyPause()
  }

  private copyNext(): void {
    if (this.exports.some(({isCopying}) => isCopying)) return
    const next = this.waitingToCopy.shift()
    if (next === undefined) return
    this.server.state.propagation.setExports(this)
    next.copy()
  }

  private onExportEnded(ended: ExportJob): void {
    this.exports = this.exports.filter((one) => one !== ended)
    const waiting = this.waitingToCopy.indexOf(ended)
    if (waiting >= 0) this.waitingToCopy.splice(waiting, 1)
    if (this.exports.length === 0) this.server.state.propagation.setExports(undefined)
    // What was given away is hidden before anybody's command goes on.
    if (ended.job.state === 'success' && !this.server.isReplica) this.purgeGiven(ended.job.slots)
    else if (ended.wasGranted) this.show(ended.job.slots)
    this.applyPause()
    this.copyNext()
  }

  /** Writes to the slots of some jobs wait, or do so no longer. */
  private applyPause(): void {
    const {server} = this
    const pausing = this.exports.filter(({isPausing}) => isPausing)
    const wasPausing = this.paused !== undefined
    this.paused = pausing.length === 0 ? undefined : new Uint8Array(SLOT_COUNT)
    for (const {job} of pausing) for (const slot of job.slots) this.paused![slot] = 1
    if (server.cluster !== undefined) server.cluster.core.isHandingOver = this.exports.some(({isGranted}) => isGranted)
    if (this.paused !== undefined) server.special |= SERVER_PAUSED
    else if (wasPausing) server.wakePaused()
  }

  get isPausing(): boolean {
    return this.paused !== undefined
  }

  /** The slot is being handed over: nothing in it may change. */
  isStill(slot: number): boolean {
    return this.paused?.[slot] === 1
  }

  /** Must the change wait? @param keys - of the command or transaction; none: it may reach any key */
  holdsBack(keys: readonly string[]): boolean {
    const {paused} = this
    return paused !== undefined && (keys.length === 0 || keys.some((key) => paused[hashSlot(key)] === 1))
  }

  /** @throws ReplyError */
  cancel(): void {
    const running = [...this.exports]
    if (running.length === 0) throw new ReplyError('ERR No migrations ongoing')
    const cancelled = running.filter((one) => one.cancel())
    if (cancelled.length === 0) throw new ReplyError('ERR Slots are being handed over, it is too late to cancel that')
  }

  /** A change goes out: for the slots that are being given away. */
  take(argv: readonly string[]): void {
    const command = this.server.findCommand(argv)
    if (command === undefined || command.group === 'pubsub') return
    if (!command.changesData && this.server.crdt === undefined) return
    const slot = slotOfChange(this.server, command, argv)
    if (slot === undefined) return
    const keys = keysOf(command, argv)
    for (const one of this.exports) one.take(slot, keys, argv)
  }

  /** A source asks this node to take slots. @throws ReplyError */
  establish(client: Client, name: string, source: string, slots: readonly number[]): void {
    const {effects, isReplica} = this.server
    const {core} = this.server.cluster!
    if (isReplica) throw new ReplyError('ERR Slot migration can only be used on primary nodes.')
    const owner = core.nodes.get(source)
    if (owner === undefined) throw new ReplyError(`ERR Unknown node name: ${source}`)
    for (const slot of slots) {
      if (core.ownerOf(slot) !== owner)
        throw new ReplyError('ERR Target node does not agree about current slot ownership')
      if (this.isBusy(slot)) throw new ReplyError(`ERR Slot ${slot} is already being imported`)
      if (core.importingFrom(slot) !== undefined) throw new ReplyError('ERR Slots are being manually imported')
      const isStray = this.database.countKeysInSlot(slot) > 0 && !this.purge.has(slot)
      if (isStray) throw new ReplyError(`ERR Target node has keys of slot ${slot}, which it does not own`)
    }
    const facts = {name, operation: 'IMPORT', slots, source, target: core.myself.id} as const
    const job = new Job({...facts, nowMs: effects.nowMs()}, 'waiting-for-ack')
    const one = new ImportJob(this.server, job, client, {
      onCleanUp: (ended, then) => this.onImportFailed(ended, then),
      linger: (lost) => this.lingering.set(lost, effects.nowMs() + LINGER_MS),
      propagate: (words) => this.propagate(words),
      reveal: (revealed) => this.reveal(revealed),
    })
    this.remember(job)
    this.imports.push(one)
    this.hide(slots)
    for (const slot of slots) this.server.crdt?.durability.forgetSlot(slot)
    this.purge.hurry()
    this.beginImports()
  }

  /** Those whose slots are empty. */
  private beginImports(): void {
    for (const one of this.imports) {
      if (one.job.state !== 'waiting-for-ack' || one.job.slots.some((slot) => this.purge.has(slot))) continue
      this.hide(one.job.slots)
      one.begin()
    }
  }

  private onImportFailed(ended: ImportJob, then: () => void): void {
    this.purge.add(ended.job.slots, 0, () => {
      this.imports = this.imports.filter((one) => one !== ended)
      then()
    })
  }

  private propagate(words: readonly string[], to?: number): void {
    this.server.state.propagation.also(-1, ['CLUSTER', 'SYNCSLOTS', ...words], to)
  }

  /** Slots that were granted are this node's again, or empty: a restart is not to judge them. */
  private show(slots: readonly number[]): void {
    this.propagate(['SHOW', 'SLOTSRANGE', ...rangeWords(slots)], TO_AOF)
  }

  /** A command of a client that is a source's connection. */
  onImported(client: Client, command: Command, argv: string[], call: () => void): void {
    if (command.fullName === 'cluster|syncslots') {
      call()
      return
    }
    this.importOf(client)?.apply(client, command, argv, call)
  }

  importOf(client: Client): ImportJob | undefined {
    return this.imports.find((one) => one.isFrom(client))
  }

  /** A source wants to know what became of a migration, and that nothing more becomes of it. */
  abort(name: string): number | undefined {
    const one = this.imports.find(({job}) => job.name === name)
    if (one !== undefined && one.claimedEpoch < 0) one.fail('ERR Aborted by the source')
    if (one !== undefined) return one.claimedEpoch === -1 ? undefined : one.claimedEpoch
    // An import of this node's earlier life, whose slots turned out to be its own.
    const wasTaken = this.log.some((job) => job.name === name && job.operation === 'IMPORT' && job.state === 'success')
    return wasTaken ? this.server.cluster!.core.myself.configEpoch : undefined
  }

  /** In the stream of this node's primary, or in a file. */
  get followed(): PassiveImports {
    return this.passive
  }

  /** Slots are given away, or lost, with their keys. */
  dropSlots(slots: readonly number[]): void {
    const given = new Set(this.exports.flatMap(({isGranted, job}) => (isGranted ? job.slots : [])))
    // Those of a job end with it.
    for (const slot of slots) {
      if (given.has(slot)) continue
      this.server.crdt?.durability.forgetSlot(slot)
      this.database.deleteSlot(slot)
    }
  }

  /** Slots have another owner. Of those without keys an active-active database may know something all the same. */
  onSlotsLost(slots: readonly number[]): void {
    this.look()
    const {cluster, crdt, isReplica} = this.server
    if (crdt === undefined || cluster === undefined || isReplica) return
    const {core} = cluster
    const isDone = (slot: number): boolean => core.ownerOf(slot) !== core.myself && !this.isBusy(slot)
    this.dropSlots(slots.filter((slot) => isDone(slot) && this.database.countKeysInSlot(slot) === 0))
  }

  private purgeGiven(slots: readonly number[]): void {
    const full = slots.filter(
      (slot) => this.database.countKeysInSlot(slot) > 0 || this.server.crdt?.durability.holds(slot) === true,
    )
    this.hide(full)
    this.purge.add(full, this.server.effects.nowMs() + PURGE_DELAY_MS, () => {
      this.show(slots)
      this.beginImports()
    })
  }

  /** SETSLOT: what this node gave away is gone before the slot is used again. @throws ReplyError if it is being migrated */
  requireFree(slot: number): void {
    if (this.isBusy(slot)) throw new ReplyError(`ERR Slot ${slot} is being migrated by CLUSTER MIGRATESLOTS`)
    if (this.purge.has(slot)) this.purge.finishSlot(slot)
  }

  private get database() {
    return this.server.databases[0]!
  }

  private hide(slots: readonly number[]): void {
    const {database} = this
    database.hidden ??= new HiddenSlots()
    for (const slot of slots) database.hidden.add(slot)
  }

  private reveal(slots: readonly number[]): void {
    const {database} = this
    const {hidden} = database
    if (hidden === undefined) return
    for (const slot of slots) hidden.delete(slot)
    if (hidden.isEmpty) database.hidden = undefined
  }

  /** Ownership or roles have changed. */
  look(): void {
    if (this.server.cluster === undefined) return
    for (const one of [...this.exports]) one.look()
    for (const one of this.imports) one.look()
    if (this.server.isReplica && !this.purge.isIdle) {
      // Deletions come from the primary now.
      this.purge.abandon()
      for (const one of this.imports) one.job.become('failed', this.server.effects.nowMs())
      this.imports = []
    }
    this.passive.look()
  }

  /** A replica of this node takes over: the stream must stand still, so nothing more is taken. */
  onFailoverPause(): void {
    for (const one of this.imports) one.fail('ERR Failover of this node')
  }

  /** The connection is gone. */
  forget(client: Client): void {
    this.lingering.delete(client)
    this.importOf(client)?.onClose()
  }

  private closeLingering(nowMs: number): void {
    for (const [client, untilMs] of this.lingering) {
      if (nowMs < untilMs) continue
      this.lingering.delete(client)
      this.server.effects.closeClient(client, false)
    }
  }

  /** Every 100 ms. */
  cron(nowMs: number): void {
    if (this.server.cluster === undefined) return
    for (const one of [...this.exports]) one.cron(nowMs)
    for (const one of this.imports) one.cron(nowMs)
    this.look()
    this.purge.cron()
    this.closeLingering(nowMs)
  }

  /** What whoever writes the data to a file must say beside them. */
  get hidden(): Hidden {
    const imports = this.log.filter(
      // Until then nothing has come, and what was in the slots is being emptied.
      ({isEnded, operation, state}) => !isEnded && operation === 'IMPORT' && state !== 'waiting-for-ack',
    )
    const given = this.exports.flatMap(({isGranted, job}) => (isGranted ? job.slots : []))
    const slots = new Set([...this.purge.slots, ...this.passive.unjudged, ...given])
    return {imports, slots: [...slots].sort((a, b) => a - b)}
  }

  /** Are keys of the slot nobody's to see? */
  hides(slot: number): boolean {
    return this.database.hidden?.has(slot) === true
  }
}
