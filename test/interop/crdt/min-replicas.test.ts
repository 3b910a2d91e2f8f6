import {expect, it} from 'vitest'
import type {PeerStatus} from '../../../src/lib/server/crdt/peers/status.js'
import {waitFor} from '../../support/processes.js'
import type {AnyNode} from '../mixed-cluster-support.js'
import {joinRegions, startShard, stateOf} from './processes.js'

it('what a region wrote leaves it once its replicas have it, as min-replicas-to-write asks', async () => {
  const args = ['--min-replicas-to-write', '1', '--min-replicas-max-lag', '60']
  const [primary, replica] = (await startShard(1, args)) as [AnyNode, AnyNode]
  const [other] = (await startShard(0)) as [AnyNode]
  const status = async () => {
    const [peer] = JSON.parse(String(await other.call('CRDT.PEERS'))) as PeerStatus[]
    return peer!.status
  }
  try {
    await joinRegions([primary, replica], [other])
    await waitFor(() => primary.call('SET', 'name', 'first').catch(() => false), {what: 'enough replicas'})
    await waitFor(async () => (await other.call('GET', 'name')) === 'first', {what: 'a write that a replica has'})
    await waitFor(async () => (await stateOf(replica)) === (await stateOf(primary)), {what: 'the replica'})
    process.kill(replica.pid, 'SIGSTOP')
    expect(await primary.call('SET', 'name', 'second')).toBe('OK')
    await other.call('SET', 'back', '1')
    await waitFor(async () => (await primary.call('GET', 'back')) === '1', {what: 'what comes from elsewhere'})
    // As long as no heartbeat passes the write by.
    await waitFor(async () => (await status()) === 'down', {what: 'the link to wait'})
    expect(await other.call('GET', 'name')).toBe('first')
    process.kill(replica.pid, 'SIGCONT')
    await waitFor(async () => (await other.call('GET', 'name')) === 'second', {what: 'the write'})
    // Without enough replicas clients are refused, and nothing has to wait any more.
    process.kill(replica.pid, 'SIGSTOP')
    expect(await primary.call('SET', 'name', 'third')).toBe('OK')
    await primary.call('CONFIG', 'SET', 'min-replicas-max-lag', '1')
    await waitFor(async () => (await other.call('GET', 'name')) === 'third', {what: 'the write that nobody else has'})
    expect(String(await primary.call('SET', 'name', 'x').catch((error: Error) => error.message))).toContain(
      'NOREPLICAS',
    )
  } finally {
    process.kill(replica.pid, 'SIGCONT')
    for (const node of [primary, replica, other]) await node.stop()
  }
}, 60_000)
