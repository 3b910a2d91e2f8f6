import {rmSync} from 'node:fs'
import {join} from 'node:path'
import {Redis} from 'ioredis'
import {describe, it} from 'vitest'
import type {Certificate} from './certificate.js'
import {findPeers, type Peers} from './peers-provision.js'
import {claimPorts} from './ports.js'
import {endProcess, isAlive, spawnTracked, temporaryFolder, waitFor} from './processes.js'

/** Real redis-servers for tests. Without them a test is skipped visibly; with `REQUIRE_PEERS=1` it fails instead. */

const SLOT_COUNT = 16384

let known: Peers | undefined

/** The peers at hand, looked for once per test file. */
export function peers(): Peers {
  // What the runner found out while provisioning says more than what a test file can see.
  const told = process.env['SHOAL_TEST_NO_PEERS']
  known ??= told ? {found: false, reason: told} : findPeers()
  return known
}

/** @throws if the peers are not at hand; for code outside of `describeWithPeers` */
export function requirePeers(): Peers & {found: true} {
  const found = peers()
  if (!found.found) throw new Error(`no real peers: ${found.reason}`)
  return found
}

/** Full path of `redis-cli`, `redis-benchmark`, ... */
export function peerProgram(name: string): string {
  return join(requirePeers().folder, name)
}

/** `describe` for tests that need real redis-servers. The reason of a skip is part of the name, so that it is seen. */
export function describeWithPeers(name: string, body: () => void): void {
  const found = peers()
  if (found.found) {
    describe(name, body)
  } else if (process.env['REQUIRE_PEERS'] === '1') {
    describe(name, () => {
      it('has real peers to run against', () => {
        requirePeers()
      })
    })
  } else {
    describe.skip(`${name} [skipped: ${found.reason}]`, body)
  }
}

export interface RedisOptions {
  /** Cluster mode, with `nodes.conf` in the node's folder. Default false. */
  readonly cluster?: boolean
  /** Default: claimed with `claimPorts`. The bus listens on port + 10000. */
  readonly port?: number
  /** Further arguments of redis-server, such as `['--requirepass', 'secret']`. */
  readonly args?: readonly string[]
  /** The node's folder, kept between two starts of the same node. Default: a new one. */
  readonly folder?: string
  readonly password?: string
  /** Serve clients, the bus and replication by TLS alone; clients need no certificate. */
  readonly tls?: Certificate
}

export interface RedisNode {
  readonly host: string
  readonly port: number
  readonly pid: number
  readonly folder: string
  readonly logFile: string
  /** One command on its own short connection. */
  call(...command: (string | number)[]): Promise<unknown>
  /** SIGTERM, then SIGKILL; resolves when the process is gone. Calling it again does nothing. */
  stop(): Promise<void>
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>
}

/** One command on its own connection, without retries. `master`/`slave` are as on the wire. */
export async function callRedis(
  port: number,
  command: readonly (string | number)[],
  password?: string,
  tls?: Certificate,
) {
  const client = new Redis({
    // Of the names in the certificate this is the one that tests rely on.
    ...(tls && {tls: {ca: tls.cert, servername: 'localhost'}}),
    connectTimeout: 2000,
    disableClientInfo: true,
    enableReadyCheck: false,
    host: '127.0.0.1',
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    port,
    // RESP2 needs no HELLO, which a node with a password refuses before the command is tried.
    protocol: 2,
    retryStrategy: () => null,
    ...(password === undefined ? {} : {password}),
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    const [name, ...args] = command
    return await client.call(String(name), ...args)
  } finally {
    client.disconnect()
  }
}

/** Starts one redis-server on loopback, without persistence; resolves once it answers PING. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisNode> {
  const port = options.port ?? (await claimPorts())
  const folder = options.folder ?? temporaryFolder('redis')
  const logFile = join(folder, 'redis.log')
  const cluster = options.cluster
    ? ['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf', '--cluster-node-timeout', '2000']
    : []
  const password = options.password
  const base = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--logfile', logFile]
  const volatile = ['--save', '', '--appendonly', 'no', '--daemonize', 'no', '--enable-debug-command', 'yes']
  const secret = password === undefined ? [] : ['--requirepass', password, '--masterauth', password]
  const secure = options.tls ? tlsArguments(port, options.tls) : []
  const args = [...base, ...volatile, ...cluster, ...secret, ...secure, ...(options.args ?? [])]
  const child = spawnTracked(peerProgram('redis-server'), args)
  const pid = child.pid
  if (pid === undefined) throw new Error('redis-server could not be started')
  await waitFor(
    async () => {
      if (child.exitCode !== null) return 'ended'
      return (await callRedis(port, ['PING'], password, options.tls)) === 'PONG' && 'answers'
    },
    {what: `redis-server on port ${port} (log: ${logFile})`},
  ).then((how) => {
    if (how === 'ended') throw new Error(`redis-server on port ${port} ended with ${child.exitCode}; log: ${logFile}`)
  })
  return {
    call: (...command) => callRedis(port, command, password, options.tls),
    folder,
    host: '127.0.0.1',
    async kill() {
      child.kill('SIGKILL')
      await waitFor(() => !isAlive(pid), {what: `end of redis-server ${pid}`})
    },
    logFile,
    pid,
    port,
    stop: () => endProcess(child),
  }
}

function tlsArguments(port: number, {certFile, keyFile}: Certificate): string[] {
  const files = ['--tls-cert-file', certFile, '--tls-key-file', keyFile, '--tls-ca-cert-file', certFile]
  const scope = ['--tls-cluster', 'yes', '--tls-replication', 'yes', '--tls-auth-clients', 'no']
  return ['--port', '0', '--tls-port', String(port), ...files, ...scope]
}

export interface RealCluster {
  readonly nodes: readonly RedisNode[]
  /** `127.0.0.1:PORT` of the first node. */
  readonly seed: string
  readonly ports: readonly number[]
  /** Ends all nodes and removes their folders. */
  stop(): Promise<void>
}

export interface RealClusterOptions {
  readonly args?: readonly string[]
  readonly password?: string
  readonly tls?: Certificate
  /** Slots are assigned to the first of these many nodes only; the others join empty. Default: all. */
  readonly owners?: number
}

/** First and last slot of each of `count` equal shares, in order. */
export function evenShares(count: number): [first: number, last: number][] {
  const edge = (index: number) => Math.round((index * SLOT_COUNT) / count)
  return Array.from({length: count}, (_, index) => [edge(index), edge(index + 1) - 1])
}

/** `n` primaries on consecutive ports that share the slots evenly, agree on it, and report `cluster_state:ok`. */
export async function startRealCluster(n: number, options: RealClusterOptions = {}): Promise<RealCluster> {
  const {args, owners = n, password, tls} = options
  const base = await claimPorts(n)
  const common = {cluster: true, ...(args && {args}), ...(password !== undefined && {password}), ...(tls && {tls})}
  const nodes = await Promise.all(Array.from({length: n}, (_, index) => startRedis({...common, port: base + index})))
  await formCluster(nodes, owners)
  const ports = nodes.map(({port}) => port)
  return {
    nodes,
    ports,
    seed: `127.0.0.1:${base}`,
    async stop() {
      await Promise.all(nodes.map((node) => node.stop()))
      for (const {folder} of nodes) rmSync(folder, {force: true, recursive: true})
    },
  }
}

/** Makes one cluster of empty nodes of any kind; the first `owners` share the slots evenly. */
export async function formCluster(nodes: readonly Pick<RedisNode, 'call' | 'port'>[], owners = nodes.length) {
  const shares = evenShares(owners)
  await Promise.all(
    nodes.map(async (node, index) => {
      await node.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1)
      const share = shares[index]
      if (share) await node.call('CLUSTER', 'ADDSLOTSRANGE', ...share)
    }),
  )
  const [first, ...others] = nodes
  for (const other of others) await first?.call('CLUSTER', 'MEET', '127.0.0.1', other.port)
  await waitForAgreement(nodes, {ownerCount: owners})
}

/** The owner of each range as one node sees it, in a form that can be compared between nodes. */
async function slotMapOf(node: Pick<RedisNode, 'call'>): Promise<string> {
  const slots = (await node.call('CLUSTER', 'SLOTS')) as [number, number, [string, number, string]][]
  return slots
    .map(([first, last, owner]) => `${first}-${last}:${owner[2]}`)
    .sort()
    .join(' ')
}

/** Waits until every node knows all others, holds the same slot map and says `cluster_state:ok`. */
export async function waitForAgreement(
  nodes: readonly Pick<RedisNode, 'call' | 'port'>[],
  {deadlineMs = 20_000, ownerCount}: {deadlineMs?: number; ownerCount?: number} = {},
): Promise<void> {
  let last = ''
  await waitFor(
    async () => {
      const infos = await Promise.all(nodes.map(async (node) => String(await node.call('CLUSTER', 'INFO'))))
      const maps = await Promise.all(nodes.map(slotMapOf))
      last = infos.map((info) => info.split('\r\n').slice(0, 6).join(' ')).join('\n')
      const known = new RegExp(`cluster_known_nodes:${nodes.length}\\r`)
      const size = new RegExp(ownerCount === undefined ? '' : `cluster_size:${ownerCount}\\r`)
      return (
        infos.every((info) => info.includes('cluster_state:ok') && known.test(info) && size.test(info)) &&
        maps.every((map) => map === maps[0])
      )
    },
    {deadlineMs, everyMs: 50, what: () => `agreement of ports ${nodes.map(({port}) => port)}:\n${last}`},
  )
}

/** Redis waits 5 s for more replicas to join a transfer; here none will. */
export async function hurryReplication(nodes: readonly Pick<RedisNode, 'call'>[]): Promise<void> {
  await Promise.all(nodes.map((node) => node.call('CONFIG', 'SET', 'repl-diskless-sync-delay', 0)))
}

/** Starts one more node as a replica of `primary`; resolves once it is in sync and all nodes of the cluster know it. */
export async function startReplica(
  primary: Pick<RedisNode, 'call' | 'port'>,
  nodes: readonly Pick<RedisNode, 'call'>[],
  options: RedisOptions = {},
): Promise<RedisNode> {
  await hurryReplication(nodes)
  const replica = await startRedis({...options, cluster: true})
  const [id, primaryId] = await Promise.all(
    [replica, primary].map(async (node) => String(await node.call('CLUSTER', 'MYID'))),
  )
  await replica.call('CLUSTER', 'MEET', '127.0.0.1', primary.port)
  await waitFor(async () => (await replica.call('CLUSTER', 'REPLICATE', primaryId as string)) === 'OK', {
    what: 'a replica',
  })
  const ids = await Promise.all(nodes.map(async (node) => String(await node.call('CLUSTER', 'MYID'))))
  await waitFor(
    async () => {
      const info = String(await replica.call('INFO', 'replication'))
      const views = await Promise.all(nodes.map((node) => node.call('CLUSTER', 'NODES')))
      const known = new RegExp(`${id} .*slave\\S* ${primaryId}`)
      // It met its primary alone: if that dies first, nobody introduces the others, and it never asks for votes.
      const own = String(await replica.call('CLUSTER', 'NODES'))
      const knowsAll = ids.every((other) => own.includes(other)) && !own.includes('handshake')
      return knowsAll && info.includes('master_link_status:up') && views.every((view) => known.test(String(view)))
    },
    {what: 'a replica in sync that knows all and that all know'},
  )
  return replica
}
