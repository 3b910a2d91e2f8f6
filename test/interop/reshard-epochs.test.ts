import {afterEach, expect, it} from 'vitest'
import {parseClusterNodes} from '../../src/lib/client/cluster-nodes.js'
import {connectWire, type Wire} from '../../src/lib/client/migration/wire.js'
import type {CliError} from '../../src/lib/kernel/errors.js'
import {type NodeId, nodeId} from '../../src/lib/model/node-id.js'
import {type BarrierContext, epochBarrier} from '../../src/lib/operations/migration/barrier.js'
import {runShoal} from '../support/cli.js'
import {describeWithPeers, evenShares, type RedisNode, startRedis, waitForAgreement} from '../support/peers.js'
import {claimPorts} from '../support/ports.js'
import {waitFor} from '../support/processes.js'
import {fillNode, keysIn, lostAt, Writers} from './reshard-load.js'

const OWNERS = 3
const KEY_COUNT = 5000
/** Slots of the last of three even shares, and the keys that live there. */
const SPAN = {first: 14336, last: 14847}

const nodes: RedisNode[] = []

afterEach(async () => {
  await Promise.all(nodes.map((node) => node.stop()))
  nodes.length = 0
})

/** Owners and an empty primary that start with one config epoch, introduced to each other a moment ago. */
async function startColliding(epoch: number): Promise<number[]> {
  const base = await claimPorts(OWNERS + 1)
  const started = Array.from({length: OWNERS + 1}, (_, index) => startRedis({cluster: true, port: base + index}))
  nodes.push(...(await Promise.all(started)))
  const shares = evenShares(OWNERS)
  for (const [index, node] of nodes.entries()) {
    if (epoch > 0) await node.call('CLUSTER', 'SET-CONFIG-EPOCH', epoch)
    const share = shares[index]
    if (share) await node.call('CLUSTER', 'ADDSLOTSRANGE', ...share)
  }
  for (const {port} of nodes.slice(1)) await nodes[0]?.call('CLUSTER', 'MEET', '127.0.0.1', port)
  await waitForAgreement(nodes, {ownerCount: OWNERS})
  return nodes.map(({port}) => port)
}

describeWithPeers('reshard among primaries that share a config epoch', () => {
  it.each([0, 7])('loses nothing with all at epoch %i', async (epoch) => {
    const ports = await startColliding(epoch)
    const [first, , source, fresh] = ports as [number, number, number, number]
    const keys = keysIn(SPAN, KEY_COUNT, 'base')
    await fillNode(source, keys)
    const writers = new Writers(ports.slice(0, OWNERS), SPAN, `epoch-${epoch}`)
    for (const [from, to] of [
      [source, first],
      [first, fresh],
    ]) {
      const move = ['--from', `127.0.0.1:${from}`, '--to', `127.0.0.1:${to}`, '--slots', `${SPAN.first}-${SPAN.last}`]
      const run = await runShoal(['reshard', `127.0.0.1:${first}`, ...move, '--yes', '--json'])
      expect(run.code, run.stdout + run.stderr).toBe(0)
    }
    expect(await writers.stop()).toEqual([])
    await waitForAgreement(nodes, {ownerCount: OWNERS + 1})
    expect(await lostAt(fresh, keys)).toEqual([])
    const epochs = await Promise.all(
      nodes.map(async (node) => /my_epoch:\d+/.exec(String(await node.call('CLUSTER', 'INFO')))?.[0]),
    )
    expect(new Set(epochs).size).toBe(nodes.length)
  })

  it('stops at a collision that gossip does not resolve, and goes on after what it advises', async () => {
    const ports = await startColliding(5)
    const [source, other, third, target] = nodes as [RedisNode, RedisNode, RedisNode, RedisNode]
    const ids = await Promise.all(nodes.map(async (node) => nodeId(String(await node.call('CLUSTER', 'MYID')))))
    const context = await barrierContext(ports, ids)
    await epochBarrier(context, 10_000)
    const current = async (node: RedisNode) => /current_epoch:\d+/.exec(String(await node.call('CLUSTER', 'INFO')))?.[0]
    await third.call('CLUSTER', 'BUMPEPOCH')
    await waitFor(async () => new Set(await Promise.all(nodes.map(current))).size === 1, {what: 'one current epoch'})
    // For a minute these two do not speak. With the others frozen, each takes the next epoch for its own.
    const frozen = [third, target]
    await source.call('CLUSTER', 'FORGET', String(ids[1]))
    await other.call('CLUSTER', 'FORGET', String(ids[0]))
    for (const {pid} of frozen) process.kill(pid, 'SIGSTOP')
    const bumped = [source, other].map(async (node) => String(await node.call('CLUSTER', 'BUMPEPOCH')))
    const [one, two] = (await Promise.all(bumped)) as [string, string]
    for (const {pid} of frozen) process.kill(pid, 'SIGCONT')
    expect([one, two]).toEqual([expect.stringMatching(/^BUMPED /), one])
    await waitFor(async () => (await epochsSeenBy(target)).filter((epoch) => one === `BUMPED ${epoch}`).length === 2, {
      what: 'the target to see the collision',
    })

    const error: CliError = await epochBarrier(context, 1000).catch((thrown) => thrown)
    expect(error.code).toBe('CLUSTER_UNHEALTHY')
    expect(error.details['collisions']).toEqual([
      {epoch: Number(one.split(' ')[1]), nodeIds: expect.arrayContaining([ids[0], ids[1]])},
    ])
    const advised = /^CLUSTER BUMPEPOCH on target, then CLUSTER BUMPEPOCH on (source|127\.0\.0\.1:\d+) /
    const [, who] = advised.exec(`${error.suggestions[1]} `) ?? []
    const bumper = who === 'source' ? source : other
    expect(String(await bumper.call('CLUSTER', 'BUMPEPOCH'))).toMatch(/^STILL /)
    expect(String(await target.call('CLUSTER', 'BUMPEPOCH'))).toMatch(/^BUMPED /)
    await waitFor(async () => String(await bumper.call('CLUSTER', 'BUMPEPOCH')).startsWith('BUMPED '), {
      what: 'an epoch of its own',
    })
    await epochBarrier(context, 10_000)
    for (const {wire} of [context.source, context.target]) wire.close()
  })
})

async function barrierContext(ports: readonly number[], ids: readonly NodeId[]): Promise<BarrierContext> {
  const [source, target] = await Promise.all(
    [0, 3].map((at) => connectWire({host: '127.0.0.1', port: ports[at] as number}, {timeoutMs: 5000})),
  )
  return {
    emit: () => undefined,
    epochs: {highest: 0},
    source: {id: ids[0] as NodeId, name: 'source', wire: source as Wire},
    target: {id: ids[3] as NodeId, name: 'target', wire: target as Wire},
  }
}

async function epochsSeenBy(node: RedisNode): Promise<number[]> {
  const text = String(await node.call('CLUSTER', 'NODES'))
  return parseClusterNodes(text, {host: '127.0.0.1', port: node.port}).map(({configEpoch}) => configEpoch)
}
