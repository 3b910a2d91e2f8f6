import {execFileSync} from 'node:child_process'
import {join} from 'node:path'
import {load, send} from './keys.js'
import {measureStalls, stallTable} from './node-stalls.js'
import {compareThroughput, throughputTable} from './node-throughput.js'
import type {BenchOptions} from './options.js'
import {beforeExit, makeFolder, runOk, start, stop, untilPong} from './processes.js'
import {startRealCluster} from './real-cluster.js'
import {medianWithRange, publish, table, thousands} from './report.js'
import {commandOf, type Kind, serve} from './served.js'

/** The embedded node beside redis-server: throughput in alternating rounds, then stalls, start, check, up and memory. */

const SHOAL = join(import.meta.dirname, '..', 'bin', 'run.js')
const LIMIT_MS = 120_000

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
    const args = ['up', '--name', name, '--primaries', '3', '--replicas', '1', '--base-port', String(basePort)]
    times.push((await runOk(process.execPath, [SHOAL, ...args], LIMIT_MS, env)).durationMs)
    await runOk(process.execPath, down, LIMIT_MS, env)
  }
  return times
}

const paddedIndex = (i: number): string => String(i).padStart(12, '0')

/** What memory is measured of. */
const CONTENTS = {
  strings: (port: number, count: number) =>
    load(
      port,
      (function* () {
        const value = 'x'.repeat(100)
        for (let i = 0; i < count; i++) yield [`key:${paddedIndex(i)}`, value] as const
      })(),
    ),
  zset: (port: number, count: number) =>
    send(
      port,
      (function* () {
        // Multiplying spreads the scores, as those of a leaderboard are.
        for (let i = 0; i < count; i++) yield ['ZADD', 'zset', String((i * 7919) % count), `member:${paddedIndex(i)}`]
      })(),
    ),
} as const

/** Resident memory with the content, in KB. */
async function memoryOf(kind: Kind, port: number, content: keyof typeof CONTENTS, count: number) {
  const server = await serve(kind, port)
  const emptyKb = server.rssKb()
  await CONTENTS[content](port, count)
  const fullKb = server.rssKb()
  await server.stop()
  return {emptyKb, fullKb}
}

type Result = Record<string, unknown>

/** What the nodes take besides time for commands: whole processes, and memory. */
async function measureProcesses(basePort: number, scale: number, times: number): Promise<[string, Result]> {
  const port = basePort + 10
  const redisStart = await startTimes('redis-server', port, times)
  const shoalStart = await startTimes('shoal-server', port, times)
  const keyCount = 1_000_000 * scale
  const memory = {
    redis: await memoryOf('redis-server', port, 'strings', keyCount),
    shoal: await memoryOf('shoal-server', port, 'strings', keyCount),
  }
  const zsetMemory = {
    redis: await memoryOf('redis-server', port, 'zset', keyCount),
    shoal: await memoryOf('shoal-server', port, 'zset', keyCount),
  }
  const check = await checkTimes(basePort + 20, times)
  const up = await upTimes(basePort + 40, Math.min(times, 5))

  const mb = (kb: number) => `${(kb / 1024).toFixed(0)} MB`
  const memoryRow = (what: string, {redis, shoal}: typeof memory, bar: string) => [
    `memory, ${what}`,
    mb(redis.fullKb),
    `${mb(shoal.fullKb)} (${(shoal.fullKb / redis.fullKb).toFixed(2)}x)`,
    bar,
  ]
  const rows = [
    ['node start to PONG', medianWithRange(redisStart), medianWithRange(shoalStart), '150 ms'],
    ['check of 6 nodes', `${medianWithRange(check.redisCli)} (redis-cli)`, medianWithRange(check.shoal), '250 ms'],
    ['`shoal up`, 3+3 nodes, until ready', '', medianWithRange(up), '3000 ms'],
    memoryRow(`${thousands(keyCount)} keys x 100 B`, memory, '1.5x'),
    memoryRow(`sorted set of ${thousands(keyCount)} members`, zsetMemory, '2x'),
  ]
  const shown = table(['whole process, median (range)', 'redis', 'shoal', 'bar'], rows)
  return [shown, {check, keyCount, memory, redisStart, shoalStart, up, zsetMemory}]
}

export async function benchNode({basePort, only, quick, rounds}: BenchOptions): Promise<void> {
  const scale = quick ? 0.1 : 1
  const parts: Record<string, () => Promise<[string, Result]>> = {
    throughput: async () => {
      const comparisons = await compareThroughput(basePort, rounds ?? (quick ? 1 : 5), scale)
      return [throughputTable(comparisons), {comparisons}]
    },
    stalls: async () => {
      const stalls = await measureStalls(basePort + 5, rounds ?? (quick ? 1 : 3), 1_000_000 * scale)
      return [stallTable(stalls), {stalls}]
    },
    processes: () => measureProcesses(basePort, scale, quick ? 3 : 10),
  }
  const tables: string[] = []
  const results: Result = {}
  for (const [name, measure] of Object.entries(parts)) {
    if (only !== undefined && !name.includes(only)) continue
    const [shown, result] = await measure()
    console.log(`\n${shown}\n`)
    tables.push(shown)
    Object.assign(results, result)
  }
  if (only === undefined) publish('node', quick, results, tables)
}
