import {type ChildProcess, spawn} from 'node:child_process'
import {join} from 'node:path'
import {Redis} from 'ioredis'
import {own, start, stop, until, untilPong} from './processes.js'
import {commandOf, type Kind} from './served.js'

/** A cluster of servers of one kind, its slots spread evenly, optionally behind delaying proxies. */

const SLOT_COUNT = 16384

export interface ClusterNode {
  readonly id: string
  /** Where the node really listens. */
  readonly port: number
  /** Where everyone reaches it: the proxy's port, or `port`. */
  readonly announcedPort: number
  /** Its slots at the start, ascending; none for a replica. */
  readonly slots: readonly number[]
  /** For administration by the benchmark itself: past the proxy. */
  readonly admin: Redis
}

export interface RealCluster {
  readonly nodes: readonly ClusterNode[]
  /** Resolves once every node has the same map and says ok. */
  settled(): Promise<void>
  stop(): Promise<void>
}

export interface RealClusterOptions {
  readonly basePort: number
  /** Default redis-server. */
  readonly kind?: Kind
  readonly primaryCount: number
  /** Primaries without slots, after the others. Default 0. */
  readonly emptyCount?: number
  /** Each attached to the primary of the same index. Default 0. */
  readonly replicaCount?: number
  /** Added to every byte's way, in each direction, between clients and nodes and between nodes by MIGRATE. 0: no proxies. */
  readonly delayMs: number
}

const PROXY_PORT_OFFSET = 100
const SETTLE_MS = 120_000
const BUS_PORT_OFFSET = 10_000

async function startProxies(ports: readonly number[], delayMs: number): Promise<ChildProcess> {
  const maps = ports.map((port) => `${port + PROXY_PORT_OFFSET}:${port}`)
  const script = join(import.meta.dirname, 'delay-proxy.ts')
  const args = ['--import', 'tsx', script, '--delay-ms', String(delayMs), ...maps]
  const child = own(spawn(process.execPath, args, {stdio: ['pipe', 'pipe', 'inherit']}))
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve())
    child.once('exit', () => reject(new Error('the delaying proxies did not start')))
  })
  return child
}

function startServer(kind: Kind, port: number, announcedPort: number): ChildProcess {
  const settings: Record<string, string> = {
    // A primary that gave away its last slot is to stay one.
    'cluster-allow-replica-migration': 'no',
    'cluster-announce-bus-port': String(port + BUS_PORT_OFFSET),
    'cluster-announce-ip': '127.0.0.1',
    'cluster-announce-port': String(announcedPort),
    'cluster-enabled': 'yes',
    'cluster-node-timeout': '15000',
  }
  const more = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
  return start(...commandOf(kind, port, more))
}

/** The part of CLUSTER NODES that must be the same everywhere: who owns what. */
async function slotMapOf({admin}: ClusterNode): Promise<string> {
  const text = (await admin.call('CLUSTER', 'NODES')) as string
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const fields = line.split(' ')
      return [fields[0], ...fields.slice(8)].join(' ')
    })
    .sort()
    .join('\n')
}

async function areSettled(nodes: readonly ClusterNode[]): Promise<boolean> {
  const infos = await Promise.all(nodes.map(({admin}) => admin.call('CLUSTER', 'INFO') as Promise<string>))
  if (!infos.every((info) => info.includes('cluster_state:ok'))) return false
  if (!infos.every((info) => info.includes(`cluster_known_nodes:${nodes.length}\r`))) return false
  const maps = await Promise.all(nodes.map(slotMapOf))
  return maps.every((map) => map === maps[0])
}

/** An even share of all slots; none beyond the primaries. */
function shareOf(index: number, primaryCount: number): number[] {
  if (index >= primaryCount) return []
  const first = Math.round((index * SLOT_COUNT) / primaryCount)
  const end = Math.round(((index + 1) * SLOT_COUNT) / primaryCount)
  return Array.from({length: end - first}, (_, i) => first + i)
}

async function formCluster(nodes: readonly ClusterNode[], primaryCount: number, replicaCount: number): Promise<void> {
  const [first, ...others] = nodes as readonly [ClusterNode, ...ClusterNode[]]
  const primaries = nodes.slice(0, primaryCount)
  for (const [index, {admin, slots}] of primaries.entries()) {
    await admin.call('CLUSTER', 'ADDSLOTSRANGE', slots.at(0)!, slots.at(-1)!)
    await admin.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1)
  }
  for (const {port} of others) await first.admin.call('CLUSTER', 'MEET', '127.0.0.1', port, port + BUS_PORT_OFFSET)
  const isKnown = async ({admin}: ClusterNode, id: string) =>
    ((await admin.call('CLUSTER', 'NODES')) as string).includes(id)
  for (const [index, replica] of nodes.slice(nodes.length - replicaCount).entries()) {
    const primary = primaries[index % primaryCount]!
    await until('a replica to know its primary', () => isKnown(replica, primary.id))
    await replica.admin.call('CLUSTER', 'REPLICATE', primary.id)
  }
}

export async function startRealCluster(options: RealClusterOptions): Promise<RealCluster> {
  const {basePort, delayMs, emptyCount = 0, kind = 'redis-server', primaryCount, replicaCount = 0} = options
  const ports = Array.from({length: primaryCount + emptyCount + replicaCount}, (_, index) => basePort + index)
  const announcedPortOf = (port: number): number => (delayMs > 0 ? port + PROXY_PORT_OFFSET : port)
  const processes = ports.map((port) => startServer(kind, port, announcedPortOf(port)))
  if (delayMs > 0) processes.push(await startProxies(ports, delayMs))
  await Promise.all(ports.map((port) => untilPong(port)))
  const nodes = await Promise.all(
    ports.map(async (port, index): Promise<ClusterNode> => {
      const admin = new Redis(port, '127.0.0.1', {retryStrategy: () => null})
      const id = (await admin.call('CLUSTER', 'MYID')) as string
      return {admin, announcedPort: announcedPortOf(port), id, port, slots: shareOf(index, primaryCount)}
    }),
  )
  const settled = () => until('the cluster to agree', () => areSettled(nodes), SETTLE_MS, 50 + nodes.length * 10)
  await formCluster(nodes, primaryCount, replicaCount)
  await settled()
  return {
    nodes,
    settled,
    async stop() {
      for (const {admin} of nodes) admin.disconnect()
      await Promise.all(processes.map(stop))
    },
  }
}
