import {fork} from 'node:child_process'
import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {hashSlot} from '../src/lib/protocol/hash-slot.js'
import {keyNames, load, valueOfWrite} from './keys.js'
import {makeFolder, own, run} from './processes.js'
import type {RealCluster} from './real-cluster.js'
import {median} from './report.js'
import type {Traffic, Verdict, WritersReply, WritersRequest} from './writers.js'

/** redis-cli and shoal do the same in turn, each as a whole process, while clients write. */

export const TOOLS = ['redis-cli', 'shoal'] as const
export type Tool = (typeof TOOLS)[number]

export const SHOAL = join(import.meta.dirname, '..', 'bin', 'run.js')
const RUN_LIMIT_MS = 20 * 60_000

/** @throws Error before anything is started */
export function requireBuilt(): void {
  if (!existsSync(join(SHOAL, '..', '..', 'dist'))) throw new Error('shoal is not built: npm run build')
}

export type CommandLine = readonly [command: string, args: readonly string[]]

export interface Run {
  readonly tool: Tool
  readonly round: number
  /** Which of the round's runs. */
  readonly direction: string
  readonly seconds: number
  readonly traffic: Traffic
  readonly verdict: Verdict
}

/** The writers' process, one request at a time. */
export class WritersProcess {
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

/** Spreads keys over slots, each set at the node that owns its slot. */
export async function loadKeys(
  {nodes}: RealCluster,
  slotsByNode: readonly (readonly number[])[],
  keyCount: number,
): Promise<void> {
  const values = keyNames(slotsByNode.flat(), keyCount).map((key, index) => [key, valueOfWrite(index, 0)] as const)
  for (const [index, owned] of slotsByNode.entries()) {
    const here = new Set(owned)
    await load(
      nodes[index]!.port,
      values.filter(([key]) => here.has(hashSlot(key))),
    )
  }
}

/** The runs of one cluster. */
export class Contest {
  private readonly stateFolder = makeFolder()
  readonly runs: Run[] = []

  constructor(
    private readonly cluster: RealCluster,
    private readonly writers: WritersProcess,
  ) {}

  /** @param check - throws unless the cluster is as it must be afterwards */
  async measure(
    {direction, round, tool}: Pick<Run, 'direction' | 'round' | 'tool'>,
    commandLine: CommandLine,
    check: () => Promise<void>,
  ): Promise<void> {
    const {writers} = this
    await this.cluster.settled()
    await writers.ask({kind: 'start'})
    const durationMs = await this.carryOut(commandLine)
    const {traffic} = await writers.ask<'stopped'>({kind: 'stop'})
    await this.cluster.settled()
    const {verdict} = await writers.ask<'verified'>({kind: 'verify'})
    await check()
    const run: Run = {direction, round, seconds: durationMs / 1000, tool, traffic, verdict}
    console.log(describeRun(run))
    this.runs.push(run)
  }

  /** @returns milliseconds of the whole process */
  async carryOut([command, args]: CommandLine): Promise<number> {
    await this.cluster.settled()
    const env = {...process.env, SHOAL_STATE_DIR: this.stateFolder}
    const {durationMs, exitCode, output} = await run(command, args, RUN_LIMIT_MS, env)
    if (exitCode !== 0) throw new Error(`${command} exited ${exitCode}:\n${output.slice(-3000)}`)
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
export async function idleTraffic(writers: WritersProcess): Promise<Traffic> {
  await writers.ask({kind: 'start'})
  await new Promise((resolve) => setTimeout(resolve, 2000))
  return (await writers.ask<'stopped'>({kind: 'stop'})).traffic
}

export function summarize(runs: readonly Run[]) {
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

/** Cells that every comparison shows of a tool, by `CONTEST_HEADER`. */
export function contestCells({ratio, tools}: ReturnType<typeof summarize>, tool: Tool, bar: number, idle: Traffic) {
  const figures = tools[tool]!
  return [
    tool,
    `${figures.secondsMedian.toFixed(2)} (${figures.secondsMin.toFixed(2)}-${figures.secondsMax.toFixed(2)})`,
    tool === 'shoal' ? `${ratio.toFixed(1)}x (bar ${bar}x)` : '1.0x',
    `${figures.lostKeys} / ${figures.lostWrites} of ${figures.acknowledgedWrites}`,
    String(figures.failedWrites),
    `${figures.p50Ms.toFixed(2)} / ${figures.p99Ms.toFixed(2)}`,
    `${idle.p50Ms.toFixed(2)} / ${idle.p99Ms.toFixed(2)}`,
  ]
}

export const CONTEST_HEADER = [
  'tool',
  'seconds, median (range)',
  'ratio',
  'lost keys / acknowledged writes',
  'failed writes',
  'p50 / p99 ms',
  'idle p50 / p99 ms',
]
