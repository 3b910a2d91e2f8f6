import type {StateLoading} from '../../persistence/state-source.js'
import {CrdtError} from '../core/crdt-error.js'
import type {CrdtDatabase} from '../crdt-database.js'
import {RECORD, RECORD_LENGTHS} from './records.js'
import {adoptStreamFacts} from './stream-facts.js'

/** Puts what a snapshot says in the place of all that is known, once it is whole. */
export class StateLoad implements StateLoading {
  /** Of the record under way. */
  private readonly values: (number | string)[] = []
  private head: string | undefined
  private readonly slots: (readonly [slot: number, state: string])[] = []
  private readonly streams: (readonly [key: string, facts: string])[] = []

  constructor(private readonly crdt: CrdtDatabase) {}

  take(value: number | string): void {
    const {values} = this
    values.push(value)
    const length = RECORD_LENGTHS[values[0] as number]
    if (length === undefined) throw new CrdtError(`a record ${values[0]} that nobody knows`)
    if (values.length <= length) return
    const [record, first, second] = values.splice(0)
    if (record === RECORD.head) this.head = String(first)
    else if (record === RECORD.slot) this.slots.push([Number(first), String(second)])
    else this.streams.push([String(first), String(second)])
  }

  finish(): void {
    const {crdt, head} = this
    if (head === undefined || this.values.length > 0)
      throw new CrdtError('the state of an active-active database is cut short')
    crdt.durability.replay(() => {
      crdt.core.clear()
      crdt.core.unpackHead(head)
      for (const [slot, state] of this.slots) {
        crdt.core.joinSlot(slot, state)
        for (const listener of crdt.listeners) listener.joined(slot)
      }
      for (const [key, facts] of this.streams) adoptStreamFacts(crdt.server, key, facts)
    })
    crdt.durability.becomeNew()
  }

  abandon(): void {
    this.slots.length = 0
    this.streams.length = 0
  }
}
