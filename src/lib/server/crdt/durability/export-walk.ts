import {encodeCommand} from '../../../protocol/resp/encode-command.js'
import {SLOT_COUNT} from '../../keyspace/slot-keys.js'
import type {ExportWalk} from '../../slot-migration/slot-walk.js'
import type {CrdtDatabase} from '../crdt-database.js'
import {packStreamFacts} from './stream-facts.js'

/**
 * Slots on their way to another shard of the region: the state of each, then the effects that come after it. A slot's state
 * is taken whole, so there is nothing to be told of a slot that was not begun.
 */
export class StateExport implements ExportWalk {
  readonly isStale = false
  private at = 0
  /** 1 = its state was sent. */
  private readonly sent = new Uint8Array(SLOT_COUNT)

  /** @param send - takes whole commands */
  constructor(
    private readonly crdt: CrdtDatabase,
    private readonly slots: readonly number[],
    private readonly send: (commands: string) => void,
  ) {}

  tells(slot: number): boolean {
    return this.sent[slot] === 1
  }

  step(): boolean {
    const slot = this.slots[this.at]
    if (slot === undefined) return false
    const {core, server} = this.crdt
    // A script may be amid its work.
    this.crdt.endUnit()
    this.send(encodeCommand(['CRDT.MERGE', String(slot), core.packSlot(slot)]))
    for (const key of core.streams(slot)) {
      const facts = packStreamFacts(server, key)
      if (facts !== undefined) this.send(encodeCommand(['CRDT.STREAM', key, facts]))
    }
    this.sent[slot] = 1
    this.at++
    return true
  }

  touch(): void {}

  willChange(): void {}

  willRemove(): void {}
}
