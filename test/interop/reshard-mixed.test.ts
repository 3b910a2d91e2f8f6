import {afterAll, beforeAll, expect, it} from 'vitest'
import {runShoal} from '../support/cli.js'
import {describeWithPeers, formCluster, waitForAgreement} from '../support/peers.js'
import {type AnyNode, startEmbedded, startReal} from './mixed-cluster-support.js'
import {fillNode, keysIn, lostAt, Writers} from './reshard-load.js'

const SPAN = {first: 3584, last: 4095}
const KEY_COUNT = 5000

describeWithPeers('reshard between real and embedded nodes', () => {
  let nodes: AnyNode[] = []
  let keys: string[]

  beforeAll(async () => {
    nodes = await Promise.all([startReal(), startReal(), startEmbedded(), startEmbedded()])
    await formCluster(nodes)
    keys = keysIn(SPAN, KEY_COUNT, 'base')
    await fillNode(nodes[0]?.port as number, keys)
  })

  afterAll(() => Promise.all(nodes.map((node) => node.stop())))

  it.each([
    ['atomically where both offer it', []],
    ['copied and switched', ['--transfer', 'copy']],
    ['by MIGRATE', ['--transfer', 'migrate']],
  ])('passes slots %s through all of them under writes and loses nothing', async (how, flags) => {
    const ports = nodes.map(({port}) => port)
    const writers = new Writers(ports, SPAN, how, 4)
    // Real to embedded, embedded to embedded, embedded to real, real to real.
    for (const [from, to] of [
      [0, 2],
      [2, 3],
      [3, 1],
      [1, 0],
    ] as const) {
      const route = ['--from', `127.0.0.1:${ports[from]}`, '--to', `127.0.0.1:${ports[to]}`]
      const slots = ['--slots', `${SPAN.first}-${SPAN.last}`]
      const run = await runShoal(['reshard', `127.0.0.1:${ports[0]}`, ...route, ...slots, '--yes', '--json', ...flags])
      expect(run.code, run.stdout + run.stderr).toBe(0)
      expect(await lostAt(ports[to] as number, keys)).toEqual([])
    }
    expect(await writers.stop()).toEqual([])
    await waitForAgreement(nodes, {ownerCount: 4})
  })
})
