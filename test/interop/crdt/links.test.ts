import {readFileSync, statSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, describe, expect, it} from 'vitest'
import {formCluster} from '../../../src/lib/embedded/start-cluster.js'
import {describeWithPeers, startRedis} from '../../support/peers.js'
import {inSync, type RegionNode, Regions, until} from './regions.js'

let regions = new Regions()

afterEach(async () => {
  await regions.stop()
  regions = new Regions()
})

async function reads(node: RegionNode, key: string, value: string | null): Promise<void> {
  await until(async () => (await node.call('GET', key).catch(() => undefined)) === value, `${key} = ${value}`)
}

describe('links between regions of real nodes', () => {
  it('bring writes to two other regions', async () => {
    const [a, b, c] = (await regions.start(3)) as [RegionNode, RegionNode, RegionNode]
    await a.call('SET', 'fruit', 'apple')
    await reads(b, 'fruit', 'apple')
    await reads(c, 'fruit', 'apple')
    await Promise.all([a, b, c].map((node) => node.call('INCR', 'count')))
    for (const node of [a, b, c]) await reads(node, 'count', '3')
    expect(await a.peer(2)).toMatchObject({
      cluster: 'region2.local',
      fullSyncs: 0,
      lastError: '',
      region: 2,
      shards: 1,
      slots: 16384,
      status: 'in-sync',
    })
  })

  it('find the shards of a region that has more than one', async () => {
    const [one, two] = [await regions.open(), await regions.open()]
    await formCluster([one.opened, two.opened], 2)
    const b = await regions.openRegion()
    const config = regions.config([regions.instance(1, one), regions.instance(2, b)])
    // The other node of the region hears of it from the first.
    await one.call('CRDT.CONFIG', 'SET', '1', JSON.stringify(config))
    await b.call('CRDT.CONFIG', 'SET', '2', JSON.stringify(config))
    await until(async () => (await two.call('CRDT.CONFIG', 'VERSION', regions.guid)) === 1, 'the configuration')
    await until(async () => (await b.peer(1)).slots === 16384, 'both shards')
    for (const [key, owner] of [
      ['{a}', two],
      ['{b}', one],
    ] as const) {
      await b.call('SET', key, 'from b')
      await reads(owner, key, 'from b')
      await owner.call('APPEND', key, ' and back')
      await reads(b, key, 'from b and back')
    }
  })

  it('go on after a node was gone, and after a new start with what it had saved', async () => {
    const [a, b] = (await regions.start(2, {appendfsync: 'always', appendonly: 'yes'})) as [RegionNode, RegionNode]
    await a.call('SET', 'k', 'before')
    await reads(b, 'k', 'before')
    await b.stop()
    await until(async () => (await a.peer(2)).status === 'down', 'the end of the link')
    await a.call('SET', 'k', 'meanwhile')
    await b.startAgain()
    await reads(b, 'k', 'meanwhile')
    await inSync(b)
    await until(async () => (await b.call('SET', 'other', 'from b').catch(() => undefined)) === 'OK', 'writes')
    await reads(a, 'other', 'from b')
  })

  it('show a cut, and what waits behind it', async () => {
    const [a, b] = (await regions.start(2)) as [RegionNode, RegionNode]
    a.crdt!.peers!.cut([2])
    await a.call('INCRBY', 'n', '3')
    await b.call('INCRBY', 'n', '4')
    await until(async () => (await b.peer(1)).lastError.includes('CRDTCUT'), 'the refusal')
    expect([await a.call('GET', 'n'), await b.call('GET', 'n')]).toEqual(['3', '4'])
    expect((await a.peer(2)).pendingEffects).toBe(1)
    a.crdt!.peers!.restore()
    for (const node of [a, b]) await reads(node, 'n', '7')
  })

  it('give a new member all there is before it takes writes', async () => {
    const a = await regions.openRegion()
    const first = regions.config([regions.instance(1, a)])
    await a.call('CRDT.CONFIG', 'SET', '1', JSON.stringify(first))
    for (let index = 0; index < 300; index++) await a.call('SET', `key${index}`, `${index}`)
    const b = await regions.openRegion()
    const both = regions.config([regions.instance(1, a), regions.instance(2, b)], 2)
    await a.call('CRDT.CONFIG', 'SET', '1', JSON.stringify(both))
    await b.call('CRDT.CONFIG', 'SET', '2', JSON.stringify(both))
    await until(async () => (await b.call('SET', 'mine', '1').catch(() => undefined)) === 'OK', 'writes')
    expect(await b.call('DBSIZE')).toBe(301)
    expect(await b.call('GET', 'key299')).toBe('299')
  })

  it('say what is wrong with credentials', async () => {
    const a = await regions.openRegion({requirepass: 'right'})
    const b = await regions.openRegion({requirepass: 'right'})
    const instances = [
      regions.instance(1, a, {password: 'right', username: 'default'}),
      regions.instance(2, b, {password: 'wrong', username: 'default'}),
    ]
    const config = JSON.stringify(regions.config(instances))
    await a.call('CRDT.CONFIG', 'SET', '1', config)
    await b.call('CRDT.CONFIG', 'SET', '2', config)
    await until(async () => (await b.peer(1)).status === 'in-sync', 'the good direction')
    expect((await a.peer(2)).lastError).toMatch(/^wrong credentials: WRONGPASS/)
    const mended = instances.map((instance) => ({...instance, password: 'right'}))
    await a.call('CRDT.CONFIG', 'SET', '1', JSON.stringify(regions.config(mended, 2)))
    await inSync(a)
  })

  it('fill INFO crdt', async () => {
    const [a, b] = (await regions.start(2)) as [RegionNode, RegionNode]
    await a.call('SET', 'k', 'v')
    await reads(b, 'k', 'v')
    const info = await b.info()
    expect(Object.fromEntries(info)).toMatchObject({
      crdt_config_version: '1',
      crdt_effect_reqs: '1',
      crdt_guid: regions.guid,
      crdt_inconsistent: '0',
      crdt_merge_reqs: '0',
      crdt_ovc: '1:1',
      crdt_peers: '1',
      crdt_replid: '2',
      crdt_slots: '16384',
      crdt_stale: '0',
    })
    expect(info.get('crdt_peer_1')).toMatch(/^cluster=region1\.local,status=in-sync,lag_ms=\d+,pending=0,error=$/)
    expect(info.get('crdt_replica_1')).toMatch(/^config_version=1,shards=1,slots=16384,slot_coverage=100,/)
    expect(Number(info.get('crdt_backlog_histlen'))).toBeGreaterThan(0)
    expect(String(await b.call('INFO'))).not.toContain('# CRDT')
  })
})

describeWithPeers('a region whose endpoint is a plain redis-server', () => {
  it('is told from one that is down', async () => {
    const redis = await startRedis({args: ['--cluster-enabled', 'yes']})
    try {
      const a = await regions.openRegion()
      const away = {cluster: 'redis', compression: 0, endpoints: [`127.0.0.1:${redis.port}`], id: 2}
      const config = regions.config([regions.instance(1, a), away])
      await a.call('CRDT.CONFIG', 'SET', '1', JSON.stringify(config))
      const error = async () => (await a.peer(2)).lastError
      await until(
        async () => (await error()) === 'its nodes own none of the slots of this one',
        'a cluster without slots',
      )
      await redis.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
      await until(async () => (await error()).endsWith('it is no instance of an active-active database'), 'the reason')
      expect((await a.peer(2)).status).toBe('out-of-sync')
      // There is nothing to be had from it.
      await until(async () => (await a.call('SET', 'k', 'v').catch(() => undefined)) === 'OK', 'writes')
    } finally {
      await redis.stop()
    }
  })
})

describe('CRDT.CONFIG', () => {
  it('shows passwords only if asked for, and keeps them in a file for the owner alone', async () => {
    const a = await regions.openRegion()
    expect(await a.call('CRDT.CONFIG', 'GET')).toBeNull()
    const config = regions.config([regions.instance(1, a, {password: 'secret', username: 'u'})])
    await a.call('CRDT.CONFIG', 'SET', '1', JSON.stringify(config))
    const shown = JSON.parse(String(await a.call('CRDT.CONFIG', 'GET')))
    expect(shown.region).toBe(1)
    expect(shown.config.instances[0]).toEqual({...regions.instance(1, a), username: 'u'})
    const all = JSON.parse(String(await a.call('CRDT.CONFIG', 'GET', 'WITHSECRETS')))
    expect(all.config).toEqual(config)
    const file = join(a.folder, 'crdt.conf')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readFileSync(file, 'utf8')).toContain('secret')
    // Who changes what was shown does not take the password away.
    const changed = {...shown.config, name: 'other', version: 2}
    await a.call('CRDT.CONFIG', 'SET', '1', JSON.stringify(changed))
    const after = JSON.parse(String(await a.call('CRDT.CONFIG', 'GET', 'WITHSECRETS')))
    expect([after.config.name, after.config.instances[0].password]).toEqual(['other', 'secret'])
  })

  it('reaches a node that joins the cluster later', async () => {
    const [a] = (await regions.start(1)) as [RegionNode]
    await a.call('SET', 'k', 'v')
    const joining = await regions.open()
    await joining.call('CLUSTER', 'MEET', '127.0.0.1', String(a.opened.node.port))
    await until(async () => (await joining.call('CRDT.CONFIG', 'VERSION', regions.guid)) === 1, 'the configuration')
    expect(joining.crdt!.region).toBe(1)
    expect(JSON.parse(readFileSync(join(joining.folder, 'crdt.conf'), 'utf8')).part.config.guid).toBe(regions.guid)
    const later = {...a.crdt!.config, name: 'renamed', version: 2}
    await joining.call('CRDT.CONFIG', 'SET', '1', JSON.stringify(later))
    await until(() => a.crdt!.config.version === 2, 'the later version')
  })

  it('refuses what cannot be', async () => {
    const a = await regions.openRegion()
    const config = regions.config([regions.instance(1, a)])
    const set = (region: string, json: unknown) =>
      a.call('CRDT.CONFIG', 'SET', region, typeof json === 'string' ? json : JSON.stringify(json))
    await expect(set('2', config)).rejects.toThrow('There is no region 2 in this configuration')
    await expect(set('1', 'no json')).rejects.toThrow('the configuration is no JSON')
    await expect(set('1', {...config, instances: [{}]})).rejects.toThrow('the id of an instance is a number')
    await a.call('SET', 'k', 'v')
    await expect(set('1', config)).rejects.toThrow('the node has data')
    await a.call('DEL', 'k')
    await set('1', config)
    await expect(set('1', {...config, guid: 'another'})).rejects.toThrow('This node is part of database test')
    const standalone = await regions.open({'cluster-enabled': 'no'})
    const own = regions.config([regions.instance(1, standalone)])
    await expect(standalone.call('CRDT.CONFIG', 'SET', '1', JSON.stringify(own))).rejects.toThrow('cluster mode')
  })

  it('is left for good, with its data', async () => {
    const [a, b] = (await regions.start(2)) as [RegionNode, RegionNode]
    await a.call('SET', 'k', 'v')
    await reads(b, 'k', 'v')
    const {config} = b.crdt!
    await expect(b.call('CRDT.CONFIG', 'DROP', 'another')).rejects.toThrow('This node is part of database test')
    expect(await b.call('CRDT.CONFIG', 'DROP')).toBe('OK')
    expect([await b.call('DBSIZE'), await b.call('CRDT.CONFIG', 'GET')]).toEqual([0, null])
    await expect(b.call('CRDT.PEERS')).rejects.toThrow('unknown command')
    await expect(b.call('CRDT.CONFIG', 'SET', '2', JSON.stringify(config))).rejects.toThrow('has left database')
    expect(await b.call('CRDT.CONFIG', 'VERSION', regions.guid)).toBe(-1)
    await until(async () => (await a.peer(2)).lastError.includes('no instance'), 'the reason')
    expect(await a.call('GET', 'k')).toBe('v')
    await b.stop()
    await b.startAgain()
    expect(await b.call('CRDT.CONFIG', 'VERSION', regions.guid)).toBe(-1)
  })
})
