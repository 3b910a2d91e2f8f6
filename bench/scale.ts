import type {ClusterView, NodeRecord} from '../src/lib/model/cluster-view.js'
import {nodeId} from '../src/lib/model/node-id.js'
import {SLOT_COUNT, type SlotRange} from '../src/lib/model/slot-set.js'
import {observeCluster} from '../src/lib/operations/observe.js'
import {planCreate} from '../src/lib/plan/create.js'
import {planRebalance} from '../src/lib/plan/moves/rebalance.js'
import {planReshard} from '../src/lib/plan/moves/reshard.js'
import {moveDocument} from '../src/lib/plan/moves/reshard-document.js'
import {remainingMoves} from '../src/lib/plan/moves/reshard-resume.js'
import {requireBuilt, SHOAL} from './contest.js'
import type {BenchOptions} from './options.js'
import {runOk} from './processes.js'
import {startRealCluster} from './real-cluster.js'
import {median, publish, table} from './report.js'

/** How Shoal does on many nodes: looking at 100 real redis-servers, and planning for 1000 nodes that are made up. */

const OBSERVED_COUNT = 100
const OBSERVE_BAR_MS = 1000
const PLANNED_COUNT = 1000
const PLAN_BAR_MS = 100
const RUN_LIMIT_MS = 60_000

interface Measured {
  readonly what: string
  readonly times: readonly number[]
  readonly barMs: number | undefined
}

async function timed(what: string, barMs: number | undefined, rounds: number, work: () => unknown): Promise<Measured> {
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const startMs = performance.now()
    await work()
    times.push(performance.now() - startMs)
  }
  const measured = {barMs, times, what}
  console.log(`  ${rowOf(measured).join('  ')}`)
  return measured
}

function rowOf({barMs, times, what}: Measured): string[] {
  const ms = (value: number) => value.toFixed(value < 100 ? 1 : 0)
  const bar = barMs === undefined ? '' : `${barMs} ms`
  // The first is what a process that does it once sees.
  const [first = Number.NaN] = times
  return [what, `${ms(median(times))} (${ms(Math.min(...times))}-${ms(Math.max(...times))})`, ms(first), bar]
}

/** As a command does it: connects to each node, and closes. */
async function observeMany(basePort: number, count: number, rounds: number): Promise<Measured[]> {
  console.log(`${count} redis-servers`)
  const cluster = await startRealCluster({basePort, delayMs: 0, primaryCount: count})
  try {
    const seed = {host: '127.0.0.1', port: cluster.nodes[0]!.announcedPort}
    const observe = async () => {
      const observed = await observeCluster(seed, {timeoutMs: 20_000})
      const {nodes, unreachable} = observed.view
      observed.close()
      if (nodes.length !== count) throw new Error(`saw ${nodes.length} nodes, not ${unreachable.length}`)
    }
    const again = await observeCluster(seed, {timeoutMs: 20_000})
    const measured = [
      await timed(`observe ${count} nodes, connecting`, OBSERVE_BAR_MS, rounds, observe),
      await timed(`observe ${count} nodes again`, OBSERVE_BAR_MS, rounds, () => again.observe()),
      await timed('shoal info, whole process', undefined, rounds, () =>
        runOk(process.execPath, [SHOAL, 'info', `127.0.0.1:${seed.port}`], RUN_LIMIT_MS),
      ),
      await timed('redis-cli --cluster info, whole process', undefined, rounds, () =>
        runOk('redis-cli', ['--cluster', 'info', `127.0.0.1:${seed.port}`], RUN_LIMIT_MS),
      ),
    ]
    again.close()
    return measured
  } finally {
    await cluster.stop()
  }
}

/** Primaries that agree; the last `empty` have no slots. */
function madeUpView(count: number, empty: number): ClusterView {
  const owners = count - empty
  const records = Array.from({length: count}, (_, index): NodeRecord => {
    const first = Math.round((index * SLOT_COUNT) / owners)
    const last = Math.round(((index + 1) * SLOT_COUNT) / owners) - 1
    return {
      id: nodeId(index.toString(16).padStart(40, '0')),
      address: {host: `10.0.${index >> 8}.${index & 255}`, port: 6379},
      busPort: 16_379,
      role: 'primary',
      myself: false,
      pfail: false,
      fail: false,
      handshake: false,
      noaddr: false,
      linked: true,
      configEpoch: index + 1,
      slots: index < owners ? [{first, last}] : [],
      migrating: new Map(),
      importing: new Map(),
    }
  })
  const info = new Map([['db0', 'keys=1000000,expires=0,avg_ttl=0']])
  const nodes = records.map((record, index) => ({
    id: record.id,
    address: record.address,
    records: records.with(index, {...record, myself: true}),
    clusterInfo: new Map([['cluster_state', 'ok']]),
    info,
  }))
  return {nodes, unreachable: [], seed: {host: '10.0.0.0', port: 6379}}
}

async function planMany(count: number, rounds: number): Promise<Measured[]> {
  console.log(`${SLOT_COUNT} slots over ${count} nodes`)
  const made = madeUpView(count, count / 10)
  // What is remembered of a view is not there for the next.
  const grown = () => ({...made})
  const request = {thresholdPercent: 2, useEmptyPrimaries: true, weights: new Map<string, number>()}
  const plan = moveDocument(grown(), planRebalance(grown(), request).moves)
  const target = made.nodes.at(-1)!.id
  const everySlot: readonly SlotRange[] = [{first: 0, last: SLOT_COUNT - 1}]
  // Two nodes per host.
  const hosts = Array.from({length: count}, (_, index) => `10.0.${index >> 9}.${(index >> 1) & 255}`)
  const named = hosts.map((host, index) => ({
    address: {host, port: 6379 + (index & 1)},
    host,
    zone: `zone-${(index >> 1) % 3}`,
  }))
  // Loads that differ from slot to slot, always the same.
  const keysOf = (slot: number) => (slot * 2654435761) % 1000
  const plans: readonly (readonly [what: string, work: () => unknown])[] = [
    ['rebalance by slots, a tenth of the nodes empty', () => planRebalance(grown(), request)],
    ['rebalance by keys, a tenth of the nodes empty', () => planRebalance(grown(), request, keysOf)],
    [
      'reshard every slot to one node',
      () => planReshard(grown(), {from: 'all', slots: {ranges: everySlot}, to: target}),
    ],
    [
      'reshard half of the slots to one node',
      () => planReshard(grown(), {from: 'all', slots: {count: 8192}, to: target}),
    ],
    ['what is left of a plan', () => remainingMoves(grown(), plan)],
    [
      'create with a replica each, three zones',
      () => planCreate({allowFewPrimaries: false, nodes: named, replicasPerPrimary: 1}),
    ],
  ]
  const measured: Measured[] = []
  for (const [what, work] of plans) measured.push(await timed(what, PLAN_BAR_MS, rounds, work))
  return measured
}

export async function benchScale({basePort, only, quick, rounds: asked}: BenchOptions): Promise<void> {
  requireBuilt()
  const rounds = asked ?? (quick ? 1 : 10)
  const isWanted = (part: string) => only === undefined || part.includes(only)
  const count = quick ? OBSERVED_COUNT / 10 : OBSERVED_COUNT
  const plans = isWanted('planning') ? await planMany(PLANNED_COUNT, rounds) : []
  const looks = isWanted('observing') ? await observeMany(basePort, count, rounds) : []
  const summary = table(['what', 'ms, median (range)', 'first', 'bar'], [...looks, ...plans].map(rowOf))
  console.log(`\n${summary}\n`)
  if (only === undefined) publish('scale', quick, {looks, plans}, [summary])
}
