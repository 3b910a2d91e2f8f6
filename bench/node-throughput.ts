import {Redis} from 'ioredis'
import {runOk} from './processes.js'
import {geometricMean, median, table, thousands} from './report.js'
import {KINDS, type Kind, serve} from './served.js'

/** redis-benchmark against both kinds of server in turn. */

const CLIENT_COUNT = 50
const PIPELINES = [1, 16] as const
const LIMIT_MS = 600_000
/** Requests per test and run: about a second of work. */
const REQUESTS = {1: 100_000, 16: 1_000_000}

interface Test {
  readonly name: string
  /** The test runs if the node knows it. */
  readonly command: string
  /** Of redis-benchmark's own tests, what `-t` takes. */
  readonly builtIn?: string
  /** Else the command line, and what it needs before. */
  readonly argv?: readonly string[]
  readonly before?: readonly (readonly string[])[]
  /** Part of the requests above: what answers a lot takes longer. */
  readonly share?: number
}

const builtIn = (name: string, command: string, share = 1): Test => ({builtIn: name, command, name, share})

const FIELDS = Array.from({length: 20}, (_, i) => [`field:${i}`, 'x'.repeat(20)]).flat()

const TESTS: readonly Test[] = [
  builtIn('ping_inline', 'PING'),
  builtIn('ping_mbulk', 'PING'),
  builtIn('set', 'SET'),
  builtIn('get', 'GET'),
  builtIn('incr', 'INCR'),
  builtIn('lpush', 'LPUSH'),
  builtIn('rpush', 'RPUSH'),
  builtIn('lpop', 'LPOP'),
  builtIn('rpop', 'RPOP'),
  builtIn('sadd', 'SADD'),
  builtIn('hset', 'HSET'),
  builtIn('spop', 'SPOP'),
  builtIn('zadd', 'ZADD'),
  builtIn('zpopmin', 'ZPOPMIN'),
  builtIn('lrange_100', 'LRANGE', 0.2),
  builtIn('lrange_300', 'LRANGE', 0.1),
  builtIn('lrange_500', 'LRANGE', 0.05),
  builtIn('lrange_600', 'LRANGE', 0.05),
  builtIn('mset', 'MSET', 0.5),
  {
    argv: ['ZADD', 'board', '__rand_int__', 'member:__rand_int__'],
    command: 'ZADD',
    name: 'ZADD (100k members)',
  },
  {argv: ['HGETALL', 'hash'], before: [['HSET', 'hash', ...FIELDS]], command: 'HGETALL', name: 'HGETALL (20 fields)'},
  {argv: ['XADD', 'stream', 'MAXLEN', '~', '10000', '*', 'field', 'value'], command: 'XADD', name: 'XADD'},
  {
    argv: ['EVAL', "return redis.call('incr', KEYS[1])", '1', 'counter'],
    command: 'EVAL',
    name: 'EVAL (INCR)',
    share: 0.5,
  },
]

/** The tests whose commands the node knows. */
async function supportedTests(port: number): Promise<Test[]> {
  const redis = new Redis(port, '127.0.0.1')
  try {
    const infos = (await redis.call('COMMAND', 'INFO', ...TESTS.map(({command}) => command))) as unknown[]
    return TESTS.filter((_, index) => infos[index] !== null)
  } finally {
    redis.disconnect()
  }
}

/** redis-benchmark's requests per second by test; its own tests by their own titles, of which some have several. */
async function throughput(port: number, test: Test, pipeline: 1 | 16, scale: number): Promise<Map<string, number>> {
  const redis = new Redis(port, '127.0.0.1')
  for (const [name, ...args] of test.before ?? []) await redis.call(name!, ...args)
  const count = Math.ceil(REQUESTS[pipeline] * scale * (test.share ?? 1))
  const numbers = ['-c', String(CLIENT_COUNT), '-P', String(pipeline), '-n', String(count)]
  const what = test.builtIn === undefined ? ['-r', '100000', ...(test.argv ?? [])] : ['-t', test.builtIn]
  const {output} = await runOk('redis-benchmark', ['-p', String(port), ...numbers, '--csv', ...what], LIMIT_MS)
  const rates = [...output.matchAll(/^"(.+?)","([\d.]+)",/gm)]
  await redis.flushall()
  redis.disconnect()
  return new Map(rates.map(([, title, rate]) => [test.builtIn === undefined ? test.name : title!, Number(rate)]))
}

export interface Comparison {
  readonly test: string
  readonly pipeline: number
  readonly redisRps: number
  readonly shoalRps: number
  /** Median of the rounds' own ratios: a slow moment of the machine hits both. */
  readonly ratio: number
}

/** Test by test, the two servers in turn, so that both see the same moments of the machine. */
export async function compareThroughput(basePort: number, rounds: number, scale: number): Promise<Comparison[]> {
  const servers = await Promise.all(KINDS.map((kind, index) => serve(kind, basePort + index)))
  const tests = await supportedTests(servers[1]!.port)
  const results: Comparison[] = []
  for (const pipeline of PIPELINES) {
    const rates: Record<Kind, Map<string, number[]>> = {'redis-server': new Map(), 'shoal-server': new Map()}
    for (let round = 0; round < rounds; round++) {
      for (const test of tests) {
        for (const {kind, port} of round % 2 === 0 ? servers : [...servers].reverse()) {
          for (const [title, rate] of await throughput(port, test, pipeline, scale)) {
            rates[kind].set(title, [...(rates[kind].get(title) ?? []), rate])
          }
        }
      }
      console.log(`  P=${pipeline}: round ${round + 1} of ${rounds} done`)
    }
    for (const [test, redis] of rates['redis-server']) {
      const shoal = rates['shoal-server'].get(test) ?? []
      const ratio = median(shoal.map((rate, index) => rate / redis[index]!))
      results.push({pipeline, ratio, redisRps: median(redis), shoalRps: median(shoal), test})
    }
  }
  await Promise.all(servers.map((server) => server.stop()))
  return results
}

export function throughputTable(results: readonly Comparison[]): string {
  const rows = results.map(({pipeline, ratio, redisRps, shoalRps, test}) => [
    test,
    String(pipeline),
    thousands(redisRps),
    thousands(shoalRps),
    `${ratio.toFixed(2)}x${ratio < 0.6 ? ' (bar 0.6x)' : ''}`,
  ])
  for (const pipeline of PIPELINES) {
    const mean = geometricMean(results.filter((one) => one.pipeline === pipeline).map(({ratio}) => ratio))
    rows.push(['geometric mean', String(pipeline), '', '', `${mean.toFixed(2)}x (bar 1.0x)`])
  }
  return table(['test', 'P', 'redis-server, requests/s', 'shoal-server, requests/s', 'ratio'], rows)
}
