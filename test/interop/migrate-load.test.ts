import {Cluster} from 'ioredis'
import {expect, it} from 'vitest'
import {describeWithPeers, formCluster, startRedis, waitForAgreement} from '../support/peers.js'
import {startTestNode, type TestNode} from './migrate-node.js'

const KEY_COUNT = 200
const MOVE_COUNT = 12
/** Large, so that many increments meet keys on their way. */
const BATCH = 100

type Node = Pick<TestNode, 'call' | 'port'>

/** One slot from `from` to `to` in batches, one at a time. */
async function moveSlot(slot: number, from: Node, to: Node): Promise<void> {
  const fromId = String(await from.call('CLUSTER', 'MYID'))
  const toId = String(await to.call('CLUSTER', 'MYID'))
  await to.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId)
  await from.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId)
  for (;;) {
    const keys = (await from.call('CLUSTER', 'GETKEYSINSLOT', slot, BATCH)) as string[]
    if (keys.length === 0) break
    const reply = await from.call('MIGRATE', '127.0.0.1', to.port, '', 0, 5000, 'KEYS', ...keys)
    expect(['OK', 'NOKEY']).toContain(reply)
  }
  for (const one of [to, from]) await one.call('CLUSTER', 'SETSLOT', slot, 'NODE', toId)
  await waitForAgreement([from, to])
}

/** Counts every key up as fast as replies come; what was acknowledged must still be there at the end. */
class Counters {
  readonly acknowledged = new Map<string, number>()
  private stopping = false
  private readonly loops: Promise<void>[]

  constructor(
    private readonly cluster: Cluster,
    private readonly keys: readonly string[],
  ) {
    this.loops = Array.from({length: 16}, (_, i) => this.count(i))
  }

  private async count(first: number): Promise<void> {
    for (let i = first; !this.stopping; i = (i + 16) % this.keys.length) {
      const key = this.keys[i]!
      this.acknowledged.set(key, await this.cluster.incr(key))
    }
  }

  async stop(): Promise<void> {
    this.stopping = true
    await Promise.all(this.loops)
  }
}

async function expectNoLoss(a: Node, b: Node): Promise<void> {
  await formCluster([a, b])
  const keys = Array.from({length: KEY_COUNT}, (_, i) => `{load}:${i}`)
  const slot = Number(await a.call('CLUSTER', 'KEYSLOT', '{load}'))
  let [from, to] = slot < 8192 ? [a, b] : [b, a]
  const cluster = new Cluster([{host: '127.0.0.1', port: a.port}], {maxRedirections: 64})
  const counters = new Counters(cluster, keys)
  try {
    await expect.poll(() => counters.acknowledged.size, {timeout: 10_000}).toBe(KEY_COUNT)
    for (let move = 0; move < MOVE_COUNT; move++) {
      await moveSlot(slot, from, to)
      ;[from, to] = [to, from]
    }
  } finally {
    await counters.stop()
  }
  const lost = []
  for (const key of keys) {
    const value = Number(await cluster.get(key))
    if (value !== counters.acknowledged.get(key)) lost.push(`${key}: ${value}`)
  }
  cluster.disconnect()
  expect(lost).toEqual([])
}

const clustered = {clusterEnabled: true, clusterNodeTimeout: 2000}

describeWithPeers('a slot moving back and forth under increments', () => {
  it('loses none between two embedded nodes', async () => {
    const nodes = await Promise.all([startTestNode(clustered), startTestNode(clustered)])
    try {
      await expectNoLoss(nodes[0]!, nodes[1]!)
    } finally {
      await Promise.all(nodes.map((node) => node.stop()))
    }
  })

  it('loses none between an embedded node and a redis-server', async () => {
    const nodes = [await startTestNode(clustered), await startRedis({cluster: true})] as const
    try {
      await expectNoLoss(nodes[0], nodes[1])
    } finally {
      await Promise.all(nodes.map((node) => node.stop()))
    }
  })
})
