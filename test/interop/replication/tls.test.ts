import {afterEach, describe, expect, it} from 'vitest'
import {type Certificate, makeCertificate} from '../../support/certificate.js'
import {callRedis, describeWithPeers, startRedis} from '../../support/peers.js'
import {claimPorts} from '../../support/ports.js'
import {waitFor} from '../../support/processes.js'
import {node, running, stopAll} from './support.js'

/** The stream between primary and replica in TLS, where neither has a plain port (`tls-replication yes`). */

const made = makeCertificate(['DNS:localhost', 'IP:127.0.0.1'])
const describeWithBoth = made ? describeWithPeers : describe.skip
const tls = made as Certificate

afterEach(stopAll)

interface SecurePeer {
  readonly port: number
  call(...command: (string | number)[]): Promise<unknown>
}

async function secureNode(): Promise<SecurePeer> {
  const port = await claimPorts()
  await node({
    port: '0',
    'tls-port': String(port),
    'tls-ca-cert-file': tls.certFile,
    'tls-cert-file': tls.certFile,
    'tls-key-file': tls.keyFile,
    'tls-replication': 'yes',
    'tls-auth-clients': 'no',
  })
  return {call: (...command) => callRedis(port, command, undefined, tls), port}
}

async function secureRedis(): Promise<SecurePeer> {
  const args = ['--repl-diskless-sync-delay', '0', '--enable-debug-command', 'yes']
  const started = await startRedis({args, tls})
  running.push(started)
  return started
}

const infoOf = async (peer: SecurePeer) => String(await peer.call('INFO', 'replication'))

async function untilSame(primary: SecurePeer, replica: SecurePeer): Promise<void> {
  const digests = () => Promise.all([primary, replica].map((peer) => peer.call('DEBUG', 'DIGEST')))
  await waitFor(
    async () => {
      const [theirs, its] = await digests()
      return theirs === its && (await infoOf(replica)).includes('master_link_status:up')
    },
    {what: 'the replica in sync'},
  )
}

describeWithBoth('replication in TLS', () => {
  it.each([
    ['a redis-server that follows a node', secureNode, secureRedis],
    ['a node that follows a redis-server', secureRedis, secureNode],
    ['a node that follows a node', secureNode, secureNode],
  ])(
    '%s has the data, what comes later, and takes over by FAILOVER',
    async (_name, startPrimary, startReplica) => {
      const [primary, replica] = [await startPrimary(), await startReplica()]
      for (let i = 0; i < 50; i++) await primary.call('SET', `key:${i}`, 'x'.repeat(10_000))
      await replica.call('REPLICAOF', '127.0.0.1', primary.port)
      await untilSame(primary, replica)
      await primary.call('INCRBY', 'later', 5)
      await untilSame(primary, replica)
      // The port at which it is to be reached is its TLS port: it has no other.
      await waitFor(async () => (await infoOf(primary)).includes(`port=${replica.port},state=online`), {
        what: 'the replica, by its TLS port',
      })
      expect(await primary.call('FAILOVER', 'TO', '127.0.0.1', replica.port)).toBe('OK')
      await waitFor(async () => (await infoOf(replica)).includes('role:master'), {what: 'the promotion'})
      await replica.call('SET', 'new', 'times')
      await untilSame(replica, primary)
      expect(await primary.call('GET', 'new')).toBe('times')
    },
    20_000,
  )

  it('a node with a plain link to a primary that speaks TLS alone stays without data', async () => {
    const primary = await secureRedis()
    const replica = await node()
    await callRedis(replica.port, ['REPLICAOF', '127.0.0.1', primary.port])
    await waitFor(
      async () =>
        /master_link_down_since_seconds:[1-9]/.test(String(await callRedis(replica.port, ['INFO', 'replication']))),
      {what: 'attempts that come to nothing'},
    )
    const files = ['tls-ca-cert-file', tls.certFile, 'tls-cert-file', tls.certFile, 'tls-key-file', tls.keyFile]
    await callRedis(replica.port, ['CONFIG', 'SET', ...files, 'tls-replication', 'yes'])
    await primary.call('SET', 'a', '1')
    await waitFor(async () => (await callRedis(replica.port, ['GET', 'a'])) === '1', {what: 'the data'})
  }, 20_000)
})
