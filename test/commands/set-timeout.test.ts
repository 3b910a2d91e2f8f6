import {afterAll, beforeAll, expect, it} from 'vitest'
import {runShoal} from '../support/cli.js'
import {describeWithPeers, type RealCluster, startRealCluster} from '../support/peers.js'

interface Document {
  readonly nodes: readonly {readonly before: number; readonly after: number; readonly persisted: boolean}[]
  readonly warnings: readonly string[]
}

interface Failure {
  readonly error: {readonly code: string; readonly message: string}
}

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

  it('takes it back everywhere if one node refuses', async () => {
    const before = await timeouts()
    const user = ['ACL', 'SETUSER', 'default', '-config|set'] as const
    await cluster.nodes[1]?.call(...user)
    const run = await setTimeouts('8000')
    await cluster.nodes[1]?.call('ACL', 'SETUSER', 'default', '+config|set')
    expect([run.code, run.json<Failure>().error.code]).toEqual([3, 'PREFLIGHT_FAILED'])
    expect(run.json<Failure>().error.message).toMatch(new RegExp(`:${cluster.ports[1]} .*NOPERM`))
    expect(await timeouts()).toEqual(before)
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
