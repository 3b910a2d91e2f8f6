import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {type StartedNode, startNode} from '../../src/embedded.js'
import {type Certificate, makeCertificate} from '../support/certificate.js'
import {callRedis, describeWithPeers, formCluster, type RedisNode, startRedis} from '../support/peers.js'
import {claimPorts} from '../support/ports.js'

const made = makeCertificate(['DNS:localhost', 'IP:127.0.0.1'])
const describeWithBoth = made ? describeWithPeers : describe.skip

/** A redis-server and two embedded nodes in a cluster of which no byte is plain. */
describeWithBoth('a cluster with TLS on the bus', () => {
  const tls = made as Certificate
  let redis: RedisNode
  const started: StartedNode[] = []
  const nodes: Pick<RedisNode, 'call' | 'port'>[] = []

  beforeAll(async () => {
    redis = await startRedis({cluster: true, tls})
    nodes.push(redis)
    for (const _ of [1, 2]) {
      const port = await claimPorts()
      const files = {'tls-ca-cert-file': tls.certFile, 'tls-cert-file': tls.certFile, 'tls-key-file': tls.keyFile}
      const cluster = {'cluster-enabled': 'yes', 'cluster-node-timeout': '2000', 'tls-cluster': 'yes'}
      const own = {'tls-auth-clients': 'no', 'tls-port': String(port)}
      started.push(await startNode({port: 0, settings: {...files, ...cluster, ...own}}))
      nodes.push({call: (...command) => callRedis(port, command, undefined, tls), port})
    }
    await formCluster(nodes)
  }, 60_000)
  afterAll(async () => {
    for (const node of started) await node.stop()
    await redis?.stop()
  })

  it('agrees on who serves what, redirects, and moves keys between both kinds of node', async () => {
    const [theirs, ours, others] = nodes as [RedisNode, RedisNode, RedisNode]
    for (const node of nodes) expect(await node.call('CLUSTER', 'KEYSLOT', 'b')).toBe(3300)
    expect(await theirs.call('SET', 'b', '1')).toBe('OK')
    await expect(ours.call('GET', 'b')).rejects.toThrow(`MOVED 3300 127.0.0.1:${theirs.port}`)
    await expect(theirs.call('GET', 'foo')).rejects.toThrow(`MOVED 12182 127.0.0.1:${others.port}`)
    for (const [from, to] of [
      [theirs, ours],
      [ours, others],
      [others, theirs],
    ] as const) {
      const [fromId, toId] = [await from.call('CLUSTER', 'MYID'), await to.call('CLUSTER', 'MYID')] as string[]
      await to.call('CLUSTER', 'SETSLOT', 3300, 'IMPORTING', fromId!)
      await from.call('CLUSTER', 'SETSLOT', 3300, 'MIGRATING', toId!)
      expect(await from.call('MIGRATE', '127.0.0.1', to.port, 'b', 0, 2000)).toBe('OK')
      for (const node of [to, from]) await node.call('CLUSTER', 'SETSLOT', 3300, 'NODE', toId!)
      expect(await to.call('GET', 'b')).toBe('1')
    }
  })
})
