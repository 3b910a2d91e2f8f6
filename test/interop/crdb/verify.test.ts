import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import type {ClusterHealth} from '../../../src/lib/operations/crdb/health-report.js'
import type {LagReport} from '../../../src/lib/operations/crdb/lag.js'
import type {Verification} from '../../../src/lib/operations/crdb/verify.js'
import {CrdbWorld, REGIONS} from '../../support/crdb/world.js'
import {waitFor} from '../../support/processes.js'

/** What becomes of a database that is cut, healed, and loses a region: each step finds what those before have left. */
describe('a database that is looked at', () => {
  const world = new CrdbWorld()
  const ALL = [1, 2, 3] as const
  const crdb = (...args: string[]) => world.shoal(['crdb', ...args])

  /** Once it is equal, which takes as long as links need to come back. */
  const equal = async () => {
    const run = await crdb('verify', '--wait', '30s')
    expect(run.code, run.stdout + run.stderr).toBe(0)
    return run.stdout
  }
  const lag = async () => (await world.done('crdb', 'lag', '--json')).json<LagReport>()
  const health = async (exit: number) => {
    const run = await crdb('health-report')
    expect(run.code, run.stdout + run.stderr).toBe(exit)
    return run.json<ClusterHealth[]>()
  }

  beforeAll(async () => {
    await world.up()
    await world.done(...(await world.createArgs()))
  })

  afterAll(() => world.down())

  it('is equal when it was made, and after writes of all regions', async () => {
    expect(await equal()).toContain('All 3 regions of mycrdb are equal: 0 slots compared.')
    for (const id of ALL) await world.call(id, 'INCR', 'votes')
    await world.call(2, 'SADD', 'cart', 'grün')
    await world.agreement(ALL, 'GET', 'votes')
    const lines = (await equal()).split('\n')
    expect(lines[0]).toBe('All 3 regions of mycrdb are equal: 2 slots compared.')
    expect(lines.slice(3, 6).map((line) => line.trim().split(/ {2,}/))).toEqual(
      REGIONS.map((cluster, index) => [String(index + 1), cluster, '2', 'compared']),
    )
    const deep = (await world.done('crdb', 'verify', '--deep', '--json')).json<Verification>()
    expect(deep).toMatchObject({behind: [], equal: true, faults: [], slots: 2})
  })

  it('says that its regions are connected, in the words of crdb-cli', async () => {
    const guid = (await world.done('crdb', 'get', '--json')).json<{guid: string}>().guid
    const report = await health(0)
    const cluster = (id: number) => ({name: REGIONS[id - 1], url: expect.stringMatching(/^[\w.]+:\d+$/)})
    expect(report).toHaveLength(3)
    expect(report[0]).toEqual({
      active_config_version: 1,
      cluster_name: REGIONS[0],
      configurations: [
        {
          causal_consistency: false,
          encryption: false,
          featureset_version: 5,
          instances: ALL.map((id) => ({cluster: cluster(id), db_uid: id === 1 ? '1' : '', id})),
          name: 'mycrdb',
          protocol_version: 1,
          status: 'commit-completed',
          version: 1,
        },
      ],
      connection_error: null,
      connections: [2, 3].map((id) => ({
        diverged_slots: 0,
        name: REGIONS[id - 1],
        replication_links: [{link_uid: `1:${id}`, status: 'up'}],
        status: 'ok',
      })),
      guid,
      name: 'mycrdb',
    })
  })

  it('looks twice where it is told to, block by block in a pipe', async () => {
    const {stdout} = await world.done('crdb', 'lag', '--watch', '--interval', '100ms', '--count', '2')
    const blocks = stdout.trim().split('\n\n')
    expect(blocks).toHaveLength(2)
    for (const block of blocks) {
      const [head, ...rows] = block.split('\n')
      expect(head).toMatch(/^REGION +HEARS +STATUS +LAG +PENDING$/)
      expect(rows).toHaveLength(6)
      for (const row of rows) expect(row).toMatch(/^cluster\d\.local +cluster\d\.local +in-sync +\d+ ms +0$/)
    }
  })

  it('is not equal while it is cut: who lacks how much of whom, and which keys', async () => {
    await world.done('partition', '--regions', REGIONS[0])
    await world.call(1, 'SET', 'name', 'of one')
    await world.call(1, 'INCRBY', 'votes', '10')
    await world.call(2, 'SET', 'name', 'of two')
    await waitFor(async () => (await world.call(3, 'GET', 'name')) === 'of two', {what: 'the other side to go on'})
    const {code, stdout} = await crdb('verify', '--wait', '100ms')
    expect(code).toBe(9)
    expect(stdout).toContain('The regions of mycrdb are not equal.')
    for (const line of [
      'cluster1.local lacks 1 effect of cluster2.local',
      'cluster2.local lacks 2 effects of cluster1.local',
      'cluster3.local lacks 2 effects of cluster1.local',
    ]) {
      expect(stdout.split('\n')).toContain(`  ${line}`)
    }
    expect(stdout).toContain('2 keys differ:')
    expect(stdout).toContain('    cluster1.local: string "of one"; ')
    const found = (await crdb('verify', '--wait', '100ms', '--json')).json<Verification>()
    expect(found.keys.map(({key, kind}) => [key, kind]).sort()).toEqual([
      ['name', 'behind'],
      ['votes', 'behind'],
    ])
    expect((await crdb('verify', '--wait', '100ms', '--limit', '1')).stdout).toContain('2 keys differ; the first 1:')
  })

  it('shows links as down, and how long nothing has come', async () => {
    const cut = async () => (await lag()).links.filter(({from, region}) => from === 1 || region === 1)
    await waitFor(async () => (await cut()).every(({status}) => status === 'down'), {what: 'four links to be down'})
    const first = await cut()
    await waitFor(async () => (await cut()).every(({lagMs}, index) => lagMs! > first[index]!.lagMs!), {what: 'lag'})
    const report = await lag()
    expect(report.silent).toEqual([])
    expect(report.links.filter(({from, region}) => from + region === 5).map(({status}) => status)).toEqual([
      'in-sync',
      'in-sync',
    ])
    expect(report.links.find(({from, region}) => from === 1 && region === 2)?.pendingEffects).toBe(2)
    const ill = (await health(9))[1]!
    expect(ill.connections.map(({status}) => status)).toEqual([expect.not.stringMatching(/^ok$/), 'ok'])
  })

  it('explains what each region knows of a key, and when it is healed which write won', async () => {
    const apart = (await world.done('crdb', 'explain', 'name')).stdout
    expect(apart.match(/^cluster\d\.local:$/gm)).toHaveLength(3)
    await world.done('heal')
    await equal()
    const {stdout} = await world.done('crdb', 'explain', 'name')
    expect(stdout).toContain('cluster1.local, cluster2.local, cluster3.local know the same:')
    expect(stdout).toMatch(/wins: "of two", by region 2 at \d{4}-.*\n +loses: "of one", by region 1 at/)
    expect(await world.agreement(ALL, 'GET', 'name')).toBe('of two')
    expect((await world.done('crdb', 'explain', 'cart', 'grün')).stdout).toContain('"grün"')
    expect((await world.done('crdb', 'explain', 'nothing')).stdout).toBe('Nothing is known of "nothing".\n')
    await waitFor(async () => (await lag()).links.every(({status}) => status === 'in-sync'), {what: 'links to be up'})
    await health(0)
  })

  it('names a region that does not answer', async () => {
    await world.done('kill', 'mycrdb-3-1')
    const verified = await crdb('verify', '--wait', '100ms')
    expect(verified.code).toBe(9)
    expect(verified.stdout).toContain('Not all regions of mycrdb were compared: cluster3.local cannot be asked.')
    expect(verified.stdout).toMatch(/^ 3 +cluster3\.local +- +not compared: [\d.:]+ refuses connections/m)
    const report = await health(9)
    expect(report[2]).toMatchObject({
      active_config_version: null,
      cluster_name: REGIONS[2],
      configurations: [],
      connection_error: expect.stringContaining('refuses connections'),
      connections: [],
    })
    expect((await lag()).silent).toMatchObject([{cluster: REGIONS[2], id: 3}])
    expect((await world.done('crdb', 'lag')).stdout).toContain('cluster3.local does not answer: ')
    expect((await world.done('crdb', 'explain', 'votes')).stdout).toContain('cluster3.local could not be asked: ')
  })

  it('is told of a change when it is back, and nodes keep their memory size when they start again', async () => {
    const update = await world.done('crdb', 'update', '--memory-size', '1gb')
    expect(update.stderr).toContain('cluster3.local could not be reached: it takes the change up from the others')
    await world.done('kill', 'mycrdb-1-1')
    await world.done('up')
    const limits = () => Promise.all(ALL.map((id) => world.call(id, 'CONFIG', 'GET', 'maxmemory')))
    await waitFor(
      async () => JSON.stringify(await limits()) === JSON.stringify(ALL.map(() => ['maxmemory', String(2 ** 30)])),
      {what: 'all to have the new memory size'},
    )
    const {notes, version} = (await world.done('crdb', 'get', '--json')).json<{notes: string[]; version: number}>()
    expect([version, notes]).toEqual([2, []])
  })

  it('is found by name; another one is not', async () => {
    for (const args of [['verify'], ['explain', 'k'], ['lag'], ['health-report']]) {
      const run = await crdb(...args, '--crdb-guid', 'mycrbd')
      expect([run.code, run.stderr]).toEqual([4, expect.stringContaining('Did you mean mycrdb?')])
    }
  })
})
