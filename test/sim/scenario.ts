import type {WorldOptions} from './world.js'

export interface Step {
  /** Virtual ms after the cluster was formed. */
  readonly atMs: number
  readonly line: string
  /** What it is for whoever makes the run smaller: faults go first, operations last. */
  readonly kind: 'fault' | 'operation'
}

export interface ReplicaLink {
  readonly node: number
  readonly of: number
}

/** All of one run: nothing else decides what happens. */
export interface Scenario {
  readonly options: WorldOptions
  /** Nodes 1 .. primaryCount own the slots in equal parts; the others are empty. */
  readonly primaryCount: number
  /** Who replicates whom. */
  readonly replicas: readonly ReplicaLink[]
  /** False: all primaries begin with epoch 0 and must sort out their collisions. */
  readonly givenEpochs: boolean
  /** In order of time. */
  readonly steps: readonly Step[]
  readonly faultPhaseMs: number
  /** Links that stay cut in a stage between the fault phase and the healing, such as `1<->2`. */
  readonly staysCut: readonly string[]
  /** What is done in that stage, such as taking a slot of a node that only third nodes can tell of it. */
  readonly whileCut: readonly string[]
  readonly keysPerMigrate: number
}

/** The lines that make a cluster of fresh nodes. */
export function formationLines({givenEpochs, options, primaryCount}: Scenario): string[] {
  const lines = [`boot 1-${options.nodeCount}`]
  for (let index = 1; index <= primaryCount; index++) {
    const first = Math.floor(((index - 1) * 16384) / primaryCount)
    const last = Math.floor((index * 16384) / primaryCount) - 1
    if (givenEpochs) lines.push(`epoch ${index} ${index}`)
    lines.push(`addslots ${index} ${first}-${last}`, `saveconfig ${index}`)
  }
  return lines
}

export function replicationLines({replicas}: Pick<Scenario, 'replicas'>): string[] {
  return replicas.map(({node, of}) => `replicate ${node} ${of}`)
}

/** The run as a script that a person can read, and paste into a golden test or into SIM_SCENARIO's JSON. */
export function renderScenario(scenario: Scenario): string {
  const {options, steps} = scenario
  const lines = [`# seed ${options.seed}, node timeout ${options.nodeTimeoutMs} ms, ${JSON.stringify(options.link)}`]
  lines.push(...formationLines(scenario), `meet 1 ${range(2, options.nodeCount).join(' ')}`, '# until all agree')
  lines.push(...replicationLines(scenario))
  let nowMs = 0
  for (const {atMs, line} of steps) {
    if (atMs > nowMs) lines.push(`run ${Math.round(atMs - nowMs)}ms`)
    nowMs = atMs
    lines.push(line)
  }
  if (scenario.staysCut.length > 0)
    lines.push(`# then all healed but ${scenario.staysCut.join(' ')}`, ...scenario.whileCut)
  lines.push('calm', '# all started and thawed')
  return lines.join('\n')
}

export function range(first: number, last: number): number[] {
  return Array.from({length: Math.max(0, last - first + 1)}, (_, index) => first + index)
}
