import {type Int64, plus} from '../../../kernel/uint64.js'
import type {StreamId} from '../../../protocol/stream-id.js'
import {OrderedById} from './ordered-by-id.js'

/** The counter of a group whose number of read entries nobody knows. */
export const ENTRIES_READ_UNKNOWN = -1

/** An entry that was delivered and not yet acknowledged. Its consumer and its group hold the same object. */
export class Pending implements StreamId {
  readonly ms
  readonly seq
  consumer: Consumer
  /** Unix milliseconds. */
  deliveredMs: number
  deliveries: Int64

  constructor(id: StreamId, consumer: Consumer, deliveredMs: number, deliveries: Int64) {
    this.ms = id.ms
    this.seq = id.seq
    this.consumer = consumer
    this.deliveredMs = deliveredMs
    this.deliveries = deliveries
  }
}

export class Consumer {
  readonly pending = new OrderedById<Pending>()

  /** @param seenMs - unix milliseconds of its last attempt to read or claim */
  constructor(
    readonly name: string,
    public seenMs: number,
  ) {}
}

/** Consumers who share the entries of a stream among them. */
export class Group {
  readonly pending = new OrderedById<Pending>()
  readonly consumers = new Map<string, Consumer>()
  /** Entries up to `lastId` that came after it was reached, from another region: they are still to be delivered. */
  late: OrderedById<StreamId> | undefined = undefined

  /** @param lastId - the last entry delivered @param entriesRead - how many that were, if known */
  constructor(
    readonly name: string,
    public lastId: StreamId,
    public entriesRead: Int64,
  ) {}

  /** The entry goes to `consumer`, whoever had it before. */
  deliver(id: StreamId, consumer: Consumer, nowMs: number): Pending {
    this.late?.delete(id)
    const pending = new Pending(id, consumer, nowMs, 1)
    if (this.pending.insert(pending)) {
      consumer.pending.insert(pending)
      return pending
    }
    const known = this.pending.get(id)!
    this.assign(known, consumer)
    known.deliveredMs = nowMs
    known.deliveries = 1
    return known
  }

  /** An entry came that readers would pass over. */
  noteLate({ms, seq}: StreamId): void {
    this.late ??= new OrderedById()
    this.late.insert({ms, seq})
  }

  get hasLate(): boolean {
    return this.late !== undefined && this.late.size > 0
  }

  assign(pending: Pending, consumer: Consumer): void {
    if (pending.consumer === consumer) return
    pending.consumer.pending.delete(pending)
    pending.consumer = consumer
    consumer.pending.insert(pending)
  }

  /** @returns whether the entry was pending */
  acknowledge(id: StreamId): boolean {
    const pending = this.pending.delete(id)
    pending?.consumer.pending.delete(id)
    return pending !== undefined
  }

  deleteConsumer(consumer: Consumer): void {
    for (const pending of consumer.pending.values()) this.pending.delete(pending)
    this.consumers.delete(consumer.name)
  }

  copy(): Group {
    const copy = new Group(this.name, this.lastId, this.entriesRead)
    for (const id of this.late?.values() ?? []) copy.noteLate(id)
    for (const consumer of this.consumers.values()) {
      copy.consumers.set(consumer.name, new Consumer(consumer.name, consumer.seenMs))
    }
    for (const one of this.pending.values()) {
      const consumer = copy.consumers.get(one.consumer.name)!
      const pending = new Pending(one, consumer, one.deliveredMs, one.deliveries)
      copy.pending.insert(pending)
      consumer.pending.insert(pending)
    }
    return copy
  }
}

/** In the order of their names' bytes, as redis-server lists groups and consumers. */
export function byName<T extends {readonly name: string}>(items: Iterable<T>): T[] {
  return [...items].sort((a, b) => (a.name < b.name ? -1 : 1))
}

export function countDelivery(pending: Pending, nowMs: number): void {
  pending.deliveredMs = nowMs
  pending.deliveries = plus(pending.deliveries, 1)
}
