/**
 * Nodes inside the caller's process: `import {startNode, startCluster} from 'shoal/embedded'`.
 *
 * They are real nodes on real loopback ports; any client and any other node can talk to them. Nothing is printed, no
 * signal is caught, and after `stop()` nothing keeps the process alive.
 */
import {mkdtempSync, rmSync} from 'node:fs'
import {createServer} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {SLOT_COUNT} from './lib/model/slot-set.js'
import {pathInDir} from './lib/node/config-file.js'
import {NodeLog} from './lib/node/log.js'
import {Node} from './lib/node/start-node.js'
import {Config} from './lib/server/config/config.js'
import {loadConfig} from './lib/server/config/load.js'
import {quoted} from './lib/server/config/parameter.js'

export interface NodeOptions {
  /** Any free port if absent. */
  readonly port?: number
  /** Any address of this machine; the default is 127.0.0.1. */
  readonly host?: string
  /** Where nodes.conf and the log lie; a folder of its own, deleted at `stop`, if absent. */
  readonly directory?: string
  /** Further settings by their redis.conf names; without `save` and `appendonly` nothing is saved: `{requirepass: 'secret', 'cluster-enabled': 'yes'}`. */
  readonly settings?: Readonly<Record<string, string>>
}

export interface StartedNode {
  readonly host: string
  readonly port: number
  /** Closes every connection and frees the port. Safe to call twice. */
  stop(): Promise<void>
}

export interface ClusterOptions {
  /** At least 1; the default is 3. */
  readonly primaries?: number
  readonly settings?: Readonly<Record<string, string>>
}

export interface StartedCluster {
  readonly nodes: readonly StartedNode[]
  stop(): Promise<void>
}

const BUS_PORT_OFFSET = 10_000
/** A port above has no room for its bus port. */
const PORT_MAX = 55_535
const TRIES_MAX = 50

/** @throws if the port is taken, a setting is unknown or wrong, or the folder cannot be used */
export async function startNode(options: NodeOptions = {}): Promise<StartedNode> {
  const {node} = await openNode(options)
  return node
}

/**
 * Starts primaries that own all slots evenly, and resolves once every node agrees that the cluster is ok.
 *
 * @throws as `startNode`; whatever was started is stopped then
 */
export async function startCluster({primaries = 3, settings = {}}: ClusterOptions = {}): Promise<StartedCluster> {
  const opened: OpenedNode[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(opened.map(({node}) => node.stop()))
  }
  try {
    for (let i = 0; i < primaries; i++) {
      opened.push(await openNode({settings: {...settings, 'cluster-enabled': 'yes'}}))
    }
    joinNodes(opened)
    await waitUntil(() => opened.every(({inner}) => isReady(inner, primaries)))
  } catch (error) {
    await stop()
    throw error
  }
  return {nodes: opened.map(({node}) => node), stop}
}

interface OpenedNode {
  readonly node: StartedNode
  readonly inner: Node
}

async function openNode({directory, host = '127.0.0.1', port, settings = {}}: NodeOptions): Promise<OpenedNode> {
  const folder = directory ?? mkdtempSync(join(tmpdir(), 'shoal-node-'))
  const cleanUp = (): void => {
    if (directory === undefined) rmSync(folder, {force: true, recursive: true})
  }
  try {
    const chosen = port ?? (await freePort(host))
    // Nothing is saved unless it is asked for.
    const given = {bind: host, dir: folder, logfile: 'node.log', port: String(chosen), save: '', ...settings}
    const config = new Config()
    const lines = Object.entries(given).map(([name, value]) => `${name} ${name === 'bind' ? value : quoted(value)}`)
    loadConfig(config, lines.join('\n'), () => [])
    const {logfile, loglevel} = config.values
    const log = new NodeLog({file: logfile === '' ? '' : pathInDir(config, logfile), level: loglevel, pid: process.pid})
    const inner = new Node(config, log)
    await inner.start()
    const stop = async (): Promise<void> => {
      await inner.stop()
      cleanUp()
    }
    return {inner, node: {host, port: chosen, stop}}
  } catch (error) {
    cleanUp()
    throw error
  }
}

/** A port that is free now, with a free bus port above it. */
async function freePort(host: string): Promise<number> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const port = await probe(host, 0)
    if (port !== undefined && port <= PORT_MAX && (await probe(host, port + BUS_PORT_OFFSET)) !== undefined) return port
  }
  throw new Error('found no free port')
}

function probe(host: string, port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen({exclusive: true, host, port}, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined))
    })
  })
}

function joinNodes(opened: readonly OpenedNode[]): void {
  opened.forEach(({inner}, index) => {
    const {core, perform} = bindingOf(inner)
    const first = Math.floor((index * SLOT_COUNT) / opened.length)
    const end = Math.floor(((index + 1) * SLOT_COUNT) / opened.length)
    perform(core.setConfigEpoch(index + 1))
    perform(core.addSlots(Array.from({length: end - first}, (_, i) => first + i)))
  })
  const {core, perform} = bindingOf(opened[0]!.inner)
  for (const {node} of opened.slice(1)) perform(core.meet(node.host, node.port, node.port + BUS_PORT_OFFSET))
}

function bindingOf({server}: Node) {
  const binding = server.cluster!
  return {core: binding.core, perform: (effects: Parameters<typeof binding.perform>[0]) => binding.perform(effects)}
}

function isReady(inner: Node, count: number): boolean {
  const {core} = bindingOf(inner)
  if (!core.stateOk || core.nodes.size !== count) return false
  for (let slot = 0; slot < SLOT_COUNT; slot++) if (core.ownerOf(slot) === undefined) return false
  return true
}

const READY_WITHIN_MS = 20_000

async function waitUntil(isDone: () => boolean): Promise<void> {
  const deadlineMs = Date.now() + READY_WITHIN_MS
  while (!isDone()) {
    if (Date.now() > deadlineMs) throw new Error('the nodes did not agree on a cluster in time')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
