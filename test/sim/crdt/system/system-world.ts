import {seededRng} from '../../../../src/lib/kernel/rng.js'
import {CRDB_DEFAULTS, type CrdbConfig} from '../../../../src/lib/model/crdb.js'
import {hashSlot} from '../../../../src/lib/protocol/hash-slot.js'
import {RequestParser} from '../../../../src/lib/protocol/resp/request-parser.js'
import {CommandPlayer} from '../../../../src/lib/server/persistence/command-player.js'
import {Violation} from '../engine/violation.js'
import {Lines} from './lines.js'
import {Promises} from './promises.js'
import {RegionView} from './region-view.js'
import {requireNoDivergence, requireSound, requireUnseenDots, SlotDigests} from './rules.js'
import {SystemNode} from './system-node.js'

const START_MS = Date.UTC(2026, 0, 1)
const STEP_MS = 10
const PEERS_STEPS = 5
const CRON_STEPS = 10
const SLOTS = 16_384
/** Small enough that a cut of some seconds goes beyond it. */
const BACKLOG_BYTES = 3000
const NAMED_PORT = 7000
const HEALING_MS_MAX = 60_000

export interface WorldOptions {
  readonly seed: number
  readonly regions: number
  readonly shards: number
  readonly replicas: boolean
}

/** Regions of shards, some with a replica, over lines that are late and break. */
export class SystemWorld {
  readonly nodes: SystemNode[] = []
  readonly lines: Lines
  readonly promises = new Promises()
  readonly digests = new SlotDigests()
  /** By a script: regions may find that they differ. */
  isDamaged = false
  private readonly dots = new Map<string, string>()
  private readonly views = new Map<number, RegionView>()
  private config: CrdbConfig
  private passedMs = 0
  private steps = 0
  private ports = NAMED_PORT

  constructor(readonly options: WorldOptions) {
    this.lines = new Lines(
      seededRng(options.seed + 77),
      () => this.passedMs,
      (host, port) => this.nodeAt(host, port),
    )
    this.config = configOf(Array.from({length: options.regions}, (_, index) => index + 1))
    for (let region = 1; region <= options.regions; region++) this.makeRegion(region, false)
  }

  private makeRegion(region: number, mustCatchUp: boolean): void {
    this.views.set(region, new RegionView())
    const {replicas, shards} = this.options
    for (let shard = 0; shard < shards; shard++) {
      const primary = this.addNode(region, mustCatchUp)
      primary.become()
      const size = SLOTS / shards
      const slots = Array.from({length: size}, (_, index) => shard * size + index)
      primary.view.give(slots, primary.cluster)
      if (replicas) this.addNode(region, false).follow(primary)
    }
  }

  private addNode(region: number, mustCatchUp: boolean): SystemNode {
    const view = this.views.get(region) as RegionView
    const port = view.nodes.size === 0 && this.primariesOf(region).length === 0 ? NAMED_PORT : ++this.ports
    const place = {host: `region${region}`, port, region}
    const node = new SystemNode(place, view, this.lines, () => START_MS + this.passedMs, this.config, mustCatchUp)
    node.crdt.listeners.push({
      joined: () => undefined,
      made: (effect) => requireUnseenDots(this.dots, node, effect.text()),
      took: (effect) => requireUnseenDots(this.dots, node, effect),
    })
    this.nodes.push(node)
    return node
  }

  /** The name that the configuration gives leads to a node that lives, as one behind a balancer does. */
  private nodeAt(host: string, port: number): SystemNode | undefined {
    const there = this.nodes.filter(({cluster}) => cluster.ip === host)
    return there.find((node) => node.port === port) ?? (port === NAMED_PORT ? there[0] : undefined)
  }

  primariesOf(region: number): SystemNode[] {
    return this.nodes.filter((node) => node.region === region && node.isPrimary)
  }

  get regions(): number[] {
    return this.config.instances.map(({id}) => id)
  }

  ownerOf(region: number, key: string): SystemNode | undefined {
    const slot = hashSlot(key)
    return this.primariesOf(region).find(({cluster}) => cluster.slots.has(slot))
  }

  advance(ms: number): void {
    for (const untilMs = this.passedMs + ms; this.passedMs < untilMs; ) {
      this.passedMs += STEP_MS
      this.steps++
      for (const node of this.nodes) {
        node.turn()
        if (this.steps % CRON_STEPS === 0) node.cron()
        if (this.steps % PEERS_STEPS === 0) node.awake(() => node.peers.tick())
      }
      this.lines.step()
    }
  }

  /** The primary's process ends for good: its replica goes on with what it has, and gets one of its own. */
  failOver(region: number, shard: number): void {
    const primary = this.primariesOf(region)[shard % this.options.shards]
    const replica = primary && this.nodes.find(({cluster}) => cluster.primary === primary.cluster)
    if (!primary || !replica?.canTakeOver) return
    const slots = [...Array(SLOTS).keys()].filter((slot) => primary.cluster.slots.has(slot))
    this.remove(primary)
    replica.become()
    replica.view.give(slots, replica.cluster)
    this.addNode(region, false).follow(replica)
  }

  private remove(node: SystemNode): void {
    this.nodes.splice(this.nodes.indexOf(node), 1)
    this.promises.lost(node, this.nodes)
    node.close()
  }

  /** To the next shard of the region, with its state, as if it took no time. */
  move(region: number, key: string): void {
    const slot = hashSlot(key)
    const primaries = this.primariesOf(region)
    const from = this.ownerOf(region, key)
    const to = primaries[(primaries.indexOf(from as SystemNode) + 1) % primaries.length]
    if (!from || !to || from === to || this.options.replicas) return
    let text = ''
    const walk = from.crdt.durability.openExport([slot], (commands) => {
      text += commands
    })
    while (walk.step());
    const player = new CommandPlayer(to.server)
    player.begin()
    for (const argv of commandsIn(text)) player.play(argv)
    player.end()
    to.view.give([slot], to.cluster)
    from.crdt.durability.forgetSlot(slot)
    from.server.databases[0]?.deleteSlot(slot)
  }

  addRegion(): void {
    const region = Math.max(...this.config.instances.map(({id}) => id), ...this.config.removed) + 1
    if (region > 5) return
    this.configure([...this.regions, region], this.config.removed)
    this.makeRegion(region, true)
  }

  removeRegion(region: number): void {
    if (this.regions.length < 3 || !this.regions.includes(region)) return
    for (const node of this.nodes.filter((one) => one.region === region)) this.remove(node)
    this.configure(
      this.regions.filter((id) => id !== region),
      [...this.config.removed, region],
    )
  }

  private configure(regions: readonly number[], removed: readonly number[]): void {
    this.config = {...configOf(regions), removed, version: this.config.version + 1}
    for (const {crdt, peers} of this.nodes) {
      crdt.config = this.config
      peers.configChanged(this.config)
    }
  }

  digest(): string {
    const [node] = this.nodes
    return [...(node?.crdt.core.slots() ?? [])].map((slot) => `${slot} ${node?.crdt.core.digestSlot(slot)}`).join(' ')
  }

  check(): void {
    for (const node of this.nodes) requireSound(node, this.digests)
    if (!this.isDamaged) for (const node of this.nodes) requireNoDivergence(node)
  }

  /** All faults end; within a bound all regions and all replicas have the same. */
  heal(): void {
    this.lines.heal()
    for (const node of this.nodes) {
      node.isFull = false
      node.skewMs = 0
    }
    let difference: string | undefined = 'nothing was tried'
    for (let ms = 0; difference !== undefined && ms < HEALING_MS_MAX; ms += 500) {
      this.advance(500)
      difference = this.difference()
    }
    if (difference !== undefined) throw new Violation('converges', difference)
    this.check()
    this.promises.requireKept(this.nodes)
  }

  /** What keeps them apart still. */
  private difference(): string | undefined {
    const vectors = new Map<number, string>()
    for (const node of this.nodes.filter(({isPrimary}) => isPrimary)) {
      if (node.peers.isCatchingUp) return `${node.name} is catching up`
      for (const slot of node.crdt.core.slots()) {
        if (!node.cluster.slots.has(slot)) continue
        const vector = vectorOf(node, slot)
        const other = vectors.get(slot)
        if (other !== undefined && other !== vector)
          return `slot ${slot} at ${node.name}: ${vector}, elsewhere ${other}`
        vectors.set(slot, vector)
      }
    }
    for (const [slot, vector] of vectors) {
      for (const region of this.regions) {
        const owner = this.primariesOf(region).find(({cluster}) => cluster.slots.has(slot))
        if (owner && vectorOf(owner, slot) !== vector)
          return `slot ${slot} at ${owner.name}: ${vectorOf(owner, slot)}, elsewhere ${vector}`
      }
    }
    for (const replica of this.nodes.filter(({isPrimary}) => !isPrimary)) {
      const primary = this.nodes.find(({cluster}) => cluster === replica.cluster.primary)
      for (const slot of primary?.crdt.core.slots() ?? []) {
        if (vectorOf(replica, slot) !== vectors.get(slot))
          return `replica ${replica.name}, slot ${slot}: ${vectorOf(replica, slot)}`
      }
    }
    return undefined
  }
}

function vectorOf({crdt}: SystemNode, slot: number): string {
  return crdt.core
    .vectorOf(slot)
    .map(([{epoch, region}, sequence]) => `${region}.${epoch}:${sequence}`)
    .sort()
    .join(' ')
}

function configOf(regions: readonly number[]): CrdbConfig {
  return {
    guid: '6c4e6a5e-0000-4000-8000-000000000000',
    instances: regions.map((id) => ({
      cluster: `c${id}`,
      compression: id % 2,
      endpoints: [`region${id}:${NAMED_PORT}`],
      id,
    })),
    name: 'db',
    removed: [],
    settings: {...CRDB_DEFAULTS, backlogBytes: BACKLOG_BYTES},
    version: 1,
  }
}

function commandsIn(text: string): string[][] {
  const parser = new RequestParser({bulkBytesMax: 1e9, requestBytesMax: 1e9})
  const bytes = Buffer.from(text, 'latin1')
  parser.feed(bytes, bytes.length)
  const commands: string[][] = []
  for (let argv = parser.next(); argv !== undefined; argv = parser.next()) commands.push(argv)
  return commands
}
