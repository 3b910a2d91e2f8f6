import {rangesOf, renderRanges} from '../../src/lib/model/slot-set.js'
import {NODE_FLAG} from '../../src/lib/protocol/bus/message.js'
import type {ClusterNode} from '../../src/lib/server/cluster/node.js'
import {route} from '../../src/lib/server/cluster/routing.js'
import {slotsInBitmap} from '../../src/lib/server/cluster/slot-bitmap.js'
import type {ClusterEffect} from '../../src/lib/server/cluster/types.js'
import type {Checker} from './checkers/checker.js'
import type {Verb} from './script.js'
import {CLIENT_PORT} from './sim-bus.js'
import type {SimNode} from './sim-node.js'
import type {World} from './world.js'

/**
 * What golden scripts look at. Ids are shown as n1, n2, ...; a node that has none yet (handshake) as `?`.
 *
 * Make one per world and push it to the world's checkers: it also remembers logs and packets.
 */
export class ScriptOutput implements Checker {
  private readonly log: string[] = []
  private readonly sent = new Map<SimNode, Map<string, number>>()

  constructor(private readonly world: World) {}

  onEffect(node: SimNode, effect: ClusterEffect): void {
    if (effect.kind === 'send') {
      const counts = this.sent.get(node) ?? new Map<string, number>()
      this.sent.set(node, counts)
      counts.set(effect.message.body.type, (counts.get(effect.message.body.type) ?? 0) + 1)
    } else if (effect.kind === 'log' && (effect.level === 'warning' || effect.level === 'notice')) {
      this.remember(node, effect.text)
    } else if (effect.kind === 'delete-slot-keys') {
      this.remember(node, `deletes the keys of slots ${effect.slots.join(' ')}`)
    } else if (effect.kind === 'role-changed') {
      this.remember(node, effect.primary ? `replicates ${effect.primary.id}` : 'is a primary')
    }
  }

  /** The verbs: what they print is the point of a golden script. */
  get verbs(): Readonly<Record<string, Verb>> {
    const {world} = this
    return {
      conf: (_stage, [node]) => this.named(nodeOf(world, node).disk.read('nodes.conf') ?? 'none').trimEnd(),
      epochs: () => world.nodes.map((node) => renderEpochs(node)).join('\n'),
      /** Log lines since the last time. */
      events: () => this.log.splice(0).join('\n'),
      /** Of the data set, primary or replica. */
      keys: (_stage, [node]) =>
        nodeOf(world, node)
          .keyspace.entries()
          .map(([key]) => key)
          .sort()
          .join(' ') || 'none',
      nodes: (_stage, [node]) => this.renderNodes(nodeOf(world, node)),
      reports: (_stage, [node, about]) =>
        `${nodeOf(world, node).core?.countFailureReports(knownOf(world, node, about))} reports`,
      route: (_stage, [node, slot, ...words]) => this.renderRoute(nodeOf(world, node), Number(slot), words),
      /** How many packets of a type a node sent since the last time. */
      sent: (_stage, [node, type]) => {
        const counts = this.sent.get(nodeOf(world, node))
        const count = counts?.get(type as string) ?? 0
        counts?.delete(type as string)
        return `${count} ${type}`
      },
      state: () => world.nodes.map((node) => `n${node.index} ${stateOf(node)}`).join(', '),
    }
  }

  private remember(node: SimNode, text: string): void {
    this.log.push(`${(this.world.queue.nowMs / 1000).toFixed(1)}s n${node.index}: ${this.named(text)}`)
  }

  private named(text: string): string {
    return text.replace(/\b[0-9a-z]{40}\b/g, (id) => this.world.nameOf(id))
  }

  private renderNodes(node: SimNode): string {
    const known = [...(node.core?.nodes.values() ?? [])]
    return known
      .map((one) => ({line: this.renderNode(node, one), name: this.world.nameOf(one.id)}))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(({line}) => line)
      .join('\n')
  }

  private renderNode(observer: SimNode, one: ClusterNode): string {
    const ranges = renderRanges(rangesOf(slotsInBitmap(one.slots.snapshot())))
    const words = [
      this.world.nameOf(one.id),
      one.has(NODE_FLAG.noaddr) ? 'noaddr' : `${one.ip || '-'}${one.port === CLIENT_PORT ? '' : `:${one.port}`}`,
      one.isReplica ? `replica of ${one.primary ? this.world.nameOf(one.primary.id) : '?'}` : 'primary',
      `epoch ${one.configEpoch}`,
      one.slots.count > 0 ? `slots ${ranges}` : 'no slots',
    ]
    if (one.isMyself) words.push('myself', ...this.renderOpen(observer))
    if (one.hostname !== '') words.push(`hostname ${one.hostname}`)
    if (one.inHandshake) words.push('handshake')
    if (one.suspected) words.push('pfail')
    if (one.failed) words.push('fail')
    if (!one.isMyself && !one.link?.open) words.push('disconnected')
    return words.join(' ')
  }

  private renderOpen({core}: SimNode): string[] {
    const open: string[] = []
    for (let slot = 0; core && slot < 16_384; slot++) {
      const to = core.migratingTo(slot)
      const from = core.importingFrom(slot)
      if (to) open.push(`[${slot}->-${this.world.nameOf(to.id)}]`)
      if (from) open.push(`[${slot}-<-${this.world.nameOf(from.id)}]`)
    }
    return open
  }

  /** What a command with one key gets. @param words - `asking`, `write`, `present`: the key exists */
  private renderRoute({core}: SimNode, slot: number, words: readonly string[]): string {
    if (!core) return 'down'
    const answer = route(core, {
      asking: words.includes('asking'),
      exists: () => words.includes('present'),
      isMigrate: false,
      isReadonlyClient: words.includes('readonly'),
      isShardPubsub: false,
      isWrite: words.includes('write'),
      slots: [slot],
    })
    return answer ?? 'served here'
  }
}

function stateOf({core, frozen}: SimNode): string {
  if (!core) return 'down'
  return `${core.stateOk ? 'ok' : 'fail'}${frozen ? ' (frozen)' : ''}`
}

function renderEpochs({core, index}: SimNode): string {
  return core ? `n${index} current ${core.currentEpoch} config ${core.myself.configEpoch}` : `n${index} down`
}

function nodeOf(world: World, text: string | undefined): SimNode {
  return world.node(Number(text))
}

function knownOf(world: World, observer: string | undefined, about: string | undefined): ClusterNode {
  const found = nodeOf(world, observer).core?.nodes.get(nodeOf(world, about).id)
  if (!found) throw new Error(`node ${observer} does not know node ${about}`)
  return found
}
