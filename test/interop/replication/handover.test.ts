import {afterEach, describe, expect, it} from 'vitest'
import {describeWithPeers} from '../../support/peers.js'
import {waitFor} from '../../support/processes.js'
import {RawConnection} from '../../support/raw-resp.js'
import {both, call, expectSameData, fill, follow, infoOf, node, type Peer, redis, stopAll} from './support.js'

/** FAILOVER outside of a cluster, of embedded nodes and redis-servers. */

afterEach(stopAll)

const PAIRS = [
  ['a node to a redis-server', () => both(node(), redis())],
  ['a redis-server to a node', () => both(redis(), node())],
  ['a node to a node', () => both(node(), node())],
] as const

const stateOf = async (peer: Peer) => (await infoOf(peer)).get('master_failover_state')
const textOf = (reply: Promise<unknown>) => reply.catch((error: Error) => error.message)

describeWithPeers('FAILOVER', () => {
  describe.each(PAIRS)('of %s', (_name, start) => {
    it('hands over while clients write, and loses nothing', async () => {
      const [primary, replica] = await start()
      await fill(primary)
      await follow(replica, primary)
      await untilOnline(primary)
      const counted = countUntilReadOnly(primary)
      expect(await call(primary, 'FAILOVER')).toBe('OK')
      await waitFor(async () => (await infoOf(replica)).get('role') === 'master', {what: 'the promotion'})
      const acknowledged = await counted
      await call(replica, 'SET', 'new', 'times')
      await expectSameData(replica, primary)
      expect(await call(primary, 'GET', 'counter')).toBe(String(acknowledged))
      expect(await stateOf(primary)).toBe('no-failover')
      // Both knew all of the stream: there was nothing to be sent anew.
      expect((await infoOf(replica, 'stats')).get('sync_full')).toBe('0')
      // And back.
      expect(await call(replica, 'FAILOVER', 'TO', '127.0.0.1', primary.port, 'TIMEOUT', 20_000)).toBe('OK')
      await waitFor(async () => (await infoOf(primary)).get('role') === 'master', {what: 'the way back'})
      await expectSameData(primary, replica)
    }, 30_000)
  })

  describe.each([
    ['node', node],
    ['redis-server', redis],
  ] as const)('of a %s whose replica does not answer', (_name, startPrimary) => {
    it('keeps writes waiting, gives up in time or when told to, and hands over by force', async () => {
      const primary = await startPrimary()
      const replica = await redis('--enable-debug-command', 'yes')
      await follow(replica, primary)
      await untilOnline(primary)
      const asleep = call(replica, 'DEBUG', 'SLEEP', '1.5')
      await call(primary, 'SET', 'a', '1')
      const to = ['FAILOVER', 'TO', '127.0.0.1', replica.port] as const
      expect(await call(primary, ...to, 'TIMEOUT', 100)).toBe('OK')
      expect(await stateOf(primary)).toBe('waiting-for-sync')
      expect(await call(primary, 'GET', 'a')).toBe('1')
      expect(await textOf(call(primary, 'FAILOVER'))).toBe('ERR FAILOVER already in progress.')
      expect(await textOf(call(primary, 'REPLICAOF', 'NO', 'ONE'))).toBe(
        'ERR REPLICAOF not allowed while failing over.',
      )
      // It waits, and is written when this comes to nothing.
      expect(await call(primary, 'SET', 'b', '2')).toBe('OK')
      expect(await stateOf(primary)).toBe('no-failover')

      expect(await call(primary, ...to)).toBe('OK')
      expect(await call(primary, 'FAILOVER', 'ABORT')).toBe('OK')
      expect(await stateOf(primary)).toBe('no-failover')

      expect(await call(primary, ...to, 'FORCE', 'TIMEOUT', 50)).toBe('OK')
      await waitFor(async () => (await stateOf(primary)) === 'failover-in-progress', {what: 'the force'})
      const info = await infoOf(primary)
      expect([info.get('role'), info.get('master_link_status')]).toEqual(['slave', 'down'])
      expect(await textOf(call(primary, 'SET', 'c', '3'))).toMatch(/^READONLY/)
      expect(await call(primary, 'FAILOVER', 'ABORT')).toBe('OK')
      expect((await infoOf(primary)).get('role')).toBe('master')
      expect(await call(primary, 'SET', 'c', '3')).toBe('OK')
      await asleep
      await expectSameData(primary, replica)
    }, 20_000)
  })

  it('is refused as by a redis-server', async () => {
    const [ours, theirs] = await both(node(), redis())
    const inCluster = await both(node({'cluster-enabled': 'yes'}), redis('--cluster-enabled', 'yes'))
    const expectSame = async (peers: readonly Peer[], command: readonly (string | number)[]) => {
      const [one, other] = await Promise.all(peers.map((peer) => textOf(call(peer, 'FAILOVER', ...command))))
      expect([command, one]).toEqual([command, other])
    }
    const address = ['127.0.0.1', 1] as const
    const commands: (string | number)[][] = [
      [],
      ['TO'],
      ['TO', 'a'],
      ['TO', ...address],
      ['TO', ...address, 'FORCE'],
      ['TO', ...address, 'FORCE', 'TIMEOUT', 100],
      ['TO', ...address, 'TO', ...address],
      ['TO', '127.0.0.1', 'port'],
      ['TO', '127.0.0.1', 99_999_999],
      ['ABORT'],
      ['ABORT', 'TIMEOUT', 10],
      ['FORCE'],
      ['FORCE', 'FORCE'],
      ['TIMEOUT', 0],
      ['TIMEOUT', -1],
      ['TIMEOUT', 'soon'],
      ['TIMEOUT', 10, 'TIMEOUT', 10],
      ['TIMEOUT'],
      ['NOW'],
    ]
    for (const command of commands) await expectSame([ours, theirs], command)
    for (const command of [[], ['ABORT'], ['NOW']]) await expectSame(inCluster, command)
    const replicas = await Promise.all([node(), node()])
    await follow(replicas[0], ours)
    await follow(replicas[1], theirs)
    for (const peer of [ours, theirs]) await untilOnline(peer)
    for (const command of [...commands.slice(1), ['TO', 'localhost', replicas[0].port]]) {
      await expectSame([ours, theirs], command)
    }
    const redisReplica = await redis()
    await follow(redisReplica, ours)
    for (const command of [[], ['ABORT'], ['TO', ...address]]) await expectSame([replicas[0], redisReplica], command)
    for (const words of [
      ['PSYNC', '?', '-1', 'FAILOVER'],
      ['PSYNC', 'x'.repeat(40), '1', 'FAILOVER'],
    ]) {
      const asked = await Promise.all([ours, theirs].map((peer) => textOf(call(peer, ...words))))
      expect(asked[0]).toBe(asked[1])
      const replicasAsked = await Promise.all([replicas[0], redisReplica].map((peer) => textOf(call(peer, ...words))))
      expect(replicasAsked[0]).toBe(replicasAsked[1])
    }
  }, 20_000)
})

/** Until the primary holds its one replica for in sync. */
async function untilOnline(primary: Peer): Promise<void> {
  await waitFor(async () => (await infoOf(primary)).get('slave0')?.includes('state=online'), {what: 'the replica'})
}

/** Counts up until it is refused. @returns how often that was acknowledged */
async function countUntilReadOnly({port}: Peer): Promise<number> {
  const connection = await RawConnection.open(port)
  try {
    for (let count = 0; ; ) {
      const replies = await connection.batch(Array.from({length: 20}, () => ['INCR', 'counter']))
      const refused = replies.findIndex((reply) => !reply.startsWith(':'))
      count += refused === -1 ? replies.length : refused
      if (refused === -1) continue
      expect(replies[refused]).toMatch(/^-(READONLY|UNBLOCKED)/)
      return count
    }
  } finally {
    connection.close()
  }
}
