import {type Rng, seededRng} from '../../src/lib/kernel/rng.js'
import {hashSlot} from '../../src/lib/protocol/hash-slot.js'
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
    hasReplica,
    keysPerMigrate: 1 + shapeRng.below(4),
    options,
    primaryCount,
    ...(nodeCount >= 4 && shapeRng.chance(0.5) ? partialCut(shapeRng, primaryCount) : NO_STAGE),
    steps,
  }
}

interface Draw {
  readonly rng: Rng
  readonly faultPhaseMs: number
  readonly nodeCount: number
  readonly primaryCount: number
  readonly timeoutMs: number
  /** The last node owns nothing, gets nothing, and loses its disk. */
  readonly wipes: boolean
}

function swarmOptions(seed: number, rng: Rng): WorldOptions {
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

function other(rng: Rng, nodeCount: number, node: number): number {
  return 1 + ((node + rng.below(nodeCount - 1)) % nodeCount)
}

/** Draws times with a random mean distance; nothing in half of the seeds. */
function times({faultPhaseMs, rng}: Draw, meanMsMin: number, meanMsMax: number): number[] {
  if (rng.chance(0.5)) return []
  const meanMs = meanMsMin + rng.below(meanMsMax - meanMsMin)
  const found: number[] = []
  for (let atMs = rng.below(meanMs); atMs < faultPhaseMs; atMs += 1 + rng.below(2 * meanMs)) found.push(atMs)
  return found
}

type Make = (draw: Draw) => Step[]

function fault(atMs: number, line: string): Step {
  return {atMs, kind: 'fault', line}
}

/** `line` now, `undo` after a time that is short or long against the node timeout. */
function pair(draw: Draw, atMs: number, line: string, undo: string): Step[] {
  const {rng, timeoutMs} = draw
  const durationMs = rng.chance(0.5) ? rng.below(timeoutMs) : rng.below(5 * timeoutMs)
  return [fault(atMs, line), fault(atMs + durationMs, undo)]
}

function anyNode({nodeCount, rng}: Draw): number {
  return 1 + rng.below(nodeCount)
}

const FAULTS: readonly Make[] = [
  // One direction, both, or a link to the clients.
  (draw) =>
    times(draw, 500, 6000).flatMap((atMs) => {
      const from = draw.rng.below(draw.nodeCount + 1)
      const to = from === 0 ? anyNode(draw) : other(draw.rng, draw.nodeCount, from)
      const link = `${from}${draw.rng.chance(0.5) ? '<' : ''}->${to}`
      return pair(draw, atMs, `cut ${link}`, `heal ${link}`)
    }),
  // A node alone; later everything is healed at once, in one burst.
  (draw) => times(draw, 4000, 15_000).flatMap((atMs) => pair(draw, atMs, `isolate ${anyNode(draw)}`, 'heal')),
  (draw) =>
    times(draw, 2000, 10_000).flatMap((atMs) => {
      const node = anyNode(draw)
      return pair(draw, atMs, `crash ${node}`, `start ${node}`)
    }),
  (draw) =>
    times(draw, 2000, 10_000).flatMap((atMs) => {
      const node = anyNode(draw)
      return pair(draw, atMs, `power ${node}`, `start ${node}`)
    }),
  (draw) =>
    times(draw, 2000, 10_000).flatMap((atMs) => {
      const node = anyNode(draw)
      return pair(draw, atMs, `crash-in ${node} ${1 + draw.rng.below(100)}`, `start ${node}`)
    }),
  (draw) =>
    times(draw, 1000, 8000).flatMap((atMs) => {
      const node = anyNode(draw)
      return pair(draw, atMs, `freeze ${node}`, `thaw ${node}`)
    }),
  (draw) => times(draw, 2000, 10_000).map((atMs) => fault(atMs, `clock ${anyNode(draw)} ${clockStep(draw)}`)),
  (draw) =>
    times(draw, 1000, 6000).flatMap((atMs) => {
      const from = anyNode(draw)
      const link = `${from}->${other(draw.rng, draw.nodeCount, from)}`
      return pair(draw, atMs, `slow ${link} ${draw.rng.below(2 * draw.timeoutMs)}`, `slow ${link} 0`)
    }),
  // Two nodes come back with each other's address: whoever dials finds the wrong one there.
  (draw) =>
    times(draw, 8000, 30_000).flatMap((atMs) => {
      const node = anyNode(draw)
      const second = other(draw.rng, draw.nodeCount, node)
      return [`crash ${node} ${second}`, `swap ${node} ${second}`, `start ${node} ${second}`].map((line, at) =>
        fault(atMs + at, line),
      )
    }),
  // The spare machine loses its disk and comes back as a stranger at the old address.
  (draw) =>
    draw.wipes
      ? [
          fault(draw.faultPhaseMs / 3, `wipe ${draw.nodeCount}`),
          fault(draw.faultPhaseMs / 2, `start ${draw.nodeCount}`),
        ]
      : [],
  // The same node at another address.
  (draw) =>
    times(draw, 6000, 20_000).flatMap((atMs) => {
      const node = anyNode(draw)
      const ip = `10.0.${1 + draw.rng.below(200)}.${node}`
      return [
        fault(atMs, `crash ${node}`),
        fault(atMs + 1, `readdress ${node} ${ip}`),
        fault(atMs + 2, `start ${node}`),
      ]
    }),
]

/** Steps of minutes, either way, and clocks that run up to 1 % wrong. */
function clockStep({rng}: Draw): string {
  const stepMs = rng.pick([0, 300, -300, 5000, -5000, 300_000, -300_000])
  return `${stepMs} ${(rng.below(200) - 100) / 10_000}`
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

function operation(atMs: number, line: string): Step {
  return {atMs, kind: 'operation', line}
}

function moveLine(draw: Draw): string {
  const slot = hashSlot(draw.rng.pick(TAGS))
  return `move ${slot} ->${1 + draw.rng.below(draw.wipes ? draw.primaryCount : draw.nodeCount)}`
}
