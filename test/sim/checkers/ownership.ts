import {hashSlot} from '../../../src/lib/protocol/hash-slot.js'
import type {ClusterInput} from '../../../src/lib/server/cluster/types.js'
import type {SimNode} from '../sim-node.js'
import type {World} from '../world.js'
import {type Checker, Violation} from './checker.js'

/**
 * Who may serve a slot.
 *
 * 1. At most one primary serves writes of a slot at a given configEpoch (none that was taken over without votes), over the
 *    whole run: kept as one table of
 *    slots per epoch. Both `core.serves` (which the hot path trusts) and every accepted write are entered.
 * 2. Nobody who does not own a slot takes a write for it unless this very command was preceded by ASKING.
 * 3. A node's table changes the owner of a slot only to a greater configEpoch, while the old owner lives and claims it,
 *    unless the last header it got from the old owner left the slot out (headers on two connections may overtake).
 */
export class OwnershipChecker implements Checker {
  /** configEpoch -> per slot the number of the node that served it then; 0 = none yet. */
  private readonly served = new Map<number, Uint8Array>()
  private readonly seen = new Map<SimNode, Seen>()

  constructor(private readonly world: World) {}

  onStarted(node: SimNode): void {
    this.seen.delete(node)
  }

  beforeStep(node: SimNode, input: ClusterInput): void {
    let seen = this.seen.get(node)
    if (!seen) {
      seen = look(node)
      this.seen.set(node, seen)
    }
    // Claims count in pings alone; a FAIL or an UPDATE carries the header but not the meaning.
    if (input.kind !== 'packet' || !('gossip' in input.message.body)) return
    seen.headers.set(input.message.header.sender, input.message.header.slots)
  }

  afterStep(node: SimNode): void {
    const {core} = node
    if (!core) return
    const before = this.seen.get(node) ?? look(node)
    this.checkServes(node, before)
    let changed = false
    for (const known of core.nodes.values()) {
      const old = before.bitmaps.get(known.id)
      const now = known.slots.snapshot()
      if (old === now) continue
      changed = true
      if (old) this.checkClaims(node, before, known.id, old, now)
    }
    if (changed || before.bitmaps.size !== core.nodes.size)
      this.seen.set(node, {
        ...look(node),
        headers: before.headers,
        serves: before.serves,
        servesEpoch: before.servesEpoch,
      })
    else refreshEpochs(before, node)
  }

  onWrite(node: SimNode, key: string, askingSent: boolean): void {
    const {core} = node
    if (!core) return
    const slot = hashSlot(key)
    const owned = core.ownerOf(slot) === core.myself
    if (!owned && !askingSent) {
      throw new Violation('asking-once', `n${node.index} took a write of slot ${slot}, not its own, without ASKING`)
    }
    if (owned) this.enter(node, slot, core.myself.configEpoch)
  }

  private checkServes(node: SimNode, before: Seen): void {
    const {core} = node
    if (!core) return
    const epoch = core.myself.configEpoch
    const same = before.servesEpoch === epoch && Buffer.compare(before.serves, core.serves) === 0
    if (same) return
    before.serves = Buffer.from(core.serves)
    before.servesEpoch = epoch
    for (let slot = 0; slot < core.serves.length; slot++) if (core.serves[slot] === 1) this.enter(node, slot, epoch)
  }

  private enter(node: SimNode, slot: number, epoch: number): void {
    if (this.world.seizedEpochs.has(epoch)) return
    let table = this.served.get(epoch)
    if (!table) {
      table = new Uint8Array(16384)
      this.served.set(epoch, table)
    }
    const other = table[slot]
    if (other !== 0 && other !== node.index) {
      throw new Violation(
        'one-owner-per-epoch',
        `slot ${slot} was served by n${other} and n${node.index} at epoch ${epoch}`,
      )
    }
    table[slot] = node.index
  }

  /** `now` has slots that `old` had not: from whom did they come? */
  private checkClaims(node: SimNode, before: Seen, id: string, old: Uint8Array, now: Uint8Array): void {
    const claimant = node.core?.nodes.get(id)
    if (!claimant || claimant === node.core?.myself) return
    for (const [loserId, bitmap] of before.bitmaps) {
      if (loserId === id) continue
      const slot = firstTaken(bitmap, old, now)
      if (slot === undefined || !isClaimed(before.headers.get(loserId), slot)) continue
      const loserEpoch = before.epochs.get(loserId) ?? 0
      const loser = this.world.nodes.find((candidate) => candidate.id === loserId)
      if (!loser?.core || loser.core.ownerOf(slot) !== loser.core.myself) continue
      if (claimant.configEpoch < loserEpoch) {
        throw new Violation(
          'claims-need-greater-epoch',
          `n${node.index} gave slot ${slot} of n${loser.index} (epoch ${loserEpoch}) to ${this.world.nameOf(id)} (${claimant.configEpoch})`,
        )
      }
    }
  }
}

interface Seen {
  readonly bitmaps: Map<string, Uint8Array>
  readonly epochs: Map<string, number>
  /** The slots in the last header of each sender. */
  readonly headers: Map<string, Uint8Array>
  serves: Buffer
  servesEpoch: number
}

function look(node: SimNode): Seen {
  const known = [...(node.core?.nodes.values() ?? [])]
  return {
    bitmaps: new Map(known.map(({id, slots}) => [id, slots.snapshot()])),
    epochs: new Map(known.map(({configEpoch, id}) => [id, configEpoch])),
    headers: new Map(),
    serves: Buffer.alloc(16384),
    servesEpoch: -1,
  }
}

function refreshEpochs(seen: Seen, node: SimNode): void {
  for (const {configEpoch, id} of node.core?.nodes.values() ?? []) seen.epochs.set(id, configEpoch)
}

function isClaimed(slots: Uint8Array | undefined, slot: number): boolean {
  return slots === undefined || ((slots[slot >> 3] as number) & (1 << (slot & 7))) !== 0
}

/** The first slot that the loser had and the claimant gained. */
function firstTaken(loser: Uint8Array, old: Uint8Array, now: Uint8Array): number | undefined {
  for (let index = 0; index < now.length; index++) {
    const taken = (loser[index] as number) & (now[index] as number) & ~(old[index] as number)
    if (taken !== 0) return index * 8 + Math.log2(taken & -taken)
  }
  return undefined
}
