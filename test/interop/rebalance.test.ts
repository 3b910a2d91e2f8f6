import {afterAll, beforeAll, expect, it} from 'vitest'
import {runShoal} from '../support/cli.js'
import {describeWithPeers, formCluster, type RedisNode, startRedis} from '../support/peers.js'
import {fillNode, keysIn, lostAt, Writers} from './reshard-load.js'

interface Document {
  readonly shares: readonly {readonly now: number; readonly after: number}[]
  readonly plan: {readonly steps: readonly unknown[]}
  readonly result?: {readonly slotsMoved: number}
}

interface Failure {
  readonly error: {readonly code: string}
}

const SPAN = {first: 0, last: 16383}
const FIRST_SHARE = {first: 0, last: 5460}

describeWithPeers('rebalance', () => {
  let nodes: RedisNode[] = []
  let keys: string[]

  beforeAll(async () => {
    nodes = await Promise.all(Array.from({length: 4}, () => startRedis({cluster: true})))
    await formCluster(nodes, 3)
    keys = keysIn(FIRST_SHARE, 4000, 'base')
    await fillNode(nodes[0]?.port as number, keys)
  })

  afterAll(() => Promise.all(nodes.map((node) => node.stop())))

  const address = (index: number) => `127.0.0.1:${nodes[index]?.port}`
  const rebalance = (...args: string[]) => runShoal(['rebalance', address(0), '--yes', '--json', ...args])
  /** Slots by node, as the first node sees it. */
  const slotCounts = async () => {
    const shards = String(await nodes[0]?.call('CLUSTER', 'NODES'))
      .trim()
      .split('\n')
    return nodes.map(({port}) => {
      const ranges =
        shards
          .find((line) => line.includes(`:${port}@`))
          ?.split(' ')
          .slice(8) ?? []
      return ranges.reduce((sum, range) => {
        const [first = 0, last = first] = range.split('-').map(Number)
        return sum + last - first + 1
      }, 0)
    })
  }
  const keyCounts = () => Promise.all(nodes.map(async (node) => Number(await node.call('DBSIZE'))))
  const lostAnywhere = async () => {
    const lost = await Promise.all(nodes.map(async ({port}) => new Set(await lostAt(port, keys))))
    return keys.filter((key) => lost.every((at) => at.has(key)))
  }

  it('leaves an even cluster as it is, and an empty primary too', async () => {
    const run = await rebalance()
    expect(run.code, run.stdout).toBe(0)
    expect(run.json<Document>().plan.steps).toEqual([])
    expect(run.json()).not.toHaveProperty('result')
    expect(await slotCounts()).toEqual([5461, 5462, 5461, 0])
  })

  it('fills an empty primary under writes, loses nothing, and has nothing to do then', async () => {
    const ports = nodes.map(({port}) => port)
    const writers = new Writers(ports, SPAN, 'fill', 4)
    const run = await rebalance('--use-empty-primaries')
    expect(run.code, run.stdout + run.stderr).toBe(0)
    expect(run.json<Document>().result?.slotsMoved).toBe(4096)
    expect(await slotCounts()).toEqual([4096, 4096, 4096, 4096])
    expect(await writers.stop()).toEqual([])
    expect(await lostAnywhere()).toEqual([])
    expect((await rebalance('--use-empty-primaries')).json()).not.toHaveProperty('result')
  })

  it('only shows what it would do, on request', async () => {
    const run = await rebalance('--weight', `${address(1)}=3`, '--dry-run')
    expect(run.json<Document>().shares.map(({after}) => after)).toContain(8192)
    expect(await slotCounts()).toEqual([4096, 4096, 4096, 4096])
  })

  it('evens out keys', async () => {
    expect((await rebalance('--by', 'keys', '--threshold', '1')).code).toBe(0)
    const counts = await keyCounts()
    const fair = counts.reduce((a, b) => a + b, 0) / nodes.length
    for (const count of counts) expect(Math.abs(count - fair) / fair).toBeLessThan(0.02)
    expect(await lostAnywhere()).toEqual([])
  })

  it("empties primaries by redis-cli's spelling of weights", async () => {
    const weights = ['--cluster-weight', `${address(2)}=0`, `${address(3)}=0`, '--cluster-threshold', '0']
    const run = await runShoal(['rebalance', ...weights, address(0), '--cluster-yes', '--json'])
    expect(run.code, run.stdout + run.stderr).toBe(0)
    const counts = await slotCounts()
    expect([counts[0], counts[1]]).toEqual([8192, 8192])
    expect(await lostAnywhere()).toEqual([])
  })

  it.each<[name: string, args: readonly string[], code: string, exit: number]>([
    ['a node nobody knows', ['--weight', '127.0.0.1:1=2'], 'UNKNOWN_NODE', 3],
    ['a weight that is no number', ['--weight', 'a=heavy'], 'BAD_FLAG', 2],
    ['a negative weight', ['--weight', 'a=-1'], 'BAD_FLAG', 2],
    ['a threshold beyond 100 %', ['--threshold', '101'], 'BAD_FLAG', 2],
    ['a measure there is not', ['--by', 'mood'], 'BAD_FLAG', 2],
  ])('refuses %s and changes nothing', async (_, args, code, exit) => {
    const before = await slotCounts()
    const run = await rebalance(...args)
    expect([run.json<Failure>().error.code, run.code]).toEqual([code, exit])
    expect(await slotCounts()).toEqual(before)
  })
})
