import {afterAll, beforeAll, it} from 'vitest'
import {type StartedNode, startNode} from '../../../src/embedded.js'
import {hashSlot} from '../../../src/lib/protocol/hash-slot.js'
import {callRedis, formCluster, type RedisNode, startRedis, waitForAgreement} from '../../support/peers.js'
import {expectSame} from './scenarios.js'

/** The same with three nodes that share the slots: redis-servers, embedded ones, and both kinds together. */

interface ClusterNode {
  readonly port: number
  call(...command: (string | number)[]): Promise<unknown>
}

export interface ClusterBench {
  readonly nodes: readonly ClusterNode[]
  defer(clean: () => unknown): void
  /** Opens the slot of `key` towards the next node and sends these keys of it ahead. */
  beginMove(key: string, keysAhead: readonly string[]): Promise<Move>
}

export interface Move {
  /** How often the source has said ASK since the move began. */
  asked(): Promise<number>
  /** Sends the rest and tells all nodes. */
  finish(): Promise<void>
}

export type ClusterScenario = (bench: ClusterBench) => Promise<unknown>

const KEYS_MAX = 1000

class NodesOfCluster {
  readonly nodes: ClusterNode[] = []
  readonly #stops: (() => Promise<void>)[] = []

  async open(kinds: readonly ('redis-server' | 'embedded')[]): Promise<void> {
    const started: (RedisNode | StartedNode)[] = await Promise.all(
      kinds.map((kind) =>
        kind === 'redis-server'
          ? startRedis({args: ['--cluster-node-timeout', '15000'], cluster: true})
          : startNode({settings: {'cluster-enabled': 'yes'}}),
      ),
    )
    for (const {port, stop} of started) {
      this.nodes.push({port, call: (...command) => callRedis(port, command)})
      this.#stops.push(stop)
    }
    await formCluster(this.nodes)
  }

  async close(): Promise<void> {
    await Promise.all(this.#stops.map((stop) => stop()))
  }

  async run(scenario: ClusterScenario): Promise<unknown> {
    const cleaning: (() => unknown)[] = []
    try {
      return await scenario({
        beginMove: (key, keysAhead) => this.beginMove(hashSlot(key), keysAhead),
        defer: (clean) => cleaning.push(clean),
        nodes: this.nodes,
      })
    } finally {
      for (const clean of cleaning.reverse()) await clean()
      await Promise.all(this.nodes.map(({call}) => call('FLUSHALL')))
    }
  }

  private async beginMove(slot: number, keysAhead: readonly string[]): Promise<Move> {
    const owners = await Promise.all(
      this.nodes.map(async ({call}) => !String(await call('CLUSTER', 'COUNTKEYSINSLOT', slot)).startsWith('0')),
    )
    const from = owners.indexOf(true)
    const [source, target] = [this.nodes[from]!, this.nodes[(from + 1) % this.nodes.length]!]
    const [sourceId, targetId] = await Promise.all([source, target].map(({call}) => call('CLUSTER', 'MYID')))
    const send = (keys: readonly string[]) =>
      source.call('MIGRATE', '127.0.0.1', target.port, '', 0, 5000, 'KEYS', ...keys)
    await target.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(sourceId))
    await source.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', String(targetId))
    await send(keysAhead)
    await source.call('CONFIG', 'RESETSTAT')
    return {
      asked: async () =>
        Number(/errorstat_ASK:count=(\d+)/.exec(String(await source.call('INFO', 'errorstats')))?.[1] ?? 0),
      finish: async () => {
        await send((await source.call('CLUSTER', 'GETKEYSINSLOT', slot, KEYS_MAX)) as string[])
        for (const {call} of [target, source, ...this.nodes.filter((one) => one !== source && one !== target)]) {
          await call('CLUSTER', 'SETSLOT', slot, 'NODE', String(targetId))
        }
        await waitForAgreement(this.nodes)
      },
    }
  }
}

export function itClusterScenarios(scenarios: Readonly<Record<string, ClusterScenario>>): void {
  const real = new NodesOfCluster()
  const embedded = new NodesOfCluster()
  const mixed = new NodesOfCluster()
  beforeAll(() =>
    Promise.all([
      real.open(['redis-server', 'redis-server', 'redis-server']),
      embedded.open(['embedded', 'embedded', 'embedded']),
      mixed.open(['embedded', 'redis-server', 'embedded']),
    ]),
  )
  afterAll(() => Promise.all([real, embedded, mixed].map((one) => one.close())))
  it.each(Object.entries(scenarios))('%s', async (_name, scenario) => {
    await expectSame([
      ['redis-servers', () => real.run(scenario)],
      ['embedded nodes', () => embedded.run(scenario)],
      ['nodes of both kinds', () => mixed.run(scenario)],
    ])
  })
}
