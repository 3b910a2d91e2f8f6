import {deflateRawSync, inflateRawSync} from 'node:zlib'
import {type Rng, seededRng} from '../../../../src/lib/kernel/rng.js'
import type {CrdbConfig} from '../../../../src/lib/model/crdb.js'
import {readLuaModule} from '../../../../src/lib/node/lua-file.js'
import type {Client} from '../../../../src/lib/server/client.js'
import type {ClusterNode} from '../../../../src/lib/server/cluster/node.js'
import {Config} from '../../../../src/lib/server/config/config.js'
import {loadConfig} from '../../../../src/lib/server/config/load.js'
import type {CrdtDatabase} from '../../../../src/lib/server/crdt/crdt-database.js'
import {openCrdt} from '../../../../src/lib/server/crdt/open.js'
import {attachPeers} from '../../../../src/lib/server/crdt/peers/attach.js'
import type {PeerEffects} from '../../../../src/lib/server/crdt/peers/effects.js'
import type {Peers} from '../../../../src/lib/server/crdt/peers/peers.js'
import type {ServerEffects} from '../../../../src/lib/server/effects.js'
import type {ReplicationEffects} from '../../../../src/lib/server/replication/link-effects.js'
import type {ScriptEffects} from '../../../../src/lib/server/scripting/script-effects.js'
import {Server} from '../../../../src/lib/server/server.js'
import type {Lines} from './lines.js'
import type {RegionView} from './region-view.js'

const SETTINGS = 'cluster-enabled yes\nsave ""\nrepl-diskless-sync-delay 0'

export interface NodePlace {
  readonly region: number
  readonly host: string
  readonly port: number
}

/** The production server as one node of a region, with its links to others; the world moves its time. */
export class SystemNode {
  readonly server: Server
  readonly crdt: CrdtDatabase
  readonly peers: Peers
  readonly cluster: ClusterNode
  readonly region: number
  readonly port: number
  skewMs = 0
  isFull = false
  readonly log: string[] = []
  private readonly queue: (() => void)[] = []
  private hasFollowed = false
  private readonly resumed: Client[] = []
  private readonly rng: Rng

  constructor(
    place: NodePlace,
    readonly view: RegionView,
    private readonly lines: Lines,
    private readonly worldMs: () => number,
    config: CrdbConfig,
    mustCatchUp: boolean,
  ) {
    this.region = place.region
    this.port = place.port
    this.rng = seededRng(place.region * 1000 + place.port)
    const settings = new Config()
    loadConfig(settings, SETTINGS, () => [])
    const effects = this.effects()
    this.server = new Server({config: settings, effects, nowMs: this.nowMs, processId: 1, rng: this.rng.fork()})
    this.cluster = view.add(this.rng.hex(40), place.host, place.port)
    this.server.cluster = view.bindingOf(this.cluster)
    Object.defineProperty(this.server.memory, 'isExceeded', {get: () => this.isFull})
    this.crdt = openCrdt(this.server, {config, region: place.region})
    this.peers = attachPeers(this.crdt, effects, mustCatchUp)
  }

  get nowMs(): number {
    return this.worldMs() + this.skewMs
  }

  get isPrimary(): boolean {
    return this.cluster.isPrimary
  }

  /** It has data of its primary, also if it is away from it now. */
  get canTakeOver(): boolean {
    return this.hasFollowed && this.server.replication.link?.state !== 'sync'
  }

  /** `region.port`, for messages. */
  get name(): string {
    return `${this.region}.${this.port}`
  }

  connect(): Client {
    return this.server.addClient({address: '10.0.0.1:1', localAddress: '10.0.0.2:2', nowMs: this.nowMs})
  }

  feed(client: Client, text: string): void {
    const bytes = Buffer.from(text, 'latin1')
    client.feed(bytes, bytes.length, this.nowMs)
    if (this.server.state.hasReady) this.server.serveBlocked()
  }

  /** Something came in: what it does has the time of now. */
  awake(run: () => void): void {
    this.server.state.setTime(this.nowMs)
    run()
    if (this.server.state.hasReady) this.server.serveBlocked()
  }

  later(run: () => void): void {
    this.queue.push(run)
  }

  /** One turn of the loop. */
  turn(): void {
    this.server.state.setTime(this.nowMs)
    if (this.server.replication.link?.state === 'connected') this.hasFollowed = true
    for (const run of this.queue.splice(0)) run()
    for (const client of this.resumed.splice(0)) client.process(this.nowMs)
  }

  cron(): void {
    this.server.cron(this.nowMs)
  }

  follow(primary: SystemNode): void {
    this.view.follow(this.cluster, primary.cluster)
    this.server.replication.follow({host: primary.cluster.ip, id: primary.cluster.id, port: primary.port})
  }

  become(): void {
    this.view.promote(this.cluster)
    this.server.replication.become()
    this.server.refreshRole()
  }

  close(): void {
    this.peers.close()
    this.server.replication.close()
    this.lines.gone(this)
    this.view.remove(this.cluster)
  }

  private effects(): ServerEffects & ReplicationEffects & ScriptEffects & PeerEffects {
    const nothing = (): void => undefined
    return {
      abortShutdown: () => false,
      chance: () => this.rng.below(1000) / 1000,
      closeClient: (client) => this.later(() => this.lines.closeClient(client)),
      configChanged: nothing,
      cpu: () => ({system: 0, user: 0}),
      deflate: (text, level) => deflateRawSync(Buffer.from(text, 'latin1'), {level}).toString('latin1'),
      exchange: nothing,
      flush: nothing,
      inflate: (packed) => inflateRawSync(Buffer.from(packed, 'latin1')),
      log: (level, text) => this.log.push(`${level} ${text}`),
      luaModule: readLuaModule,
      memory: () => ({heapTotal: 0, heapUsed: 0, peakRss: 0, rss: 0}),
      monotonicUs: () => this.worldMs() * 1000,
      nowMs: () => this.nowMs,
      openLink: (host, port, events) => this.lines.open(this, host, port, events),
      openPeerLink: (host, port, _isEncrypted, events) => this.lines.open(this, host, port, events),
      readAclFile: () => '',
      readConfigFile: () => undefined,
      resume: (client) => this.resumed.push(client),
      shutdown: nothing,
      sleep: nothing,
      soon: (run) => this.later(run),
      unixUs: () => this.nowMs * 1000,
      writeAclFile: nothing,
      writeConfigFile: nothing,
    }
  }
}
