import {describe, expect, it} from 'vitest'
import {waitFor} from '../../support/processes.js'
import type {AnyNode} from '../mixed-cluster-support.js'
import {Counting, countersOf, joinRegions, startShard, untilInSync, untilSame} from './processes.js'

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
