import {randomUUID} from 'node:crypto'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {Calls, type PlainReply, plainReply} from '../../../src/lib/embedded/calls.js'
import {formCluster} from '../../../src/lib/embedded/start-cluster.js'
import {type OpenedNode, openNode} from '../../../src/lib/embedded/start-node.js'
import {CRDB_DEFAULTS, type CrdbConfig, type CrdbInstance, type CrdbSettings} from '../../../src/lib/model/crdb.js'
import type {PeerStatus} from '../../../src/lib/server/crdt/peers/status.js'

const WITHIN_MS = 20_000
const POLL_MS = 5

export async function until(isDone: () => boolean | Promise<boolean>, what = 'it'): Promise<void> {
  const deadlineMs = Date.now() + WITHIN_MS
  while (!(await isDone())) {
    if (Date.now() > deadlineMs) throw new Error(`waited for ${what} in vain`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

/** A node in this process, and one client of it. */
export class RegionNode {
  private calls: Calls

  constructor(
    public opened: OpenedNode,
    readonly folder: string,
    private readonly settings: Readonly<Record<string, string>>,
  ) {
    this.calls = this.connect()
  }

  private connect(): Calls {
    const {host, port} = this.opened.node
    return new Calls({host, port}, this.settings['requirepass'])
  }

  get endpoint(): string {
    return `127.0.0.1:${this.opened.node.port}`
  }

  get crdt() {
    return this.opened.inner.server.crdt
  }

  async call(...argv: readonly string[]): Promise<PlainReply> {
    return plainReply(await this.calls.call(argv))
  }

  async peers(): Promise<PeerStatus[]> {
    return JSON.parse(String(await this.call('CRDT.PEERS'))) as PeerStatus[]
  }

  async peer(region: number): Promise<PeerStatus> {
    return (await this.peers()).find((status) => status.region === region)!
  }

  async info(): Promise<Map<string, string>> {
    const text = String(await this.call('INFO', 'crdt'))
    return new Map(text.split('\r\n').map((line) => line.split(/:(.*)/s) as [string, string]))
  }

  /** The node ends at once, nothing is saved at the end. */
  async stop(): Promise<void> {
    await this.calls.close()
    await this.opened.inner.stop()
  }

  async startAgain(): Promise<void> {
    const {port} = this.opened.node
    this.opened = await openNode({directory: this.folder, port, settings: this.settings})
    this.calls = this.connect()
  }
}

/** Regions of one primary each, or of more; all are ended and deleted by `stop`. */
export class Regions {
  readonly guid = randomUUID()
  readonly nodes: RegionNode[] = []
  private readonly folders: string[] = []

  async open(settings: Readonly<Record<string, string>> = {}): Promise<RegionNode> {
    const folder = mkdtempSync(join(tmpdir(), 'shoal-region-'))
    this.folders.push(folder)
    const all = {'cluster-enabled': 'yes', ...settings}
    const node = new RegionNode(await openNode({directory: folder, settings: all}), folder, all)
    this.nodes.push(node)
    return node
  }

  /** A region of one shard that owns all slots. */
  async openRegion(settings: Readonly<Record<string, string>> = {}): Promise<RegionNode> {
    const node = await this.open(settings)
    await formCluster([node.opened], 1)
    return node
  }

  instance(id: number, node: RegionNode, more: Partial<CrdbInstance> = {}): CrdbInstance {
    return {cluster: `region${id}.local`, compression: 3, endpoints: [node.endpoint], id, ...more}
  }

  config(instances: readonly CrdbInstance[], version = 1, settings: Partial<CrdbSettings> = {}): CrdbConfig {
    return {
      guid: this.guid,
      instances,
      name: 'test',
      removed: [],
      settings: {...CRDB_DEFAULTS, ...settings},
      version,
    }
  }

  /** As many regions of one database, in sync with each other; ids are 1, 2, ... */
  async start(count: number, settings: Readonly<Record<string, string>> = {}): Promise<RegionNode[]> {
    const nodes: RegionNode[] = []
    for (let index = 0; index < count; index++) nodes.push(await this.openRegion(settings))
    await this.join(nodes)
    return nodes
  }

  async join(nodes: readonly RegionNode[], settings: Partial<CrdbSettings> = {}): Promise<CrdbConfig> {
    const config = this.config(
      nodes.map((node, index) => this.instance(index + 1, node)),
      1,
      settings,
    )
    for (const [index, node] of nodes.entries()) {
      await node.call('CRDT.CONFIG', 'SET', String(index + 1), JSON.stringify(config))
    }
    for (const node of nodes) await inSync(node)
    return config
  }

  async stop(): Promise<void> {
    for (const node of this.nodes) await node.stop()
    for (const folder of this.folders) rmSync(folder, {force: true, maxRetries: 5, recursive: true})
  }
}

export async function inSync(node: RegionNode): Promise<void> {
  await until(async () => (await node.peers()).every(({status}) => status === 'in-sync'), 'links in sync')
}
