import {Redis} from 'ioredis'
import {load} from './keys.js'
import {Probe} from './probe.js'
import {run, until} from './processes.js'
import {medianWithRange, table} from './report.js'
import {KINDS, type Kind, serve} from './served.js'

/** BGSAVE under writers: how long it takes, how long a client waits, and what memory it takes besides the data's. */

const LIMIT_MS = 120_000
const POLL_MS = 10
const VALUE = 'x'.repeat(100)
/** They go on until the snapshot is done, and change keys all over the place. */
const WRITERS = ['-c', '20', '-n', '100000000', '-t', 'set', '-d', '100']

export interface Save {
  readonly kind: Kind
  readonly ms: number[]
  readonly maxWaitMs: number[]
  /** MB: of the process itself, with redis-server's child what the two no longer share. */
  readonly extraMb: number[]
}

async function infoNumber(redis: Redis, section: string, name: string): Promise<number> {
  return Number(new RegExp(`${name}:(\\d+)`).exec(await redis.info(section))?.[1])
}

async function saveOnce({extraMb, kind, maxWaitMs, ms}: Save, port: number, count: number): Promise<void> {
  const server = await serve(kind, port)
  await load(
    port,
    (function* () {
      for (let i = 0; i < count; i++) yield [`key:${String(i).padStart(12, '0')}`, VALUE] as const
    })(),
  )
  const redis = new Redis(port, '127.0.0.1')
  const writers = run('redis-benchmark', ['-p', String(port), '-r', String(count), ...WRITERS], LIMIT_MS).catch(
    () => undefined,
  )
  // Memory and speed are to be those of a node under these writers before anything is measured.
  await until(
    'the writers',
    async () => (await infoNumber(redis, 'stats', 'total_commands_processed')) > count * 1.3,
    LIMIT_MS,
  )
  const probe = new Probe(port)
  const beforeKb = server.rssKb()
  let peakKb = beforeKb
  probe.reset()
  const startMs = performance.now()
  await redis.bgsave()
  await until(
    'the snapshot',
    async () => {
      peakKb = Math.max(peakKb, server.rssKb())
      return (await infoNumber(redis, 'persistence', 'rdb_bgsave_in_progress')) === 0
    },
    LIMIT_MS,
    POLL_MS,
  )
  ms.push(performance.now() - startMs)
  maxWaitMs.push(probe.longest())
  const copiedMb = (await infoNumber(redis, 'persistence', 'rdb_last_cow_size')) / 2 ** 20
  extraMb.push((peakKb - beforeKb) / 1024 + copiedMb)
  probe.close()
  redis.disconnect()
  await server.stop()
  await writers
}

export async function measureSaves(port: number, rounds: number, count: number): Promise<Save[]> {
  const saves = KINDS.map((kind) => ({extraMb: [], kind, maxWaitMs: [], ms: []}))
  for (let round = 0; round < rounds; round++) {
    for (const save of saves) await saveOnce(save, port, count)
    console.log(`  BGSAVE: round ${round + 1} of ${rounds} done`)
  }
  return saves
}

export function saveTable(saves: readonly Save[]): string {
  const rows = saves.map(({extraMb, kind, maxWaitMs, ms}) => [
    kind,
    medianWithRange(ms),
    medianWithRange(maxWaitMs, 1),
    medianWithRange(extraMb).replace(' ms', ' MB'),
  ])
  return table(['BGSAVE under writers', 'takes', 'longest wait for a PONG', 'memory besides'], rows)
}
