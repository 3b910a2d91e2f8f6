import {hashSlot} from '../../../protocol/hash-slot.js'
import type {RdbFileWriter} from '../../../protocol/rdb/file-writer.js'
import type {Database} from '../../keyspace/database.js'
import type {CrdtIdentity, SourceWalk, StateLoading} from '../../persistence/state-source.js'
import {replicationEffects} from '../../replication/link-effects.js'
import {SERVER_PAUSED} from '../../server.js'
import type {ExportWalk} from '../../slot-migration/slot-walk.js'
import type {VectorEntries} from '../core/api.js'
import {CrdtError} from '../core/crdt-error.js'
import type {CrdtDatabase} from '../crdt-database.js'
import {epochAt} from './epoch.js'
import {StateExport} from './export-walk.js'
import {StateLoad} from './state-load.js'
import {StateWalk} from './state-walk.js'

/** What keeps a database's state beyond this process: files, replicas, slots on their way inside the region. */
export class Durability {
  /** Snapshots being made. */
  private readonly walks = new Set<StateWalk>()
  /** That this node's writes are named by; 0: none yet. */
  private epoch = 0

  constructor(private readonly crdt: CrdtDatabase) {}

  /**
   * Nobody has written under the name that this node's writes bear from now on. To be called before the first one, and
   * whenever writes of this node may be missing in its own state: after data were loaded, or a slot's state was dropped.
   */
  becomeNew(): void {
    const {core, server} = this.crdt
    let known = this.epoch
    for (const slot of core.slots()) {
      for (const [{epoch, region}] of core.vectorOf(slot)) if (region === core.region) known = Math.max(known, epoch)
    }
    this.epoch = epochAt(server.effects.nowMs(), server.cluster?.core.myself.configEpoch ?? 0, known)
    core.become(this.epoch)
  }

  get identity(): CrdtIdentity {
    const {config, region} = this.crdt
    return {guid: config.guid, region}
  }

  /** The state as it is now, for a snapshot. */
  openWalk(writer: RdbFileWriter): SourceWalk {
    const {core, server} = this.crdt
    const walk = new StateWalk(this.crdt, writer, (closed) => {
      this.walks.delete(closed)
      server.state.walks.delete(closed)
      if (this.walks.size === 0) core.willChange = undefined
    })
    this.walks.add(walk)
    server.state.walks.add(walk)
    core.willChange = (slot) => {
      for (const one of this.walks) one.slotWillChange(slot)
    }
    return walk
  }

  isOf({guid, region}: CrdtIdentity): boolean {
    return guid === this.crdt.config.guid && region === this.crdt.region
  }

  /** What is known of the slot is about to go: snapshots of before have it. */
  letGo(slot: number): void {
    for (const walk of this.walks) walk.slotWillChange(slot)
  }

  /** A snapshot is to take the place of all that is known. @param db - where the keys that show of it are made */
  openLoading(db: Database): StateLoading {
    return new StateLoad(this.crdt, db)
  }

  /** Carries out what comes from a file or the primary: nothing of it goes out by itself, and nobody is notified. */
  replay(run: () => void): void {
    const {state} = this.crdt.server
    const {isApplying, notifyMask} = state
    state.isApplying = true
    state.notifyMask = 0
    state.propagation.suspend()
    try {
      run()
    } finally {
      state.propagation.goOn()
      state.isApplying = isApplying
      state.notifyMask = notifyMask
    }
  }

  /**
   * An effect from the primary, from a file, or from a slot's former owner: it was taken there, so it is here.
   *
   * @throws CrdtError if it builds on what is not here
   */
  follow(effect: string): void {
    const {crdt} = this
    const application = crdt.receive(effect, true)
    if (application === 'applied' || application === 'known') return
    const {actor, sequence, slot} = crdt.core.nameOf(effect)
    const reason = `Effect ${actor.region}.${actor.epoch}:${sequence} of slot ${slot} comes ${application}`
    const {link} = crdt.server.replication
    // Behind the stream that is being carried out.
    if (link !== undefined) replicationEffects(crdt.server).soon(() => link.startOver(reason))
    throw new CrdtError(reason)
  }

  /**
   * Nothing in the slot may change now: it is being handed over, or this node's replica takes over. What comes from other
   * regions waits as if something before it were missing; whoever has the slot then asks for it.
   */
  isStill(slot: number): boolean {
    const {failoverPausedUntilMs, migrations, special} = this.crdt.server
    return (special & SERVER_PAUSED) !== 0 && (failoverPausedUntilMs !== 0 || migrations.isStill(slot))
  }

  /** Only in a cluster: the primary, or whoever had the slot, says that it is another shard's. Its keys go too. */
  dropSlot(slot: number): void {
    const {core, server} = this.crdt
    this.letGo(slot)
    core.forgetSlot(slot)
    this.replay(() => server.databases[0]!.deleteSlot(slot))
  }

  /** All regions have this of the slot: what only waited for that is dropped, here and wherever the state is kept. */
  collect(slot: number, stable: VectorEntries): number {
    const {core, server} = this.crdt
    const count = this.isStill(slot) ? 0 : core.collect(slot, stable)
    if (count > 0) {
      const words = stable.flatMap(([{epoch, region}, sequence]) => [region, epoch, sequence].map(String))
      server.state.propagation.passOn([['CRDT.STABLE', String(slot), ...words]])
    }
    return count
  }

  /**
   * A file of this node's own was loaded. It may be of before the database: then all keys had been deleted, and some of
   * them are in the file still.
   */
  settle(): void {
    const {core, server} = this.crdt
    for (const _ of core.slots()) return
    const keys = server.databases.reduce((sum, {size}) => sum + size, 0)
    if (keys === 0) return
    this.replay(() => {
      for (const db of server.databases) db.flush()
    })
    server.effects.log('warning', `Left out ${keys} keys of a file of before the active-active database`)
  }

  /** Is anything known of the slot? */
  holds(slot: number): boolean {
    return this.crdt.core.vectorOf(slot).length > 0
  }

  /** The slot that a command of the stream changes; undefined: it names keys, if anything. */
  slotOf(argv: readonly string[]): number | undefined {
    const [name = '', first = ''] = argv
    switch (name.toLowerCase()) {
      case 'crdt.effect':
        return this.crdt.core.nameOf(first).slot
      case 'crdt.merge':
      case 'crdt.stable':
        return Number(first)
      case 'crdt.stream':
        return hashSlot(first)
      default:
        return undefined
    }
  }

  /** Slots go to another shard. @param send - takes whole commands */
  openExport(slots: readonly number[], send: (commands: string) => void): ExportWalk {
    return new StateExport(this.crdt, slots, send)
  }

  /** The slot is another shard's: what is known of it goes, on this node, its replicas and its disk. Its keys are the caller's matter. */
  forgetSlot(slot: number): void {
    const {core, server} = this.crdt
    if (!this.holds(slot)) return
    const hasWritten = core.covers(slot, {epoch: this.epoch, region: core.region}, 1)
    this.letGo(slot)
    core.forgetSlot(slot)
    // Peers may have more of our writes there than whoever gives the slot back.
    if (hasWritten) this.becomeNew()
    server.state.propagation.passOn([['CRDT.FORGET', String(slot)]])
  }
}
