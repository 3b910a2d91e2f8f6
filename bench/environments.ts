import {execFileSync} from 'node:child_process'
import {join} from 'node:path'
import {Redis} from 'ioredis'
import type {BenchOptions} from './options.js'
import {beforeExit, makeFolder, runOk, start, stop, until, untilPong} from './processes.js'
import {medianWithRange, publish, table} from './report.js'
import {commandOf} from './served.js'

/**
 * A developer's commands, whole processes: up until ready, a cut and its heal until tried on every link, down. Beside it what
 * people do without Shoal: six redis-servers, redis-cli --cluster create, and a look at each replica until it is in sync.
 */

const SHOAL = join(import.meta.dirname, '..', 'bin', 'run.js')
const LIMIT_MS = 120_000
const NODE_COUNT = 6
const ENGINES = ['embedded', 'process', 'docker'] as const
type Engine = (typeof ENGINES)[number]

const STEPS = [
  {bars: {docker: 10_000, embedded: 3000, process: 3000}, name: 'up', words: ['up']},
  {bars: {docker: 2000, embedded: 1000, process: 1000}, name: 'partition', words: ['partition', '--isolate', 'n1']},
  {bars: {docker: 2000, embedded: 1000, process: 1000}, name: 'heal', words: ['heal']},
  {bars: {docker: 5000, embedded: 2000, process: 2000}, name: 'down', words: ['down']},
] as const

type Times = Record<(typeof STEPS)[number]['name'], number[]>

async function timesOf(engine: Engine, basePort: number, rounds: number): Promise<Times> {
  const env = {...process.env, SHOAL_STATE_DIR: makeFolder()}
  const name = ['--name', 'bench']
  const shoal = (words: readonly string[]) => runOk(process.execPath, [SHOAL, ...words, ...name], LIMIT_MS, env)
  // The nodes of an environment are made to survive whoever started them.
  beforeExit(() => execFileSync(process.execPath, [SHOAL, 'down', ...name], {env, stdio: 'ignore'}))
  const times: Times = {down: [], heal: [], partition: [], up: []}
  for (let round = 0; round < rounds; round++) {
    for (const step of STEPS) {
      const shape = step.name === 'up' ? ['--engine', engine, '--base-port', String(basePort)] : []
      times[step.name].push((await shoal([...step.words, ...shape])).durationMs)
      // Cut and healed before anybody has been replaced, and at rest before the next.
      if (step.name === 'heal') await shoal(['wait', '--for', 'healed'])
    }
  }
  return times
}

/** The same cluster by redis-server and redis-cli, until every replica is in sync, milliseconds. */
async function byHand(basePort: number): Promise<number> {
  const startMs = performance.now()
  const ports = Array.from({length: NODE_COUNT}, (_, index) => basePort + index)
  const settings = ['--cluster-enabled', 'yes', '--repl-diskless-sync-delay', '0', '--cluster-node-timeout', '2000']
  const children = ports.map((port) => start(...commandOf('redis-server', port, settings)))
  await Promise.all(ports.map((port) => untilPong(port, 5)))
  const nodes = ports.map((port) => `127.0.0.1:${port}`)
  await runOk('redis-cli', ['--cluster', 'create', ...nodes, '--cluster-replicas', '1', '--cluster-yes'], LIMIT_MS)
  const links = ports.map((port) => new Redis(port, '127.0.0.1'))
  const isReady = async () => {
    const infos = await Promise.all(
      links.map(async (link) => `${await link.info('replication')}${await link.cluster('INFO')}`),
    )
    return infos.every((text) => /cluster_state:ok/.test(text) && /role:master|master_link_status:up/.test(text))
  }
  await until('all replicas in sync', isReady, LIMIT_MS)
  const tookMs = performance.now() - startMs
  for (const link of links) link.disconnect()
  await Promise.all(children.map(stop))
  return tookMs
}

/** Docker is measured where there is a daemon and an image of a server. */
function hasDocker(): boolean {
  try {
    execFileSync('docker', ['version'], {stdio: 'ignore', timeout: 5000})
    return true
  } catch {
    return false
  }
}

export async function benchEnvironments({basePort, quick, rounds = 5}: BenchOptions): Promise<void> {
  const count = quick ? 1 : rounds
  const engines = ENGINES.filter((engine) => engine !== 'docker' || hasDocker())
  if (engines.length < ENGINES.length) console.log('docker is left out: there is no daemon here')
  const results = new Map<Engine, Times>()
  for (const [index, engine] of engines.entries()) {
    results.set(engine, await timesOf(engine, basePort + index * 10, count))
    console.log(`  ${engine} done`)
  }
  const hand: number[] = []
  for (let round = 0; round < count; round++) hand.push(await byHand(basePort + 50))
  const rows = engines.flatMap((engine) =>
    STEPS.map(({bars, name}) => [
      `${name}, ${engine}`,
      medianWithRange(results.get(engine)![name]),
      name === 'up' ? medianWithRange(hand) : '',
      `${bars[engine]} ms`,
    ]),
  )
  const text = table(['3+3 nodes, whole command, median (range)', 'shoal', 'redis-server x 6, redis-cli', 'bar'], rows)
  console.log(`\n${text}\n`)
  publish('environments', quick, {hand, results: Object.fromEntries(results)}, [text])
}
