import {differences} from '../../../../src/lib/server/crdt/projection/check.js'
import {Violation} from '../engine/violation.js'
import type {SystemNode} from './system-node.js'

/** Slot and vector -> digest, as some node once had it. */
export class SlotDigests {
  private readonly known = new Map<string, {readonly digest: string; readonly node: string}>()

  look({crdt, name}: SystemNode): void {
    const {core} = crdt
    for (const slot of core.slots()) {
      const vector = core.vectorOf(slot).map(([{epoch, region}, sequence]) => `${region}.${epoch}:${sequence}`)
      const key = `${slot} ${vector.sort().join(' ')}`
      const digest = core.digestSlot(slot)
      const before = this.known.get(key)
      if (before === undefined) this.known.set(key, {digest, node: name})
      else if (before.digest !== digest)
        throw new Violation(
          'equal-vectors-equal-digests',
          `${key}: ${digest} at ${name}, ${before.digest} at ${before.node}`,
        )
    }
  }
}

/** What clients see is what the core shows, and equal vectors mean equal states. */
export function requireSound(node: SystemNode, digests: SlotDigests): void {
  const [difference] = differences(node.crdt)
  if (difference !== undefined) throw new Violation('data-are-the-core', `at ${node.name}: ${difference}`)
  digests.look(node)
}

/** What regions say of each other while they write. */
export function requireNoDivergence({name, peers}: SystemNode): void {
  const {found} = peers.comparisons.divergences
  if (found > 0) throw new Violation('no-divergence', `${name} has found ${found}`)
}

/** No name is given to two writes. @param dots - name -> effect, of all there ever were */
export function requireUnseenDots(dots: Map<string, string>, {crdt, name}: SystemNode, effect: string): void {
  const {actor, sequence, slot} = crdt.core.headOf(effect)
  const dot = `${slot} ${actor.region}.${actor.epoch}:${sequence}`
  const before = dots.get(dot)
  if (before !== undefined && before !== effect) throw new Violation('dots-are-unique', `${dot} is another at ${name}`)
  dots.set(dot, effect)
}
