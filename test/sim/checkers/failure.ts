import {NODE_FLAG} from '../../../src/lib/protocol/bus/message.js'
import type {SimNode} from '../sim-node.js'
import {type Checker, Violation} from './checker.js'

/**
 * FAIL is not forgiven early (wire.md 1.8): a primary that owns slots in a node's table and was FAIL there stays so for
 * 2 x node_timeout of that node's clock. Slotless nodes and replicas may be cleared at once.
 */
export class FailureChecker implements Checker {
  private readonly failed = new Map<SimNode, Map<string, number>>()

  onStarted(node: SimNode): void {
    this.failed.delete(node)
  }

  afterStep(node: SimNode): void {
    const {core} = node
    if (!core) return
    let since = this.failed.get(node)
    for (const known of core.nodes.values()) {
      const isFailed = known.has(NODE_FLAG.fail)
      const failedMs = since?.get(known.id)
      if (isFailed && failedMs === undefined) {
        since ??= new Map()
        since.set(known.id, node.clockMs())
        this.failed.set(node, since)
      }
      if (isFailed || failedMs === undefined) continue
      since?.delete(known.id)
      const afterMs = node.clockMs() - failedMs
      if (known.isPrimary && known.slots.count > 0 && afterMs < 2 * node.config.nodeTimeoutMs) {
        throw new Violation('fail-is-kept', `n${node.index} clears FAIL of ${known.id.slice(0, 8)} after ${afterMs} ms`)
      }
    }
    if (since) for (const id of since.keys()) if (!core.nodes.has(id)) since.delete(id)
  }
}
