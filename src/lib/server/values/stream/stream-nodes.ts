import type {StreamNode} from './node.js'
import {OrderedById} from './ordered-by-id.js'

/** What an object and its fields take, about; measured on V8. */
const NODE_OVERHEAD_BYTES = 200

/** The nodes of a stream, and what they take: a stream is measured with every entry, and may have thousands of nodes. */
export class StreamNodes extends OrderedById<StreamNode> {
  /** Of all nodes; those that are here count what they grow by themselves. */
  sizeBytes = 0

  override insert(node: StreamNode): boolean {
    if (!super.insert(node)) return false
    node.countIn(this)
    this.sizeBytes += NODE_OVERHEAD_BYTES + node.textBytes
    return true
  }

  override delete(id: Pick<StreamNode, 'ms' | 'seq'>): StreamNode | undefined {
    const node = super.delete(id)
    if (node === undefined) return undefined
    node.countIn(undefined)
    this.sizeBytes -= NODE_OVERHEAD_BYTES + node.textBytes
    return node
  }
}
