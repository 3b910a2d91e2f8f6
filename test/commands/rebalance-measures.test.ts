import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {runShoal} from '../support/cli.js'
import {type Reply, ScriptedCluster, type ScriptedNode} from '../support/scripted-cluster.js'
import {failureOf} from './atomic-suite.js'

interface Document {
  readonly by: string
  readonly shares: readonly {readonly id: string; readonly now: number; readonly after: number}[]
  readonly plan: {readonly steps: readonly {readonly from: string; readonly to: string; readonly slotCount: number}[]}
}

/** Figures of one slot, as a server names them; `asked` counts the rounds in which the node was asked. */
type Figures = (slot: number, node: ScriptedNode, asked: number) => Readonly<Record<string, number>>

/** Gives nodes CLUSTER SLOT-STATS. */
function offerStats(cluster: ScriptedCluster, nodes: readonly ScriptedNode[], figures: Figures): void {
  const asked = new Map<ScriptedNode, number>()
  cluster.handlers.push(([name, sub, how, first, last], node): Reply | undefined => {
    if (name !== 'CLUSTER' || sub !== 'SLOT-STATS' || how !== 'SLOTSRANGE' || !nodes.includes(node)) return undefined
    const own = cluster.slotsOf(node)
    if (Number(first) === own[0]) asked.set(node, (asked.get(node) ?? 0) + 1)
    return own
      .filter((slot) => slot >= Number(first) && slot <= Number(last))
      .map((slot) => [slot, Object.entries(figures(slot, node, asked.get(node) ?? 1)).flat()])
  })
}

describe('rebalance by what slots take', () => {
  let cluster: ScriptedCluster

  beforeEach(async () => {
    cluster = await ScriptedCluster.start(3)
  })
  afterEach(() => cluster.stop())

  const rebalance = (...args: string[]) => runShoal(['rebalance', cluster.seed, '--json', '--dry-run', ...args])
  const byCpu = (...args: string[]) => rebalance('--by', 'cpu', '--sample', '20ms', ...args)

  it('measures CPU time while it looks, not what was used before', async () => {
    // The last node has used the most ever; the first is the busy one.
    offerStats(cluster, cluster.nodes, (_, node, asked) => {
      const [ever, now] = node === cluster.node(0) ? [0, 1000] : node === cluster.node(1) ? [0, 10] : [1e9, 10]
      return {'key-count': 1, 'cpu-usec': ever + now * asked}
    })
    const run = await byCpu()
    expect(run.code, run.stdout + run.stderr).toBe(0)
    const {by, plan, shares} = run.json<Document>()
    expect(by).toBe('cpu')
    expect(shares.map(({now}) => now)).toEqual([5_461_000, 54_620, 54_610])
    expect(new Set(plan.steps.map(({from}) => from))).toEqual(new Set([cluster.node(0).id]))
    expect(shares.every(({after}) => Math.abs(after - 5_570_230 / 3) < 5_570_230 / 50)).toBe(true)
  })

  it('counts from zero what was restarted while it looked', async () => {
    offerStats(cluster, cluster.nodes, (_, node, asked) => ({
      'cpu-usec': node === cluster.node(0) ? (asked === 1 ? 1e9 : 7) : 7 * asked,
    }))
    const run = await byCpu()
    expect(run.json<Document>().shares.map(({now}) => now)).toEqual([7 * 5461, 7 * 5462, 7 * 5461])
    expect(run.json<Document>().plan.steps).toEqual([])
  })

  it('shows CPU time as time', async () => {
    offerStats(cluster, cluster.nodes, (_, __, asked) => ({'cpu-usec': 1000 * asked}))
    const run = await runShoal(['rebalance', cluster.seed, '--by', 'cpu', '--sample', '20ms', '--dry-run'])
    expect(run.stdout).toMatch(/cpu now.*\n.*5\.5 s/)
    expect(run.stderr).toContain('Measuring CPU time for 20 ms.')
  })

  it('names the nodes that do not offer it, and what works', async () => {
    offerStats(cluster, cluster.nodes.slice(0, 2), () => ({'cpu-usec': 1}))
    const failure = failureOf(await byCpu())
    expect([failure.exit, failure.code]).toEqual([8, 'ENVIRONMENT_LACKS'])
    expect(failure.message).toMatch(
      new RegExp(`^${cluster.node(2).address} \\(\\w+\\) does not offer CLUSTER SLOT-STATS$`),
    )
    expect(failure.suggestions).toEqual(['--by keys'])
  })

  it('names the nodes that do not count it, and how to turn it on', async () => {
    offerStats(cluster, cluster.nodes, (_, node) => (node === cluster.node(0) ? {'cpu-usec': 1} : {'key-count': 1}))
    const failure = failureOf(await byCpu())
    expect([failure.exit, failure.code]).toEqual([8, 'ENVIRONMENT_LACKS'])
    expect(failure.message).toMatch(/:\d+ \(\w+\), .*do not count CPU time per slot/)
    expect(failure.suggestions[0]).toBe(`shoal call ${cluster.seed} CONFIG SET cluster-slot-stats-enabled yes`)
  })

  it('refuses to even out nothing', async () => {
    offerStats(cluster, cluster.nodes, () => ({'cpu-usec': 5}))
    const failure = failureOf(await byCpu())
    expect([failure.exit, failure.code]).toEqual([3, 'PREFLIGHT_FAILED'])
    expect(failure.suggestions).toContain('--by keys')
  })

  it.each(['0', 'soon', '-1s'])('refuses --sample %s', async (text) => {
    const failure = failureOf(await rebalance('--by', 'cpu', `--sample=${text}`))
    expect([failure.exit, failure.code]).toEqual([2, 'BAD_FLAG'])
  })

  it('takes the memory of each slot where all nodes tell it', async () => {
    offerStats(cluster, cluster.nodes, (slot) => ({'key-count': 1, 'memory-bytes': slot < 100 ? 1_000_000 : 0}))
    const run = await rebalance('--by', 'memory')
    expect(run.json<Document>().shares.map(({now}) => now)).toEqual([100_000_000, 0, 0])
    const moved = run.json<Document>().plan.steps.reduce((sum, {slotCount}) => sum + slotCount, 0)
    expect(moved).toBeGreaterThanOrEqual(66)
  })

  it('estimates memory from the keys where one node does not', async () => {
    offerStats(cluster, cluster.nodes.slice(1), () => ({'key-count': 1, 'memory-bytes': 1}))
    const run = await rebalance('--by', 'memory')
    // One key in each slot, and the nodes' own memory: 1 MB more than when they started.
    expect(run.json<Document>().shares.map(({now}) => Math.round(now))).toEqual([1_000_000, 1_000_000, 1_000_000])
  })
})
