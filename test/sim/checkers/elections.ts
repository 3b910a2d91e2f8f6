import {MESSAGE_FLAG} from '../../../src/lib/protocol/bus/message.js'
import {hashSlot} from '../../../src/lib/protocol/hash-slot.js'
import type {ClusterNode} from '../../../src/lib/server/cluster/node.js'
import type {ClusterEffect, ClusterInput} from '../../../src/lib/server/cluster/types.js'
import type {SimNode} from '../sim-node.js'
import type {World} from '../world.js'
import {type Checker, Violation} from './checker.js'

/** What a replica is about to become a primary by. */
type Way = 'automatic' | 'force' | 'plain' | 'takeover'

interface Attempt {
  way: Way
  /** When the start was put off, by its own clock. */
  scheduledMs: number
  /** Votes that reached it, by epoch: who gave them. */
  readonly votes: Map<number, Set<string>>
  /** The last epoch it asked for votes in. */
  askedEpoch: number
}

interface Shard {
  /** Who took over last, by the greatest epoch; at first who owned the slots at the start. */
  rightful: SimNode
  epoch: number
  lastLossMs: number
  /** When its primary last was one whose data a crash had taken back: then what all copies had may be gone as well. */
  wipedMs: number
}

/** A process's clock may be a hundredth wrong, and its tick comes every 100 ms. */
const CLOCK_ERROR = 1.02
const TICK_MS = 200
const DELAY_MS_MIN = 500
const RANK_DELAY_MS = 1000

/**
 * How primaries are replaced.
 *
 * 1. At most one node wins in an epoch; it has a quorum of votes of that epoch; nobody asks twice in an epoch.
 * 2. An automatic winner's data is as young as the validity factor demands, and it waited its rank's time.
 * 3. Nobody takes over without a copy. 4. In a plain manual failover the copy is the same as the primary's data.
 */
export class ElectionChecker implements Checker {
  private readonly attempts = new Map<SimNode, Attempt>()
  private readonly winners = new Map<number, SimNode>()
  /** When each node was last given anything: its effects may come later, after a stall of its disk. */
  private readonly stepMs = new Map<SimNode, number>()
  /** By id: the epochs it asked for votes in, and in which life of its process. */
  private readonly asked = new Map<string, Map<number, number>>()
  private readonly shards: Shard[] = []
  /** Promotions so far, by way. */
  readonly counts: Record<Way, number> = {automatic: 0, force: 0, plain: 0, takeover: 0}

  constructor(private readonly world: World) {}

  /** The cluster is formed: its primaries are rightful. */
  begin(primaryCount: number): void {
    for (let index = 1; index <= primaryCount; index++) {
      const node = this.world.node(index)
      this.shards.push({epoch: node.core?.myself.configEpoch ?? 0, lastLossMs: -1, rightful: node, wipedMs: -1})
    }
  }

  /** Is this node, for all we know from outside, the one whose writes count? */
  isRightful(node: SimNode, key: string): boolean {
    return this.shardOf(hashSlot(key))?.rightful === node
  }

  /** When acknowledged writes of the key's shard may have been lost last; virtual ms, -1 = never. */
  lastLossMs(key: string): number {
    return this.shardOf(hashSlot(key))?.lastLossMs ?? -1
  }

  /** When writes of the key's shard that every copy had may have been lost last; virtual ms, -1 = never. */
  lastWipedMs(key: string): number {
    return this.shardOf(hashSlot(key))?.wipedMs ?? -1
  }

  /** A promotion that was saved before a crash, and not told, counts from the next start. */
  onStarted(node: SimNode): void {
    this.attempts.delete(node)
    if (node.core && node.core.myself.slots.count > 0) this.replace(node, 'force')
  }

  beforeStep(node: SimNode, input: ClusterInput): void {
    this.stepMs.set(node, this.world.queue.nowMs)
    if (input.kind !== 'packet' || input.message.body.type !== 'auth-ack') return
    const {currentEpoch, sender} = input.message.header
    const {votes} = this.attemptOf(node)
    votes.set(currentEpoch, (votes.get(currentEpoch) ?? new Set()).add(sender))
  }

  onEffect(node: SimNode, effect: ClusterEffect): void {
    if (effect.kind === 'log') this.readLog(node, effect.text)
    else if (effect.kind === 'send' && effect.message.body.type === 'auth-request') {
      const {currentEpoch, messageFlags, sender} = effect.message.header
      this.onRequest(node, sender, currentEpoch, (messageFlags & MESSAGE_FLAG.forceAck) !== 0)
    } else if (effect.kind === 'role-changed' && !effect.primary) this.onPromoted(node)
  }

  private readLog(node: SimNode, text: string): void {
    const attempt = this.attemptOf(node)
    if (text.startsWith('Manual failover user request')) attempt.way = 'plain'
    else if (text.startsWith('Forced failover user request')) attempt.way = 'force'
    else if (text.startsWith('Taking over the master')) attempt.way = 'takeover'
    else if (text.startsWith('Start of election delayed')) attempt.scheduledMs = node.clockMs()
  }

  private onRequest(node: SimNode, id: string, epoch: number, isForced: boolean): void {
    const asked = this.asked.get(id) ?? new Map<number, number>()
    this.asked.set(id, asked)
    // One request goes to many, to some of them late: over a link that was not open yet.
    if (asked.get(epoch) === node.life) return
    if (epoch <= Math.max(0, ...asked.keys())) {
      throw new Violation('one-request-per-epoch', `n${node.index} asks for votes in epoch ${epoch} again`)
    }
    asked.set(epoch, node.life)
    const attempt = this.attemptOf(node)
    attempt.askedEpoch = epoch
    if (isForced) return
    attempt.way = 'automatic'
    const rank = rankOf(node)
    const waitedMs = node.clockMs() - attempt.scheduledMs
    if (waitedMs < DELAY_MS_MIN + rank * RANK_DELAY_MS) {
      throw new Violation('rank-delays', `n${node.index} of rank ${rank} asks after ${waitedMs} ms`)
    }
  }

  private onPromoted(node: SimNode): void {
    const {core, replication} = node
    // CLUSTER RESET makes an empty primary.
    if (!core || !replication || core.myself.slots.count === 0) return
    const {askedEpoch, votes, way} = this.attemptOf(node)
    this.counts[way]++
    this.world.note(
      `n${node.index} is promoted (${way}), epoch ${core.myself.configEpoch}, offset ${replication.offset}`,
    )
    if (!replication.hasCopy) throw new Violation('has-a-copy', `n${node.index} takes over without a copy`)
    if (way !== 'takeover') this.checkWinner(node, askedEpoch, votes.get(askedEpoch) ?? new Set())
    if (way === 'automatic') this.checkAge(node, replication.lastByteVirtualMs)
    this.replace(node, way)
    this.attempts.delete(node)
  }

  private checkWinner(node: SimNode, epoch: number, voters: ReadonlySet<string>): void {
    const other = this.winners.get(epoch)
    if (other && other !== node) {
      throw new Violation('one-winner-per-epoch', `n${other.index} and n${node.index} win in epoch ${epoch}`)
    }
    this.winners.set(epoch, node)
    const size = [...(node.core?.nodes.values() ?? [])].filter(
      ({isPrimary, slots}) => isPrimary && slots.count > 0,
    ).length
    if (voters.size < Math.floor(size / 2) + 1) {
      throw new Violation('quorum-of-votes', `n${node.index} wins epoch ${epoch} with ${voters.size} votes of ${size}`)
    }
  }

  private checkAge(node: SimNode, lastByteMs: number): void {
    const {nodeTimeoutMs, replicaValidityFactor, replicationPingPeriodMs} = node.config
    if (replicaValidityFactor === 0) return
    const limitMs = (replicationPingPeriodMs + nodeTimeoutMs * (replicaValidityFactor + 1)) * CLOCK_ERROR + TICK_MS
    const ageMs = (this.stepMs.get(node) ?? this.world.queue.nowMs) - lastByteMs
    if (ageMs > limitMs) {
      throw new Violation('data-is-recent', `n${node.index} wins with data ${ageMs} ms old, at most ${limitMs}`)
    }
  }

  /** The shard has a new primary; what its former one accepts from now on does not count. */
  private replace(node: SimNode, way: Way): void {
    const shard = this.shardOf(node.core?.myself.slots.ranges()[0]?.first ?? 0)
    if (!shard) return
    const epoch = node.core?.myself.configEpoch ?? 0
    const {rightful} = shard
    const isWinner = rightful === node || way === 'takeover' || epoch > shard.epoch
    if (isWinner && node.replication?.isStale) {
      shard.wipedMs = this.world.queue.nowMs
      shard.lastLossMs = Math.max(shard.lastLossMs, shard.wipedMs)
    }
    if (rightful === node) return
    if (way === 'plain' && rightful.core) requireSameData(rightful, node)
    else shard.lastLossMs = Math.max(shard.lastLossMs, this.world.queue.nowMs)
    // Takeovers agree with nobody: which of two wins shows later, and what either accepts until then may be lost.
    if (way === 'takeover') shard.lastLossMs = Number.POSITIVE_INFINITY
    if (epoch <= shard.epoch) return
    shard.epoch = epoch
    shard.rightful = node
  }

  private shardOf(slot: number): Shard | undefined {
    return this.shards[Math.floor((slot * this.shards.length + this.shards.length - 1) / 16_384)]
  }

  private attemptOf(node: SimNode): Attempt {
    let attempt = this.attempts.get(node)
    if (!attempt) {
      attempt = {askedEpoch: 0, scheduledMs: Number.NEGATIVE_INFINITY, votes: new Map(), way: 'automatic'}
      this.attempts.set(node, attempt)
    }
    return attempt
  }
}

/** Siblings that are ahead, from what the node itself knows. */
function rankOf({core, replication}: SimNode): number {
  const primary = core?.myself.primary
  if (!core || !replication || !primary) return 0
  const isAhead = (one: ClusterNode): boolean =>
    !one.isMyself && !one.forbidsFailover && one.replOffset > replication.offset
  return core.replicasOf(primary).filter(isAhead).length
}

/** @throws Violation if the new primary lacks anything that the former one, which is paused, has accepted */
function requireSameData(former: SimNode, promoted: SimNode): void {
  const mine = new Map(promoted.keyspace.entries())
  for (const [key, value] of former.keyspace.entries()) {
    if (mine.get(key) === value) continue
    const text = `n${promoted.index} has ${key} = ${mine.get(key)}, n${former.index} has ${value}`
    throw new Violation('manual-loses-nothing', text)
  }
}
