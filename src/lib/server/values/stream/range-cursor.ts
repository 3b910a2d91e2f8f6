import {compareIds, formatId, type StreamId} from '../../../protocol/stream-id.js'
import {addReplyToRun, beginRun, endRun} from '../../bulk-run.js'
import type {ReplyWriter} from '../../reply.js'
import {EntryCursor, type FieldVisitor} from './entry-cursor.js'
import type {StreamNode} from './node.js'
import type {OrderedById} from './ordered-by-id.js'

/** Walks over the live entries from one id to another, both included. The stream must not change meanwhile. */
export class RangeCursor {
  private entry: EntryCursor | undefined

  constructor(
    private readonly nodes: OrderedById<StreamNode>,
    private readonly start: StreamId,
    private readonly end: StreamId,
    private readonly isReverse = false,
  ) {
    this.entry = isReverse ? this.lastEntry() : this.firstEntry()
  }

  private firstEntry(): EntryCursor | undefined {
    const {nodes, start} = this
    const node = nodes.atOrBefore(start) ?? nodes.first()
    if (node === undefined) return undefined
    const entry = new EntryCursor(node)
    if (compareIds(start, node) <= 0) return entry.forward() ? entry : this.neighbor(entry)
    return entry.seek(start, node === nodes.last()) ? entry : this.neighbor(entry)
  }

  private lastEntry(): EntryCursor | undefined {
    const node = this.nodes.atOrBefore(this.end)
    if (node === undefined) return undefined
    const entry = new EntryCursor(node, true)
    while (entry.backward()) if (compareIds(entry, this.end) <= 0) return entry
    return this.neighbor(entry)
  }

  /** On the nearest entry of the nodes that follow; undefined if there is none. */
  private neighbor({node}: EntryCursor): EntryCursor | undefined {
    const {isReverse, nodes} = this
    let next = isReverse ? nodes.before(node) : nodes.after(node)
    while (next !== undefined) {
      const entry = new EntryCursor(next, isReverse)
      if (isReverse ? entry.backward() : entry.forward()) return entry
      next = isReverse ? nodes.before(next) : nodes.after(next)
    }
    return undefined
  }

  /** Before the first `next` the cursor stands on the first entry already. */
  private isFresh = true

  /** Goes to the first entry, then to the next. @returns it, to be read before the next call; undefined at the end */
  next(): EntryCursor | undefined {
    for (;;) {
      const {entry} = this
      if (entry === undefined) return undefined
      if (this.isFresh) this.isFresh = false
      else if (!(this.isReverse ? entry.backward() : entry.forward())) this.entry = this.neighbor(entry)
      const here = this.entry
      if (here === undefined) return undefined
      // Deleted entries may be out of order, so they neither begin a range nor end it.
      if (here.isDeleted) continue
      const isBefore = compareIds(here, this.start) < 0
      const isAfter = compareIds(here, this.end) > 0
      if (!isBefore && !isAfter) return here
      if (this.isReverse ? isBefore : isAfter) {
        this.entry = undefined
        return undefined
      }
    }
  }
}

/** Writes id and fields as redis-server shows an entry. */
export function writeEntry(reply: ReplyWriter, entry: EntryCursor): void {
  beginRun()
  addEntryToRun(reply, entry)
  endRun(reply)
}

/** `writeEntry` as part of a run. */
export function addEntryToRun(reply: ReplyWriter, entry: EntryCursor): void {
  const id = formatId(entry)
  addReplyToRun(reply, `*2\r\n$${id.length}\r\n${id}\r\n`)
  entry.addFieldsToRun(reply)
}

export type {EntryCursor, FieldVisitor}
