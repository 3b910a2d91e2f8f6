import {expect, it} from 'vitest'
import {describeWithPeers, startRealCluster, startRedis} from '../support/peers.js'
import {claimPorts} from '../support/ports.js'
import {isAlive} from '../support/processes.js'

describeWithPeers('real peers for tests', () => {
  it('starts one redis-server and stops it', async () => {
    const node = await startRedis({password: 'secret'})
    expect(await node.call('PING')).toBe('PONG')
    expect(String(await node.call('INFO', 'server'))).toMatch(/redis_version:7\.0\.\d+/)
    await node.stop()
    await node.stop()
    expect(isAlive(node.pid)).toBe(false)
  })

  it('forms a cluster that agrees', async () => {
    const cluster = await startRealCluster(3)
    const info = String(await cluster.nodes[2]?.call('CLUSTER', 'INFO'))
    expect(info).toContain('cluster_slots_assigned:16384')
    expect(info).toContain('cluster_size:3')
    await cluster.stop()
    expect(cluster.nodes.filter(({pid}) => isAlive(pid))).toEqual([])
  })

  it('never gives the same port twice', async () => {
    const bases = await Promise.all(Array.from({length: 20}, () => claimPorts(3)))
    const ports = bases.flatMap((base) => [base, base + 1, base + 2])
    expect(new Set(ports).size).toBe(ports.length)
  })
})
