import {Deque} from '../../../kernel/deque.js'
import type {RdbList} from '../../../protocol/rdb/list.js'
import type {ObjectValue, ValueDigest} from '../../keyspace/value.js'
import {insertAt} from './list-insert.js'
import {clampFill, hasRoom, ListNode} from './list-node.js'

/** What one node takes beside its elements. Measured on V8. */
const NODE_BYTES = 120
/** At each end. With one, pushes and pops around its edge would pack and unpack the next again and again. */
const UNPACKED_NODES = 2

/**
 * A list: a deque of nodes, each a deque of elements. The ends cost O(1); an index costs a walk over the nodes from the
 * nearer end, of which there is one per about 8 kB. Nodes begin and end where redis-server's do. Those away from the ends
 * are packed as they fall behind: elements of a long list would be copied twice by the collector and marked again and again.
 */
export class ListValue implements ObjectValue {
  readonly type = 'list'
  /** Of list-max-listpack-size when the list began. */
  readonly fill: number
  readonly nodes: Deque<ListNode>
  /** Number of elements, in all nodes. */
  length = 0

  /**
   * Bytes of the nodes that are none of the outermost: a list that is pushed and popped is measured with every command, and may
   * have thousands of them. Undefined: not known.
   */
  private innerBytes: number | undefined = undefined

  /** What `locate` found. */
  private foundNode = 0
  private foundOffset = 0

  /** @param fill - list-max-listpack-size */
  constructor(fill: number, nodes: ListNode[] = []) {
    this.fill = clampFill(fill)
    this.nodes = new Deque(nodes)
    for (const node of nodes) this.length += node.length
    for (let at = UNPACKED_NODES; at < nodes.length - UNPACKED_NODES; at++) nodes[at]!.pack()
  }

  static of(elements: Iterable<string>, fill: number): ListValue {
    const list = new ListValue(fill)
    for (const element of elements) list.pushTail(element)
    return list
  }

  /** @param fill - list-max-listpack-size */
  static fromRdb({elements, nodes}: RdbList, fill: number): ListValue {
    if (elements !== undefined) return ListValue.of(elements, fill)
    return new ListValue(
      fill,
      nodes.map((node) => new ListNode([...node.elements], node.isPlain)),
    )
  }

  pushTail(text: string): void {
    const {fill, nodes} = this
    let tail = nodes.length === 0 ? undefined : nodes.at(nodes.length - 1)
    if (tail === undefined || !hasRoom(tail, fill, text)) {
      tail = new ListNode()
      nodes.pushTail(tail)
      this.settleInner(nodes.length - 1 - UNPACKED_NODES)
    }
    tail.addTail(text)
    this.length++
  }

  pushHead(text: string): void {
    const {fill, nodes} = this
    let head = nodes.length === 0 ? undefined : nodes.at(0)
    if (head === undefined || !hasRoom(head, fill, text)) {
      head = new ListNode()
      nodes.pushHead(head)
      this.settleInner(UNPACKED_NODES)
    }
    head.addHead(text)
    this.length++
  }

  /** One more node has made that one no longer one of the outermost, if it is none of the other end's either. */
  private settleInner(index: number): void {
    const {nodes} = this
    if (!this.isInner(index)) return
    const node = nodes.at(index)
    node.pack()
    if (this.innerBytes !== undefined) this.innerBytes += node.sizeBytes()
  }

  /** That one is about to become one of the outermost. */
  private leaveInner(index: number): void {
    if (this.innerBytes !== undefined && this.isInner(index)) this.innerBytes -= this.nodes.at(index).sizeBytes()
  }

  /** Any of the nodes may be changed otherwise than by pushing and popping. */
  changesWithin(): void {
    this.innerBytes = undefined
  }

  private isInner(index: number): boolean {
    return index >= UNPACKED_NODES && index < this.nodes.length - UNPACKED_NODES
  }

  /** The list must not be empty. */
  popTail(): string {
    const {nodes} = this
    const tail = nodes.at(nodes.length - 1)
    const text = tail.takeTail()
    if (tail.length === 0) {
      this.leaveInner(nodes.length - 1 - UNPACKED_NODES)
      nodes.popTail()
    }
    this.length--
    return text
  }

  /** The list must not be empty. */
  popHead(): string {
    const {nodes} = this
    const head = nodes.at(0)
    const text = head.takeHead()
    if (head.length === 0) {
      this.leaveInner(UNPACKED_NODES)
      nodes.popHead()
    }
    this.length--
    return text
  }

  /** Finds node and offset of an index from 0 to length - 1, from the nearer end. */
  private locate(index: number): void {
    const {nodes} = this
    if (index * 2 <= this.length) {
      let left = index
      let at = 0
      for (let {length} = nodes.at(0); left >= length; length = nodes.at(at).length) {
        left -= length
        at++
      }
      this.foundNode = at
      this.foundOffset = left
      return
    }
    let left = this.length - index
    let at = nodes.length - 1
    for (let {length} = nodes.at(at); left > length; length = nodes.at(at).length) {
      left -= length
      at--
    }
    this.foundNode = at
    this.foundOffset = nodes.at(at).length - left
  }

  /** Where an index as clients give it points, from 0 on; undefined outside. */
  private indexOf(index: number): number | undefined {
    const at = index < 0 ? index + this.length : index
    return at >= 0 && at < this.length ? at : undefined
  }

  /** @param index - negative: from the end */
  get(index: number): string | undefined {
    const at = this.indexOf(index)
    if (at === undefined) return undefined
    this.locate(at)
    return this.nodes.at(this.foundNode).at(this.foundOffset)
  }

  /** @param index - negative: from the end @returns whether there is such an element */
  set(index: number, text: string): boolean {
    const at = this.indexOf(index)
    if (at === undefined) return false
    this.locate(at)
    this.changesWithin()
    const node = this.nodes.at(this.foundNode)
    if (!node.isPlain) {
      node.setAt(this.foundOffset, text)
      return true
    }
    insertAt(this, this.foundNode, 0, text, true)
    this.nodes.remove(this.foundNode, 1)
    this.length--
    return true
  }

  /** @param index - 0 to length: before the element there now, or at the end */
  insert(index: number, text: string): void {
    if (index === 0) this.pushHead(text)
    else if (index === this.length) this.pushTail(text)
    else {
      this.locate(index)
      insertAt(this, this.foundNode, this.foundOffset, text, false)
    }
  }

  /** @param from - must exist @param count - at least one, no more than there are from there on */
  range(from: number, count: number): string[] {
    this.locate(from)
    const {nodes} = this
    const first = nodes.at(this.foundNode)
    const found = first.slice(this.foundOffset, Math.min(first.length, this.foundOffset + count))
    for (let at = this.foundNode + 1; found.length < count; at++) {
      const node = nodes.at(at)
      for (const text of node.slice(0, Math.min(node.length, count - found.length))) found.push(text)
    }
    return found
  }

  /** As `range`; nodes are cut, never joined. */
  removeRange(from: number, count: number): void {
    if (count === 0) return
    this.locate(from)
    this.changesWithin()
    const {nodes} = this
    let at = this.foundNode
    let offset = this.foundOffset
    let firstGone = -1
    let gone = 0
    for (let left = count; left > 0; at++, offset = 0) {
      const node = nodes.at(at)
      const taken = Math.min(node.length - offset, left)
      left -= taken
      if (taken < node.length) {
        node.cut(offset, offset + taken)
        continue
      }
      if (firstGone < 0) firstGone = at
      gone++
    }
    if (gone > 0) nodes.remove(firstGone, gone)
    this.length -= count
  }

  *[Symbol.iterator](): Generator<string> {
    for (let at = 0; at < this.nodes.length; at++) yield* this.nodes.at(at).slice(0)
  }

  encoding(): string {
    return 'quicklist'
  }

  copy(): ListValue {
    return new ListValue(
      this.fill,
      this.nodes.slice(0).map((node) => node.copy()),
    )
  }

  /** Of all nodes as redis-server counts them. */
  nodeBytes(): number {
    let bytes = 0
    for (let at = 0; at < this.nodes.length; at++) bytes += this.nodes.at(at).bytes
    return bytes
  }

  sizeBytes(): number {
    const {length} = this.nodes
    const first = Math.min(UNPACKED_NODES, length)
    const last = Math.max(first, length - UNPACKED_NODES)
    this.innerBytes ??= this.bytesOfNodes(first, last)
    return length * NODE_BYTES + this.bytesOfNodes(0, first) + this.innerBytes + this.bytesOfNodes(last, length)
  }

  private bytesOfNodes(from: number, to: number): number {
    let bytes = 0
    for (let at = from; at < to; at++) bytes += this.nodes.at(at).sizeBytes()
    return bytes
  }

  /** What DEBUG OBJECT shows of a list besides what it shows of all. */
  debugFields(): string {
    const average = (this.length / this.nodes.length).toFixed(2)
    return (
      `ql_nodes:${this.nodes.length} ql_avg_node:${average} ql_listpack_max:${this.fill} ` +
      `ql_compressed:0 ql_uncompressed_size:${this.nodeBytes()}`
    )
  }

  toRdb(): RdbList {
    const nodes = this.nodes.slice(0).map((node) => ({elements: node.slice(0), isPlain: node.isPlain}))
    return {elements: undefined, nodes, type: 'list'}
  }

  addToDigest(digest: ValueDigest): void {
    for (const element of this) digest.mix(element)
  }
}
