import {execFileSync} from 'node:child_process'
import {join} from 'node:path'
import {Redis} from 'ioredis'
import {rateRatios, startLike, TESTS} from './crdb-throughput.js'
import type {BenchOptions} from './options.js'
import {beforeExit, makeFolder, run, runOk, until} from './processes.js'
import {medianWithRange, percentile, publish, table, thousands} from './report.js'
import {serve} from './served.js'
import {startLoad} from './steady-load.js'

/**
 * An active-active database of three regions on this machine: what it costs a node to take part, how soon others see a write,
 * how a region catches up, and how long it takes to prove that all are equal. Beside it the same node without a database,
 * with the same append-only file and limit of memory.
 */

const SHOAL = join(import.meta.dirname, '..', 'bin', 'run.js')
const LIMIT_MS = 300_000
/** Port of region i is this far from that of the one before. */
const PORT_STEP = 2
/** What new keys and code that has yet to run often cost is another matter: all keys are written once before it counts. */
const WARM_UP_MS = 10_000
const WRITES_PER_SECOND = 10_000
/** Between two marks. */
const MARK_MS = 10
const REGIONS = [1, 2, 3] as const
/** Of wire.md 7.9, bytes per element without its text. */
const LAYOUT_BYTES: Readonly<Record<string, number>> = {
  counter: 93,
  'list element': 24,
  register: 109,
  'set member': 45,
  'sorted set member': 133,
}
const VALUE = 'x'.repeat(100)

class Database {
  private readonly env = {...process.env, SHOAL_STATE_DIR: makeFolder()}

  constructor(readonly basePort: number) {
    // The nodes of an environment are made to survive whoever started them.
    beforeExit(() => execFileSync(process.execPath, [SHOAL, 'down'], {env: this.env, stdio: 'ignore'}))
  }

  shoal(...words: string[]) {
    return runOk(process.execPath, [SHOAL, ...words], LIMIT_MS, this.env)
  }

  /** @param backlogMb - of effects for regions that were away */
  async create(backlogMb: number): Promise<void> {
    await this.shoal('up', '--topology', 'crdb')
    const instances = REGIONS.flatMap((id) => ['--instance', `fqdn=cluster${id}.local`])
    const config = ['--default-db-config', JSON.stringify({crdt_repl_backlog_size: backlogMb})]
    const port = ['--port', String(this.basePort)]
    await this.shoal('crdb', 'create', '--name', 'bench', '--memory-size', '8gb', ...port, ...config, ...instances)
  }

  port(region: number): number {
    return this.basePort + PORT_STEP * (region - 1)
  }

  async down(): Promise<void> {
    await this.shoal('down')
  }
}

/**
 * How long until an entry that one node took is read on another, milliseconds, ascending.
 *
 * The writes come from a process of their own (steady-load.ts). This one sends the marks and reads them, nothing else:
 * what it measures is the nodes' time, and the way to them.
 */
async function visibility(from: number, to: number, writesPerSecond: number, seconds: number): Promise<number[]> {
  const load = await startLoad(from, writesPerSecond, 100_000)
  const marker = new Redis(from, '127.0.0.1')
  const reader = new Redis(to, '127.0.0.1')
  /** Marks that have yet to be seen. */
  const sentMs = new Map<string, number>()
  const tookMs: number[] = []
  const startMs = performance.now()
  const countedMs = startMs + WARM_UP_MS
  const endMs = countedMs + seconds * 1000
  let isSending = true
  const reading = (async () => {
    let last = '0-0'
    while (isSending || sentMs.size > 0) {
      if (performance.now() > endMs + LIMIT_MS) throw new Error(`${sentMs.size} marks were never seen`)
      // RESP3 has a map here, which this client hands out as names and values in turn.
      const reply = (await reader.call('XREAD', 'BLOCK', '200', 'STREAMS', 'marks', last)) as
        | [string, [string, string[]][]]
        | null
      const nowMs = performance.now()
      for (const [id, fields] of reply?.[1] ?? []) {
        last = id
        const sent = sentMs.get(fields[1]!)
        sentMs.delete(fields[1]!)
        if (sent !== undefined && sent >= countedMs) tookMs.push(nowMs - sent)
      }
    }
  })()
  for (let mark = 0; performance.now() < endMs; mark++) {
    const name = `${startMs}:${mark}`
    sentMs.set(name, performance.now())
    void marker.xadd('marks', 'MAXLEN', '1000', '*', 'mark', name)
    await new Promise((resolve) => setTimeout(resolve, MARK_MS))
  }
  isSending = false
  await reading
  await load.end()
  for (const link of [marker, reader]) link.disconnect()
  return tookMs.sort((a, b) => a - b)
}

/** The same of a redis-server with two replicas, which take no writes of their own: what the machine itself makes of it. */
async function replicaVisibility(basePort: number, writesPerSecond: number, seconds: number): Promise<number[]> {
  const settings = ['--appendonly', 'yes', '--repl-diskless-sync-delay', '0']
  const primary = await serve('redis-server', basePort, settings)
  const followed = [...settings, '--replicaof', `127.0.0.1 ${basePort}`]
  const replicas = [
    await serve('redis-server', basePort + 1, followed),
    await serve('redis-server', basePort + 2, followed),
  ]
  for (const {port} of replicas) {
    const link = new Redis(port, '127.0.0.1')
    await until('a replica is in sync', async () => /master_link_status:up/.test(await link.info('replication')))
    link.disconnect()
  }
  const tookMs = await visibility(primary.port, replicas[0]!.port, writesPerSecond, seconds)
  for (const server of [...replicas, primary]) await server.stop()
  return tookMs
}

async function load(port: number, count: number, prefix: string): Promise<void> {
  const link = new Redis(port, '127.0.0.1')
  for (let first = 0; first < count; first += 5000) {
    const batch = link.pipeline()
    for (let index = first; index < Math.min(count, first + 5000); index++) batch.set(`${prefix}:${index}`, VALUE)
    await batch.exec()
  }
  link.disconnect()
}

async function keyCount(port: number): Promise<number> {
  const link = new Redis(port, '127.0.0.1')
  const size = await link.dbsize()
  link.disconnect()
  return size
}

/** From the heal on until region 3 has all that region 1 took in the meantime, milliseconds. */
async function catchUp(database: Database, writes: number, prefix: string): Promise<number> {
  await database.shoal('partition', '--regions', 'cluster3.local')
  await load(database.port(1), writes, prefix)
  const want = await keyCount(database.port(1))
  const startMs = performance.now()
  await database.shoal('heal')
  await until('region 3 has all', async () => (await keyCount(database.port(3))) === want, LIMIT_MS)
  return performance.now() - startMs
}

async function memoryPerElement(): Promise<Record<string, number>> {
  const script = join(import.meta.dirname, 'crdb-memory.ts')
  const {output} = await run(process.execPath, ['--expose-gc', '--import', 'tsx', script], LIMIT_MS)
  return JSON.parse(output.slice(output.lastIndexOf('{'))) as Record<string, number>
}

export async function benchCrdb({basePort, only, quick, rounds = 3}: BenchOptions): Promise<void> {
  const wants = (name: string) => only === undefined || name.includes(only)
  const [requests, writes, keys, seconds] = quick ? [20_000, 60_000, 100_000, 3] : [500_000, 600_000, 1_000_000, 15]
  const count = quick ? 1 : rounds
  const rows: string[][] = []
  const results: Record<string, unknown> = {}
  const note = (row: string[], figures: unknown) => {
    rows.push(row)
    results[row[0]!] = figures
    console.log(`  ${row.join('  ')}`)
  }
  if (wants('memory')) {
    for (const [name, bytes] of Object.entries(await memoryPerElement())) {
      const bar = LAYOUT_BYTES[name]!
      note([`bytes per ${name}`, String(bytes), `${bar} x 1.5`, `${(bytes / bar).toFixed(2)}x`], {bytes})
    }
  }
  if (wants('throughput')) {
    const database = new Database(basePort)
    await database.create(1)
    // The other regions would take their share of the processors.
    await database.shoal('kill', 'bench-2-1', 'bench-3-1', '--yes')
    const plain = await startLike(basePort + 20, database.port(1))
    for (const pipeline of [1, 16]) {
      const size = pipeline === 1 ? requests / 5 : requests
      for (const test of TESTS) {
        const ratios = await rateRatios(test, database.port(1), plain.port, {pipeline, requests: size, runs: count * 3})
        const name = `${test.toUpperCase()}, P=${pipeline}, to the same node without`
        note([name, medianWithRange(ratios, 2, 'x'), '0.7x', ''], ratios)
      }
    }
    await plain.stop()
    await database.down()
  }
  const database = new Database(basePort)
  await database.create(250)
  if (wants('visible')) {
    const [here, there] = [database.port(1), database.port(2)]
    const [p99s, halves, replicas]: [number[], number[], number[]] = [[], [], []]
    for (let round = 0; round < count; round++) {
      const tookMs = await visibility(here, there, WRITES_PER_SECOND, seconds)
      p99s.push(percentile(tookMs, 0.99))
      halves.push(percentile(tookMs, 0.5))
      // While the database has nothing to do.
      replicas.push(percentile(await replicaVisibility(basePort + 40, WRITES_PER_SECOND, seconds), 0.99))
    }
    note(['visible in another region at 10k writes/s, median', medianWithRange(halves, 1), '', ''], halves)
    note(['visible in another region at 10k writes/s, p99', medianWithRange(p99s, 1), '10 ms', ''], p99s)
    note(["on a redis-server's replica at 10k writes/s, p99", medianWithRange(replicas, 1), '', ''], replicas)
  }
  if (wants('catch-up')) {
    const took = await catchUp(database, writes, 'backlog')
    note(
      [`catch-up of ${thousands(writes)} writes from the backlog`, `${(took / 1000).toFixed(1)} s`, '10 s', ''],
      took,
    )
    await database.down()
    await database.create(1)
    const merged = await catchUp(database, writes, 'state')
    note(
      [`catch-up of ${thousands(writes)} writes by slot states`, `${(merged / 1000).toFixed(1)} s`, '10 s', ''],
      merged,
    )
  }
  if (wants('verify')) {
    await load(database.port(2), Math.max(0, keys - (await keyCount(database.port(2)))), 'verify')
    await database.shoal('crdb', 'verify', '--wait', '60s')
    const took: number[] = []
    for (let round = 0; round < count; round++) took.push((await database.shoal('crdb', 'verify')).durationMs)
    note([`verify of ${thousands(keys)} keys x 3 regions`, medianWithRange(took), '10000 ms', ''], took)
  }
  await database.down()
  const text = table(['active-active, three regions of one shard', 'measured', 'bar', 'of it'], rows)
  console.log(`\n${text}\n`)
  if (only === undefined) publish('crdb', quick, {results}, [text])
}
