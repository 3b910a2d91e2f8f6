import type {StateLoading} from '../../persistence/state-source.js'
import {CrdtError} from '../core/crdt-error.js'
import type {CrdtDatabase} from '../crdt-database.js'
import {RECORD, RECORD_LENGTHS} from './records.js'
import {adoptStreamFacts} from './stream-facts.js'

/**
 * Puts what a snapshot says in the place of all that is known: at once when it is whole, so that what is there can be used
 * until then; or record by record if nothing is there.
 */
export class StateLoad implements StateLoading {
  /** Of the record under way. */
  private readonly values: (number | string)[] = []
  /** Records that wait for the end. */
  private readonly waiting: (readonly [record: number, first: string, second: string])[] = []
  private hasHead = false
  private readonly isFirst: boolean

  constructor(private readonly crdt: CrdtDatabase) {
    const [slot] = crdt.core.slots()
    this.isFirst = slot === undefined && crdt.server.databases.every(({size}) => size === 0)
  }

  take(value: number | string): void {
    const {values} = this
    values.push(value)
    const record = Number(values[0])
    const length = RECORD_LENGTHS[record]
    if (length === undefined) throw new CrdtError(`a record ${values[0]} that nobody knows`)
    if (values.length <= length) return
    const [, first, second = ''] = values.splice(0).map(String) as [string, string, string | undefined]
    if (record === RECORD.head) this.hasHead = true
    if (this.isFirst) this.crdt.durability.replay(() => this.apply(record, first, second))
    else this.waiting.push([record, first, second])
  }

  private apply(record: number, first: string, second: string): void {
    const {core, listeners, server} = this.crdt
    if (record === RECORD.head) core.unpackHead(first)
    else if (record === RECORD.slot) {
      core.joinSlot(Number(first), second, true)
      for (const listener of listeners) listener.joined(Number(first))
    } else adoptStreamFacts(server, first, second)
  }

  finish(): void {
    const {durability} = this.crdt
    if (!this.hasHead || this.values.length > 0)
      throw new CrdtError('the state of an active-active database is cut short')
    durability.replay(() => {
      if (!this.isFirst) this.empty()
      for (const [record, first, second] of this.waiting.splice(0)) this.apply(record, first, second)
    })
    durability.becomeNew()
  }

  private empty(): void {
    const {core, durability} = this.crdt
    for (const slot of core.slots()) durability.letGo(slot)
    core.clear()
    for (const db of this.crdt.server.databases) db.flush()
  }

  abandon(): void {
    if (this.isFirst) this.crdt.durability.replay(() => this.empty())
  }
}
