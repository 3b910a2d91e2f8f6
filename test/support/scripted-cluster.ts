import {createServer, type Server, type Socket} from 'node:net'
import {afterAll} from 'vitest'
import {ReplyReader} from '../../src/lib/client/migration/reply-reader.js'
import {rangesOf, renderRanges} from '../../src/lib/model/slot-set.js'
import {evenShares} from './peers.js'
import {claimPorts} from './ports.js'

/**
 * Servers that speak RESP2 and show one cluster, as far as Shoal asks: for what no redis-server at hand can do. There is
 * one truth behind all nodes, so they agree at once; what a test wants otherwise it scripts.
 */

/** A reply: text is a bulk string. */
export type Reply = string | number | null | Status | Error | readonly Reply[]

/** `+OK` */
export class Status {
  constructor(readonly text: string) {}
}

export const OK = new Status('OK')

/** An error reply; the text has its code in front. */
export function refusal(text: string): Error {
  return new Error(text)
}

/** Adds commands to a node; undefined leaves a command to the next. */
export type Handler = (command: readonly string[], node: ScriptedNode) => Reply | undefined

export class ScriptedNode {
  readonly log: string[] = []
  /** Asked before anything else. */
  script: Handler = () => undefined
  role: 'master' | 'slave' = 'master'
  primaryId: string | undefined
  configEpoch: number
  usedMemory = 2_000_000
  readonly migrating = new Map<number, string>()
  readonly importing = new Map<number, string>()
  /** Slot -> keys of slots it does not own any more, and how often it still shows them. */
  readonly leftover = new Map<number, {keys: number; shows: number}>()
  private readonly sockets = new Set<Socket>()
  private server: Server | undefined

  constructor(
    readonly id: string,
    readonly port: number,
    private readonly cluster: ScriptedCluster,
    index: number,
  ) {
    this.configEpoch = index + 1
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  /** Commands that match, in order. */
  logged(pattern: RegExp): string[] {
    return this.log.filter((line) => pattern.test(line))
  }

  async listen(): Promise<void> {
    this.server = createServer((socket) => this.serve(socket))
    await new Promise<void>((resolve, reject) => {
      this.server?.once('error', reject).listen(this.port, '127.0.0.1', resolve)
    })
  }

  /** As if its process were killed. */
  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    const {server} = this
    this.server = undefined
    if (server) await new Promise<void>((resolve) => server.close(() => resolve()))
  }

  private serve(socket: Socket): void {
    const reader = new ReplyReader()
    this.sockets.add(socket)
    socket.setNoDelay()
    socket.on('error', () => undefined)
    socket.on('close', () => this.sockets.delete(socket))
    socket.on('data', (chunk) => {
      reader.push(chunk)
      for (let request = reader.next(); request !== undefined; request = reader.next()) {
        socket.write(encode(this.answer((request as unknown[]).map(String))), 'latin1')
      }
    })
  }

  private answer(command: readonly string[]): Reply {
    this.log.push(command.join(' '))
    const scripted = this.script(command, this)
    if (scripted !== undefined) return scripted
    for (const handler of this.cluster.handlers) {
      const reply = handler(command, this)
      if (reply !== undefined) return reply
    }
    return this.cluster.answer(command, this)
  }
}

function encode(reply: Reply): string {
  if (reply === null) return '$-1\r\n'
  if (typeof reply === 'string') return `$${reply.length}\r\n${reply}\r\n`
  if (typeof reply === 'number') return `:${reply}\r\n`
  if (reply instanceof Status) return `+${reply.text}\r\n`
  if (reply instanceof Error) return `-${reply.message}\r\n`
  return `*${reply.length}\r\n${reply.map(encode).join('')}`
}

const started: ScriptedCluster[] = []

afterAll(async () => {
  await Promise.all(started.map((cluster) => cluster.stop()))
})

export class ScriptedCluster {
  readonly nodes: ScriptedNode[] = []
  /** Slot -> id of its owner. */
  readonly owners: string[] = []
  /** Slot -> keys in it, at its owner. */
  readonly keys = new Map<number, number>()
  readonly handlers: Handler[] = []
  epoch = 0
  private readonly strings = new Map<string, string>()

  /** Nodes that share the slots evenly, with one key in each slot; the last `empty` have none. */
  static async start(nodeCount: number, {empty = 0}: {empty?: number} = {}): Promise<ScriptedCluster> {
    const cluster = new ScriptedCluster()
    const port = await claimPorts(nodeCount)
    for (let index = 0; index < nodeCount; index++) {
      const id = (index + 10).toString(16).repeat(40).slice(0, 40)
      cluster.nodes.push(new ScriptedNode(id, port + index, cluster, index))
    }
    cluster.epoch = nodeCount
    for (const [index, [first, last]] of evenShares(nodeCount - empty).entries()) {
      for (let slot = first; slot <= last; slot++) {
        cluster.owners[slot] = cluster.node(index).id
        cluster.keys.set(slot, 1)
      }
    }
    await Promise.all(cluster.nodes.map((node) => node.listen()))
    started.push(cluster)
    return cluster
  }

  get seed(): string {
    return this.node(0).address
  }

  node(index: number): ScriptedNode {
    const node = this.nodes[index]
    if (!node) throw new Error(`there is no node ${index}`)
    return node
  }

  slotsOf({id}: ScriptedNode): number[] {
    return this.owners.flatMap((owner, slot) => (owner === id ? [slot] : []))
  }

  /** Everybody sees it at once, as after gossip. */
  give(slots: readonly number[], to: string): void {
    const taker = this.nodes.find(({id}) => id === to)
    if (taker) taker.configEpoch = ++this.epoch
    for (const slot of slots) this.owners[slot] = to
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()))
  }

  answer(command: readonly string[], node: ScriptedNode): Reply {
    const [name = '', ...args] = command
    switch (name.toUpperCase()) {
      case 'PING':
        return new Status('PONG')
      case 'AUTH':
        return refusal('ERR AUTH <password> called without any password configured for the default user.')
      case 'INFO':
        return this.info(node)
      case 'CONFIG':
        return args[1] === 'cluster-node-timeout' ? ['cluster-node-timeout', '1000'] : []
      case 'GET':
        return this.strings.get(args[0] ?? '') ?? null
      case 'SET':
        if (args.includes('NX') && this.strings.has(args[0] ?? '')) return null
        this.strings.set(args[0] ?? '', args[1] ?? '')
        return OK
      case 'DEL':
        return args.filter((key) => this.strings.delete(key)).length
      case 'CLUSTER':
        return this.clusterCommand(args, node)
      case 'ACL':
        return args[0]?.toUpperCase() === 'DRYRUN' ? OK : []
      case 'CLIENT':
        return args[0]?.toUpperCase() === 'LIST' ? '' : OK
      default:
        return refusal(`ERR unknown command '${name}'`)
    }
  }

  private clusterCommand([sub = '', ...args]: readonly string[], node: ScriptedNode): Reply {
    const slot = Number(args[0])
    switch (sub.toUpperCase()) {
      case 'NODES':
        return this.nodesSeenBy(node)
      case 'INFO':
        return `cluster_state:ok\r\ncluster_current_epoch:${this.epoch}\r\ncluster_my_epoch:${node.configEpoch}\r\n`
      case 'MYID':
        return node.id
      case 'COUNTKEYSINSLOT':
        return this.countKeys(slot, node)
      case 'GETKEYSINSLOT':
        return []
      case 'SETSLOT':
        return this.setSlot(slot, args[1] ?? '', args[2] ?? '', node)
      default:
        return refusal(`ERR unknown subcommand '${sub}'. Try CLUSTER HELP.`)
    }
  }

  private countKeys(slot: number, node: ScriptedNode): number {
    if (this.owners[slot] === node.id) return this.keys.get(slot) ?? 0
    const left = node.leftover.get(slot)
    if (!left || left.shows === 0) return 0
    left.shows--
    return left.keys
  }

  private setSlot(slot: number, state: string, peer: string, node: ScriptedNode): Reply {
    if (state === 'IMPORTING') node.importing.set(slot, peer)
    else if (state === 'MIGRATING') node.migrating.set(slot, peer)
    else {
      node.importing.delete(slot)
      node.migrating.delete(slot)
      if (state === 'NODE' && peer === node.id && this.owners[slot] !== peer) this.give([slot], peer)
    }
    return OK
  }

  private info(node: ScriptedNode): string {
    const keys = this.slotsOf(node).reduce((sum, slot) => sum + (this.keys.get(slot) ?? 0), 0)
    const memory = `used_memory:${node.usedMemory}\r\nused_memory_startup:1000000\r\nused_memory_dataset:1000\r\nmaxmemory:0`
    // Valkey calls itself this for the sake of old clients: nothing may follow from it.
    return `redis_version:7.2.4\r\n${memory}\r\ndb0:keys=${keys},expires=0,avg_ttl=0\r\n`
  }

  private nodesSeenBy(observer: ScriptedNode): string {
    return this.nodes
      .map((node) => {
        const {address, configEpoch, id, port, primaryId, role} = node
        const flags = node === observer ? `myself,${role}` : role
        const slots = renderRanges(rangesOf(this.slotsOf(node))).replaceAll(',', ' ')
        const open = [
          ...[...node.migrating].map(([slot, peer]) => `[${slot}->-${peer}]`),
          ...[...node.importing].map(([slot, peer]) => `[${slot}-<-${peer}]`),
        ]
        const own = node === observer ? ` ${open.join(' ')}` : ''
        const head = `${id} ${address}@${port + 10_000} ${flags} ${primaryId ?? '-'} 0 0 ${configEpoch} connected`
        return `${head} ${slots}${own}`.trimEnd()
      })
      .join('\n')
  }
}
