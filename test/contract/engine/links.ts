import {afterAll, afterEach, beforeAll, describe, expect, it} from 'vitest'
import type {Engine, Layout, NodeSpec} from '../../../src/lib/engine/engine.js'
import type {LinkReading} from '../../../src/lib/engine/links.js'
import type {Link, LinkEffect, LinkRule} from '../../../src/lib/model/links.js'
import {callRedis} from '../../support/peers.js'
import {claimPorts} from '../../support/ports.js'
import {waitFor} from '../../support/processes.js'

export interface LinksUnderTest {
  readonly engine: Engine
  /** Of the nodes, such as their image. */
  readonly spec?: Partial<NodeSpec>
  /** Packets alone can be dropped: then nothing comes through in the other direction either. */
  readonly dropsBothWays?: boolean
}

const ENVIRONMENT = 'links'
const PASSWORD = 'swordfish'
/** Far beyond what a way that is open takes. */
const WITHIN_MS = 300
const DROP: LinkEffect = {kind: 'drop'}
const never = () => new AbortController().signal

function both(a: string, b: string): Link[] {
  return [
    {from: a, to: b},
    {from: b, to: a},
  ]
}

function rulesOf(effect: LinkEffect, links: readonly Link[]): LinkRule[] {
  return links.map((link) => ({...link, effect}))
}

/** What every engine promises of faults between its nodes: n1, n2 which replicates n1, and n3. */
export function describeLinks(name: string, make: () => Promise<LinksUnderTest> | LinksUnderTest): void {
  describe(`links contract: ${name}`, () => {
    const all = [...both('n1', 'n2'), ...both('n1', 'n3'), ...both('n2', 'n3')]
    let under: LinksUnderTest
    let layout: Layout

    const specOf = (node: string) => layout.nodes.find((spec) => spec.name === node) as NodeSpec
    const start = (node: string) => under.engine.start(specOf(node), never())
    const apply = (rules: readonly LinkRule[]) => under.engine.links.apply(layout, rules, never())
    const probe = (links: readonly Link[] = all) => under.engine.links.probe(layout, links, WITHIN_MS, never())
    const call = (node: string, ...command: string[]) => callRedis(specOf(node).address.port, command, PASSWORD)
    const stop = async (node: string) => {
      const ref = (await under.engine.list(ENVIRONMENT)).find((each) => each.name === node)
      if (ref !== undefined) await under.engine.stop(ref, 5000)
    }
    /** `n1>n2` of each that passes. */
    const passing = (readings: readonly LinkReading[]) =>
      readings.filter(({passes}) => passes).map(({from, to}) => `${from}>${to}`)
    /** Nothing ever comes through those that are closed; on a busy machine something may come late through an open one. */
    const expectOpenBut = async (...closed: string[]) => {
      const open = all.map(({from, to}) => `${from}>${to}`).filter((link) => !closed.includes(link))
      const leaks: string[] = []
      await waitFor(
        async () => {
          const found = passing(await probe())
          leaks.push(...closed.filter((link) => found.includes(link)))
          return open.every((link) => found.includes(link))
        },
        {what: `${open} to be open`},
      )
      expect(leaks).toEqual([])
    }

    beforeAll(async () => {
      under = await make()
      const base = await claimPorts(3)
      const nodes = [0, 1, 2].map(
        (index): NodeSpec => ({
          address: {host: '127.0.0.1', port: base + index},
          busPort: base + index + 10_000,
          cluster: false,
          environment: ENVIRONMENT,
          name: `n${index + 1}`,
          password: PASSWORD,
          settings: [['repl-diskless-sync-delay', '0']],
          ...under.spec,
        }),
      )
      const hosts = await under.engine.prepare({environment: ENVIRONMENT, nodes}, never())
      const known = nodes.map((spec): NodeSpec => {
        const peerHost = hosts.get(spec.name)
        return peerHost === undefined ? spec : {...spec, peerHost}
      })
      const [first, second, third] = known as [NodeSpec, NodeSpec, NodeSpec]
      const primary = {host: first.peerHost ?? first.address.host, port: first.address.port}
      layout = {environment: ENVIRONMENT, nodes: [first, {...second, primary}, third]}
      await Promise.all(layout.nodes.map(({name: node}) => start(node)))
      await waitFor(async () => String(await call('n2', 'INFO', 'replication')).includes('master_link_status:up'), {
        what: 'the replica',
      })
    })

    afterEach(() => apply([]))

    afterAll(async () => {
      for (const node of await under.engine.list(ENVIRONMENT)) await under.engine.stop(node, 0)
      await under.engine.discard(ENVIRONMENT)
    })

    it('makes every effect, and finds all links open without any', async () => {
      for (const kind of ['drop', 'reset', 'delay', 'loss'] as const) {
        expect(await under.engine.links.supports(kind)).toEqual({available: true})
      }
      await expectOpenBut()
    })

    it('cuts one pair of nodes and no other, and heals it', async () => {
      await apply(rulesOf(DROP, both('n1', 'n2')))
      await expectOpenBut('n1>n2', 'n2>n1')
      await apply([])
      await expectOpenBut()
    })

    it('cuts one way', async () => {
      await apply(rulesOf(DROP, [{from: 'n1', to: 'n3'}]))
      if (under.dropsBothWays === true) await expectOpenBut('n1>n3', 'n3>n1')
      else await expectOpenBut('n1>n3')
    })

    it('lets nothing through a connection that stands, and loses none of it', async () => {
      await call('n1', 'SET', 'key', 'before')
      await waitFor(async () => (await call('n2', 'GET', 'key')) === 'before', {what: 'replication'})
      await apply(rulesOf(DROP, both('n1', 'n2')))
      await call('n1', 'SET', 'key', 'after')
      await probe(both('n1', 'n2'))
      expect(await call('n2', 'GET', 'key')).toBe('before')
      await apply([])
      await waitFor(async () => (await call('n2', 'GET', 'key')) === 'after', {what: 'what was under way'})
      const stats = String(await call('n1', 'INFO', 'stats'))
      expect(stats).toMatch(/sync_full:1\r/)
      expect(stats).toMatch(/sync_partial_ok:0\r/)
    })

    it('tears connections down and refuses new ones', async () => {
      await apply(rulesOf({kind: 'reset'}, both('n1', 'n2')))
      await waitFor(async () => String(await call('n2', 'INFO', 'replication')).includes('master_link_status:down'), {
        what: 'the end of the connection to the primary',
      })
      await expectOpenBut('n1>n2', 'n2>n1')
      await apply([])
      await waitFor(async () => String(await call('n2', 'INFO', 'replication')).includes('master_link_status:up'), {
        what: 'a new connection to the primary',
      })
    })

    it('delays one way', async () => {
      await apply(rulesOf({jitterMs: 0, kind: 'delay', ms: 120}, [{from: 'n3', to: 'n1'}]))
      const delays: number[] = []
      await waitFor(
        async () => {
          const [forth, back] = await probe(both('n1', 'n3'))
          delays.push(back?.delayMs ?? 120)
          return back?.passes === true && (forth?.delayMs ?? 100) < 100
        },
        {what: 'a delay one way'},
      )
      // Both ends tell whole milliseconds.
      expect(Math.min(...delays)).toBeGreaterThanOrEqual(119)
    })

    it('is silent where everything is lost', async () => {
      await apply(rulesOf({kind: 'loss', probability: 1}, both('n1', 'n3')))
      await expectOpenBut('n1>n3', 'n3>n1')
    })

    it('replaces what was applied before', async () => {
      await apply(rulesOf(DROP, both('n1', 'n2')))
      await apply(rulesOf(DROP, both('n2', 'n3')))
      await expectOpenBut('n2>n3', 'n3>n2')
    })

    it('ends faults by itself when they were meant to', async () => {
      const untilMs = Date.now() + 1500
      await apply(rulesOf(DROP, both('n1', 'n3')).map((rule) => ({...rule, untilMs})))
      expect(passing(await probe(both('n1', 'n3')))).toEqual([])
      await waitFor(async () => passing(await probe(both('n1', 'n3'))).length === 2, {what: 'the end of the fault'})
      expect(Date.now()).toBeGreaterThanOrEqual(untilMs)
    })

    it('leaves out nodes that do not run, and makes the faults of one that has started again when told', async () => {
      const cut = rulesOf(DROP, both('n2', 'n3'))
      await apply(cut)
      await stop('n3')
      await apply(cut)
      expect((await probe()).map(({from, to}) => `${from}>${to}`)).toEqual(['n1>n2', 'n2>n1'])
      await start('n3')
      await apply(cut)
      await expectOpenBut('n2>n3', 'n3>n2')
    })

    it('does not wait for a node that is frozen, which finds the faults when it goes on', async () => {
      const frozen = (await under.engine.list(ENVIRONMENT)).find((each) => each.name === 'n3')!
      await under.engine.pause(frozen)
      const started = performance.now()
      await apply(rulesOf(DROP, both('n1', 'n3')))
      expect((await probe()).map(({from, to}) => `${from}>${to}`)).toEqual(['n1>n2', 'n2>n1'])
      expect(performance.now() - started).toBeLessThan(4000)
      await under.engine.unpause(frozen)
      await call('n3', 'PING')
      await expectOpenBut('n1>n3', 'n3>n1')
    })

    it('gives up when told to', async () => {
      const aborted = AbortSignal.abort()
      await expect(under.engine.links.apply(layout, rulesOf(DROP, all), aborted)).rejects.toMatchObject({
        code: 'INTERRUPTED',
      })
      await expect(under.engine.links.probe(layout, all, WITHIN_MS, aborted)).rejects.toMatchObject({
        code: 'INTERRUPTED',
      })
    })
  })
}
