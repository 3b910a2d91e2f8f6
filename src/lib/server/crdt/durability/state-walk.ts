import {SLOT_COUNT} from '../../../model/slot-set.js'
import {hashSlot} from '../../../protocol/hash-slot.js'
import type {RdbFileWriter} from '../../../protocol/rdb/file-writer.js'
import type {KeyWalk} from '../../keyspace/keyspace-state.js'
import type {Store} from '../../keyspace/store.js'
import {CRDT_MODULE, type SourceWalk} from '../../persistence/state-source.js'
import {Stream} from '../../values/stream/stream.js'
import type {CrdtDatabase} from '../crdt-database.js'
import {RECORD} from './records.js'
import {packStreamFacts} from './stream-facts.js'

/** A frame of the module is closed once it holds as much. */
const FRAME_BYTES = 64 * 1024

/**
 * Writes the state of every slot as it was when the walk began, a slot in each step, while effects go on. Whoever is about
 * to change a slot says so, and it is written first; of streams also who changes what only this region knows.
 */
export class StateWalk implements SourceWalk, KeyWalk {
  /** By slot, 1: it is still to be written. */
  private readonly isPending = new Uint8Array(SLOT_COUNT)
  /** There is none before it. */
  private next = 0
  /** Where the frame under way began; -1: there is none. */
  private frameAt = -1

  /** @param onClose - called once */
  constructor(
    private readonly crdt: CrdtDatabase,
    private readonly writer: RdbFileWriter,
    private readonly onClose: (walk: StateWalk) => void,
  ) {
    const {core} = crdt
    // A script may be amid its work.
    crdt.endUnit()
    for (const slot of core.slots()) this.isPending[slot] = 1
    this.begin()
    writer.moduleValue(RECORD.head)
    writer.moduleValue(core.packHead())
  }

  private begin(): void {
    if (this.frameAt >= 0 && this.writer.bytes - this.frameAt < FRAME_BYTES) return
    this.end()
    this.frameAt = this.writer.bytes
    this.writer.module(CRDT_MODULE.name, CRDT_MODULE.version)
  }

  private end(): void {
    if (this.frameAt >= 0) this.writer.moduleEnd()
    this.frameAt = -1
  }

  step(): boolean {
    this.next = this.isPending.indexOf(1, this.next)
    if (this.next < 0) {
      this.next = SLOT_COUNT
      this.end()
      return false
    }
    this.write(this.next)
    return true
  }

  /** The slot is about to change. */
  slotWillChange(slot: number): void {
    if (this.isPending[slot] === 1) this.write(slot)
  }

  willChange(store: Store, place: number): void {
    if (store.valueAt(place) instanceof Stream) this.slotWillChange(hashSlot(store.keyAt(place)))
  }

  willRemove(store: Store, place: number): void {
    this.willChange(store, place)
  }

  private write(slot: number): void {
    const {crdt, writer} = this
    this.isPending[slot] = 0
    this.begin()
    writer.moduleValue(RECORD.slot)
    writer.moduleValue(slot)
    writer.moduleValue(crdt.core.packSlot(slot))
    for (const key of crdt.core.streams(slot)) {
      const facts = packStreamFacts(crdt.server, key)
      if (facts === undefined) continue
      writer.moduleValue(RECORD.stream)
      writer.moduleValue(key)
      writer.moduleValue(facts)
    }
  }

  close(): void {
    this.isPending.fill(0)
    this.onClose(this)
  }
}
