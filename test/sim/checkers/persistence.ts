import type {ClusterEffect} from '../../../src/lib/server/cluster/types.js'
import type {SimNode} from '../sim-node.js'
import {type Checker, Violation} from './checker.js'

/** What the safety of epochs rests on in a nodes.conf. */
export interface SavedEpochs {
  readonly id: string
  readonly currentEpoch: number
  readonly lastVoteEpoch: number
  /** Undefined for a replica: its line shows its primary's epoch, which falls when it changes sides. */
  readonly configEpoch: number | undefined
}

/**
 * Reads the epochs of a nodes.conf on its own, not with the code under test.
 *
 * @returns undefined if the text has not the form of wire.md 1.14
 */
export function parseSavedEpochs(text: string): SavedEpochs | undefined {
  const vars = /^vars currentEpoch (\d+) lastVoteEpoch (\d+)$/m.exec(text)
  const mine = /^(\S{40}) \S+ (?:\S*,)?myself,(\S*) \S+ \d+ \d+ (\d+) /m.exec(text)
  if (!vars || !mine) return undefined
  return {
    configEpoch: (mine[2] as string).includes('master') ? Number(mine[3]) : undefined,
    currentEpoch: Number(vars[1]),
    id: mine[1] as string,
    lastVoteEpoch: Number(vars[2]),
  }
}

/**
 * What stands on the disk, against what was said on the wire.
 *
 * 1. Persisted epochs never fall. 2. What is on the disk always has the form of a nodes.conf. 3. A primary's own
 * configEpoch is durable before any packet shows it. 4. A node that starts again has its id and at least the
 * configEpoch it ever showed. A promotion, and the epoch of a request for votes, are durable before anybody is told. 5. A vote is given at most once per epoch, across restarts, and is durable before it goes.
 */
export class PersistenceChecker implements Checker {
  private readonly saved = new Map<SimNode, SavedEpochs>()
  /** By id: the greatest own configEpoch that was ever durable. */
  private readonly durable = new Map<string, number>()
  private readonly shown = new Map<string, number>()
  /** By id: the epochs it has voted in. */
  private readonly votes = new Map<string, Set<number>>()
  private readonly ids = new Map<SimNode, string>()

  onSaved(node: SimNode): void {
    const text = node.disk.durableText('nodes.conf')
    const now = text === undefined ? undefined : parseSavedEpochs(text)
    if (text !== undefined && !now) {
      throw new Violation(
        'nodes-conf-loads',
        `n${node.index}: a power cut now would leave a nodes.conf that is not one`,
      )
    }
    if (!now) return
    const before = this.saved.get(node)
    this.saved.set(node, now)
    this.durable.set(now.id, Math.max(now.configEpoch ?? 0, this.durable.get(now.id) ?? 0))
    if (before?.id !== now.id) return
    const fell = (['configEpoch', 'currentEpoch', 'lastVoteEpoch'] as const).filter(
      (name) => (now[name] ?? before[name] ?? 0) < (before[name] ?? 0),
    )
    if (fell.length === 0) return
    const [name] = fell
    throw new Violation(
      'persisted-epochs-rise',
      `n${node.index}: ${name} fell to ${now[name as 'configEpoch']} on the disk`,
    )
  }

  onEffect(node: SimNode, effect: ClusterEffect): void {
    const durable = this.saved.get(node)
    if (effect.kind === 'role-changed' && !effect.primary) this.checkPromotion(node, durable)
    if (effect.kind !== 'send') return
    const {body, header} = effect.message
    if ((header.flags & 1) !== 0) {
      // It became a replica since: its own epoch is gone, and what guards against using it twice is the current one.
      const isReplicaNow = durable !== undefined && durable.configEpoch === undefined
      const known = isReplicaNow ? durable.currentEpoch : (this.durable.get(header.sender) ?? 0)
      if (header.configEpoch > known) {
        const text = `n${node.index} shows configEpoch ${header.configEpoch} in a ${body.type} while the disk has ${known}`
        throw new Violation('durable-before-sent', text)
      }
      this.shown.set(header.sender, Math.max(header.configEpoch, this.shown.get(header.sender) ?? 0))
    }
    if (body.type === 'auth-request' && header.currentEpoch > (durable?.currentEpoch ?? 0)) {
      const text = `n${node.index} asks for votes in epoch ${header.currentEpoch} before it is on the disk`
      throw new Violation('durable-before-sent', text)
    }
    if (body.type === 'auth-ack') this.checkVote(node, header.sender, header.currentEpoch, durable?.lastVoteEpoch ?? 0)
  }

  onStarted(node: SimNode): void {
    const {core} = node
    if (!core) return
    const id = this.ids.get(node)
    if (id !== undefined && id !== core.myself.id) {
      throw new Violation('identity-kept', `n${node.index} lost its id on the way through a restart`)
    }
    this.ids.set(node, core.myself.id)
    const shown = this.shown.get(core.myself.id) ?? 0
    if (core.myself.isPrimary && core.myself.configEpoch < shown) {
      const text = `n${node.index} starts with configEpoch ${core.myself.configEpoch}, others know ${shown}`
      throw new Violation('shown-epochs-survive', text)
    }
  }

  /** The disk was taken away on purpose. */
  onWiped(node: SimNode): void {
    this.ids.delete(node)
    this.saved.delete(node)
  }

  /** From here on clients are served by the new epoch. */
  private checkPromotion(node: SimNode, durable: SavedEpochs | undefined): void {
    const myself = node.core?.myself
    if (!myself || myself.slots.count === 0 || durable?.configEpoch === myself.configEpoch) return
    const text = `n${node.index} serves at epoch ${myself.configEpoch} before it is on the disk`
    throw new Violation('durable-before-sent', text)
  }

  private checkVote(node: SimNode, id: string, epoch: number, durableVoteEpoch: number): void {
    const epochs = this.votes.get(id) ?? new Set()
    // Not always in their order: a vote leaves late if it had to wait for a connection.
    if (epochs.has(epoch)) throw new Violation('one-vote-per-epoch', `n${node.index} votes again in epoch ${epoch}`)
    this.votes.set(id, epochs.add(epoch))
    if (durableVoteEpoch < epoch) {
      throw new Violation('durable-before-sent', `n${node.index} votes in epoch ${epoch} before it is on the disk`)
    }
  }
}
