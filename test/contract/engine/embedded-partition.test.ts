import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {EmbeddedEngine} from '../../../src/lib/engine/embedded.js'
import type {Layout, NodeSpec} from '../../../src/lib/engine/engine.js'
import type {LinkEffect, LinkRule} from '../../../src/lib/model/links.js'
import {callRedis} from '../../support/peers.js'
import {claimPorts} from '../../support/ports.js'
import {temporaryFolder, waitFor} from '../../support/processes.js'

const NODE_TIMEOUT_MS = 1000
const BLOCKS = ['0 5460', '5461 10922', '10923 16383']
const never = () => new AbortController().signal

/** Three primaries and a replica of the first, as processes; the first primary is cut off by the nodes' own faults. */
describe('a primary cut off from its cluster', () => {
  let folder: string
  let engine: EmbeddedEngine
  let layout: Layout

  const portOf = (index: number) => layout.nodes[index]!.address.port
  const call = (index: number, line: string) => callRedis(portOf(index), line.split(' '))
  const isolate = (effect: LinkEffect, name = 'n1'): LinkRule[] =>
    layout.nodes
      .filter((other) => other.name !== name)
      .flatMap((other) => [
        {effect, from: name, to: other.name},
        {effect, from: other.name, to: name},
      ])
  const kill = async (name: string) => {
    const ref = (await engine.list('split')).find((each) => each.name === name)
    if (ref) await engine.signal(ref, 'SIGKILL')
    if (ref) await engine.stop(ref, 0)
  }
  const apply = (rules: readonly LinkRule[]) => engine.links.apply(layout, rules, never())
  const roleOf = async (index: number) => (/role:(\w+)/.exec(String(await call(index, 'INFO replication'))) ?? [])[1]
  const stateOf = async (index: number) => /cluster_state:(\w+)/.exec(String(await call(index, 'CLUSTER INFO')))?.[1]
  const isSettled = async () => {
    const states = await Promise.all([0, 1, 2, 3].map(stateOf))
    const views = await Promise.all([0, 1, 2, 3].map((index) => call(index, 'CLUSTER NODES')))
    const isLinked = views.every(
      (view) => String(view).trim().split('\n').length === 4 && !/fail|handshake|disconnected/.test(String(view)),
    )
    return isLinked && states.every((state) => state === 'ok')
  }
  const logOf = (name: string) => readFileSync(join(folder, 'split', 'nodes', name, 'node.log'), 'utf8')

  beforeAll(async () => {
    folder = temporaryFolder('partition')
    engine = new EmbeddedEngine({folder})
    const base = await claimPorts(4)
    const nodes = [0, 1, 2, 3].map(
      (index): NodeSpec => ({
        address: {host: '127.0.0.1', port: base + index},
        busPort: base + index + 10_000,
        cluster: true,
        environment: 'split',
        name: `n${index + 1}`,
        settings: [
          ['cluster-node-timeout', String(NODE_TIMEOUT_MS)],
          ['loglevel', 'debug'],
          ['repl-diskless-sync-delay', '0'],
          ['save', ''],
        ],
      }),
    )
    layout = {environment: 'split', nodes}
    await Promise.all(nodes.map((spec) => engine.start(spec, never())))
    await Promise.all(BLOCKS.map((block, index) => call(index, `CLUSTER ADDSLOTSRANGE ${block}`)))
    for (const index of [0, 1, 2]) await call(index, `CLUSTER SET-CONFIG-EPOCH ${index + 1}`)
    for (const index of [1, 2, 3]) await call(0, `CLUSTER MEET 127.0.0.1 ${portOf(index)}`)
    const primary = String(await call(0, 'CLUSTER MYID'))
    await waitFor(async () => String(await call(3, 'CLUSTER NODES')).includes(primary), {
      what: 'the primary to be known',
    })
    await waitFor(async () => (await call(3, `CLUSTER REPLICATE ${primary}`)) === 'OK', {what: 'the replica'})
    await waitFor(async () => String(await call(3, 'INFO replication')).includes('master_link_status:up'), {
      what: 'replication',
    })
    await waitFor(isSettled, {what: 'the cluster'})
  })

  afterAll(async () => {
    for (const node of await engine.list()) await engine.stop(node, 0)
  })

  it('is replaced by its replica, and follows it once it is healed', async () => {
    const started = performance.now()
    await apply(isolate({kind: 'drop'}))
    const links = isolate({kind: 'drop'})
    expect((await engine.links.probe(layout, links, 300, never())).filter(({passes}) => passes)).toEqual([])
    expect(performance.now() - started).toBeLessThan(3000)

    await waitFor(async () => (await roleOf(3)) === 'master', {what: 'the failover'})
    await waitFor(async () => (await stateOf(0)) === 'fail', {what: 'the minority to give up'})
    expect(await roleOf(0)).toBe('master')

    await apply([])
    await waitFor(async () => (await engine.links.probe(layout, links, 300, never())).every(({passes}) => passes), {
      what: 'all links to be open',
    })
    await waitFor(async () => (await roleOf(0)) === 'slave', {what: 'the old primary to follow'})
    await waitFor(isSettled, {what: 'the cluster to be whole'})
    for (const {name} of layout.nodes) {
      expect(logOf(name)).not.toMatch(/Bad message length|malformed cluster bus packet/)
    }
  })

  it('finds back when connections were torn down instead', async () => {
    await apply(isolate({kind: 'reset'}))
    await waitFor(async () => (await stateOf(0)) === 'fail', {what: 'the minority to give up'})
    await apply([])
    await waitFor(isSettled, {what: 'the cluster to be whole'})
    await waitFor(async () => String(await call(0, 'INFO replication')).includes('master_link_status:up'), {
      what: 'replication',
    })
  })

  it('hears of nothing when it is killed and started again meanwhile', async () => {
    // By now the fourth has the slots, and the first follows.
    const rules = isolate({kind: 'drop'}, 'n4')
    await apply(rules)
    await kill('n4')
    await waitFor(async () => (await roleOf(0)) === 'master', {what: 'the failover'})
    const n4 = layout.nodes[3]!
    await engine.start({...n4, faults: {layout, rules}}, never())
    const leaks: string[] = []
    await waitFor(
      async () => {
        const lines = String(await call(3, 'CLUSTER NODES'))
          .trim()
          .split('\n')
        const own = lines.filter((line) => line.includes('myself'))
        leaks.push(...own.filter((line) => !/myself,master .* 0-5460$/.test(line)))
        return lines.every((line) => own.includes(line) || line.includes('fail?'))
      },
      {everyMs: 20, what: 'the minority to suspect all others'},
    )
    expect(leaks).toEqual([])
    await apply(rules)
    expect(await stateOf(3)).toBe('fail')
    await apply([])
    await waitFor(async () => (await roleOf(3)) === 'slave', {what: 'the old primary to follow'})
    // Rules of an earlier start never come back.
    await kill('n4')
    await engine.start(n4, never())
    expect(await call(3, 'SHOAL.FAULT LIST')).toEqual([])
  })
})
