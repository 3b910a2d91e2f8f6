import type {Int64} from '../../../kernel/uint64.js'
import {ListpackCursor} from '../../../protocol/rdb/listpack-cursor.js'
import {ENTRY_DELETED, ENTRY_SAME_FIELDS, idFrom} from '../../../protocol/rdb/stream-node.js'
import {compareIds, type StreamId} from '../../../protocol/stream-id.js'
import {addReplyToRun, addToRun} from '../../bulk-run.js'
import type {StreamNode} from './node.js'

/** Takes what an entry is made of, in order. */
export type FieldVisitor = (field: string, value: string) => void

/** Stands before, on or behind the entries of one node, deleted ones included. */
export class EntryCursor {
  /** Where the current entry starts. */
  at: number
  isDeleted = false
  ms: Int64 = 0
  seq: Int64 = 0
  fieldCount = 0

  private readonly pack: ListpackCursor
  private isSame = false
  /** Where the fields, or values, of the current entry start. */
  private bodyAt = 0
  /** Where the next entry starts, if that is known. */
  private end: number

  /** Before the first entry that has not been trimmed; with `atEnd` behind the last. */
  constructor(
    readonly node: StreamNode,
    atEnd = false,
  ) {
    this.pack = new ListpackCursor(node.entries)
    this.at = atEnd ? node.entries.length : node.trimmedTo
    this.end = this.at
  }

  forward(): boolean {
    if (this.end < 0) this.passFields()
    if (this.end >= this.pack.text.length) return false
    this.load(this.end)
    return true
  }

  backward(): boolean {
    if (this.at <= this.node.trimmedTo) return false
    const {pack} = this
    pack.at = this.at
    pack.back()
    const countAt = pack.at
    const elements = pack.count()
    pack.at = countAt
    for (let i = 0; i < elements; i++) pack.back()
    this.load(pack.at)
    return true
  }

  /**
   * Goes forward to the first entry at or after `id`, or to a deleted one before it.
   *
   * @param isTail - readers who follow a stream ask for what came last, so the end is the place to begin
   */
  seek(id: StreamId, isTail: boolean): boolean {
    const {node} = this
    if (node.hintAt >= node.trimmedTo && compareIds({ms: node.hintMs, seq: node.hintSeq}, id) <= 0) {
      this.end = node.hintAt
    } else if (isTail) {
      this.at = node.entries.length
      while (this.backward()) if (!this.isDeleted && compareIds(this, id) < 0) break
      this.end = this.at
    }
    while (this.forward()) {
      if (compareIds(this, id) < 0) continue
      if (!this.isDeleted) this.remember()
      return true
    }
    return false
  }

  private remember(): void {
    const {node} = this
    node.hintAt = this.at
    node.hintMs = this.ms
    node.hintSeq = this.seq
  }

  private load(at: number): void {
    const {pack} = this
    pack.at = at
    const flags = pack.count()
    const id = idFrom(this.node, pack.integer()!, pack.integer()!)
    this.at = at
    this.ms = id.ms
    this.seq = id.seq
    this.isDeleted = (flags & ENTRY_DELETED) !== 0
    this.isSame = (flags & ENTRY_SAME_FIELDS) !== 0
    this.fieldCount = this.isSame ? this.node.fields.length : pack.count()
    this.bodyAt = pack.at
    this.end = -1
  }

  private passFields(): void {
    const {pack} = this
    pack.at = this.bodyAt
    for (let left = this.isSame ? this.fieldCount : 2 * this.fieldCount; left > 0; left--) pack.skip()
    pack.skip()
    this.end = pack.at
  }

  visitFields(visit: FieldVisitor): void {
    const {isSame, node, pack} = this
    pack.at = this.bodyAt
    for (let i = 0; i < this.fieldCount; i++) {
      const field = isSame ? node.fields[i]! : pack.string()
      visit(field, pack.string())
    }
    pack.skip()
    this.end = pack.at
  }

  /** Adds the fields and values to a run: an array of bulk strings. */
  addFieldsToRun(output: {out: string}): void {
    const {isSame, node, pack} = this
    addReplyToRun(output, `*${2 * this.fieldCount}\r\n`)
    pack.at = this.bodyAt
    for (let i = 0; i < this.fieldCount; i++) {
      if (isSame) addToRun(output, node.fields[i]!, 0, node.fields[i]!.length)
      else this.addStringToRun(output)
      this.addStringToRun(output)
    }
    pack.skip()
    this.end = pack.at
  }

  /** The next element, most often without cutting it out first. */
  private addStringToRun(output: {out: string}): void {
    const {pack} = this
    const {at, text} = pack
    const first = text.charCodeAt(at)
    if (first >= 0x80 && first < 0xc0) {
      const length = first & 0x3f
      addToRun(output, text, at + 1, length)
      pack.at = at + length + 2
      return
    }
    const element = pack.string()
    addToRun(output, element, 0, element.length)
  }
}
