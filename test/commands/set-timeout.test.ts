import {afterAll, beforeAll, expect, it} from 'vitest'
import {runShoal} from '../support/cli.js'
import {describeWithPeers, type RealCluster, startRealCluster} from '../support/peers.js'
import {refusal, ScriptedCluster} from '../support/scripted-cluster.js'

interface Document {
  readonly nodes: readonly {readonly before: number; readonly after: number; readonly persisted: boolean}[]
  readonly warnings: readonly string[]
}

interface Failure {
  readonly error: {readonly code: string; readonly message: string}
}

it('set-timeout takes it back everywhere if one node refuses what it was allowed', async () => {
  const cluster = await ScriptedCluster.start(3)
  cluster.node(1).script = ([name, sub, , value]) =>
    name === 'CONFIG' && sub === 'SET' && value === '8000' ? refusal('ERR not now') : undefined
  const run = await runShoal(['set-timeout', cluster.seed, '8000', '--yes', '--json'])
  expect([run.code, run.json<Failure>().error.code], run.stdout).toEqual([3, 'PREFLIGHT_FAILED'])
  expect(run.json<Failure>().error.message).toContain(`${cluster.node(1).address} (`)
  const sets = [0, 1, 2].map((index) => cluster.node(index).logged(/^CONFIG SET/))
  const [set, back] = ['8000', '1000'].map((value) => `CONFIG SET cluster-node-timeout ${value}`)
  expect(sets).toEqual([[set, back], [set], [set, back]])
})

describeWithPeers('set-timeout', () => {
  let cluster: RealCluster

  beforeAll(async () => {
    cluster = await startRealCluster(3)
  })

  afterAll(() => cluster?.stop())

  const setTimeouts = (...words: string[]) => runShoal(['set-timeout', cluster.seed, '--yes', '--json', ...words])
  const timeouts = () =>
    Promise.all(
      cluster.nodes.map(async (node) =>
        Number(((await node.call('CONFIG', 'GET', 'cluster-node-timeout')) as string[])[1]),
      ),
    )

  it('sets all nodes, and says what a restart forgets', async () => {
    const before = await timeouts()
    const run = await setTimeouts('7s')
    expect(run.code, run.stdout).toBe(0)
    const {nodes, warnings} = run.json<Document>()
    expect(nodes.map((node) => [node.before, node.after])).toEqual(before.map((ms) => [ms, 7000]))
    expect(await timeouts()).toEqual([7000, 7000, 7000])
    expect(warnings).toHaveLength(nodes.filter(({persisted}) => !persisted).length)
  })

  it.each([['99'], ['-5'], ['soon'], ['99999999999']])('refuses %s', async (text) => {
    const before = await timeouts()
    const run = await setTimeouts(text)
    expect([run.code, run.json<Failure>().error.code]).toEqual([2, 'BAD_FLAG'])
    expect(await timeouts()).toEqual(before)
  })

  it('asks first, and does nothing without a terminal to ask on', async () => {
    const before = await timeouts()
    const run = await runShoal(['set-timeout', cluster.seed, '9000', '--json'])
    expect([run.code, run.json<Failure>().error.code]).toEqual([2, 'NEEDS_TERMINAL'])
    expect(await timeouts()).toEqual(before)
  })
})
