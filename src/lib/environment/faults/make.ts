import {CliError} from '../../kernel/errors.js'
import {seededRng} from '../../kernel/rng.js'
import type {LinkRule} from '../../model/links.js'
import {type FaultPlan, type FaultWish, planFault, wishAsksNodes} from '../../plan/faults/fault.js'
import {linkStates} from '../../plan/faults/rules.js'
import {withEnvironmentLock} from '../lock.js'
import {openEnvironment} from '../open.js'
import {type EnvironmentParts, requireSight} from '../parts.js'
import type {EnvironmentState} from '../store.js'
import {ineffective, type ProbedLink, probeFaults} from './probe.js'
import {
  covers,
  type FaultRecord,
  type FaultSummary,
  lastingFaults,
  rulesOfFaults,
  summaryOf,
  withFault,
} from './record.js'
import {knownNodes, readScene, type Scene, type SkippedNode} from './scene.js'

export interface FaultRequest {
  /** Of the environment. */
  readonly name: string
  readonly wish: FaultWish
  /** Of all chance in it. */
  readonly seed: number
  /** Presets take nodes by chance. */
  readonly shuffled: boolean
  /** A partition beside the ones in force; it takes their place without. */
  readonly add: boolean
  /** Heals by itself after that. */
  readonly forMs?: number
  /** Keeps a fault that is not in force on every link, instead of undoing it. */
  readonly keep: boolean
}

export interface FaultReport {
  readonly name: string
  /** Nothing was touched. */
  readonly dryRun: boolean
  /** Without id and time if nothing was made. */
  readonly fault: Pick<FaultSummary, 'kind' | 'text'> & Partial<FaultSummary>
  /** Ids of the faults whose place it takes. */
  readonly replaced: readonly string[]
  readonly seed: number
  readonly nodes: readonly string[]
  /** Every link, as all faults in force together want it. */
  readonly links: readonly ProbedLink[]
  readonly skipped: readonly SkippedNode[]
}

/** An undone fault is not worth more patience than that. */
const UNDO_MS = 10_000

/** What a fault would do; touches nothing. @throws as `makeFault`, as far as that is known before */
export async function previewFault(
  parts: EnvironmentParts,
  request: FaultRequest,
  signal: AbortSignal,
): Promise<FaultReport> {
  const state = await openEnvironment(parts.store, request.name)
  const {kept, plan, replaced, scene} = await prepare(parts, state, request, Date.now(), signal)
  const rules = [...rulesOfFaults(kept), ...plan.rules]
  const fault = {kind: plan.kind, text: plan.text}
  return reportOf(request, scene, {dryRun: true, fault, links: linkStates(scene.names, rules), replaced})
}

/**
 * Makes a fault and resolves when every link of nodes that are awake was tried and is as meant. It is on record before the
 * first rule: what a killed call leaves is healed by `healFaults`, and by `down`.
 *
 * @throws {CliError} NOT_FOUND, CLUSTER_UNHEALTHY, ENVIRONMENT_LACKS, LOCKED; BAD_FLAG, UNKNOWN_NODE, NOT_ENOUGH_NODES, PREFLIGHT_FAILED as
 *   `planFault`; FAULT_INEFFECTIVE, UNREACHABLE, INTERRUPTED: then links are as they were before
 */
export async function makeFault(
  parts: EnvironmentParts,
  request: FaultRequest,
  signal: AbortSignal,
): Promise<FaultReport> {
  // An environment that is not there is no reason for a lock.
  const {spec} = await openEnvironment(parts.store, request.name)
  return withEnvironmentLock(parts.store, spec.name, signal, async (locked) => {
    const state = await openEnvironment(parts.store, spec.name)
    const nowMs = Date.now()
    const {kept, plan, replaced, scene} = await prepare(parts, state, request, nowMs, locked)
    const made = withFault(state, kept, faultOf(plan, nowMs, request.forMs))
    const {faults} = made.state
    await parts.store.write(made.state)
    try {
      await scene.engine.links.apply(scene.layout, rulesOfFaults(faults), locked)
      const {links, wrong} = await probeFaults(scene, faults, locked)
      const {untilMs = Number.POSITIVE_INFINITY} = made.record
      if (wrong.length > 0 && !request.keep && untilMs <= Date.now()) throw tooShort(request)
      if (wrong.length > 0 && !request.keep) {
        throw ineffective('the fault was applied', wrong, ['The links are as they were before.'])
      }
      return reportOf(request, scene, {dryRun: false, fault: summaryOf(made.record), links, replaced})
    } catch (error) {
      await undo(parts, scene, {...made.state, faults: lastingFaults(state, Date.now())})
      throw locked.aborted && signal.aborted ? interrupted(error) : error
    }
  })
}

function faultOf({kind, rules, text}: FaultPlan, nowMs: number, forMs: number | undefined): Omit<FaultRecord, 'id'> {
  const until = forMs === undefined ? {} : {untilMs: nowMs + forMs}
  return {appliedAtMs: nowMs, kind, rules: rules.map((rule): LinkRule => ({...rule, ...until})), text, ...until}
}

interface Prepared {
  readonly scene: Scene
  readonly plan: FaultPlan
  /** Faults that stay in force beside it. */
  readonly kept: readonly FaultRecord[]
  readonly replaced: readonly string[]
}

async function prepare(
  parts: EnvironmentParts,
  state: EnvironmentState,
  {add, forMs, seed, shuffled, wish}: FaultRequest,
  nowMs: number,
  signal: AbortSignal,
): Promise<Prepared> {
  const scene = await readScene(parts, state)
  const {name} = state.spec
  if (scene.awake.size === 0) {
    await requireSight(scene.engine)
    throw new CliError('PREFLIGHT_FAILED', `no node of environment ${name} is running`, {
      suggestions: [`shoal up --name ${name}`],
    })
  }
  const nodes = wishAsksNodes(wish) ? await knownNodes(parts, state, scene, signal) : state.spec.nodes
  const plan = planFault(nodes, wish, {rng: seededRng(seed), shuffled})
  for (const kind of new Set(plan.rules.map(({effect}) => effect.kind))) {
    const probe = await scene.engine.links.supports(kind)
    if (!probe.available) {
      throw new CliError('ENVIRONMENT_LACKS', probe.reason, {
        details: {effect: kind, engine: scene.engine.kind},
        suggestions: probe.remedy === undefined ? [] : [probe.remedy],
      })
    }
  }
  const lasting = lastingFaults(state, nowMs)
  const fault = faultOf(plan, nowMs, forMs)
  const goes = (earlier: FaultRecord) =>
    wish.kind === 'partition' ? earlier.kind === 'partition' && !add : covers(fault, earlier)
  return {
    kept: lasting.filter((earlier) => !goes(earlier)),
    plan,
    replaced: lasting.filter(goes).map(({id}) => id),
    scene,
  }
}

/** As it was before. If not even that can be done, the fault stays on record, so that it is known and can be healed. */
async function undo(parts: EnvironmentParts, {engine, layout}: Scene, before: EnvironmentState): Promise<void> {
  try {
    await engine.links.apply(layout, rulesOfFaults(before.faults), AbortSignal.timeout(UNDO_MS))
    await parts.store.write(before)
  } catch {
    return
  }
}

/** It healed by itself while links were tried. */
function tooShort({forMs}: FaultRequest): CliError {
  return new CliError('FAULT_INEFFECTIVE', `the fault was over after ${forMs} ms, before every link was tried`, {
    suggestions: ['Make it last some seconds, as in: shoal partition n1 --for 5s'],
  })
}

function interrupted(cause: unknown): CliError {
  return new CliError('INTERRUPTED', 'interrupted; the links are as they were before', {cause})
}

function reportOf(
  {seed}: FaultRequest,
  {layout, names, skipped}: Scene,
  rest: Pick<FaultReport, 'dryRun' | 'fault' | 'links' | 'replaced'>,
): FaultReport {
  return {name: layout.environment, nodes: names, seed, skipped, ...rest}
}
