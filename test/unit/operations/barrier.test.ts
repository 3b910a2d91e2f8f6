import {describe, expect, it} from 'vitest'
import type {CliError} from '../../../src/lib/kernel/errors.js'
import {epochBarrier} from '../../../src/lib/operations/migration/barrier.js'
import {PairMove} from '../../../src/lib/operations/migration/pair.js'
import {expectMoved, type FakePair, failureOf, fakePair, KEYS, SLOTS} from './fake-pair.js'

describe('the epoch barrier', () => {
  it('holds back until the target has heard of the highest epoch', async () => {
    const pair = fakePair(KEYS, {epochs: {highest: 7}})
    let asked = 0
    pair.target.script = (command, node) => {
      if (command[1] === 'INFO' && ++asked === 3) node.epoch = 7
      if (command[1] === 'SETSLOT') expect(node.epoch).toBe(7)
      return undefined
    }
    await new PairMove(pair.context).run(SLOTS)
    expect(asked).toBeGreaterThanOrEqual(3)
    expectMoved(pair)
  })

  it('holds back a window when the source has heard of a newer one meanwhile', async () => {
    const pair = fakePair(KEYS)
    pair.source.epoch = 9
    let asked = 0
    pair.target.script = (command, node) => {
      if (command[1] === 'INFO' && ++asked === 4) node.epoch = 9
      if (command[3] === 'NODE') expect(node.epoch).toBe(9)
      return undefined
    }
    await new PairMove(pair.context).run(SLOTS)
    expectMoved(pair)
  })

  /** Source and target see each other and `other`, all with epochs of their own. */
  function acquainted(keys = KEYS): FakePair {
    const pair = fakePair(keys, {nodeTimeoutMs: 0, epochs: {highest: 3}})
    const {other, source, target} = pair
    const nodes = [source, target, other]
    nodes.forEach((node, index) => {
      node.epoch = 3
      node.configEpoch = index + 1
      for (const [at, {id}] of nodes.entries()) if (at !== index) node.knows.set(id, {epoch: at + 1})
    })
    return pair
  }

  it('goes by at once where nobody shares a config epoch', async () => {
    const pair = acquainted()
    await new PairMove(pair.context).run(SLOTS)
    const waits = pair.events.flatMap((event) => (event.event === 'barrier' ? [event.waitedMs] : []))
    expect(waits).toHaveLength(1)
    expectMoved(pair)
  })

  it.each(['source', 'target'] as const)(
    'waits until no two primaries share a config epoch for the %s',
    async (who) => {
      const pair = acquainted()
      const observer = pair[who]
      observer.knows.set(pair.other.id, {epoch: observer.configEpoch})
      let asked = 0
      observer.script = (command) => {
        if (command[1] === 'NODES' && ++asked === 3) observer.knows.set(pair.other.id, {epoch: 3})
        if (command[1] === 'SETSLOT') expect(asked).toBeGreaterThanOrEqual(3)
        return undefined
      }
      await new PairMove(pair.context).run(SLOTS)
      expect(asked).toBeGreaterThanOrEqual(3)
      expectMoved(pair)
    },
  )

  it('lets the target hear of the epoch that ended a collision', async () => {
    const pair = acquainted()
    pair.source.knows.set(pair.other.id, {epoch: 1})
    let asked = 0
    pair.source.script = (command, node) => {
      if (command[1] !== 'NODES' || ++asked !== 2) return undefined
      node.configEpoch = 4
      return undefined
    }
    pair.target.script = (command, node) => {
      if (command[1] === 'INFO' && asked >= 4) node.epoch = 4
      if (command[1] === 'SETSLOT') expect(node.epoch).toBe(4)
      return undefined
    }
    await new PairMove(pair.context).run(SLOTS)
    expectMoved(pair)
  })

  it('holds back a window when the source has come to share an epoch meanwhile', async () => {
    const pair = acquainted()
    let taken = 0
    let asked = 0
    pair.target.script = (command, node) => {
      if (command[1] === 'NODES') {
        asked++
        if (taken === 2) node.knows.set(pair.other.id, {epoch: asked < 5 ? 1 : 3})
      }
      if (command[3] === 'NODE') {
        // Windows of two slots: the third slot is the next window's.
        if (taken >= 2) expect(node.knows.get(pair.other.id)).toEqual({epoch: 3})
        taken++
      }
      return undefined
    }
    await new PairMove(pair.context).run(SLOTS)
    expect(asked).toBeGreaterThanOrEqual(5)
    expectMoved(pair)
  })

  it.each([
    ['replicas', 'slave'],
    ['nodes in handshake', 'handshake'],
    ['dead nodes', 'master,fail'],
  ])('does not mind %s with the epoch of another', async (_, flags) => {
    const pair = acquainted()
    pair.target.knows.set(pair.other.id, {epoch: 2, flags})
    await new PairMove(pair.context).run(SLOTS)
    expectMoved(pair)
  })
})

describe('a config epoch that stays shared', () => {
  async function refusalOf(pair: FakePair, currentEpoch: number, shared: number): Promise<CliError> {
    const {other, source, target} = pair
    source.configEpoch = shared
    target.configEpoch = shared - 1
    target.epoch = currentEpoch
    target.knows.set(source.id, {epoch: shared})
    target.knows.set(other.id, {epoch: shared, flags: 'master,noaddr'})
    return failureOf(epochBarrier(pair.context, 50))
  }

  it('is refused with the names of those who share it', async () => {
    const pair = fakePair(KEYS)
    const error = await refusalOf(pair, 9, 4)
    expect(error).toMatchObject({
      code: 'CLUSTER_UNHEALTHY',
      exitCode: 3,
      details: {collisions: [{epoch: 4, nodeIds: [pair.source.id, pair.other.id]}]},
    })
    expect(error.message).toMatch(/^source and 127\.0\.0\.1:7003 \(c+\) share config epoch 4: .* \(waited \d+ ms\)$/)
    expect(error.suggestions).toEqual([expect.stringMatching(/bus ports/), 'CLUSTER BUMPEPOCH on source'])
    expect(pair.records).toEqual([])
  })

  it('needs another to go ahead where it is the highest, since a node with the highest takes no new one', async () => {
    const pair = fakePair(KEYS)
    const error = await refusalOf(pair, 5, 5)
    expect(error.suggestions[1]).toBe('CLUSTER BUMPEPOCH on target, then CLUSTER BUMPEPOCH on source')
  })
})
