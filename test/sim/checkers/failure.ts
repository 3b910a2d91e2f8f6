import {NODE_FLAG} from '../../../src/lib/protocol/bus/message.js'
import type {SimNode} from '../sim-node.js'
import {type Checker, Violation} from './checker.js'

/**
 * FAIL is not forgiven early (wire.md 1.8): a primary that owns slots in a node's table and was FAIL there stays so for
 * 2 x node_timeout of that node's clock. Slotless nodes and replicas may be cleared at once.
 */
export class FailureChecker implements Checker {
  private readonly failed = new Map<SimNode, Map<string, Failed>>()

  onStarted(node: SimNode): void {
    this.failed.delete(node)
    this.afterStep(node)
  }

  /** Whether it owns slots counts as the packet arrives: its claims are only read after the forgiveness. */
  beforeStep(node: SimNode): void {
    const since = this.failed.get(node)
    if (!since) return
    for (const [id, entry] of since) {
      const known = node.core?.nodes.get(id)
      if (known) entry.ownsSlots = known.isPrimary && known.slots.count > 0
      else since.delete(id)
    }
  }

  afterStep(node: SimNode): void {
    const {core} = node
    if (!core) return
    const since = this.failed.get(node) ?? new Map<string, Failed>()
    for (const known of core.nodes.values()) {
      const isFailed = known.has(NODE_FLAG.fail)
      const entry = since.get(known.id)
      if (isFailed && !entry) {
        since.set(known.id, {ownsSlots: true, sinceMs: node.clockMs()})
        this.failed.set(node, since)
      }
      if (isFailed || !entry) continue
      since.delete(known.id)
      const afterMs = node.clockMs() - entry.sinceMs
      if (entry.ownsSlots && afterMs < 2 * node.config.nodeTimeoutMs) {
        throw new Violation('fail-is-kept', `n${node.index} clears FAIL of ${known.id.slice(0, 8)} after ${afterMs} ms`)
      }
    }
  }
}

interface Failed {
  readonly sinceMs: number
  ownsSlots: boolean
}
