import type {ImportEvent} from '../operations/load/run-import.js'
import {renderDuration} from './duration.js'
import {drawLanes, type Lane} from './lanes.js'
import {renderRate} from './progress.js'

type Phase = 'copy' | 'verify'

const TITLES: Readonly<Record<Phase, string>> = {copy: 'Bring keys', verify: 'Compare with the source'}

/** How far one phase of an import is. */
export class PhaseProgress implements Lane {
  /** Resolves once the phase is over. */
  readonly finished: Promise<void>
  private finish: () => void = () => undefined
  private isOver = false
  private keys = 0
  private startedAt: number | undefined
  private endedAt = 0
  /** Keys that an earlier run brought: they say nothing of this one's pace. */
  private before = 0

  constructor(
    readonly phase: Phase,
    private readonly keyCount: number,
  ) {
    this.finished = new Promise((resolve) => {
      this.finish = resolve
    })
  }

  take(event: ImportEvent, nowMs: number): void {
    if (event.event === 'resumed' && this.phase === 'copy') this.before = event.keys
    if (event.event !== 'progress' && event.event !== 'phase-done') return
    if (event.phase !== this.phase) return
    this.startedAt ??= nowMs
    this.endedAt = nowMs
    if (event.event === 'progress') this.keys += event.keys
    else {
      this.isOver = true
      this.finish()
    }
  }

  get title(): string {
    return TITLES[this.phase]
  }

  isFinished(): boolean {
    return this.isOver
  }

  /** `45,000/100,000 keys, 41k keys/s, 1.3 s left`; before it begins `waiting`. */
  describe(nowMs: number): string {
    if (this.startedAt === undefined) return 'waiting'
    const elapsedMs = nowMs - this.startedAt
    const done = this.before + this.keys
    const parts = [`${done}/${Math.max(done, this.keyCount)} keys`]
    if (elapsedMs > 0 && this.keys > 0) {
      const perMs = this.keys / elapsedMs
      parts.push(`${renderRate(perMs * 1000)} keys/s`)
      if (done < this.keyCount) parts.push(`${renderDuration((this.keyCount - done) / perMs)} left`)
    }
    return parts.join(', ')
  }

  /** `50210 keys in 0.9 s` */
  summary(): string {
    return `${this.keys} keys in ${renderDuration(this.startedAt === undefined ? 0 : this.endedAt - this.startedAt)}`
  }
}

export interface ShowImport<T> {
  readonly keyCount: number
  readonly phases: readonly Phase[]
  /** `tasks` draws on a terminal, `events` prints JSON lines on stderr, `silent` shows warnings alone. */
  readonly how: 'tasks' | 'events' | 'silent'
  readonly onWarning: (message: string) => void
  readonly run: (emit: (event: ImportEvent) => void) => Promise<T>
}

/** Runs an import and shows what happens meanwhile. Throws what the import throws. */
export async function showImport<T>({how, keyCount, onWarning, phases, run}: ShowImport<T>): Promise<T> {
  const progress = phases.map((phase) => new PhaseProgress(phase, keyCount))
  const warnings: string[] = []
  const emit = (event: ImportEvent) => {
    for (const phase of progress) phase.take(event, performance.now())
    if (how === 'events') process.stderr.write(`${JSON.stringify({at: new Date().toISOString(), ...event})}\n`)
    if (event.event === 'resumed') warnings.push(`going on after ${event.keys} keys that an earlier run brought`)
    if (event.event === 'warning') warnings.push(event.message)
  }
  try {
    return how === 'tasks' ? await drawLanes(progress, () => run(emit)) : await run(emit)
  } finally {
    if (how !== 'events') for (const message of warnings) onWarning(message)
  }
}
