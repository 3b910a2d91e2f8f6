import {spawnSync} from 'node:child_process'
import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, it} from 'vitest'
import {CLUSTER_HELPER_SH} from '../../src/lib/environment/compose/shell-scripts.js'
import {describeWithPeers, type RedisNode, requirePeers, startRedis} from '../support/peers.js'
import {temporaryFolder, waitFor} from '../support/processes.js'

/** What the cluster helper of an exported project does to real redis-servers, without Docker around them. */
describeWithPeers('the cluster helper of a compose project', () => {
  let nodes: RedisNode[]
  let replicas: RedisNode[]
  let primaries: RedisNode[]
  const script = join(temporaryFolder('helper'), 'cluster_helper.sh')
  writeFileSync(script, CLUSTER_HELPER_SH)

  const place = ({port}: RedisNode) => `127.0.0.1:${port}`

  /** The first half are primaries, each with one of the others. */
  function help(timeoutMs = 30_000) {
    const pairs = replicas.map((node, index) => `${place(node)}=${place(primaries[index] as RedisNode)}`)
    const env = {
      PATH: `${requirePeers().folder}:${process.env['PATH']}`,
      PRIMARIES: primaries.map(place).join(' '),
      REPLICAS: pairs.join(' '),
    }
    const {status, stdout} = spawnSync('sh', [script], {encoding: 'utf8', env, timeout: timeoutMs})
    return {status, stdout}
  }

  const ownLine = async (node: RedisNode) =>
    String(await node.call('CLUSTER', 'NODES'))
      .split('\n')
      .find((line) => line.includes('myself'))
      ?.split(' ')

  beforeEach(async () => {
    const args = ['--repl-diskless-sync-delay', '0']
    nodes = await Promise.all(Array.from({length: 6}, () => startRedis({args, cluster: true})))
    primaries = nodes.slice(0, 3)
    replicas = nodes.slice(3)
  })

  afterEach(async () => {
    await Promise.all(nodes.map((node) => node.stop()))
  })

  it('forms what it is told to, and leaves it as it is from then on', async () => {
    expect(help()).toMatchObject({status: 0, stdout: expect.stringContaining('the cluster is ready\n')})
    const slots = await Promise.all(primaries.map(async (node) => (await ownLine(node))?.slice(8)))
    expect(slots).toEqual([['0-5460'], ['5461-10922'], ['10923-16383']])
    for (const [index, node] of replicas.entries()) {
      expect((await ownLine(node))?.[3]).toBe(String(await primaries[index]?.call('CLUSTER', 'MYID')))
    }
    // Roles and slots may change; it is a cluster still.
    expect(await replicas[0]?.call('CLUSTER', 'FAILOVER', 'TAKEOVER')).toBe('OK')
    const again = help()
    expect(again).toMatchObject({status: 0, stdout: expect.stringMatching(/^(waiting: .*\n)*the cluster is ready\n$/)})
    expect((await ownLine(replicas[0] as RedisNode))?.[8]).toBe('0-5460')
  })

  it('goes on where it was cut short', async () => {
    await primaries[0]?.call('CLUSTER', 'ADDSLOTSRANGE', 0, 5460)
    await primaries[0]?.call('CLUSTER', 'MEET', '127.0.0.1', (primaries[1] as RedisNode).port)
    expect(help()).toMatchObject({status: 0})
    expect((await ownLine(replicas[2] as RedisNode))?.[2]).toBe('myself,slave')
  })

  it('touches no nodes that hold keys', async () => {
    await primaries[0]?.call('CLUSTER', 'ADDSLOTSRANGE', 0, 16383)
    await primaries[0]?.call('CONFIG', 'SET', 'cluster-require-full-coverage', 'no')
    await waitFor(() => primaries[0]?.call('SET', 'key', 'value'), {what: 'a node that takes writes'})
    expect(help()).toMatchObject({status: 1, stdout: expect.stringContaining('left as they are')})
    expect(String(await primaries[1]?.call('CLUSTER', 'INFO'))).toContain('cluster_known_nodes:1\r')
  })
})
