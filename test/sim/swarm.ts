import {type Rng, seededRng} from '../../src/lib/kernel/rng.js'
import {hashSlot} from '../../src/lib/protocol/hash-slot.js'
import {anyNode, type Draw, FAULTS, type Make, operation, other, times} from './faults.js'
import {range, type Scenario, type Step} from './scenario.js'
import {CALM_LINK, type WorldOptions} from './world.js'

/**
 * A seed's scenario: each kind of fault is on in about half of the seeds, with a rate of its own, so that faults also
 * meet alone and in pairs. The steps are drawn before the run, not during it: dropping one leaves the others as they are.
 */
export function swarmScenario(seed: number): Scenario {
  const rng = seededRng(seed ^ 0x5eed_c0de)
  const options = swarmOptions(seed, rng.fork())
  const shapeRng = rng.fork()
  const {nodeCount} = options
  const primaryCount = nodeCount >= 4 && shapeRng.chance(0.5) ? nodeCount - 1 : nodeCount
  const faultPhaseMs = 8000 + shapeRng.below(12_000)
  const hasReplica = primaryCount < nodeCount && shapeRng.chance(0.7)
  const wipes = primaryCount < nodeCount && !hasReplica && shapeRng.chance(0.5)
  const timeoutMs = options.nodeTimeoutMs
  const draw: Draw = {faultPhaseMs, nodeCount, primaryCount, rng: rng.fork(), timeoutMs, wipes}
  const steps = [...FAULTS, ...OPERATIONS].flatMap((make) => make({...draw, rng: rng.fork()}))
  steps.sort((a, b) => a.atMs - b.atMs)
  return {
    faultPhaseMs,
    givenEpochs: shapeRng.chance(0.5),
    replicas: hasReplica ? [{node: nodeCount, of: 1}] : [],
    keysPerMigrate: 1 + shapeRng.below(4),
    options,
    primaryCount,
    ...(nodeCount >= 4 && shapeRng.chance(0.5) ? partialCut(shapeRng, primaryCount) : NO_STAGE),
    steps,
  }
}

export function swarmOptions(seed: number, rng: Rng): WorldOptions {
  const on = (chance: number): number => (rng.chance(0.5) ? chance * (rng.below(100) / 100) : 0)
  return {
    codecEvery: rng.pick([1, 3, 10, 50]),
    link: {
      ...CALM_LINK,
      halfOpenChance: on(1),
      hangChance: on(0.2),
      latencyMaxMs: rng.pick([1, 5, 30, 120]),
      latencyMinMs: 0.2,
      refuseChance: on(0.3),
      resetDelayMaxMs: rng.pick([0, 100, 5000]),
      splitChance: rng.chance(0.5) ? 0.5 : 0,
    },
    nodeCount: rng.pick([3, 3, 4, 5, 6]),
    nodeTimeoutMs: rng.pick([500, 1000, 2000, 3000]),
    seed,
    slowFsyncChance: on(0.5),
    slowFsyncMaxMs: rng.pick([5, 100, 1500]),
    realServer: rng.chance(0.5),
    asyncSaves: rng.chance(0.7),
  }
}

const NO_STAGE = {staysCut: [], whileCut: []}

/**
 * One primary that cannot talk to one other, nor to the clients, while the other takes a slot from it: what it must learn
 * comes through third nodes.
 */
function partialCut(rng: Rng, primaryCount: number): Pick<Scenario, 'staysCut' | 'whileCut'> {
  const node = 1 + rng.below(primaryCount)
  const taker = other(rng, primaryCount, node)
  const slot = Math.ceil(((node - 1) * 16_384) / primaryCount) + rng.below(Math.floor(16_384 / primaryCount) - 1)
  const whileCut = rng.chance(0.7) && !TAG_SLOTS.includes(slot) ? [`seize ${taker} ${slot}`] : []
  return {staysCut: [`${node}<->${taker}`, `0<->${node}`], whileCut}
}

const TAGS = range(0, 7).map((index) => `{t${index}}`)
const TAG_SLOTS = TAGS.map(hashSlot)

const OPERATIONS: readonly Make[] = [
  ({faultPhaseMs, rng}) => {
    const gapMs = 20 + rng.below(150)
    const steps: Step[] = []
    for (let atMs = 0; atMs < faultPhaseMs; atMs += 1 + rng.below(2 * gapMs)) {
      const key = `${rng.pick(TAGS)}k${rng.below(4)}`
      steps.push({atMs, kind: 'operation', line: `${rng.chance(0.7) ? 'write' : 'read'} ${key}`})
    }
    return steps
  },
  (draw) => times(draw, 200, 2000).map((atMs) => operation(atMs, moveLine(draw))),
  (draw) => times(draw, 500, 5000).map((atMs) => operation(atMs, `bump ${anyNode(draw)}`)),
  // Meeting again whom one knows, and changing names, must never harm.
  (draw) =>
    times(draw, 1000, 8000).map((atMs) => {
      const node = anyNode(draw)
      return operation(atMs, `meet ${node} ${other(draw.rng, draw.nodeCount, node)}`)
    }),
  (draw) =>
    times(draw, 2000, 8000).map((atMs) => operation(atMs, `hostname ${anyNode(draw)} host-${draw.rng.below(100)}`)),
  // Votes: honest candidates, and such that collide in one epoch.
  (draw) =>
    times(draw, 500, 4000).map((atMs) => {
      const epoch = draw.rng.pick(['next', 'same'])
      return operation(atMs, `campaign ${draw.nodeCount} ${epoch}${draw.rng.chance(0.5) ? ' force' : ''}`)
    }),
  // Taking a slot by force drops its keys, so only slots without any are taken.
  (draw) =>
    times(draw, 4000, 12_000).map((atMs) => {
      const slot = draw.rng.below(16_384)
      return operation(atMs, `seize ${1 + draw.rng.below(draw.primaryCount)} ${TAG_SLOTS.includes(slot) ? 0 : slot}`)
    }),
]

function moveLine(draw: Draw): string {
  const slot = hashSlot(draw.rng.pick(TAGS))
  return `move ${slot} ->${1 + draw.rng.below(draw.wipes ? draw.primaryCount : draw.nodeCount)}`
}
