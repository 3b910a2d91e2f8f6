import {execFileSync} from 'node:child_process'
import {join} from 'node:path'
import {Redis} from 'ioredis'
import {load} from './keys.js'
import type {BenchOptions} from './options.js'
import {beforeExit, makeFolder, runOk, start, stop, untilPong} from './processes.js'
import {startRealCluster} from './real-cluster.js'
import {geometricMean, median, publish, table} from './report.js'

/** The embedded node beside redis-server: throughput in alternating rounds, then start, check, up and memory. */

const ROOT = join(import.meta.dirname, '..')
const SHOAL = join(ROOT, 'bin', 'run.js')
const SHOAL_SERVER = join(ROOT, 'bin', 'server.js')
const CLIENT_COUNT = 50
const PIPELINES = [1, 16] as const
const KINDS = ['redis-server', 'shoal-server'] as const
const LIMIT_MS = 120_000

type Kind = (typeof KINDS)[number]

/** redis-benchmark's default tests and a command each cannot do without. */
const TESTS: readonly (readonly [test: string, command: string])[] = [
  ['ping_inline', 'PING'],
  ['ping_mbulk', 'PING'],
  ['set', 'SET'],
  ['get', 'GET'],
  ['incr', 'INCR'],
  ['lpush', 'LPUSH'],
  ['rpush', 'RPUSH'],
  ['lpop', 'LPOP'],
  ['rpop', 'RPOP'],
  ['sadd', 'SADD'],
  ['hset', 'HSET'],
  ['spop', 'SPOP'],
  ['zadd', 'ZADD'],
  ['zpopmin', 'ZPOPMIN'],
  ['lrange_100', 'LRANGE'],
  ['lrange_300', 'LRANGE'],
  ['lrange_500', 'LRANGE'],
  ['lrange_600', 'LRANGE'],
  ['mset', 'MSET'],
]

/** Requests per test and run: about a second of work. */
const REQUESTS = {1: 100_000, 16: 1_000_000}

interface Served {
  readonly kind: Kind
  readonly port: number
  stop(): Promise<void>
  rssKb(): number
}

function commandOf(kind: Kind, port: number): readonly [string, readonly string[]] {
  const settings = ['--port', String(port), '--save', '', '--dir', makeFolder()]
  return kind === 'redis-server'
    ? ['redis-server', [...settings, '--appendonly', 'no']]
    : [process.execPath, [SHOAL_SERVER, ...settings]]
}

async function serve(kind: Kind, port: number): Promise<Served> {
  const child = start(...commandOf(kind, port))
  await untilPong(port)
  return {
    kind,
    port,
    rssKb: () => Number(execFileSync('ps', ['-o', 'rss=', '-p', String(child.pid)]).toString()),
    stop: () => stop(child),
  }
}

/** The tests whose commands the node knows. */
async function supportedTests(port: number): Promise<string[]> {
  const redis = new Redis(port, '127.0.0.1')
  try {
    const names = TESTS.map(([, command]) => command)
    const infos = (await redis.call('COMMAND', 'INFO', ...names)) as unknown[]
    return TESTS.filter((_, index) => infos[index] !== null).map(([test]) => test)
  } finally {
    redis.disconnect()
  }
}

/** redis-benchmark's requests per second, by its own test titles. */
async function throughput(port: number, tests: readonly string[], pipeline: number, count: number) {
  const numbers = ['-c', String(CLIENT_COUNT), '-P', String(pipeline), '-n', String(count)]
  const args = ['-p', String(port), '-t', tests.join(','), ...numbers, '--csv']
  const {output} = await runOk('redis-benchmark', args, LIMIT_MS * 5)
  return new Map([...output.matchAll(/^"([^"]+)","([\d.]+)"/gm)].map((match) => [match[1]!, Number(match[2])] as const))
}

interface Comparison {
  readonly test: string
  readonly pipeline: number
  readonly redisRps: number
  readonly shoalRps: number
  /** Median of the rounds' own ratios: a slow moment of the machine hits both. */
  readonly ratio: number
}

async function compareThroughput(basePort: number, rounds: number, scale: number): Promise<Comparison[]> {
  const servers = await Promise.all(KINDS.map((kind, index) => serve(kind, basePort + index)))
  const tests = await supportedTests(servers[1]!.port)
  const results: Comparison[] = []
  for (const pipeline of PIPELINES) {
    const rates: Record<Kind, Map<string, number>[]> = {'redis-server': [], 'shoal-server': []}
    for (let round = 0; round < rounds; round++) {
      for (const {kind, port} of round % 2 === 0 ? servers : [...servers].reverse()) {
        rates[kind].push(await throughput(port, tests, pipeline, REQUESTS[pipeline] * scale))
        const redis = new Redis(port, '127.0.0.1')
        await redis.flushall()
        redis.disconnect()
      }
      console.log(`  P=${pipeline}: round ${round + 1} of ${rounds} done`)
    }
    for (const test of rates['redis-server'][0]!.keys()) {
      const of = (kind: Kind) => rates[kind].map((rate) => rate.get(test) ?? Number.NaN)
      const redis = of('redis-server')
      const shoal = of('shoal-server')
      const ratio = median(shoal.map((rate, index) => rate / redis[index]!))
      results.push({pipeline, ratio, redisRps: median(redis), shoalRps: median(shoal), test})
    }
  }
  await Promise.all(servers.map((server) => server.stop()))
  return results
}

/** From spawn to the first PONG, the whole process, milliseconds. */
async function startTimes(kind: Kind, port: number, count: number): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < count; i++) {
    const startMs = performance.now()
    const child = start(...commandOf(kind, port))
    await untilPong(port, 1)
    times.push(performance.now() - startMs)
    await stop(child)
  }
  return times
}

/** `shoal check` of six redis-servers, the whole process, milliseconds; redis-cli's for comparison. */
async function checkTimes(basePort: number, count: number) {
  const cluster = await startRealCluster({basePort, delayMs: 0, primaryCount: 3, replicaCount: 3})
  const seed = `127.0.0.1:${cluster.nodes[0]!.announcedPort}`
  const shoal: number[] = []
  const redisCli: number[] = []
  for (let i = 0; i < count; i++) {
    shoal.push((await runOk(process.execPath, [SHOAL, 'check', seed, '--fail-on', 'error'], LIMIT_MS)).durationMs)
    redisCli.push((await runOk('redis-cli', ['--cluster', 'check', seed], LIMIT_MS)).durationMs)
  }
  await cluster.stop()
  return {redisCli, shoal}
}

/** `shoal up` until it returns with every node ok, milliseconds. */
async function upTimes(basePort: number, count: number): Promise<number[]> {
  const env = {...process.env, SHOAL_STATE_DIR: makeFolder()}
  const name = 'bench-up'
  const down = [SHOAL, 'down', '--name', name]
  // The nodes of an environment are made to survive whoever started them.
  beforeExit(() => execFileSync(process.execPath, down, {env, stdio: 'ignore'}))
  const times: number[] = []
  for (let i = 0; i < count; i++) {
    const args = ['up', '--name', name, '--primaries', '3', '--base-port', String(basePort)]
    times.push((await runOk(process.execPath, [SHOAL, ...args], LIMIT_MS, env)).durationMs)
    await runOk(process.execPath, down, LIMIT_MS, env)
  }
  return times
}

/** Resident memory with `keyCount` keys of 100 bytes, less that of the empty node, in KB. */
async function memoryOf(kind: Kind, port: number, keyCount: number) {
  const server = await serve(kind, port)
  const emptyKb = server.rssKb()
  const value = 'x'.repeat(100)
  const pairs = function* () {
    for (let i = 0; i < keyCount; i++) yield [`key:${String(i).padStart(12, '0')}`, value] as const
  }
  await load(port, pairs())
  const fullKb = server.rssKb()
  await server.stop()
  return {emptyKb, fullKb}
}

const thousands = (value: number) => `${(value / 1000).toFixed(value < 100_000 ? 1 : 0)}k`
const ms = (values: readonly number[]) =>
  `${median(values).toFixed(0)} ms (${Math.min(...values).toFixed(0)}-${Math.max(...values).toFixed(0)})`

function throughputTable(results: readonly Comparison[]): string {
  const rows = results.map(({pipeline, ratio, redisRps, shoalRps, test}) => [
    test,
    String(pipeline),
    thousands(redisRps),
    thousands(shoalRps),
    `${ratio.toFixed(2)}x`,
  ])
  for (const pipeline of PIPELINES) {
    const mean = geometricMean(results.filter((one) => one.pipeline === pipeline).map(({ratio}) => ratio))
    rows.push(['geometric mean', String(pipeline), '', '', `${mean.toFixed(2)}x (bar 1.0x)`])
  }
  return table(['test', 'P', 'redis-server, requests/s', 'shoal-server, requests/s', 'ratio'], rows)
}

export async function benchNode({basePort, quick, rounds}: BenchOptions): Promise<void> {
  const scale = quick ? 0.1 : 1
  const times = quick ? 3 : 10
  const comparisons = await compareThroughput(basePort, rounds ?? (quick ? 1 : 5), scale)
  const throughputs = throughputTable(comparisons)
  console.log(`\n${throughputs}\n`)

  const port = basePort + 10
  const redisStart = await startTimes('redis-server', port, times)
  const shoalStart = await startTimes('shoal-server', port, times)
  const keyCount = 1_000_000 * scale
  const redisMemory = await memoryOf('redis-server', port, keyCount)
  const shoalMemory = await memoryOf('shoal-server', port, keyCount)
  const check = await checkTimes(basePort + 20, times)
  const up = await upTimes(basePort + 40, Math.min(times, 5))

  const memoryRatio = shoalMemory.fullKb / redisMemory.fullKb
  const mb = (kb: number) => `${(kb / 1024).toFixed(0)} MB`
  const rows = [
    ['node start to PONG', ms(redisStart), ms(shoalStart), '150 ms'],
    ['check of 6 nodes', `${ms(check.redisCli)} (redis-cli)`, ms(check.shoal), '250 ms'],
    ['`shoal up`, 3 nodes, until ready', '', ms(up), '3000 ms'],
    [
      `memory, ${thousands(keyCount)} keys x 100 B`,
      mb(redisMemory.fullKb),
      `${mb(shoalMemory.fullKb)} (${memoryRatio.toFixed(2)}x)`,
      '1.5x',
    ],
  ]
  const others = table(['whole process, median (range)', 'redis', 'shoal', 'bar'], rows)
  console.log(`${others}\n`)
  const result = {check, comparisons, memory: {keyCount, redisMemory, shoalMemory}, redisStart, shoalStart, up}
  publish('node', quick, result, [throughputs, others])
}
