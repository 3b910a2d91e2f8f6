import {randomUUID} from 'node:crypto'
import {CRDB_DEFAULTS, type CrdbConfig} from '../../../src/lib/model/crdb.js'
import {waitFor} from '../../support/processes.js'
import {RawConnection} from '../../support/raw-resp.js'
import {type AnyNode, startEmbedded} from '../mixed-cluster-support.js'

/** Regions whose nodes are processes, so that they can be killed. */

/** A region of one shard that owns all slots. @returns the primary, then its replicas */
export async function startShard(replicaCount: number, args: readonly string[] = []): Promise<AnyNode[]> {
  const nodes: AnyNode[] = []
  for (let i = 0; i <= replicaCount; i++) nodes.push(await startEmbedded({args}))
  const [primary, ...replicas] = nodes as [AnyNode, ...AnyNode[]]
  await primary.call('CLUSTER', 'ADDSLOTSRANGE', 0, 16383)
  const id = String(await primary.call('CLUSTER', 'MYID'))
  for (const replica of replicas) {
    await replica.call('CLUSTER', 'MEET', '127.0.0.1', primary.port)
    await waitFor(async () => replica.call('CLUSTER', 'REPLICATE', id).catch(() => false), {what: 'a known primary'})
  }
  await waitFor(async () => String(await primary.call('CLUSTER', 'INFO')).includes('cluster_state:ok'), {
    what: 'the cluster',
  })
  return nodes
}

/** Makes regions of the shards, and waits until all are linked. */
export async function joinRegions(...shards: readonly (readonly AnyNode[])[]): Promise<void> {
  const instances = shards.map((nodes, index) => ({
    cluster: `region${index + 1}.local`,
    compression: 0,
    endpoints: nodes.map(({port}) => `127.0.0.1:${port}`),
    id: index + 1,
  }))
  const config: CrdbConfig = {
    guid: randomUUID(),
    instances,
    name: 'test',
    removed: [],
    settings: CRDB_DEFAULTS,
    version: 1,
  }
  for (const [index, [primary]] of shards.entries()) {
    await primary!.call('CRDT.CONFIG', 'SET', index + 1, JSON.stringify(config))
  }
  for (const nodes of shards) {
    await untilInSync(nodes[0]!)
    for (const node of nodes) await waitFor(() => hasDatabase(node), {what: 'the database'})
  }
}

const hasDatabase = async (node: AnyNode): Promise<boolean> => (await node.call('CRDT.CONFIG', 'GET')) !== null

export async function untilInSync(node: AnyNode): Promise<void> {
  await waitFor(
    async () => {
      const peers = JSON.parse(String(await node.call('CRDT.PEERS'))) as {status: string}[]
      return peers.every(({status}) => status === 'in-sync')
    },
    {deadlineMs: 30_000, what: 'links in sync'},
  )
}

/** All that the node knows, in one text. */
export async function stateOf(node: AnyNode): Promise<string> {
  return JSON.stringify([await node.call('CRDT.DIGEST'), await node.call('CRDT.VECTORS')])
}

export async function untilSame(...nodes: readonly AnyNode[]): Promise<void> {
  await waitFor(async () => new Set(await Promise.all(nodes.map(stateOf))).size === 1, {
    deadlineMs: 30_000,
    what: 'equal states',
  })
}

const COUNTERS = 20
const IN_FLIGHT = 10

/** Counts, some at a time, until its node is gone or it is told to stop. */
export class Counting {
  /** Of each counter. */
  readonly sent = Array.from({length: COUNTERS}, () => 0)
  readonly acked = Array.from({length: COUNTERS}, () => 0)
  private isOver = false
  private readonly end: Promise<void>

  constructor(port: number) {
    this.end = this.run(port)
  }

  private async run(port: number): Promise<void> {
    const connection = await RawConnection.open(port)
    for (let next = 0; !this.isOver && !connection.closed; ) {
      const counters = Array.from({length: IN_FLIGHT}, () => next++ % COUNTERS)
      for (const counter of counters) this.sent[counter]!++
      const replies = await connection
        .batch(counters.map((counter) => ['INCR', keyOf(counter)]))
        .catch(() => [] as string[])
      for (const [index, reply] of replies.entries()) if (reply.startsWith(':')) this.acked[counters[index]!]!++
    }
    connection.close()
  }

  get total(): number {
    return this.acked.reduce((sum, count) => sum + count, 0)
  }

  async stop(): Promise<void> {
    this.isOver = true
    await this.end
  }
}

export function keyOf(counter: number): string {
  return `counter:${counter}`
}

export async function countersOf(node: AnyNode): Promise<number[]> {
  const values: number[] = []
  for (let counter = 0; counter < COUNTERS; counter++) values.push(Number(await node.call('GET', keyOf(counter))))
  return values
}
