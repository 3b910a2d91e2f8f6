import {rangesOf, renderRanges} from '../src/lib/model/slot-set.js'
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
import type {WritersOptions} from './writers.js'

/**
 * The same slots with the same keys move between real redis-servers, by redis-cli and by shoal in turn, each tool as a
 * whole process, while clients write. Which tool begins changes every round.
 *
 *   pair   from one node to another, and back: a round is both tools there and back
 *   all    from two nodes to the third, as for a node that joins: a round is both tools there; the way back, which no
 *          tool can go in one command, is not measured
 */

const SLOT_COUNT = 2048
const KEYS_PER_SLOT = 25
const KEY_COUNT = 50_000
const PRIMARY_COUNT = 3
const SCENARIOS = ['pair', 'all'] as const

type Scenario = (typeof SCENARIOS)[number]

interface Scale {
  /** Moved in each run. */
  readonly slotCount: number
  readonly keyCount: number
  readonly writesPerSecond: number
}

interface Link {
  readonly name: string
  readonly delayMs: number
  readonly rounds: number
  /** What design.md asks of the ratio. */
  readonly bar: number
}

/** Slots from `sources` to `to`. */
interface Move {
  readonly sources: readonly ClusterNode[]
  readonly to: ClusterNode
  readonly slots: readonly number[]
}

function commandLine(tool: Tool, {slots, sources, to}: Move): CommandLine {
  const seed = `127.0.0.1:${to.announcedPort}`
  const from = sources.map(({id}) => id).join(',')
  if (tool === 'redis-cli') {
    const flags = ['--cluster-from', from, '--cluster-to', to.id, '--cluster-slots', String(slots.length)]
    return ['redis-cli', ['--cluster', 'reshard', seed, ...flags, '--cluster-yes']]
  }
  // The ranges say what redis-cli takes by itself, so that both move the same.
  const flags = ['--from', from, '--to', to.id, '--slots', rangesText(slots), '--yes']
  return [process.execPath, [SHOAL, 'reshard', seed, ...flags]]
}

function rangesText(slots: readonly number[]): string {
  return renderRanges(rangesOf(slots))
}

/**
 * The lowest slots of each source, as redis-cli chooses them: in proportion, the biggest source first and rounded up, the
 * others rounded down.
 */
function chosenSlots(sources: readonly (readonly number[])[], slotCount: number): number[] {
  const total = sources.reduce((sum, {length}) => sum + length, 0)
  const shares = [...sources].sort((a, b) => b.length - a.length)
  return shares
    .flatMap((owned, index) => {
      const exact = (slotCount * owned.length) / total
      return owned.slice(0, index === 0 ? Math.ceil(exact) : Math.floor(exact))
    })
    .sort((a, b) => a - b)
}

class Course {
  readonly contest: Contest

  constructor(
    private readonly scenario: Scenario,
    private readonly cluster: RealCluster,
    writers: WritersProcess,
    private readonly scale: Scale,
    /** By source, ascending. */
    private readonly slots: readonly (readonly number[])[],
  ) {
    this.contest = new Contest(cluster, writers)
  }

  async round(round: number): Promise<void> {
    const {cluster, contest, scenario} = this
    const [a, b, c] = cluster.nodes as readonly [ClusterNode, ClusterNode, ClusterNode]
    const slots = this.slots.flat()
    const tools = round % 2 === 0 ? TOOLS : [...TOOLS].reverse()
    for (const tool of tools) {
      if (scenario === 'pair') {
        await this.measure(tool, round, 'there', {slots, sources: [a], to: b})
        await this.measure(tool, round, 'back', {slots, sources: [b], to: a})
      } else {
        await this.measure(tool, round, 'there', {slots, sources: [a, b], to: c})
        await contest.carryOut(commandLine('shoal', {slots: this.slots[0]!, sources: [c], to: a}))
        await contest.carryOut(commandLine('shoal', {slots: this.slots[1]!, sources: [c], to: b}))
      }
    }
  }

  private async measure(tool: Tool, round: number, direction: string, move: Move): Promise<void> {
    await this.contest.measure({direction, round, tool}, commandLine(tool, move), async () => {
      const keyCount = await move.to.admin.dbsize()
      if (keyCount !== this.scale.keyCount)
        throw new Error(`${keyCount} of ${this.scale.keyCount} keys stand on the target`)
    })
  }
}

/** The slots each source gives, ascending. */
function slotsBySource(scenario: Scenario, cluster: RealCluster, slotCount: number): number[][] {
  const owned = cluster.nodes.map(({slots}) => slots)
  const sources = owned.slice(0, scenario === 'pair' ? 1 : 2)
  const chosen = chosenSlots(sources, slotCount)
  return sources.map((slots) => chosen.filter((slot) => slots.includes(slot)))
}

async function measure(link: Link, scenario: Scenario, scale: Scale, basePort: number) {
  const cluster = await startRealCluster({basePort, delayMs: link.delayMs, primaryCount: PRIMARY_COUNT})
  const writers = new WritersProcess()
  try {
    const slots = slotsBySource(scenario, cluster, scale.slotCount)
    await loadKeys(cluster, slots, scale.keyCount)
    const seedPort = cluster.nodes[0]!.announcedPort
    const options: WritersOptions = {...scale, seedPort, slots: slots.flat()}
    await writers.ask({kind: 'open', options})
    const idle = await idleTraffic(writers)
    console.log(`${link.name}, ${scenario}: idle p50 ${idle.p50Ms.toFixed(2)} ms, p99 ${idle.p99Ms.toFixed(2)} ms`)
    const course = new Course(scenario, cluster, writers, scale, slots)
    for (let round = 0; round < link.rounds; round++) await course.round(round)
    return {idle, link, scenario, ...summarize(course.contest.runs), runs: course.contest.runs}
  } finally {
    writers.end()
    await cluster.stop()
  }
}

type Measured = Awaited<ReturnType<typeof measure>>

function rowsOf({idle, link, scenario, ...measured}: Measured): string[][] {
  return TOOLS.map((tool) => [link.name, scenario, ...contestCells(measured, tool, link.bar, idle)])
}

export async function benchReshard({basePort, only, quick, rounds}: BenchOptions): Promise<void> {
  requireBuilt()
  const slotCount = quick ? SLOT_COUNT / 8 : SLOT_COUNT
  const scale: Scale = {
    keyCount: quick ? slotCount * KEYS_PER_SLOT : KEY_COUNT,
    slotCount,
    writesPerSecond: 1000,
  }
  const links: readonly Link[] = [
    {bar: 4, delayMs: 0, name: 'loopback', rounds: rounds ?? (quick ? 1 : 5)},
    {bar: 15, delayMs: 2, name: '2 ms per hop', rounds: rounds ?? (quick ? 1 : 2)},
  ]
  console.log(`${slotCount} slots, ${scale.keyCount} keys, ${scale.writesPerSecond} writes/s meanwhile\n`)
  const measured: Measured[] = []
  for (const [index, link] of links.entries()) {
    for (const [at, scenario] of SCENARIOS.entries()) {
      if (only !== undefined && !`${link.name}, ${scenario}`.includes(only)) continue
      measured.push(await measure(link, scenario, scale, basePort + (index * SCENARIOS.length + at) * 10))
    }
  }
  const summary = table(['link', 'from', ...CONTEST_HEADER], measured.flatMap(rowsOf))
  console.log(`\n${summary}\n`)
  if (only === undefined) publish('reshard', quick, {links: measured, scale}, [summary])
}
