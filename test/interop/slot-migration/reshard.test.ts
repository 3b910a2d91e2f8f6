import {afterAll, beforeAll, expect, it} from 'vitest'
import {runShoal} from '../../support/cli.js'
import {describeWithPeers} from '../../support/peers.js'
import {waitFor} from '../../support/processes.js'
import type {AnyNode} from '../mixed-cluster-support.js'
import {fillNode, keysIn, lostAt, Writers} from '../reshard-load.js'
import {expectNoAsk, jobsOf, startCluster} from './support.js'

const SPAN = {first: 14336, last: 16383}

describeWithPeers('shoal reshard between embedded nodes', () => {
  let nodes: AnyNode[]
  let keys: string[]
  let owner: AnyNode
  let other: AnyNode

  beforeAll(async () => {
    nodes = await startCluster(3, 0, ['--cluster-node-timeout', '10000'])
    owner = nodes[2] as AnyNode
    other = nodes[0] as AnyNode
    keys = keysIn(SPAN, 30_000, 'base')
    await fillNode(owner.port, keys)
  })

  afterAll(() => Promise.all(nodes.map((node) => node.stop())))

  const reshard = (options = {}) => {
    const route = ['--from', `127.0.0.1:${owner.port}`, '--to', `127.0.0.1:${other.port}`]
    const slots = ['--slots', `${SPAN.first}-${SPAN.last}`, '--yes', '--json', '--events']
    return runShoal(['reshard', `127.0.0.1:${nodes[1]?.port}`, ...route, ...slots], options)
  }
  const swap = () => {
    ;[owner, other] = [other, owner]
  }

  it('is atomic by itself, tells how it gets on, and loses nothing under writers', async () => {
    const writers = new Writers(
      nodes.map(({port}) => port),
      SPAN,
      'cli',
      4,
    )
    const run = await reshard()
    expect(run.code, run.stdout + run.stderr).toBe(0)
    expect(run.json<{result: {slotsMoved: number}}>().result.slotsMoved).toBe(2048)
    expect(run.stderr).toContain('"event":"task"')
    swap()
    await waitFor(async () => (await lostAt(owner.port, keys)).length === 0, {what: 'all keys at the target'})
    expect(await writers.stop()).toEqual([])
    await expectNoAsk(...nodes)
    expect((await jobsOf(other)).map(({state}) => state)).toEqual(['success', 'success'])
  })

  it('is gone on with by resume after SIGKILL', async () => {
    let kill: (signal: NodeJS.Signals) => void = () => undefined
    const cut = await reshard({
      onStart: (run: {kill: typeof kill}) => {
        kill = run.kill
      },
      onStderr: (text: string) => text.includes('"event":"task"') && kill('SIGKILL'),
    })
    expect(cut.signal).toBe('SIGKILL')
    const run = await runShoal(['resume', '--json'])
    expect(run.code, run.stdout + run.stderr).toBe(0)
    swap()
    await waitFor(async () => (await lostAt(owner.port, keys)).length === 0, {what: 'all keys at the target'})
  })

  it('is cancelled by Ctrl-C: each slot is whole at one of both', async () => {
    let kill: (signal: NodeJS.Signals) => void = () => undefined
    const cut = await reshard({
      onStart: (run: {kill: typeof kill}) => {
        kill = run.kill
      },
      onStderr: (text: string) => text.includes('"event":"task"') && kill('SIGINT'),
    })
    expect(cut.code, cut.stdout + cut.stderr).toBe(130)
    await waitFor(
      async () => {
        const all = (await Promise.all([owner, other].map(jobsOf))).flat()
        return all.every(({state}) => ['success', 'failed', 'cancelled'].includes(String(state)))
      },
      {what: 'the end of all jobs'},
    )
    const missing = await Promise.all([owner, other].map(async ({port}) => new Set(await lostAt(port, keys))))
    expect(keys.filter((key) => missing.every((at) => at.has(key)))).toEqual([])
  })
})
