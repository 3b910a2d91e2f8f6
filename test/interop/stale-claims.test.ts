import {afterAll, beforeAll, expect, it, onTestFinished} from 'vitest'
import {pause} from '../../src/lib/client/abort.js'
import {parseRanges, slotsOf} from '../../src/lib/model/slot-set.js'
import {runShoal} from '../support/cli.js'
import {
  describeWithPeers,
  type RealCluster,
  type RedisNode,
  startRealCluster,
  waitForAgreement,
} from '../support/peers.js'
import {temporaryFolder} from '../support/processes.js'
import {fillNode, keysIn, lostAt} from './reshard-load.js'

/*
 * Redis 7.0.12 to 7.0.15: a node that was told of a slot's new owner before it heard that owner claim the slot holds the
 * slot for unclaimed from then on, also when it comes to own it later. Then it gives the slot to whoever claims it, however
 * old the claim, and deletes the keys. Claims that old are rare; here they are made.
 */

/** Makes a node sleep for 10 ms at a time, with breaks of as much. @returns what ends that */
function tire(node: RedisNode): () => Promise<void> {
  let isOver = false
  const loop = (async () => {
    while (!isOver) {
      await node.call('DEBUG', 'SLEEP', '0.01')
      await pause(10)
    }
  })()
  return async () => {
    isOver = true
    await loop
  }
}

describeWithPeers('slots that were moved there and back', () => {
  const env = {SHOAL_STATE_DIR: temporaryFolder('claims-state')}
  const home = {first: 0, last: 5460}
  let cluster: RealCluster

  beforeAll(async () => {
    cluster = await startRealCluster(3)
  })
  afterAll(() => cluster?.stop())

  it('stay with their owner when a third node claims them with an old epoch', async () => {
    const [source, target, claimant] = cluster.nodes
    if (!source || !target || !claimant) throw new Error('three nodes')
    const keys = keysIn(home, 500, 'claimed')
    await fillNode(source.port, keys)
    const claimantId = String(await claimant.call('CLUSTER', 'MYID'))
    const layoutOf = async () => JSON.stringify(await source.call('CLUSTER', 'SLOTS'))
    const slotsMoved: number[] = []
    // Nodes that sleep have more than one message waiting when they wake, and read them in the order of their sockets.
    const tired = cluster.nodes.map(tire)
    onTestFinished(async () => void (await Promise.all(tired.map((stop) => stop()))))
    const shoal = async (...words: string[]) => {
      const {code, stdout} = await runShoal([...words, '--yes', '--json'], {env})
      expect(code, stdout).toBe(0)
      return JSON.parse(stdout)
    }
    for (const transfer of ['migrate', 'copy']) {
      const ends = ['--from', `127.0.0.1:${source.port}`, '--to', `127.0.0.1:${target.port}`]
      const options = ['--slots', '200', '--window', '16', '--transfer', transfer]
      const moved = await shoal('reshard', cluster.seed, ...ends, ...options)
      for (const step of moved.plan.steps) slotsMoved.push(...slotsOf(parseRanges(step.slots) ?? []))
      for (const holder of ['target', 'source']) {
        if (holder === 'source') await shoal('undo')
        const layout = await layoutOf()
        for (const slot of slotsMoved) await claimant.call('CLUSTER', 'SETSLOT', slot, 'NODE', claimantId)
        await waitForAgreement(cluster.nodes, {ownerCount: 3})
        expect(await layoutOf(), `${transfer}, at the ${holder}`).toBe(layout)
      }
      expect(await lostAt(source.port, keys)).toEqual([])
    }
    expect(slotsMoved).toHaveLength(400)
  })
})
