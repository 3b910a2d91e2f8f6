import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import type {LagReport} from '../../../src/lib/operations/crdb/lag.js'
import type {Verification} from '../../../src/lib/operations/crdb/verify.js'
import {CrdbWorld, REGIONS} from '../../support/crdb/world.js'

/** Whoever only looks at a database goes on without a region that does not answer, and finds the successor of a shard. */
describe('a region that falls silent', () => {
  const world = new CrdbWorld()
  const NODES = [1, 2].map((id) => Array.from({length: 6}, (_, index) => `mycrdb-${id}-${index + 1}`))
  const crdb = (...args: string[]) => world.shoal(['crdb', ...args])

  beforeAll(async () => {
    await world.up()
    const instances = REGIONS.slice(0, 2).flatMap((region) => ['--instance', `fqdn=${region}`])
    const shape = ['--shards-count', '3', '--replication', 'true', '--port', String(await world.port(1))]
    await world.done('crdb', 'create', '--name', 'mycrdb', '--memory-size', '64mb', ...shape, ...instances)
  })

  afterAll(() => world.down())

  it('is asked whoever took over, while a shard fails over', async () => {
    await world.done('kill', 'mycrdb-2-1')
    const run = await crdb('verify', '--wait', '30s')
    expect([run.code, run.stdout]).toEqual([0, expect.stringContaining('All 2 regions of mycrdb are equal')])
    await world.done('up')
  })

  it('is named, frozen as it is, and waited for once: two seconds, not two seconds a call', async () => {
    await world.done('pause', ...NODES[1]!)
    const started = performance.now()
    const watched = await crdb('lag', '--watch', '--interval', '100ms', '--count', '20')
    // Twenty looks that waited would take forty seconds.
    expect(performance.now() - started).toBeLessThan(20_000)
    expect(watched.code, watched.stderr).toBe(0)
    const blocks = watched.stdout.trim().split('\n\n')
    expect(blocks).toHaveLength(20)
    for (const block of blocks) {
      expect(block).toMatch(/^cluster1\.local +cluster2\.local +\S+/m)
      expect(block).toMatch(/^cluster2\.local +- +silent/m)
    }
    expect((await world.done('crdb', 'lag', '--json')).json<LagReport>()).toMatchObject({
      links: [{from: 2, region: 1}],
      silent: [{cluster: 'cluster2.local', error: expect.stringContaining('within 2000 ms'), id: 2}],
    })
    const verified = await crdb('verify', '--json')
    expect(verified.code).toBe(9)
    expect(verified.json<Verification>().regions).toMatchObject([
      {cluster: 'cluster1.local', id: 1},
      {cluster: 'cluster2.local', error: expect.stringContaining('did not answer within 2000 ms'), id: 2},
    ])
    const got = await crdb('get', '--json')
    expect(got.json()).toMatchObject({heardFrom: [1], version: 1})
    expect(got.stderr).toContain('warning: cluster2.local could not be asked: ')
  })

  it('leaves nothing to show where no region answers', async () => {
    await world.done('pause', ...NODES[0]!)
    const lag = await crdb('lag')
    expect([lag.code, lag.stdout]).toEqual([7, expect.stringMatching(/^cluster1\.local +- +silent/m)])
    expect((await crdb('verify')).code).toBe(9)
    await world.done('unpause', ...NODES.flat())
  })
})
