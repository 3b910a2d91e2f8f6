import {fork} from 'node:child_process'
import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {rangesOf, renderRanges} from '../src/lib/model/slot-set.js'
import {hashSlot} from '../src/lib/protocol/hash-slot.js'
import {keyNames, load, valueOfWrite} from './keys.js'
import type {BenchOptions} from './options.js'
import {makeFolder, own, run} from './processes.js'
import {type ClusterNode, type RealCluster, startRealCluster} from './real-cluster.js'
import {median, publish, table} from './report.js'
import type {Traffic, Verdict, WritersOptions, WritersReply, WritersRequest} from './writers.js'

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
const TOOLS = ['redis-cli', 'shoal'] as const
const RUN_LIMIT_MS = 20 * 60_000
const SHOAL = join(import.meta.dirname, '..', 'bin', 'run.js')

type Tool = (typeof TOOLS)[number]
type Scenario = (typeof SCENARIOS)[number]

interface Scale {
  /** Moved in each run. */
  readonly slotCount: number
  readonly keyCount: number
  readonly writesPerSecond: number
}

interface Run {
  readonly tool: Tool
  readonly round: number
  readonly direction: 'there' | 'back'
  readonly seconds: number
  readonly traffic: Traffic
  readonly verdict: Verdict
}

interface Link {
  readonly name: string
  readonly delayMs: number
  readonly rounds: number
  /** What design.md asks of the ratio. */
  readonly bar: number
}

/** The writers' process, one request at a time. */
class WritersProcess {
  private readonly child = own(fork(join(import.meta.dirname, 'writers.ts'), {execArgv: ['--import', 'tsx']}))

  ask<Kind extends WritersReply['kind']>(request: WritersRequest): Promise<WritersReply & {kind: Kind}> {
    const {child} = this
    return new Promise((resolve, reject) => {
      const onExit = (): void => reject(new Error(`the writers ended during ${request.kind}`))
      child.once('exit', onExit)
      child.once('message', (reply) => {
        child.off('exit', onExit)
        resolve(reply as WritersReply & {kind: Kind})
      })
      child.send(request)
    })
  }

  end(): void {
    this.child.disconnect()
  }
}

/** Slots from `sources` to `to`. */
interface Move {
  readonly sources: readonly ClusterNode[]
  readonly to: ClusterNode
  readonly slots: readonly number[]
}

function commandLine(tool: Tool, {slots, sources, to}: Move): readonly [string, readonly string[]] {
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
  private readonly stateFolder = makeFolder()
  readonly runs: Run[] = []

  constructor(
    private readonly scenario: Scenario,
    private readonly cluster: RealCluster,
    private readonly writers: WritersProcess,
    private readonly scale: Scale,
    /** By source, ascending. */
    private readonly slots: readonly (readonly number[])[],
  ) {}

  async round(round: number): Promise<void> {
    const {cluster, scenario} = this
    const [a, b, c] = cluster.nodes as readonly [ClusterNode, ClusterNode, ClusterNode]
    const slots = this.slots.flat()
    const tools = round % 2 === 0 ? TOOLS : [...TOOLS].reverse()
    for (const tool of tools) {
      if (scenario === 'pair') {
        await this.measure(tool, round, 'there', {slots, sources: [a], to: b})
        await this.measure(tool, round, 'back', {slots, sources: [b], to: a})
      } else {
        await this.measure(tool, round, 'there', {slots, sources: [a, b], to: c})
        await this.move('shoal', {slots: this.slots[0]!, sources: [c], to: a})
        await this.move('shoal', {slots: this.slots[1]!, sources: [c], to: b})
      }
    }
  }

  private async measure(tool: Tool, round: number, direction: Run['direction'], move: Move): Promise<void> {
    const {scale, writers} = this
    await this.cluster.settled()
    await writers.ask({kind: 'start'})
    const durationMs = await this.move(tool, move)
    const {traffic} = await writers.ask<'stopped'>({kind: 'stop'})
    await this.cluster.settled()
    const {verdict} = await writers.ask<'verified'>({kind: 'verify'})
    const keyCount = await move.to.admin.dbsize()
    if (keyCount !== scale.keyCount) throw new Error(`${keyCount} of ${scale.keyCount} keys stand on the target`)
    const run: Run = {direction, round, seconds: durationMs / 1000, tool, traffic, verdict}
    console.log(describeRun(run))
    this.runs.push(run)
  }

  /** @returns milliseconds of the whole process */
  private async move(tool: Tool, move: Move): Promise<number> {
    await this.cluster.settled()
    const [command, args] = commandLine(tool, move)
    const env = {...process.env, SHOAL_STATE_DIR: this.stateFolder}
    const {durationMs, exitCode, output} = await run(command, args, RUN_LIMIT_MS, env)
    if (exitCode !== 0) throw new Error(`${tool} exited ${exitCode}:\n${output.slice(-3000)}`)
    return durationMs
  }
}

function describeRun({direction, round, seconds, tool, traffic, verdict}: Run): string {
  const {acknowledged, failed, p50Ms, p99Ms} = traffic
  const name = `round ${round + 1} ${tool} ${direction}`
  const latency = `p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms over ${acknowledged} writes, ${failed} failed`
  const loss = `lost ${verdict.lostKeys} keys, ${verdict.lostWrites} writes`
  return `  ${name.padEnd(26)} ${seconds.toFixed(2).padStart(7)} s  ${latency}; ${loss}`
}

/** Latency with nothing moving, to compare with. */
async function idleTraffic(writers: WritersProcess): Promise<Traffic> {
  await writers.ask({kind: 'start'})
  await new Promise((resolve) => setTimeout(resolve, 2000))
  return (await writers.ask<'stopped'>({kind: 'stop'})).traffic
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
    const values = keyNames(slots.flat(), scale.keyCount).map((key, index) => [key, valueOfWrite(index, 0)] as const)
    for (const [index, owned] of slots.entries()) {
      const here = new Set(owned)
      await load(
        cluster.nodes[index]!.port,
        values.filter(([key]) => here.has(hashSlot(key))),
      )
    }
    const seedPort = cluster.nodes[0]!.announcedPort
    const options: WritersOptions = {...scale, seedPort, slots: slots.flat()}
    await writers.ask({kind: 'open', options})
    const idle = await idleTraffic(writers)
    console.log(`${link.name}, ${scenario}: idle p50 ${idle.p50Ms.toFixed(2)} ms, p99 ${idle.p99Ms.toFixed(2)} ms`)
    const course = new Course(scenario, cluster, writers, scale, slots)
    for (let round = 0; round < link.rounds; round++) await course.round(round)
    return {idle, link, scenario, ...summarize(course.runs), runs: course.runs}
  } finally {
    writers.end()
    await cluster.stop()
  }
}

function summarize(runs: readonly Run[]) {
  const tools = Object.fromEntries(
    TOOLS.map((tool) => {
      const own = runs.filter((one) => one.tool === tool)
      const sum = (of: (one: Run) => number) => own.reduce((total, one) => total + of(one), 0)
      const seconds = own.map((one) => one.seconds)
      const figures = {
        acknowledgedWrites: sum((one) => one.traffic.acknowledged),
        failedWrites: sum((one) => one.traffic.failed),
        lostKeys: sum((one) => one.verdict.lostKeys),
        lostWrites: sum((one) => one.verdict.lostWrites),
        p50Ms: median(own.map((one) => one.traffic.p50Ms)),
        p99Ms: median(own.map((one) => one.traffic.p99Ms)),
        secondsMax: Math.max(...seconds),
        secondsMedian: median(seconds),
        secondsMin: Math.min(...seconds),
      }
      return [tool, figures]
    }),
  )
  const rounds = [...new Set(runs.map(({round}) => round))]
  const secondsOf = (tool: Tool, round: number) =>
    runs.filter((one) => one.tool === tool && one.round === round).reduce((total, one) => total + one.seconds, 0)
  const ratios = rounds.map((round) => secondsOf('redis-cli', round) / secondsOf('shoal', round))
  return {ratio: median(ratios), ratios, tools}
}

type Measured = Awaited<ReturnType<typeof measure>>

function rowsOf({idle, link, ratio, scenario, tools}: Measured): string[][] {
  return TOOLS.map((tool) => {
    const figures = tools[tool]!
    return [
      link.name,
      scenario,
      tool,
      `${figures.secondsMedian.toFixed(2)} (${figures.secondsMin.toFixed(2)}-${figures.secondsMax.toFixed(2)})`,
      tool === 'shoal' ? `${ratio.toFixed(1)}x (bar ${link.bar}x)` : '1.0x',
      `${figures.lostKeys} / ${figures.lostWrites} of ${figures.acknowledgedWrites}`,
      String(figures.failedWrites),
      `${figures.p50Ms.toFixed(2)} / ${figures.p99Ms.toFixed(2)}`,
      `${idle.p50Ms.toFixed(2)} / ${idle.p99Ms.toFixed(2)}`,
    ]
  })
}

export async function benchReshard({basePort, only, quick, rounds}: BenchOptions): Promise<void> {
  if (!existsSync(join(SHOAL, '..', '..', 'dist'))) throw new Error('shoal is not built: npm run build')
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
  const header = [
    'link',
    'from',
    'tool',
    'seconds, median (range)',
    'ratio',
    'lost keys / acknowledged writes',
    'failed writes',
    'p50 / p99 ms',
    'idle p50 / p99 ms',
  ]
  const summary = table(header, measured.flatMap(rowsOf))
  console.log(`\n${summary}\n`)
  if (only === undefined) publish('reshard', quick, {links: measured, scale}, [summary])
}
