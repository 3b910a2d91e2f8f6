import type {ChildProcess} from 'node:child_process'
import {connect, type Socket} from 'node:net'
import {Redis} from 'ioredis'
import {makeFolder, start, stop, until, untilPong} from './processes.js'
import {medianWithRange, table} from './report.js'
import {commandOf, KINDS, type Kind} from './served.js'

/**
 * Failovers of one shard with a replica, in a cluster of three: after SIGKILL of its primary, until its replica takes writes;
 * and handed over by CLUSTER FAILOVER, how long a writer waits.
 */

const NODE_TIMEOUT_MS = 2000
const BUS_PORT_OFFSET = 10_000
const SETTLE_MS = 60_000
const POLL_MS = 2
/** In slot 0, which the first shard has. */
const KEY = '{3560}'
const SLOT_RANGES = ['0 5460', '5461 10922', '10923 16383'] as const
/** What goes on after a hand-over may still delay a write. */
const AFTER_MS = 500

interface Failovers {
  readonly kind: Kind
  /** From SIGKILL to the first write taken. */
  readonly killedMs: number[]
  /** The longest time between two acknowledged writes around CLUSTER FAILOVER. */
  readonly pausedMs: number[]
}

/** A node that can be killed and started again as it was. */
class Member {
  private child: ChildProcess
  private readonly command: readonly [string, readonly string[]]
  admin: Redis

  constructor(
    kind: Kind,
    readonly port: number,
  ) {
    const settings = ['--cluster-enabled', 'yes', '--cluster-node-timeout', String(NODE_TIMEOUT_MS)]
    const quick = ['--repl-diskless-sync-delay', '0', '--dir', makeFolder()]
    this.command = commandOf(kind, port, [...settings, ...quick])
    this.child = start(...this.command)
    this.admin = this.connected()
  }

  private connected(): Redis {
    const admin = new Redis(this.port, '127.0.0.1', {lazyConnect: true, retryStrategy: () => null})
    admin.on('error', () => undefined)
    return admin
  }

  async call(...args: readonly [string, ...string[]]): Promise<string> {
    return String(await this.admin.call(...(args as [string, ...string[]])))
  }

  kill(): void {
    this.child.kill('SIGKILL')
  }

  async restart(): Promise<void> {
    await stop(this.child)
    this.admin.disconnect()
    this.child = start(...this.command)
    await untilPong(this.port)
    this.admin = this.connected()
  }

  async stop(): Promise<void> {
    this.admin.disconnect()
    await stop(this.child)
  }
}

/** Three primaries, and a replica of the first. */
class Shards {
  readonly members: readonly Member[]

  constructor(kind: Kind, basePort: number) {
    this.members = [0, 1, 2, 3].map((index) => new Member(kind, basePort + index))
  }

  async form(): Promise<void> {
    const [first, , , replica] = this.members as readonly [Member, Member, Member, Member]
    for (const {port} of this.members) await untilPong(port)
    for (const [index, range] of SLOT_RANGES.entries()) {
      const member = this.members[index]!
      await member.call('CLUSTER', 'ADDSLOTSRANGE', ...range.split(' '))
      await member.call('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1))
    }
    for (const {port} of this.members.slice(1)) {
      await first.call('CLUSTER', 'MEET', '127.0.0.1', String(port), String(port + BUS_PORT_OFFSET))
    }
    const id = await first.call('CLUSTER', 'MYID')
    await until('all to be known', async () => {
      const views = await Promise.all(this.members.map((member) => member.call('CLUSTER', 'NODES')))
      return views.every(
        (view) => view.trim().split('\n').length === this.members.length && !view.includes('handshake'),
      )
    })
    await replica.call('CLUSTER', 'REPLICATE', id)
    await this.settled()
  }

  /** The shard's primary first. */
  async shard(): Promise<[Member, Member]> {
    const [first, , , last] = this.members as readonly [Member, Member, Member, Member]
    return (await isPrimary(first)) ? [first, last] : [last, first]
  }

  /** Every node says ok and knows who is whose, the shard's replica is in sync. */
  async settled(): Promise<void> {
    await until(
      'the cluster to settle',
      async () => {
        const infos = await Promise.all(this.members.map((member) => member.call('CLUSTER', 'INFO')))
        if (!infos.every((info) => info.includes('cluster_state:ok'))) return false
        const views = await Promise.all(this.members.map((member) => member.call('CLUSTER', 'NODES')))
        if (views.some((view) => view.includes('fail'))) return false
        const roles = views.map((view) =>
          view.split('\n').map((line) => `${line.slice(0, 40)} ${/slave \S+/.exec(line)}`),
        )
        if (new Set(roles.map((lines) => lines.sort().join())).size !== 1) return false
        const [, replica] = await this.shard()
        return (await replica.call('INFO', 'replication')).includes('master_link_status:up')
      },
      SETTLE_MS,
      50,
    )
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop()))
  }
}

async function isPrimary(member: Member): Promise<boolean> {
  return (await member.call('INFO', 'replication')).includes('role:master')
}

async function killOnce(shards: Shards): Promise<number> {
  const [primary, replica] = await shards.shard()
  const startMs = performance.now()
  primary.kill()
  const takesWrites = () =>
    replica.call('SET', KEY, 'value').then(
      () => true,
      () => false,
    )
  await until('the replica to take writes', takesWrites, SETTLE_MS, POLL_MS)
  const tookMs = performance.now() - startMs
  await primary.restart()
  await shards.settled()
  return tookMs
}

/** Writes to whoever has the key, one write after the other, going where MOVED says. */
class Writer {
  private readonly sockets: readonly Socket[]
  private current = 0
  private lastMs = performance.now()
  private isClosed = false
  longestMs = 0

  constructor(ports: readonly [number, number]) {
    this.sockets = ports.map((port, index) => {
      const socket = connect(port, '127.0.0.1')
      socket.setNoDelay(true)
      socket.on('data', (chunk) => this.answered(chunk, index))
      return socket
    })
    this.sockets[0]!.once('connect', () => this.write())
  }

  private write(): void {
    if (!this.isClosed) this.sockets[this.current]!.write(`SET ${KEY} value\r\n`)
  }

  private answered(chunk: Buffer, from: number): void {
    if (chunk.toString('latin1').startsWith('+OK')) {
      const nowMs = performance.now()
      this.longestMs = Math.max(this.longestMs, nowMs - this.lastMs)
      this.lastMs = nowMs
    } else this.current = 1 - from
    setImmediate(() => this.write())
  }

  reset(): void {
    this.longestMs = 0
  }

  close(): void {
    this.isClosed = true
    for (const socket of this.sockets) socket.destroy()
  }
}

const delay = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

async function handOverOnce(shards: Shards): Promise<number> {
  const [primary, replica] = await shards.shard()
  const writer = new Writer([primary.port, replica.port])
  await delay(AFTER_MS)
  writer.reset()
  await replica.call('CLUSTER', 'FAILOVER')
  await until('the replica to be the primary', () => isPrimary(replica), SETTLE_MS, POLL_MS)
  await delay(AFTER_MS)
  writer.close()
  await shards.settled()
  return writer.longestMs
}

export async function measureFailovers(basePort: number, rounds: number): Promise<Failovers[]> {
  const found: Failovers[] = KINDS.map((kind) => ({killedMs: [], kind, pausedMs: []}))
  const shards = KINDS.map((kind, index) => new Shards(kind, basePort + 10 * index))
  for (const one of shards) await one.form()
  for (let round = 0; round < rounds; round++) {
    for (const [index, {killedMs, pausedMs}] of found.entries()) {
      killedMs.push(await killOnce(shards[index]!))
      pausedMs.push(await handOverOnce(shards[index]!))
    }
    console.log(`  failovers: round ${round + 1} of ${rounds} done`)
  }
  for (const one of shards) await one.stop()
  return found
}

export function failoverTable(found: readonly Failovers[]): string {
  const rows = found.map(({killedMs, kind, pausedMs}) => [
    kind,
    medianWithRange(killedMs),
    medianWithRange(pausedMs, 1),
    kind === 'shoal-server' ? "redis-server's; 50 ms" : '',
  ])
  const header = ['cluster of', 'SIGKILL to the first write', 'CLUSTER FAILOVER: longest wait of a writer', 'bar']
  return table(header, rows)
}
