import type {MakeCore} from './copy.js'
import {type Failure, runScenario} from './run.js'
import type {Scenario} from './scenario.js'
import {regionsIn} from './script.js'

interface Lines {
  readonly lines: readonly string[]
  readonly regions: number
}

interface Failing {
  readonly failure: Failure | undefined
}

/** Makes a failing run smaller while it breaks the same rule: lines go, then operations of units, then regions. */
export function shrink<S extends Lines, O extends Failing>(
  failing: S,
  run: (scenario: S) => O,
  {runsMax = 2000, separator = '; '} = {},
): {scenario: S; outcome: O} {
  const shrinker = new Shrinker(failing, run, runsMax, separator)
  for (let size = -1; size !== shrinker.size(); ) {
    size = shrinker.size()
    shrinker.dropLines()
    shrinker.dropOperations()
    shrinker.dropRegions()
  }
  return {outcome: shrinker.outcome, scenario: shrinker.best}
}

/** For the failure message: how to run it again, and the smallest script. */
export function explainFailure(scenario: Scenario, makeCore: MakeCore): string {
  const {failure} = runScenario(scenario, makeCore)
  const {outcome, scenario: small} = shrink(scenario, (smaller) => runScenario(smaller, makeCore))
  return [
    `seed ${scenario.seed}: ${failure?.message}`,
    `replay: SIM_SEED=${scenario.seed} npx vitest run --project sim test/sim/crdt/engine`,
    `smallest (${outcome.failure?.message}, at "${outcome.failure?.line}"), ${small.regions} regions:`,
    ...small.lines,
  ].join('\n')
}

class Shrinker<S extends Lines, O extends Failing> {
  outcome: O
  private runs = 0
  private readonly rule: string

  constructor(
    public best: S,
    private readonly run: (scenario: S) => O,
    private readonly runsMax: number,
    private readonly separator: string,
  ) {
    this.outcome = run(best)
    if (!this.outcome.failure) throw new Error('only a failing run can be made smaller')
    this.rule = this.outcome.failure.rule
  }

  size(): number {
    return this.best.lines.join('\n').length + this.best.regions
  }

  private take(candidate: S): boolean {
    if (this.runs >= this.runsMax) return false
    this.runs++
    const outcome = this.run(candidate)
    if (outcome.failure?.rule !== this.rule) return false
    this.best = candidate
    this.outcome = outcome
    return true
  }

  /** Drops halves, then quarters, ... then single lines. */
  dropLines(): void {
    for (let chunk = this.best.lines.length; chunk >= 1; chunk = chunk === 1 ? 0 : Math.ceil(chunk / 2)) {
      for (let at = 0; at < this.best.lines.length; ) {
        const lines = this.best.lines.filter((_, index) => index < at || index >= at + chunk)
        if (!this.take({...this.best, lines})) at += chunk
      }
    }
  }

  dropOperations(): void {
    for (let at = 0; at < this.best.lines.length; at++) {
      for (let index = 0; ; ) {
        const line = this.best.lines[at] as string
        const start = line.indexOf(': ') + 2
        const operations = line.slice(start).split(this.separator)
        if (start < 2 || operations.length < 2 || index >= operations.length) break
        const fewer = line.slice(0, start) + operations.filter((_, other) => other !== index).join(this.separator)
        if (!this.take({...this.best, lines: this.best.lines.with(at, fewer)})) index++
      }
    }
  }

  /** Only a last one that nothing speaks of: the numbers of the others mean something in ties. */
  dropRegions(): void {
    while (this.best.regions > 2 && !this.best.lines.some((line) => regionsIn(line).includes(this.best.regions))) {
      if (!this.take({...this.best, regions: this.best.regions - 1})) return
    }
  }
}
