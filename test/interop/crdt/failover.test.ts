import {describe, expect, it} from 'vitest'
import type {PeerStatus} from '../../../src/lib/server/crdt/peers/status.js'
import {waitFor} from '../../support/processes.js'
import {RawConnection} from '../../support/raw-resp.js'
import type {AnyNode} from '../mixed-cluster-support.js'
import {Counting, countersOf, joinRegions, startShard, stateOf, untilInSync, untilSame} from './processes.js'

const ROUNDS = 3
const COUNTED = 500

async function counted(...all: readonly Counting[]): Promise<void> {
  const before = all.map(({total}) => total)
  await waitFor(() => all.every(({total}, index) => total > before[index]! + COUNTED), {
    deadlineMs: 60_000,
    what: 'counting',
  })
}

async function writable(node: AnyNode): Promise<void> {
  await waitFor(async () => node.call('SET', 'probe', '1').catch(() => false), {deadlineMs: 30_000, what: 'writes'})
}

async function pendingOf(node: AnyNode): Promise<number | null> {
  const [peer] = JSON.parse(String(await node.call('CRDT.PEERS'))) as PeerStatus[]
  return peer!.pendingEffects
}

async function factOf(node: AnyNode, name: string): Promise<string | undefined> {
  return new RegExp(`${name}:(.*)\r`).exec(String(await node.call('INFO', 'crdt')))?.[1]
}

const sum = (lists: readonly (readonly number[])[]): number[] =>
  lists[0]!.map((_, index) => lists.reduce((total, list) => total + list[index]!, 0))

describe('primaries that are killed while both regions write', () => {
  it('are followed by replicas that name no write as they did: regions come to the same', async () => {
    const [shard, [other]] = [await startShard(1), (await startShard(0)) as [AnyNode]]
    let [primary, replica] = shard as [AnyNode, AnyNode]
    try {
      await joinRegions(shard, [other])
      await waitFor(() => replica.call('CRDT.VECTORS'), {what: 'the replica'})
      const lives: Counting[] = []
      const elsewhere = new Counting(other.port)
      for (let round = 0; round < ROUNDS; round++) {
        const counting = new Counting(primary.port)
        lives.push(counting)
        await counted(counting, elsewhere)
        await primary.kill()
        await counting.stop()
        await replica.call('CLUSTER', 'FAILOVER', 'TAKEOVER')
        await writable(replica)
        const former = await primary.restart()
        primary = replica
        replica = former
        await waitFor(async () => String(await replica.call('INFO', 'replication')).includes('master_link_status:up'), {
          deadlineMs: 30_000,
          what: 'the former primary as a replica',
        })
        await untilInSync(primary)
      }
      await elsewhere.stop()
      await untilSame(primary, replica, other)
      const values = await countersOf(other)
      const [sent, acked] = [sum([...lives, elsewhere].map((one) => one.sent)), elsewhere.acked]
      for (const [index, value] of values.entries()) {
        // A region's writes may be lost with its primary; those of the other may not, and nothing is counted twice.
        expect(value).toBeGreaterThanOrEqual(acked[index]!)
        expect(value).toBeLessThanOrEqual(sent[index]!)
      }
    } finally {
      for (const node of [primary, replica, other]) await node.stop()
    }
  }, 180_000)

  it('leave all deletions that their region has acknowledged to their replicas, also to one that was away', async () => {
    const [[primary, replica], [other]] = [
      (await startShard(1)) as [AnyNode, AnyNode],
      (await startShard(0)) as [AnyNode],
    ]
    try {
      await joinRegions([primary, replica], [other])
      await other.call('PFADD', 'sketch', 'x')
      await waitFor(async () => (await stateOf(replica)) === (await stateOf(other)), {what: 'the replica'})
      await waitFor(async () => (await factOf(replica, 'crdt_stale')) === '0', {what: 'the replica to be of age'})
      process.kill(replica.pid, 'SIGSTOP')
      await primary.call('CLIENT', 'KILL', 'TYPE', 'replica')
      await other.call('DEL', 'sketch')
      // As many acknowledgements as it takes for a deletion to be forgotten.
      for (let round = 0; round < 30; round++) {
        await other.call('SET', 'probe', round)
        await waitFor(async () => (await pendingOf(other)) === 0, {what: 'an acknowledgement'})
      }
      expect(await primary.call('EXISTS', 'sketch')).toBe(0)
      expect(await factOf(other, 'crdt_gc_pending')).toBe('1')
      await primary.kill()
      process.kill(replica.pid, 'SIGCONT')
      const client = await RawConnection.open(replica.port)
      // Before it has heard of anybody.
      const [, added] = await client.batch([
        ['CLUSTER', 'FAILOVER', 'TAKEOVER'],
        ['PFADD', 'sketch', 'y'],
      ])
      client.close()
      expect(added).toBe(':1\r\n')
      await untilSame(replica, other)
      expect(await factOf(other, 'crdt_divergences_found')).toBe('0')
      await waitFor(async () => (await factOf(other, 'crdt_gc_pending')) === '0', {what: 'the mark to be dropped'})
    } finally {
      for (const node of [primary, replica, other]) await node.stop()
    }
  }, 60_000)

  it('lose nothing that they acknowledged from their file', async () => {
    const args = ['--appendonly', 'yes', '--appendfsync', 'always', '--auto-aof-rewrite-min-size', '100kb']
    let [node] = (await startShard(0, args)) as [AnyNode]
    try {
      await joinRegions([node])
      const lives: Counting[] = []
      for (let round = 0; round < ROUNDS; round++) {
        const counting = new Counting(node.port)
        lives.push(counting)
        await counted(counting)
        if (round === 1) await node.call('BGREWRITEAOF')
        await node.kill()
        await counting.stop()
        node = await node.restart()
        await writable(node)
        const values = await countersOf(node)
        const [sent, acked] = [sum(lives.map((one) => one.sent)), sum(lives.map((one) => one.acked))]
        for (const [index, value] of values.entries()) {
          expect(value).toBeGreaterThanOrEqual(acked[index]!)
          expect(value).toBeLessThanOrEqual(sent[index]!)
        }
      }
    } finally {
      await node.stop()
    }
  }, 180_000)
})
