import type {SimNode} from '../sim-node.js'
import type {World} from '../world.js'
import {Violation} from './checker.js'

const LOOK_EVERY_MS = 500

/**
 * No two primaries that own slots keep equal configEpochs once they are connected. Collisions happen; a ping in the
 * right direction must end them, so a pair that has been equal and in touch for two pings' time breaks the rule.
 */
export class EpochMonitor {
  private readonly equalSinceMs = new Map<string, number>()

  constructor(private readonly world: World) {}

  /** Looks now, and from then on twice a virtual second. */
  watch(): void {
    this.look()
    this.world.queue.after(LOOK_EVERY_MS, () => this.watch())
  }

  private look(): void {
    const {nodes, options, queue} = this.world
    const graceMs = 2 * options.nodeTimeoutMs + 3000
    for (const a of nodes) {
      for (const b of nodes) {
        if (a.index >= b.index) continue
        const pair = `${a.index}-${b.index}`
        if (!this.isStuck(a, b)) {
          this.equalSinceMs.delete(pair)
          continue
        }
        const sinceMs = this.equalSinceMs.get(pair)
        if (sinceMs === undefined) this.equalSinceMs.set(pair, queue.nowMs)
        else if (queue.nowMs - sinceMs > graceMs) {
          const epoch = a.core?.myself.configEpoch
          throw new Violation('epochs-differ', `n${a.index} and n${b.index} both keep epoch ${epoch} while connected`)
        }
      }
    }
  }

  private isStuck(a: SimNode, b: SimNode): boolean {
    if (!a.core || !b.core || a.frozen || b.frozen) return false
    const [mine, theirs] = [a.core.myself, b.core.myself]
    if (mine.configEpoch !== theirs.configEpoch || mine.slots.count === 0 || theirs.slots.count === 0) return false
    return this.inTouch(a, b) && this.inTouch(b, a)
  }

  /** `a` has heard `b` lately, by its own clock. */
  private inTouch(a: SimNode, b: SimNode): boolean {
    const known = a.core?.nodes.get(b.id)
    if (!known || this.world.network.isCut(a.index, b.index)) return false
    return !known.suspected && !known.failed && !known.inHandshake && known.link?.open === true
  }
}
