import {connect, type Socket} from 'node:net'
import {Redis} from 'ioredis'
import {load} from './keys.js'
import {until} from './processes.js'
import {median, medianWithRange, percentile, table} from './report.js'
import {KINDS, type Kind, type Served, serve} from './served.js'

/** A replica's full sync: how long it takes, and how long a client of the primary waits meanwhile. */

const IDLE_MS = 2000
const POLL_MS = 5
const LIMIT_MS = 120_000

interface Sync {
  readonly primary: Kind
  readonly replica: Kind
  readonly ms: number[]
  /** A client's p99 before, and during the sync. */
  readonly idleP99Ms: number[]
  readonly p99Ms: number[]
  readonly maxMs: number[]
}

const keyAt = (i: number): string => `key:${String(i).padStart(12, '0')}`

/** One client that GETs keys one after the other. */
class Reader {
  private readonly socket: Socket
  private waits: number[] = []
  private sentAt = 0
  private next = 0

  constructor(port: number, count: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.setNoDelay(true)
    const send = (): void => {
      this.next = (this.next + 7919) % count
      this.sentAt = performance.now()
      this.socket.write(`GET ${keyAt(this.next)}\r\n`)
    }
    this.socket.on('connect', send)
    this.socket.on('data', () => {
      this.waits.push(performance.now() - this.sentAt)
      setImmediate(send)
    })
  }

  /** What was measured since the last call. */
  take(): {p99Ms: number; maxMs: number} {
    const sorted = Float64Array.from(this.waits).sort()
    this.waits = []
    return {maxMs: sorted.at(-1) ?? Number.NaN, p99Ms: percentile(sorted, 0.99)}
  }

  close(): void {
    this.socket.destroy()
  }
}

const delay = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

async function syncOnce(sync: Sync, primary: Served, replicaPort: number, count: number): Promise<void> {
  const replica = await serve(sync.replica, replicaPort)
  const redis = new Redis(replica.port, '127.0.0.1')
  await redis.ping()
  const reader = new Reader(primary.port, count)
  await delay(IDLE_MS)
  sync.idleP99Ms.push(reader.take().p99Ms)
  const startMs = performance.now()
  await redis.call('REPLICAOF', '127.0.0.1', String(primary.port))
  const isUp = async () => String(await redis.info('replication').catch(() => '')).includes('master_link_status:up')
  await until('the replica to be in sync', isUp, LIMIT_MS, POLL_MS)
  sync.ms.push(performance.now() - startMs)
  const {maxMs, p99Ms} = reader.take()
  sync.p99Ms.push(p99Ms)
  sync.maxMs.push(maxMs)
  reader.close()
  const size = await redis.dbsize()
  if (size !== count) throw new Error(`the ${sync.replica} has ${size} of ${count} keys`)
  redis.disconnect()
  await replica.stop()
}

/** Every pair of kinds in turn, in rounds. */
export async function measureFullSyncs(basePort: number, rounds: number, count: number): Promise<Sync[]> {
  const syncs: Sync[] = KINDS.flatMap((primary) =>
    KINDS.map((replica) => ({idleP99Ms: [], maxMs: [], ms: [], p99Ms: [], primary, replica})),
  )
  const primaries = new Map<Kind, Served>()
  for (const [index, kind] of KINDS.entries()) {
    // Waiting for a second replica is a matter of settings, not of speed.
    const primary = await serve(kind, basePort + index, ['--repl-diskless-sync-delay', '0'])
    const value = 'x'.repeat(100)
    await load(
      primary.port,
      (function* () {
        for (let i = 0; i < count; i++) yield [keyAt(i), value] as const
      })(),
    )
    primaries.set(kind, primary)
  }
  for (let round = 0; round < rounds; round++) {
    for (const sync of syncs) await syncOnce(sync, primaries.get(sync.primary)!, basePort + KINDS.length, count)
    console.log(`  full sync: round ${round + 1} of ${rounds} done`)
  }
  for (const primary of primaries.values()) await primary.stop()
  return syncs
}

export function fullSyncTable(syncs: readonly Sync[]): string {
  const [{ms: base}] = syncs as readonly [Sync]
  const rows = syncs.map(({idleP99Ms, maxMs, ms, p99Ms, primary, replica}) => [
    primary,
    replica,
    medianWithRange(ms),
    `${(median(ms.map((value, round) => base[round]! / value)) || 0).toFixed(2)}x`,
    `${median(p99Ms).toFixed(2)} / ${median(maxMs).toFixed(1)} ms`,
    `${median(idleP99Ms).toFixed(2)} ms`,
  ])
  return table(['primary', 'replica', 'full sync', 'ratio', 'a client waits p99 / max', 'p99 before'], rows)
}
