import {afterAll, describe, expect, it} from 'vitest'
import {formCluster} from '../../../src/lib/embedded/start-cluster.js'
import {openNode} from '../../../src/lib/embedded/start-node.js'
import {type Certificate, makeCertificate} from '../../support/certificate.js'
import {callRedis} from '../../support/peers.js'
import {claimPorts} from '../../support/ports.js'
import {Regions, until} from './regions.js'

const made = makeCertificate(['DNS:localhost', 'IP:127.0.0.1'])

;(made ? describe : describe.skip)('a database with encryption', () => {
  const tls = made as Certificate
  const ended: (() => Promise<void>)[] = []
  afterAll(async () => {
    for (const end of ended) await end()
  })

  it('links regions whose nodes serve clients by TLS alone', async () => {
    const ports: number[] = []
    for (const _ of [1, 2]) {
      const port = await claimPorts()
      const files = {'tls-ca-cert-file': tls.certFile, 'tls-cert-file': tls.certFile, 'tls-key-file': tls.keyFile}
      const cluster = {'cluster-enabled': 'yes', 'tls-cluster': 'yes'}
      const own = {port: '0', 'tls-auth-clients': 'no', 'tls-port': String(port)}
      const opened = await openNode({settings: {...files, ...cluster, ...own}})
      ended.push(() => opened.node.stop())
      await formCluster([opened], 1)
      ports.push(port)
    }
    const [first, second] = ports as [number, number]
    const instances = ports.map((port, index) => ({
      cluster: `c${index}`,
      compression: 3,
      endpoints: [`127.0.0.1:${port}`],
      id: index + 1,
    }))
    const config = JSON.stringify(new Regions().config(instances, 1, {encryption: true}))
    await callRedis(first, ['CRDT.CONFIG', 'SET', '1', config], undefined, tls)
    await callRedis(second, ['CRDT.CONFIG', 'SET', '2', config], undefined, tls)
    const set = () => callRedis(first, ['SET', 'k', 'v'], undefined, tls).catch(() => undefined)
    await until(async () => (await set()) === 'OK', 'writes')
    await until(async () => (await callRedis(second, ['GET', 'k'], undefined, tls)) === 'v', 'the value')
    const [status] = JSON.parse(String(await callRedis(second, ['CRDT.PEERS'], undefined, tls)))
    expect(status).toMatchObject({lastError: '', region: 1, status: 'in-sync'})
  })
})
