import {cpSync} from 'node:fs'
import {Redis} from 'ioredis'
import {load} from './keys.js'
import type {BenchOptions} from './options.js'
import {makeFolder, runOk, start, stop, untilPong} from './processes.js'
import {median, publish, table, thousands} from './report.js'
import {commandOf, KINDS, type Kind, serve} from './served.js'
import {measureSaves, saveTable} from './snapshots.js'

/** What persistence costs the embedded node beside redis-server: writes to an append-only file, and the start on much data. */

const CLIENT_COUNT = 50
const LIMIT_MS = 600_000
const POLICIES = ['everysec', 'always'] as const
const PIPELINES = [1, 16] as const
/** Requests per run: two or three seconds of work, or what comes before the code is compiled counts too much. */
const REQUESTS = {always: {1: 100_000, 16: 600_000}, everysec: {1: 300_000, 16: 2_000_000}}
/** The append-only file of `everysec` has to keep up; what `always` reaches is the disk's. */
const BAR = 0.9
const VALUE = 'x'.repeat(100)

interface Throughput {
  readonly policy: (typeof POLICIES)[number]
  readonly pipeline: (typeof PIPELINES)[number]
  readonly rates: Readonly<Record<Kind, readonly number[]>>
}

const appending = (policy: string): string[] => ['--appendonly', 'yes', '--appendfsync', policy]

async function sets(port: number, pipeline: number, count: number): Promise<number> {
  const numbers = ['-c', String(CLIENT_COUNT), '-P', String(pipeline), '-n', String(count), '-r', '100000']
  const args = ['-p', String(port), ...numbers, '--csv', '-t', 'set']
  const {output} = await runOk('redis-benchmark', args, LIMIT_MS)
  return Number(/^"SET","([\d.]+)",/m.exec(output)?.[1])
}

/** Both servers in turn, so that both see the same moments of the machine and of its disk. */
async function throughput(basePort: number, rounds: number, scale: number): Promise<Throughput[]> {
  const found: Throughput[] = []
  for (const policy of POLICIES) {
    const more = [...appending(policy), '--auto-aof-rewrite-percentage', '0']
    const servers = await Promise.all(KINDS.map((kind, index) => serve(kind, basePort + index, more)))
    for (const pipeline of PIPELINES) {
      const rates: Record<Kind, number[]> = {'redis-server': [], 'shoal-server': []}
      for (let round = 0; round < rounds; round++) {
        for (const {kind, port} of round % 2 === 0 ? servers : [...servers].reverse()) {
          rates[kind].push(await sets(port, pipeline, Math.ceil(REQUESTS[policy][pipeline] * scale)))
        }
      }
      found.push({pipeline, policy, rates})
      console.log(`  ${policy}, P=${pipeline} done`)
    }
    await Promise.all(servers.map((server) => server.stop()))
  }
  return found
}

interface StartTimes {
  readonly what: string
  readonly ms: Readonly<Record<Kind, readonly number[]>>
}

/** A folder as redis-server leaves it with that many keys. */
async function filled(port: number, keyCount: number, settings: readonly string[]): Promise<string> {
  const folder = makeFolder()
  const server = await serve('redis-server', port, ['--dir', folder, ...settings])
  await load(
    port,
    (function* () {
      for (let i = 0; i < keyCount; i++) yield [`key:${String(i).padStart(12, '0')}`, VALUE] as const
    })(),
  )
  const redis = new Redis(port, '127.0.0.1')
  if (settings.length === 0) await redis.save()
  redis.disconnect()
  await server.stop()
  return folder
}

async function startTimes(
  what: string,
  port: number,
  folder: string,
  settings: readonly string[],
  rounds: number,
): Promise<StartTimes> {
  const ms: Record<Kind, number[]> = {'redis-server': [], 'shoal-server': []}
  for (let round = 0; round < rounds; round++) {
    for (const kind of round % 2 === 0 ? KINDS : [...KINDS].reverse()) {
      // Nobody appends to what the next one is to load.
      const copy = makeFolder()
      cpSync(folder, copy, {recursive: true})
      const startMs = performance.now()
      const child = start(...commandOf(kind, port, ['--dir', copy, ...settings]))
      await untilPong(port, 2)
      ms[kind].push(performance.now() - startMs)
      await stop(child)
    }
  }
  console.log(`  ${what} done`)
  return {ms, what}
}

/** Medians of both, and the median of the rounds' own ratios. */
function compared(values: Readonly<Record<Kind, readonly number[]>>) {
  const [redis, shoal] = [values['redis-server'], values['shoal-server']]
  return {ratio: median(shoal.map((one, i) => one / redis[i]!)), redis: median(redis), shoal: median(shoal)}
}

export async function benchPersistence({basePort, quick, rounds = quick ? 1 : 5}: BenchOptions): Promise<void> {
  const scale = quick ? 0.1 : 1
  const rates = await throughput(basePort, rounds, scale)
  const keyCount = 1_000_000 * scale
  const port = basePort + 10
  const log = [...appending('everysec'), '--auto-aof-rewrite-percentage', '0']
  const rdb = await filled(port, keyCount, [])
  const aof = await filled(port, keyCount, log)
  const what = `${thousands(keyCount)} keys x 100 B`
  const starts = [
    await startTimes(`RDB file, ${what}`, port, rdb, [], rounds),
    await startTimes(`append-only file, ${what}`, port, aof, log, rounds),
  ]
  const throughputs = table(
    ['appendfsync', 'P', 'redis-server, SET/s', 'shoal-server, SET/s', 'ratio'],
    rates.map(({pipeline, policy, rates: both}) => {
      const {ratio, redis, shoal} = compared(both)
      const bar = policy === 'everysec' ? ` (bar ${BAR}x)` : ''
      return [policy, String(pipeline), thousands(redis), thousands(shoal), `${ratio.toFixed(2)}x${bar}`]
    }),
  )
  const loads = table(
    ['start to PONG, median', 'redis-server', 'shoal-server', 'ratio of times'],
    starts.map(({ms, what: file}) => {
      const {ratio, redis, shoal} = compared(ms)
      return [file, `${redis.toFixed(0)} ms`, `${shoal.toFixed(0)} ms`, `${ratio.toFixed(2)}x`]
    }),
  )
  const saves = await measureSaves(port, rounds, keyCount)
  const saved = saveTable(saves)
  console.log(`\n${throughputs}\n\n${loads}\n\n${saved}\n`)
  publish('persistence', quick, {keyCount, rates, saves, starts}, [throughputs, loads, saved])
}
