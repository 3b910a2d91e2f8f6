import {parseRanges, rangesOf, renderRanges, slotsOf} from '../src/lib/model/slot-set.js'
import {
  CONTEST_HEADER,
  type CommandLine,
  Contest,
  contestCells,
  idleTraffic,
  loadKeys,
  requireBuilt,
  SHOAL,
  summarize,
  TOOLS,
  type Tool,
  WritersProcess,
} from './contest.js'
import type {BenchOptions} from './options.js'
import {type ClusterNode, type RealCluster, startRealCluster} from './real-cluster.js'
import {publish, table} from './report.js'

/**
 * A fourth node has joined three that share all slots: both tools in turn give it its quarter, while clients write. The
 * way back, by which every run starts from the same slots, is not measured.
 */

const PRIMARY_COUNT = 3
const KEY_COUNT = 200_000
const WRITES_PER_SECOND = 1000
const BAR = 4

function commandLine(tool: Tool, seed: ClusterNode): CommandLine {
  const address = `127.0.0.1:${seed.announcedPort}`
  if (tool === 'redis-cli') return ['redis-cli', ['--cluster', 'rebalance', address, '--cluster-use-empty-masters']]
  return [process.execPath, [SHOAL, 'rebalance', address, '--use-empty-primaries', '--yes']]
}

/** Slots that a node owns by its own word. */
async function slotsAt({admin}: ClusterNode): Promise<number[]> {
  const own = String(await admin.call('CLUSTER', 'NODES'))
    .split('\n')
    .find((line) => line.includes('myself'))
  const ranges = own?.split(' ').slice(8).join(',') ?? ''
  return ranges === '' ? [] : slotsOf(parseRanges(ranges) ?? [])
}

/** Brings every slot back to the node that had it at the start. */
async function sendHome(contest: Contest, newcomer: ClusterNode, others: readonly ClusterNode[]): Promise<void> {
  const gained = new Set(await slotsAt(newcomer))
  for (const {id, slots} of others) {
    const own = rangesOf(slots.filter((slot) => gained.has(slot)))
    const ends = ['--from', newcomer.id, '--to', id, '--slots', `${renderRanges(own)},`]
    const seed = `127.0.0.1:${newcomer.announcedPort}`
    if (own.length > 0) await contest.carryOut([process.execPath, [SHOAL, 'reshard', seed, ...ends, '--yes']])
  }
}

async function rounds(cluster: RealCluster, contest: Contest, count: number, keyCount: number): Promise<void> {
  const others = cluster.nodes.slice(0, PRIMARY_COUNT)
  const newcomer = cluster.nodes[PRIMARY_COUNT]!
  for (let round = 0; round < count; round++) {
    for (const tool of round % 2 === 0 ? TOOLS : [...TOOLS].reverse()) {
      await contest.measure({direction: 'there', round, tool}, commandLine(tool, others[0]!), async () => {
        const gained = (await slotsAt(newcomer)).length
        if (gained !== 4096) throw new Error(`${tool} gave the newcomer ${gained} slots of 4096`)
        const sizes = await Promise.all(cluster.nodes.map(({admin}) => admin.dbsize()))
        const total = sizes.reduce((a, b) => a + b, 0)
        if (total !== keyCount) throw new Error(`${total} of ${keyCount} keys stand after ${tool}`)
      })
      await sendHome(contest, newcomer, others)
    }
  }
}

export async function benchRebalance({basePort, quick, rounds: asked}: BenchOptions): Promise<void> {
  requireBuilt()
  const keyCount = quick ? KEY_COUNT / 10 : KEY_COUNT
  const roundCount = asked ?? (quick ? 1 : 5)
  console.log(`a fourth of 16384 slots with ${keyCount} keys, ${WRITES_PER_SECOND} writes/s meanwhile\n`)
  const cluster = await startRealCluster({basePort, delayMs: 0, emptyCount: 1, primaryCount: PRIMARY_COUNT})
  const writers = new WritersProcess()
  try {
    const slots = cluster.nodes.slice(0, PRIMARY_COUNT).map((node) => node.slots)
    await loadKeys(cluster, slots, keyCount)
    const seedPort = cluster.nodes[0]!.announcedPort
    const options = {keyCount, seedPort, slots: slots.flat(), writesPerSecond: WRITES_PER_SECOND}
    await writers.ask({kind: 'open', options})
    const idle = await idleTraffic(writers)
    const contest = new Contest(cluster, writers)
    await rounds(cluster, contest, roundCount, keyCount)
    const measured = summarize(contest.runs)
    const summary = table(
      CONTEST_HEADER,
      TOOLS.map((tool) => contestCells(measured, tool, BAR, idle)),
    )
    console.log(`\n${summary}\n`)
    publish('rebalance', quick, {idle, keyCount, ...measured, runs: contest.runs}, [summary])
  } finally {
    writers.end()
    await cluster.stop()
  }
}
