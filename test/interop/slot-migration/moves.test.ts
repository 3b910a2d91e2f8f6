import {afterAll, beforeAll, expect, it} from 'vitest'
import {describeWithPeers} from '../../support/peers.js'
import {waitFor} from '../../support/processes.js'
import type {AnyNode} from '../mixed-cluster-support.js'
import {fillNode, keysIn, lostAt, Writers} from '../reshard-load.js'
import {expectNoAsk, jobsOf, move, startCluster} from './support.js'

/** Half of the last of three even shares, and the keys that live there. */
const SPAN = {first: 15360, last: 16383}
const KEY_COUNT = 20_000

describeWithPeers('slots that embedded nodes move atomically', () => {
  let nodes: AnyNode[]
  let keys: string[]

  beforeAll(async () => {
    nodes = await startCluster(3)
    keys = keysIn(SPAN, KEY_COUNT, 'base')
    await fillNode(nodes[2]?.port as number, keys)
  })

  afterAll(() => Promise.all(nodes.map((node) => node.stop())))

  it('lose nothing to and fro under writers, and nobody is told to ask', async () => {
    const writers = new Writers(
      nodes.map(({port}) => port),
      SPAN,
      'steady',
    )
    let [from, to] = [nodes[2] as AnyNode, nodes[0] as AnyNode]
    for (let round = 0; round < 6; round++) {
      await move(from, to, SPAN.first, SPAN.last)
      // Where the machine is busy with others, nodes may doubt each other for a moment.
      await waitFor(async () => (await lostAt(to.port, keys)).length === 0, {what: 'all keys at the target'})
      ;[from, to] = [to, from]
    }
    expect(await writers.stop()).toEqual([])
    expect(writers.operations).toBeGreaterThan(500)
    await expectNoAsk(...nodes)
    expect(await jobsOf(from)).toHaveLength(6)
  })
})
