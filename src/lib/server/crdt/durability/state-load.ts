import type {Database} from '../../keyspace/database.js'
import type {StateLoading} from '../../persistence/state-source.js'
import type {CrdtCore} from '../core/api.js'
import {CrdtError} from '../core/crdt-error.js'
import type {CrdtDatabase} from '../crdt-database.js'
import {wholeValue} from '../projection/whole-value.js'
import {RECORD, RECORD_LENGTHS} from './records.js'
import {adoptStreamFacts} from './stream-facts.js'

/**
 * Makes the state that a snapshot says, and the keys that show of it, beside what there is, which stays in use; they take its
 * place at once when the snapshot is whole.
 */
export class StateLoad implements StateLoading {
  private readonly core: CrdtCore
  /** Of the record under way. */
  private readonly values: (number | string)[] = []
  private hasHead = false

  /** @param db - that is being made */
  constructor(
    private readonly crdt: CrdtDatabase,
    private readonly db: Database,
  ) {
    this.core = crdt.core.beside()
  }

  take(value: number | string): void {
    const {values} = this
    values.push(value)
    const record = Number(values[0])
    const length = RECORD_LENGTHS[record]
    if (length === undefined) throw new CrdtError(`a record ${values[0]} that nobody knows`)
    if (values.length <= length) return
    const [, first, second = ''] = values.splice(0).map(String) as [string, string, string | undefined]
    if (record === RECORD.head) {
      this.core.unpackHead(first)
      this.hasHead = true
    } else if (record === RECORD.slot) this.crdt.durability.replay(() => this.addSlot(Number(first), second))
    else adoptStreamFacts(this.crdt.server, this.db, first, second)
  }

  private addSlot(slot: number, state: string): void {
    const {core, db} = this
    const {values} = this.crdt.server.config
    core.joinSlot(slot, state, true)
    for (const key of core.keys(slot)) {
      const shown = core.look(slot, key)!
      db.set(key, wholeValue(shown, undefined, values))
      if (shown.deadlineMs !== undefined) db.setExpiry(key, shown.deadlineMs)
    }
  }

  finish(): void {
    if (!this.hasHead || this.values.length > 0)
      throw new CrdtError('the state of an active-active database is cut short')
    const {core, durability, listeners} = this.crdt
    this.crdt.endUnit()
    for (const slot of core.slots()) durability.letGo(slot)
    core.adopt(this.core)
    durability.becomeNew()
    for (const slot of core.slots()) for (const listener of listeners) listener.joined(slot)
  }
}
