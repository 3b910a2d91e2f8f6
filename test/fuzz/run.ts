import {type Rng, seededRng} from '../../src/lib/kernel/rng.js'
import type {MemoryWatch} from './memory.js'
import {Fault, type FuzzTarget, type OpenTarget} from './target.js'

/** One input that did what none may. */
export interface Finding {
  readonly target: string
  readonly seed: number
  readonly index: number
  readonly problem: string
  /** Made smaller while the problem stayed; binary (latin1). */
  readonly input: string
}

/** Longer than any input may take, of the processor's time too; what is found to take it is tried again. */
export const INPUT_MS_MAX = 1000
/** Findings that only differ in their figures are one; after so many different ones a target is given up. */
const FINDINGS_MAX = 8
const SHRINK_RUNS_MAX = 3000
const SHRINK_MS_MAX = 5000
/** State goes stale: caches of scripts, counters. */
const RUNS_PER_STATE = 20_000

/** Same seed and index, same input. */
export function inputOf(open: OpenTarget, seed: number, index: number): string {
  return open.make(rngOf(seed, index, 0x9e37_79b1))
}

function rngOf(seed: number, index: number, purpose: number): Rng {
  return seededRng(seededRng(seed ^ purpose).uint32() + Math.imul(index, 0x85eb_ca6b))
}

/** Runs inputs `first` and following of a target. */
export class FuzzRun {
  readonly findings: Finding[] = []
  /** Inputs that were run, and those of them that the decoder took. */
  count = 0
  accepted = 0
  private readonly seen = new Set<string>()
  private open: OpenTarget

  constructor(
    private readonly target: FuzzTarget,
    private readonly seed: number,
    private readonly memory: MemoryWatch,
  ) {
    this.open = target.open()
  }

  get isOver(): boolean {
    return this.findings.length >= FINDINGS_MAX
  }

  step(index: number): void {
    if (this.count % RUNS_PER_STATE === RUNS_PER_STATE - 1) this.open = this.target.open()
    this.count++
    const input = inputOf(this.open, this.seed, index)
    const problem = this.problemOf(input, index)
    if (problem === undefined) return
    this.open = this.target.open()
    const kind = problem.replace(/\d+/g, 'N').slice(0, 120)
    if (this.seen.has(kind)) return
    this.seen.add(kind)
    // What needs a history is shown as it came.
    const smaller = this.problemOf(input, index) === undefined ? input : this.shrunk(input, index, kind)
    this.findings.push({index, input: smaller, problem, seed: this.seed, target: this.target.name})
  }

  private problemOf(input: string, index: number): string | undefined {
    const problem = this.once(input, index)
    if (problem !== 'slow') return problem
    this.open = this.target.open()
    return this.once(input, index) === 'slow' ? `takes more than ${INPUT_MS_MAX} ms` : undefined
  }

  private once(input: string, index: number): string | undefined {
    const {memory, open} = this
    const startedMs = performance.now()
    const startedCpu = process.cpuUsage()
    try {
      memory.begin(input.length)
      if (open.run(input, rngOf(this.seed, index, 0xc2b2_ae35))) this.accepted++
      memory.end()
    } catch (error) {
      memory.begin(Number.POSITIVE_INFINITY)
      return problemText(error)
    }
    if (performance.now() - startedMs <= INPUT_MS_MAX) return undefined
    const {system, user} = process.cpuUsage(startedCpu)
    return (system + user) / 1000 > INPUT_MS_MAX ? 'slow' : undefined
  }

  /** Leaves out ever smaller pieces as long as the same happens. */
  private shrunk(input: string, index: number, kind: string): string {
    const endMs = performance.now() + SHRINK_MS_MAX
    let best = input
    let runs = 0
    for (let size = best.length >> 1; size >= 1; size = size >> 1) {
      for (let at = 0; at < best.length; ) {
        if (++runs > SHRINK_RUNS_MAX || performance.now() > endMs) return best
        const shorter = best.slice(0, at) + best.slice(at + size)
        this.open = this.target.open()
        const isSame = this.once(shorter, index)?.replace(/\d+/g, 'N').slice(0, 120) === kind
        if (isSame) best = shorter
        else at += size
      }
    }
    return best
  }
}

function problemText(error: unknown): string {
  if (!(error instanceof Error)) return `threw ${String(error)}`
  if (error instanceof Fault) return error.message
  return error.stack?.split('\n').slice(0, 6).join('\n') ?? error.message
}
