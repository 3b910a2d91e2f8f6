import {afterAll, describe, expect, it} from 'vitest'
import {hashSlot} from '../../../src/lib/protocol/hash-slot.js'
import {describeWithPeers, formCluster} from '../../support/peers.js'
import {claimPorts} from '../../support/ports.js'
import {isAlive, waitFor} from '../../support/processes.js'
import {type AnyNode, startEmbedded, startReal, waitForOneView} from '../mixed-cluster-support.js'
import {Partition} from '../partition.js'
import {PromisedWrites} from '../promised-writes.js'
import {expectSameData, infoOf, untilInSync} from './support.js'

/**
 * A shard of a primary and a replica of both kinds, cut off and restarted in every way while clients write. After each step
 * both have the same data, all that WAIT 1 confirmed, and all that was acknowledged outside of the moments when asynchronous
 * replication may lose it. `FAULT_ROUNDS=N` goes through all steps N times.
 */

type Kind = AnyNode['kind']
const ROUNDS = Number(process.env['FAULT_ROUNDS'] ?? 1)
/** Processes of a busy machine stand still for a while: that must not make a failover of its own. */
const NODE_TIMEOUT_MS = 3000
const SETTINGS = [
  ...['--repl-diskless-sync-delay', '0', '--cluster-allow-replica-migration', 'no', '--save', ''],
  ...['--repl-ping-replica-period', '1', '--cluster-node-timeout', `${NODE_TIMEOUT_MS}`],
]
/** The shard's slots are the first third. */
const TAG = Array.from({length: 100}, (_, i) => `tag${i}`).find((tag) => hashSlot(tag) < 5000)!

const shards: Shard[] = []
afterAll(async () => {
  await Promise.all(shards.map((shard) => shard.stop()))
})

interface Member {
  readonly node: AnyNode
  readonly number: number
}

/** One shard under test; two more primaries vote, one of each kind. */
class Shard {
  primary!: Member
  replica!: Member
  others: Member[] = []
  readonly partition = new Partition()

  get all(): AnyNode[] {
    return [this.primary, this.replica, ...this.others].map(({node}) => node)
  }

  static async start(primaryKind: Kind, replicaKind: Kind): Promise<Shard> {
    const shard = new Shard()
    shards.push(shard)
    const kinds: Kind[] = [primaryKind, 'real', 'embedded', replicaKind]
    const announced: number[] = []
    const members = await Promise.all(
      kinds.map(async (kind, i): Promise<Member> => {
        const [port, outside] = [await claimPorts(), await claimPorts()]
        announced[i] = outside
        const args = [...SETTINGS, ...(await shard.partition.announce(i + 1, port, outside))]
        return {node: await (kind === 'real' ? startReal : startEmbedded)({args, port}), number: i + 1}
      }),
    )
    const [primary, one, other, replica] = members as [Member, Member, Member, Member]
    Object.assign(shard, {others: [one, other], primary, replica})
    await formCluster(
      members.map(({node}, i) => ({call: node.call, port: announced[i]!})),
      3,
    )
    const id = String(await primary.node.call('CLUSTER', 'MYID'))
    await waitFor(async () => (await replica.node.call('CLUSTER', 'REPLICATE', id)) === 'OK', {what: 'REPLICATE'})
    await shard.untilWhole()
    return shard
  }

  /** All agree, and the replica has all its primary has. */
  async untilWhole(): Promise<void> {
    await waitForOneView(this.all)
    if ((await roleOf(this.primary.node)) === 'slave') this.swap()
    await untilInSync(this.primary.node, this.replica.node)
  }

  /** The replica takes over. */
  async untilSwapped(): Promise<void> {
    await untilRole(this.replica.node, 'master')
    this.swap()
  }

  private swap(): void {
    ;[this.primary, this.replica] = [this.replica, this.primary]
  }

  async restart(which: 'primary' | 'replica'): Promise<void> {
    const {node, number} = this[which]
    this[which] = {node: await node.restart(), number}
  }

  /** Everybody but this one. */
  without({number}: Member): number[] {
    return [this.primary, this.replica, ...this.others].map((one) => one.number).filter((one) => one !== number)
  }

  async stop(): Promise<void> {
    this.partition.close()
    await Promise.all(this.all.map((node) => node?.stop()))
  }
}

async function roleOf(node: AnyNode): Promise<string> {
  return ((await node.call('ROLE')) as string[])[0]!
}

async function untilRole(node: AnyNode, role: 'master' | 'slave'): Promise<void> {
  await waitFor(async () => (await roleOf(node)) === role, {
    deadlineMs: 30_000,
    what: `${node.kind} ${node.port} a ${role}`,
  })
}

async function shutDown(node: AnyNode): Promise<void> {
  await node.call('SHUTDOWN', 'SAVE').catch(() => undefined)
  await waitFor(() => !isAlive(node.pid), {what: `end of ${node.port}`})
}

async function fullSyncs(node: AnyNode): Promise<number> {
  return Number((await infoOf(node, 'stats')).get('sync_full'))
}

/** When what was acknowledged may be lost, unless WAIT confirmed it. */
interface Window {
  readonly fromMs: number
  readonly toMs: number
}

interface Step {
  readonly name: string
  /** @returns undefined if nothing at all may be lost */
  run(shard: Shard, writes: PromisedWrites): Promise<Window | undefined>
}

/** Answers under way are not older than that. */
const SLACK_MS = 500

const STEPS: readonly Step[] = [
  {
    name: 'the replica is cut off for a while',
    async run(shard, writes) {
      const {partition, replica} = shard
      partition.cut([replica.number], shard.without(replica))
      const before = writes.acknowledgedCount
      await waitFor(() => writes.acknowledgedCount > before + 5, {what: 'writes that nobody copies'})
      partition.heal()
      return undefined
    },
  },
  {
    name: 'the primary is cut off, its replica takes over, and it comes back',
    async run(shard) {
      const {partition, primary} = shard
      const fromMs = Date.now() - SLACK_MS
      partition.cut([primary.number], shard.without(primary))
      await shard.untilSwapped()
      // By then it knows that it is alone, and takes nothing more.
      await waitFor(async () => String(await primary.node.call('CLUSTER', 'INFO')).includes('cluster_state:fail'), {
        what: 'a primary that knows it is alone',
      })
      partition.heal()
      await untilRole(primary.node, 'slave')
      return {fromMs, toMs: fromMs + SLACK_MS + 2 * NODE_TIMEOUT_MS}
    },
  },
  {
    name: 'the replica is shut down and started again',
    async run(shard) {
      const {primary, replica} = shard
      const before = await fullSyncs(primary.node)
      await shutDown(replica.node)
      await shard.restart('replica')
      await shard.untilWhole()
      expect(await fullSyncs(primary.node)).toBe(before)
      return undefined
    },
  },
  {
    name: 'the replica is killed a while after a save and started again',
    async run(shard, writes) {
      const {primary, replica} = shard
      const before = await fullSyncs(primary.node)
      await replica.node.call('SAVE')
      const copied = writes.copiedCount
      await waitFor(() => writes.copiedCount > copied + 5, {what: 'writes after the save'})
      await replica.node.kill()
      await shard.restart('replica')
      await shard.untilWhole()
      expect(await fullSyncs(primary.node)).toBe(before)
      return undefined
    },
  },
  {
    name: 'nothing of the primary comes through, all else does: its replica takes over',
    async run(shard) {
      const {partition, primary} = shard
      const fromMs = Date.now() - SLACK_MS
      partition.cutOneWay([primary.number], shard.without(primary))
      await shard.untilSwapped()
      await untilRole(primary.node, 'slave')
      partition.heal()
      return {fromMs, toMs: fromMs + SLACK_MS + 4 * NODE_TIMEOUT_MS}
    },
  },
  {
    name: 'the primary is shut down and back before anybody takes over',
    async run(shard) {
      const {primary, replica} = shard
      // However slow this machine is.
      await replica.node.call('CONFIG', 'SET', 'cluster-replica-no-failover', 'yes')
      await shutDown(primary.node)
      await shard.restart('primary')
      await shard.untilWhole()
      await replica.node.call('CONFIG', 'SET', 'cluster-replica-no-failover', 'no')
      // Whoever followed it goes on where it was.
      expect(await fullSyncs(shard.primary.node)).toBe(0)
      return undefined
    },
  },
  {
    name: 'the primary is killed a while after a save, and started again when its replica has taken over',
    async run(shard, writes) {
      const {primary} = shard
      await primary.node.call('SAVE')
      const copied = writes.copiedCount
      await waitFor(() => writes.copiedCount > copied + 5, {what: 'writes after the save'})
      const toMs = Date.now() + SLACK_MS
      await primary.node.kill()
      await shard.untilSwapped()
      await shard.restart('replica')
      await untilRole(shard.replica.node, 'slave')
      return {fromMs: toMs - 2 * SLACK_MS, toMs}
    },
  },
]

async function takeStep(shard: Shard, {name, run}: Step): Promise<void> {
  const writes = new PromisedWrites(() => [shard.primary.node.port, shard.replica.node.port], TAG)
  let window: Window | undefined
  try {
    await waitFor(() => writes.copiedCount > 3, {what: 'copied writes'})
    window = await run(shard, writes)
    await shard.untilWhole()
    const before = writes.copiedCount
    await waitFor(() => writes.copiedCount > before, {deadlineMs: 20_000, what: 'copied writes again'})
  } finally {
    await writes.stop()
  }
  await expectSameData(shard.primary.node, shard.replica.node)
  const {port} = shard.primary.node
  const unexpected = (await writes.missing(port)).filter(({atMs, isCopied}) => {
    const mayBeLost = window !== undefined && atMs >= window.fromMs && atMs <= window.toMs
    return isCopied || !mayBeLost
  })
  expect({name, unexpected}).toEqual({name, unexpected: []})
  await shard.primary.node.call('FLUSHALL')
}

const MIXES = [
  ['embedded', 'real'],
  ['real', 'embedded'],
  ['embedded', 'embedded'],
] as const

// Addresses 127.1.0.N are there without being set up on Linux alone.
const describeHere = process.platform === 'linux' ? describeWithPeers : describe.skip

describeHere('a shard of both kinds that is cut off and restarted', () => {
  // Side by side: they mostly wait.
  it.concurrent.each(MIXES)(
    'keeps what it promised: %s primary, %s replica',
    async (primaryKind, replicaKind) => {
      const shard = await Shard.start(primaryKind, replicaKind)
      for (let round = 0; round < ROUNDS; round++) {
        for (const step of STEPS) {
          await takeStep(shard, step).catch((error: unknown) => {
            throw new Error(`round ${round}, ${step.name}`, {cause: error})
          })
        }
      }
    },
    60_000 + ROUNDS * 60_000,
  )
})
