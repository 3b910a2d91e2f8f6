import {AppClients} from './app-client.js'
import {Violation} from './checkers/checker.js'
import {ElectionChecker} from './checkers/elections.js'
import {EpochMonitor} from './checkers/epochs.js'
import {FailureChecker} from './checkers/failure.js'
import {healingMsMax, requireAgreement, requireNoStorm, requireSingleClaims} from './checkers/liveness.js'
import {OwnershipChecker} from './checkers/ownership.js'
import {PersistenceChecker} from './checkers/persistence.js'
import {electionMsMax, requireInSync, requireTakeover} from './checkers/replicas.js'
import {Mover} from './mover.js'
import type {Mutation} from './mutations.js'
import {ReplicatedPromises, StrictPromises} from './promises.js'
import {formationLines, range, replicationLines, type Scenario} from './scenario.js'
import {runLine, type Stage} from './script.js'
import {World} from './world.js'

export interface Outcome {
  /** Undefined if every rule held. */
  readonly failure: Failure | undefined
  /** Over everything that happened, a failure included. */
  readonly hash: string
  readonly events: number
  readonly virtualMs: number
  readonly packets: number
  readonly acknowledgedWrites: number
  readonly finishedMoves: number
  readonly tail: readonly string[]
}

export interface Failure {
  /** The broken rule; `crash` for anything thrown that is not a Violation. */
  readonly rule: string
  readonly message: string
}

/** Builds the stage of a run: a world, its clients and everyone who watches. */
export function buildStage(scenario: Pick<Scenario, 'options' | 'keysPerMigrate'>, mutation?: Mutation): Stage {
  const world = new World(scenario.options, mutation)
  const persistence = new PersistenceChecker()
  world.checkers.push(persistence, new OwnershipChecker(world), new FailureChecker())
  new EpochMonitor(world).watch()
  const elections = scenario.options.replication ? new ElectionChecker(world) : undefined
  const replicated = elections && new ReplicatedPromises(elections)
  if (elections && replicated) world.checkers.push(elections, replicated)
  return {
    app: new AppClients(world, mutation?.keepAsking ?? false, replicated ?? new StrictPromises()),
    elections,
    mover: new Mover(world, scenario.keysPerMigrate),
    persistence,
    world,
  }
}

/** Safety phase, then liveness phase. Never throws: what breaks is the outcome. */
export function runScenario(scenario: Scenario, mutation?: Mutation): Outcome {
  const stage = buildStage(scenario, mutation)
  let failure: Failure | undefined
  try {
    form(stage, scenario)
    runFaults(stage, scenario)
    healPartly(stage, scenario)
    healAndSettle(stage)
  } catch (error) {
    failure = failureOf(error)
    stage.world.trace.line(failure.message)
  }
  const {app, mover, world} = stage
  return {
    acknowledgedWrites: app.acknowledged,
    events: world.queue.count,
    failure,
    finishedMoves: mover.finished,
    hash: world.trace.hash(),
    packets: world.network.delivered,
    tail: world.trace.tail(),
    virtualMs: Math.round(world.queue.nowMs),
  }
}

function failureOf(error: unknown): Failure {
  if (error instanceof Violation) return {message: error.message, rule: error.rule}
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return {message: `crash: ${text}`, rule: 'crash'}
}

/**
 * MEET is repeated like an operator would, from the side that lacks the other: a handshake whose dial back hangs is
 * forgotten by one side and not by the other, and then only a MEET in that direction helps (Redis 7.0 is no better).
 */
function form(stage: Stage, scenario: Scenario): void {
  const {world} = stage
  for (const line of formationLines(scenario)) runLine(stage, line)
  runLine(stage, `meet 1 ${range(2, scenario.options.nodeCount).join(' ')}`)
  for (let tried = 0; tried < 15; tried++) {
    world.run(Math.max(2000, scenario.options.nodeTimeoutMs))
    const missing = world.nodes.flatMap((node) =>
      world.nodes
        .filter((other) => !node.core?.nodes.has(other.id))
        .map((other) => `meet ${node.index} ${other.index}`),
    )
    if (missing.length === 0) break
    for (const line of missing) runLine(stage, line)
  }
  const limitMs = healingMsMax(scenario.options.nodeTimeoutMs) + 5000
  requireAgreement(world, 'forms', limitMs)
  if (scenario.replicas.length > 0) {
    for (const line of replicationLines(scenario)) runLine(stage, line)
    requireAgreement(world, 'forms', limitMs)
  }
  if (!stage.elections) return
  const shards = range(1, scenario.primaryCount).map((primary) => [
    primary,
    ...scenario.replicas.filter(({of}) => of === primary).map(({node}) => node),
  ])
  world.shards.push(...shards)
  requireInSync(world, limitMs)
  stage.elections.begin(scenario.primaryCount)
}

function runFaults(stage: Stage, {faultPhaseMs, steps}: Scenario): void {
  const {world} = stage
  const startMs = world.queue.nowMs
  for (const {atMs, line} of steps) {
    if (atMs > faultPhaseMs) break
    world.queue.runUntil(startMs + atMs)
    runLine(stage, line)
  }
  world.queue.runUntil(startMs + faultPhaseMs)
}

function healPartly(stage: Stage, {options, staysCut, whileCut}: Scenario): void {
  if (staysCut.length === 0) return
  const {world} = stage
  runLine(stage, 'calm')
  runLine(stage, `cut ${staysCut.join(' ')}`)
  reviveAll(world)
  const limitMs = healingMsMax(options.nodeTimeoutMs)
  requireSingleClaims(world, limitMs)
  world.run(5000)
  for (const line of whileCut) runLine(stage, line)
  requireSingleClaims(world, limitMs)
}

function healAndSettle(stage: Stage): void {
  const {app, mover, world} = stage
  const {nodeTimeoutMs} = world.options
  const limitMs = healingMsMax(nodeTimeoutMs) + (stage.elections ? electionMsMax(nodeTimeoutMs) : 0)
  runLine(stage, 'calm')
  reviveAll(world)
  repair(stage)
  requireAgreement(world, 'heals', limitMs)
  // Clients and movers end what they began; then the last epochs travel.
  world.run(60_000, () => app.idle && mover.open === 0)
  if (mover.open > 0) throw new Violation('moves-end', `${mover.open} moves are still open`)
  requireAgreement(world, 'heals', limitMs)
  if (stage.elections) {
    requireInSync(world, limitMs)
    requireTakeover(world, limitMs)
    requireAgreement(world, 'heals', limitMs)
    requireInSync(world, limitMs)
  }
  requireNoStorm(world, 5000)
  let read = false
  app.readAll(() => {
    read = true
  })
  world.run(60_000, () => read)
  if (!read) throw new Violation('keys-readable', 'the keys cannot be read a minute after all is healed')
}

function reviveAll(world: World): void {
  for (const node of world.nodes) {
    node.crashAtEffect = Number.POSITIVE_INFINITY
    node.thaw()
    node.start()
  }
}

/**
 * What an operator has to do: FORGET the id of a lost disk everywhere, MEET who came back as a stranger (or whom one side
 * forgot in a crash amid the handshake), and MEET at its new address whom nobody can find, because too many moved at once.
 */
function repair(stage: Stage): void {
  const {world} = stage
  runLine(stage, 'forget-lost')
  for (const {core, index} of world.running) {
    if (core?.nodes.size === 1) runLine(stage, `meet ${index === 1 ? 2 : 1} ${index}`)
  }
  world.run(2 * world.options.nodeTimeoutMs)
  // A packet under way may have brought a forgotten id to a node that had not known it, and so had not banned it.
  runLine(stage, 'forget-lost')
  for (const node of world.running) {
    const lost = world.running.filter((other) => {
      const known = node.core?.nodes.get(other.id)
      return other !== node && known?.ip !== other.ip
    })
    for (const {index} of lost) runLine(stage, `meet ${node.index} ${index}`)
  }
}
