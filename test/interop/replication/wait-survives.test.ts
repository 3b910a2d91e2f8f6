import {afterAll, expect, it} from 'vitest'
import {hashSlot} from '../../../src/lib/protocol/hash-slot.js'
import {describeWithPeers, formCluster} from '../../support/peers.js'
import {waitFor} from '../../support/processes.js'
import {type AnyNode, startEmbedded, startReal, waitForOneView} from '../mixed-cluster-support.js'
import {PromisedWrites} from '../promised-writes.js'
import {expectSameData, infoOf, untilInSync} from './support.js'

/**
 * A primary with a replica of either kind is killed at any moment while several clients write and WAIT: one of them takes
 * over, and has all that WAIT confirmed. `FAULT_ROUNDS=N` kills 2 N times.
 */

const ROUNDS = 2 * Number(process.env['FAULT_ROUNDS'] ?? 1)
/** Further writes that WAIT confirms before the kill, at most. */
const LUCK = 100
const SETTINGS = ['--repl-diskless-sync-delay', '0', '--cluster-allow-replica-migration', 'no', '--save', '']
/** Slots of the shard, the first third. */
const TAGS = Array.from({length: 100}, (_, i) => `tag${i}`)
  .filter((tag) => hashSlot(tag) < 5000)
  .slice(0, 4)

const running = new Set<AnyNode>()
afterAll(async () => {
  await Promise.all([...running].map((node) => node.stop()))
})

async function start(kind: AnyNode['kind']): Promise<AnyNode> {
  const node = await (kind === 'real' ? startReal : startEmbedded)({args: SETTINGS})
  running.add(node)
  return node
}

async function isPrimary(node: AnyNode): Promise<boolean> {
  return ((await node.call('ROLE')) as string[])[0] === 'master'
}

describeWithPeers('what WAIT confirmed', () => {
  it(
    'survives a primary that is killed at any moment',
    async () => {
      const [first, one, other, ...replicas] = (await Promise.all(
        (['embedded', 'real', 'embedded', 'real', 'embedded'] as const).map(start),
      )) as [AnyNode, AnyNode, AnyNode, ...AnyNode[]]
      const voters = [one, other]
      await formCluster([first, ...voters, ...replicas], 3)
      const id = String(await first.call('CLUSTER', 'MYID'))
      for (const replica of replicas) {
        await waitFor(async () => (await replica.call('CLUSTER', 'REPLICATE', id)) === 'OK', {what: 'REPLICATE'})
      }
      let shard = [first, ...replicas]
      let primary = first
      for (let round = 0; round < ROUNDS; round++) {
        await waitForOneView([...shard, ...voters])
        for (const replica of shard) if (replica !== primary) await untilInSync(primary, replica)
        const killed = primary
        const rest = shard.filter((node) => node !== killed)
        const writers = TAGS.map((tag) => new PromisedWrites(() => shard.map(({port}) => port), tag))
        await waitFor(() => writers.every(({copiedCount}) => copiedCount > 3), {what: 'copied writes'})
        const enough = writers[0]!.copiedCount + Math.floor(Math.random() * LUCK)
        await waitFor(() => writers[0]!.copiedCount >= enough, {everyMs: 1, what: 'the moment to kill'})
        await killed.kill()
        running.delete(killed)
        primary = await waitFor(
          async () => (await Promise.all(rest.map(isPrimary))).map((is, i) => is && rest[i]).find(Boolean),
          {deadlineMs: 20_000, what: 'a new primary'},
        )
        await Promise.all(writers.map((writer) => writer.stop()))
        for (const writer of writers) {
          const missing = await writer.missing(primary.port)
          const lost = missing.filter(({isCopied}) => isCopied)
          expect({killed: killed.kind, lost, promoted: primary.kind}).toMatchObject({lost: []})
        }
        const back = await killed.restart()
        running.add(back)
        shard = [...rest, back]
        await waitFor(async () => (await infoOf(back)).get('master_link_status') === 'up', {what: 'it follows'})
        await expectSameData(primary, ...shard.filter((node) => node !== primary))
        await primary.call('FLUSHALL')
        // The next one to die is an embedded node again.
        if (primary.kind === 'real') {
          const heir = shard.find(({kind}) => kind === 'embedded') as AnyNode
          await waitForOneView([...shard, ...voters])
          expect(await heir.call('CLUSTER', 'FAILOVER')).toBe('OK')
          await waitFor(() => isPrimary(heir), {what: 'the heir'})
          primary = heir
        }
      }
    },
    60_000 + ROUNDS * 30_000,
  )
})
