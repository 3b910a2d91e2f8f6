import {expect, it} from 'vitest'
import {clusterDriver} from '../../../src/lib/cli/environment/cluster-driver.js'
import {describeWithPeers, startRedis} from '../../support/peers.js'
import {claimPorts} from '../../support/ports.js'

const PLAIN = {addressMap: new Map(), regions: new Map(), topology: 'cluster'} as const
const never = () => new AbortController().signal

describeWithPeers('cluster driver of environments, on real redis-servers', () => {
  it('forms a cluster that agrees, and describes it', async () => {
    const password = 'secret'
    const base = await claimPorts(3)
    const nodes = await Promise.all([0, 1, 2].map((index) => startRedis({cluster: true, password, port: base + index})))
    const access = {...PLAIN, addresses: nodes.map(({host, port}) => ({host, port})), password}
    await clusterDriver.form(access, 0, never())
    const infos = await Promise.all(nodes.map((node) => node.call('CLUSTER', 'INFO')))
    for (const info of infos) {
      expect(info).toContain('cluster_state:ok')
      expect(info).toContain('cluster_known_nodes:3')
    }
    const facts = await clusterDriver.describe(access, never())
    expect(facts.map(({role, slots, state}) => [role, state, ...slots])).toEqual([
      ['primary', 'ok', {first: 0, last: 5460}],
      ['primary', 'ok', {first: 5461, last: 10922}],
      ['primary', 'ok', {first: 10923, last: 16383}],
    ])
    await nodes[1]?.kill()
    expect((await clusterDriver.describe(access, never())).map(({address}) => address.port)).toEqual([base, base + 2])
  })

  it('says who would not join, and stops waiting when interrupted', async () => {
    const alone = await startRedis({cluster: false})
    const access = {...PLAIN, addresses: [{host: '127.0.0.1', port: alone.port}]}
    await expect(clusterDriver.form(access, 0, never())).rejects.toMatchObject({
      code: 'NOT_CLUSTER_MODE',
      message: expect.stringContaining(`127.0.0.1:${alone.port}`),
    })
    const cut = await startRedis({cluster: true})
    // A cluster of one that waits for a second that never comes.
    const base = await claimPorts()
    const addresses = [{host: '127.0.0.1', port: cut.port}]
    await clusterDriver.form({...PLAIN, addresses}, 0, never())
    const abort = new AbortController()
    const waiting = clusterDriver.settle(
      {...PLAIN, addresses: [...addresses, {host: '127.0.0.1', port: base}]},
      abort.signal,
    )
    setTimeout(() => abort.abort(), 100)
    await expect(waiting).rejects.toMatchObject({code: 'INTERRUPTED'})
  })
})
