import {fork} from 'node:child_process'
import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {keyNames, load, valueOfWrite} from './keys.js'
import type {BenchOptions} from './options.js'
import {makeFolder, own, run} from './processes.js'
import {type ClusterNode, type RealCluster, startRealCluster} from './real-cluster.js'
import {median, publish, table} from './report.js'
import type {Traffic, Verdict, WritersOptions, WritersReply, WritersRequest} from './writers.js'

/**
 * The same slots with the same keys move between two real redis-servers, by redis-cli and by shoal in turn, each tool as a
 * whole process, while clients write. A round is: both tools, there and back; which tool begins changes every round.
 */

const SLOT_COUNT = 2048
const KEYS_PER_SLOT = 25
const KEY_COUNT = 50_000
const PRIMARY_COUNT = 3
const TOOLS = ['redis-cli', 'shoal'] as const
const RUN_LIMIT_MS = 20 * 60_000
const SHOAL = join(import.meta.dirname, '..', 'bin', 'run.js')

type Tool = (typeof TOOLS)[number]

interface Scale {
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

function commandLine(
  tool: Tool,
  from: ClusterNode,
  to: ClusterNode,
  slotCount: number,
): readonly [string, readonly string[]] {
  const seed = `127.0.0.1:${from.announcedPort}`
  if (tool === 'redis-cli') {
    const flags = ['--cluster-from', from.id, '--cluster-to', to.id, '--cluster-slots', String(slotCount)]
    return ['redis-cli', ['--cluster', 'reshard', seed, ...flags, '--cluster-yes']]
  }
  // The range says what redis-cli takes by itself: the lowest slots of the source, which hold the keys.
  const flags = ['--from', from.id, '--to', to.id, '--slots', `0-${slotCount - 1}`, '--yes']
  return [process.execPath, [SHOAL, 'reshard', seed, ...flags]]
}

class Course {
  private readonly stateFolder = makeFolder()
  readonly runs: Run[] = []

  constructor(
    private readonly cluster: RealCluster,
    private readonly writers: WritersProcess,
    private readonly scale: Scale,
  ) {}

  async round(round: number): Promise<void> {
    const tools = round % 2 === 0 ? TOOLS : [...TOOLS].reverse()
    for (const tool of tools) {
      for (const direction of ['there', 'back'] as const) this.runs.push(await this.move(tool, round, direction))
    }
  }

  private async move(tool: Tool, round: number, direction: Run['direction']): Promise<Run> {
    const {cluster, scale, writers} = this
    const [a, b] = cluster.nodes as readonly [ClusterNode, ClusterNode, ...ClusterNode[]]
    const [from, to] = direction === 'there' ? [a, b] : [b, a]
    const [command, args] = commandLine(tool, from, to, scale.slotCount)
    await cluster.settled()
    await writers.ask({kind: 'start'})
    const env = {...process.env, SHOAL_STATE_DIR: this.stateFolder}
    const {durationMs, exitCode, output} = await run(command, args, RUN_LIMIT_MS, env)
    const {traffic} = await writers.ask<'stopped'>({kind: 'stop'})
    if (exitCode !== 0) throw new Error(`${tool} exited ${exitCode}:\n${output.slice(-3000)}`)
    await cluster.settled()
    const {verdict} = await writers.ask<'verified'>({kind: 'verify'})
    await this.requireMoved(to)
    const result: Run = {direction, round, seconds: durationMs / 1000, tool, traffic, verdict}
    console.log(describeRun(result))
    return result
  }

  private async requireMoved(to: ClusterNode): Promise<void> {
    const keyCount = await to.admin.dbsize()
    if (keyCount !== this.scale.keyCount) {
      throw new Error(`${keyCount} keys stand on the target, ${this.scale.keyCount} were to move`)
    }
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

async function measure(link: Link, scale: Scale, basePort: number) {
  const cluster = await startRealCluster({basePort, delayMs: link.delayMs, primaryCount: PRIMARY_COUNT})
  const writers = new WritersProcess()
  try {
    const keys = keyNames(scale.slotCount, scale.keyCount)
    await load(
      cluster.nodes[0]!.port,
      keys.map((key, index) => [key, valueOfWrite(index, 0)] as const),
    )
    const seedPort = cluster.nodes[0]!.announcedPort
    const options: WritersOptions = {...scale, seedPort}
    await writers.ask({kind: 'open', options})
    const idle = await idleTraffic(writers)
    console.log(`${link.name}: idle p50 ${idle.p50Ms.toFixed(2)} ms, p99 ${idle.p99Ms.toFixed(2)} ms`)
    const course = new Course(cluster, writers, scale)
    for (let round = 0; round < link.rounds; round++) await course.round(round)
    return {idle, link, ...summarize(course.runs), runs: course.runs}
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

function rowsOf({idle, link, ratio, tools}: Measured): string[][] {
  return TOOLS.map((tool) => {
    const figures = tools[tool]!
    return [
      link.name,
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

export async function benchReshard({basePort, quick, rounds}: BenchOptions): Promise<void> {
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
  for (const [index, link] of links.entries()) measured.push(await measure(link, scale, basePort + index * 10))
  const header = [
    'link',
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
  publish('reshard', quick, {links: measured, scale}, [summary])
}
