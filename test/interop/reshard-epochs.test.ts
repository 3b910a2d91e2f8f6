import {afterEach, expect, it} from 'vitest'
import {runShoal} from '../support/cli.js'
import {describeWithPeers, evenShares, type RedisNode, startRedis, waitForAgreement} from '../support/peers.js'
import {claimPorts} from '../support/ports.js'
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
})
