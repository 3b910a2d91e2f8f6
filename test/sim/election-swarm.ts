import {type Rng, seededRng} from '../../src/lib/kernel/rng.js'
import {anyNode, type Draw, FAULTS, type Make, operation, times} from './faults.js'
import {type ReplicaLink, range, type Scenario, type Step} from './scenario.js'
import {swarmOptions} from './swarm.js'

const PRIMARY_COUNT = 3

/**
 * A seed's scenario about elections: three primaries with up to four replicas, streams between them, clients that write,
 * WAIT and read, an operator who runs CLUSTER FAILOVER, and all that can go wrong.
 */
export function electionScenario(seed: number): Scenario {
  const rng = seededRng(seed ^ 0xe1ec_7104)
  const drawn = swarmOptions(seed, rng.fork())
  const shapeRng = rng.fork()
  const nodeTimeoutMs = shapeRng.pick([500, 1000, 2000])
  const replicaCount = shapeRng.pick([1, 2, 2, 3, 4])
  const nodeCount = PRIMARY_COUNT + replicaCount
  const faultPhaseMs = 6000 + shapeRng.below(9000)
  const draw: Draw = {
    faultPhaseMs,
    nodeCount,
    primaryCount: PRIMARY_COUNT,
    rng: rng.fork(),
    timeoutMs: nodeTimeoutMs,
    wipes: false,
  }
  const steps = [...FAULTS, ...OPERATIONS].flatMap((make) => make({...draw, rng: rng.fork()}))
  const snapshotRng = seededRng(seed ^ 0x5a4e_0db1)
  const snapshots = snapshotRng.chance(0.5)
  if (snapshots) steps.push(...saves({...draw, rng: snapshotRng}))
  steps.sort((a, b) => a.atMs - b.atMs)
  const config = {
    allowReplicaMigration: shapeRng.chance(0.7),
    migrationBarrier: shapeRng.below(2),
    replicaValidityFactor: shapeRng.pick([0, 1, 10, 20]),
    replicationPingPeriodMs: shapeRng.pick([500, 1000]),
    requireFullCoverage: shapeRng.chance(0.5),
  }
  return {
    faultPhaseMs,
    givenEpochs: true,
    keysPerMigrate: 1,
    options: {...drawn, config, nodeCount, nodeTimeoutMs, realServer: false, replication: true, snapshots},
    primaryCount: PRIMARY_COUNT,
    replicas: replicaLinks(shapeRng, replicaCount),
    staysCut: [],
    steps,
    whileCut: [],
  }
}

/** One each, or all of one primary: siblings compete, or some are to spare. */
function replicaLinks(rng: Rng, count: number): ReplicaLink[] {
  const isCrowd = rng.chance(0.4)
  return range(0, count - 1).map((at) => ({
    node: PRIMARY_COUNT + 1 + at,
    of: isCrowd && at < 3 ? 1 : (at % PRIMARY_COUNT) + 1,
  }))
}

const KEYS = range(0, 5).map((index) => `{t${index}}k`)

/** Writes around this moment, some of them while the node's stream is down. */
function lag({rng}: Draw, atMs: number, node: number): Step[] {
  const writes = range(0, 24).map((count) => operation(atMs - 50 + 8 * count, `write ${KEYS[count % KEYS.length]}`))
  return rng.chance(0.5) ? [{atMs: atMs - 60, kind: 'fault', line: `unlink ${node}`}, ...writes] : writes
}

/** All soon after the beginning, so that a crash costs something and not everything; then each now and then. */
function saves({faultPhaseMs, nodeCount, rng}: Draw): Step[] {
  const steps: Step[] = range(1, nodeCount).map((node) => operation(rng.below(500), `snapshot ${node}`))
  for (let atMs = rng.below(2000); atMs < faultPhaseMs; atMs += rng.below(2000)) {
    steps.push(operation(atMs, `snapshot ${1 + rng.below(nodeCount)}`))
  }
  return steps
}

const OPERATIONS: readonly Make[] = [
  ({faultPhaseMs, rng}) => {
    const gapMs = 20 + rng.below(100)
    const waits = rng.pick([0, 0.2, 0.5])
    const steps: Step[] = []
    for (let atMs = 0; atMs < faultPhaseMs; atMs += 1 + rng.below(2 * gapMs)) {
      const verb = rng.chance(waits) ? 'wait' : rng.chance(0.8) ? 'write' : 'read'
      const key = rng.pick(KEYS)
      // Written once: what is lost of what WAIT promised would be hidden by what is written over it.
      steps.push(operation(atMs, `${verb} ${verb === 'wait' ? `${key}:${steps.length}` : key}`))
    }
    return steps
  },
  // Refused by whoever is a primary just then. Clients write all the time, so that what is lost would show.
  (draw) =>
    times(draw, 1000, 6000).flatMap((atMs) => {
      const {nodeCount, rng} = draw
      const node = rng.chance(0.7) ? PRIMARY_COUNT + 1 + rng.below(nodeCount - PRIMARY_COUNT) : 1 + rng.below(nodeCount)
      const mode = rng.pick(['', '', '', ' force', ' takeover'])
      return [...lag(draw, atMs, node), operation(atMs, `failover ${node}${mode}`)]
    }),
  // A node dies for a while that is long enough for an election.
  (draw) =>
    times(draw, 3000, 9000).flatMap((atMs): Step[] => {
      const node = 1 + draw.rng.below(draw.nodeCount)
      const verb = draw.rng.pick(['crash', 'power'])
      const backMs = atMs + 3 * draw.timeoutMs + draw.rng.below(6000)
      return [
        ...lag(draw, atMs, anyNode(draw)),
        {atMs, kind: 'fault', line: `${verb} ${node}`},
        {atMs: backMs, kind: 'fault', line: `start ${node}`},
      ]
    }),
]
