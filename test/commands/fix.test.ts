import {afterAll, beforeAll, expect, it} from 'vitest'
import {runShoal} from '../support/cli.js'
import {describeWithPeers, type RealCluster, type RedisNode, startRealCluster} from '../support/peers.js'

interface Failure {
  readonly error: {readonly code: string}
}

describeWithPeers('fix', () => {
  let cluster: RealCluster

  beforeAll(async () => {
    cluster = await startRealCluster(3)
  })

  afterAll(() => cluster?.stop())

  const fix = (...words: string[]) => runShoal(['fix', cluster.seed, '--json', ...words])

  it('has nothing to do on a cluster that is well, and says so in a pipe without colour', async () => {
    const run = await fix()
    expect([run.code, run.json<{plan: {items: unknown[]}}>().plan.items]).toEqual([0, []])
    const plain = await runShoal(['fix', cluster.seed])
    expect(plain.stdout).toBe('OK  Every slot has one owner with all its keys, and none is open.\n')
  })

  it.each([
    ['no terminal to ask on', [], 2, 'NEEDS_TERMINAL'],
    ['--owner without a node', ['--owner', '1-5'], 2, 'BAD_FLAG'],
    ['--owner without slots', ['--owner', 'x=127.0.0.1:1'], 2, 'BAD_FLAG'],
    ['--owner of a stranger', ['--owner', '1=127.0.0.1:1'], 3, 'UNKNOWN_NODE'],
    ['--keep of something else', ['--keep', 'both'], 2, 'BAD_FLAG'],
  ])('refuses %s', async (_, words, exit, code) => {
    const [first, second] = cluster.nodes as [RedisNode, RedisNode]
    await first.call('CLUSTER', 'SETSLOT', 16_383, 'IMPORTING', String(await second.call('CLUSTER', 'MYID')))
    const run = await fix(...words)
    expect([run.code, run.json<Failure>().error.code]).toEqual([exit, code])
    expect(String(await first.call('CLUSTER', 'NODES'))).toContain('[16383-<-')
  })
})
