import type {Mutation} from './mutations.js'
import {type Outcome, runScenario} from './run.js'
import {renderScenario, type Scenario, type Step} from './scenario.js'
import {nodesIn} from './script.js'

export interface Shrunk {
  readonly scenario: Scenario
  readonly outcome: Outcome
  readonly runs: number
}

/**
 * Makes a failing run smaller while it still breaks the same rule: first faults go, then nodes, then the operations,
 * and round again while that helps. The result is small, not smallest.
 *
 * @param runsMax - a bound on the work; what is smallest by then is returned
 */
export function shrink(failing: Scenario, mutation?: Mutation, runsMax = 400): Shrunk {
  const shrinker = new Shrinker(failing, mutation, runsMax)
  for (let size = -1; size !== shrinker.size(); ) {
    size = shrinker.size()
    shrinker.dropSteps('fault')
    shrinker.dropNodes()
    shrinker.dropSteps('operation')
    shrinker.simplify()
  }
  return {outcome: shrinker.outcome, runs: shrinker.runs, scenario: shrinker.best}
}

/** For the failure message: how to run it again, the smallest script, and the last that happened in it. */
export function explainFailure(scenario: Scenario, mutation?: Mutation): string {
  const first = runScenario(scenario, mutation)
  const {outcome, runs, scenario: small} = shrink(scenario, mutation)
  return [
    `seed ${scenario.options.seed}: ${first.failure?.message}`,
    `replay: SIM_SEED=${scenario.options.seed} npx vitest run --project sim`,
    `smallest after ${runs} runs (${outcome.failure?.message}):`,
    renderScenario(small),
    '--- last events of the smallest run',
    ...outcome.tail.slice(-25),
  ].join('\n')
}

class Shrinker {
  runs = 0
  outcome: Outcome
  private readonly rule: string

  constructor(
    public best: Scenario,
    private readonly mutation: Mutation | undefined,
    private readonly runsMax: number,
  ) {
    this.outcome = runScenario(best, mutation)
    if (!this.outcome.failure) throw new Error('only a failing run can be made smaller')
    this.rule = this.outcome.failure.rule
  }

  size(): number {
    return this.best.steps.length * 10 + this.best.options.nodeCount + this.best.staysCut.length
  }

  /** Takes `candidate` if it still fails by the same rule. */
  private take(candidate: Scenario): boolean {
    if (this.runs >= this.runsMax) return false
    this.runs++
    const outcome = runScenario(candidate, this.mutation)
    if (outcome.failure?.rule !== this.rule) return false
    this.best = candidate
    this.outcome = outcome
    return true
  }

  /** Drops halves, then quarters, ... then single steps (Zeller's ddmin, complements only). */
  dropSteps(kind: Step['kind']): void {
    let chunk = Math.max(1, Math.ceil(this.count(kind) / 1))
    while (chunk >= 1) {
      let at = 0
      while (at < this.count(kind)) {
        if (!this.take(without(this.best, kind, at, chunk))) at += chunk
      }
      chunk = chunk === 1 ? 0 : Math.ceil(chunk / 2)
    }
  }

  dropNodes(): void {
    for (let index = this.best.options.nodeCount; index >= 1 && this.best.options.nodeCount > 2; index--) {
      this.take(withoutNode(this.best, index))
    }
  }

  /** A run on calm links and with round numbers is easier to read. */
  simplify(): void {
    const {best} = this
    if (best.staysCut.length > 0) this.take({...this.best, staysCut: [], whileCut: []})
    const {link} = this.best.options
    for (const field of ['splitChance', 'halfOpenChance', 'hangChance', 'refuseChance', 'resetDelayMaxMs'] as const) {
      if (link[field] === 0) continue
      const {options} = this.best
      this.take({...this.best, options: {...options, link: {...options.link, [field]: 0}}})
    }
    if (this.best.options.slowFsyncChance > 0) {
      this.take({...this.best, options: {...this.best.options, slowFsyncChance: 0}})
    }
  }

  private count(kind: Step['kind']): number {
    return this.best.steps.filter((step) => step.kind === kind).length
  }
}

function without(scenario: Scenario, kind: Step['kind'], at: number, count: number): Scenario {
  let seen = -1
  const steps = scenario.steps.filter((step) => {
    if (step.kind !== kind) return true
    seen++
    return seen < at || seen >= at + count
  })
  return {...scenario, steps}
}

/** The nodes after `index` move up by one, so that numbers stay without gaps. */
function withoutNode(scenario: Scenario, index: number): Scenario {
  const {options, primaryCount, staysCut, steps, whileCut} = scenario
  const isOther = (line: string): boolean => !nodesIn(line).includes(index)
  const renumber = (line: string): string => renumberAfter(line, index)
  return {
    ...scenario,
    replicas: scenario.replicas
      .filter(({node, of}) => node !== index && of !== index)
      .map(({node, of}) => ({node: node > index ? node - 1 : node, of: of > index ? of - 1 : of})),
    options: {...options, nodeCount: options.nodeCount - 1},
    primaryCount: index <= primaryCount ? primaryCount - 1 : primaryCount,
    staysCut: staysCut.filter((link) => isOther(`cut ${link}`)).map((link) => renumber(`cut ${link}`).slice(4)),
    whileCut: whileCut.filter(isOther).map(renumber),
    steps: steps.filter(({line}) => isOther(line)).map((step) => ({...step, line: renumber(step.line)})),
  }
}

function renumberAfter(line: string, gone: number): string {
  const lower = (text: string): string => (Number(text) > gone ? String(Number(text) - 1) : text)
  const [verb, ...args] = line.split(' ')
  if (verb === 'write' || verb === 'wait' || verb === 'read' || verb === 'run') return line
  const plainArgs = nodesIn(line)
  return [
    verb,
    ...args.map((arg, at) => {
      const link = /^(\d*)(<?->)(\d+)$/.exec(arg)
      if (link) return `${link[1] ? lower(link[1]) : ''}${link[2]}${lower(link[3] as string)}`
      const isNode = at === 0 && verb !== 'move' && verb !== 'careless' && plainArgs.includes(Number(arg))
      return isNode ? lower(arg) : arg
    }),
  ].join(' ')
}
