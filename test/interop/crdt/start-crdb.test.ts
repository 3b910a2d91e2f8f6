import {Redis} from 'ioredis'
import {afterEach, describe, expect, it} from 'vitest'
import {type CrdbOptions, type StartedCrdb, startCrdb} from '../../../src/embedded.js'

const started: StartedCrdb[] = []

async function start(options?: CrdbOptions): Promise<StartedCrdb> {
  const db = await startCrdb(options)
  started.push(db)
  return db
}

afterEach(async () => {
  for (const db of started.splice(0)) await db.stop()
})

describe('startCrdb', () => {
  it('starts three regions at once, ready to be written to', async () => {
    await (await startCrdb()).stop()
    const beforeMs = performance.now()
    const db = await start({config: {crdt_xadd_id_uniqueness_mode: 'strict'}, regions: 3, shards: 1})
    const tookMs = performance.now() - beforeMs
    expect(db.regions.map(({id}) => id)).toEqual([1, 2, 3])
    expect(await db.region(1).call('INCR', 'k')).toBe(1)
    // Many times of what it takes.
    expect(tookMs).toBeLessThan(3000)
  })

  it('has a url for any client', async () => {
    const db = await start({regions: 2})
    expect(db.region(1).url).toMatch(/^redis:\/\/127\.0\.0\.1:\d+$/)
    const clients = db.regions.map(({url}) => new Redis(url))
    await clients[0]!.set('k', 'v')
    await db.settle()
    expect(await clients[1]!.get('k')).toBe('v')
    for (const client of clients) client.disconnect()
  })

  it('splits and heals in milliseconds', async () => {
    const db = await start()
    const rounds = 10
    const beforeMs = performance.now()
    for (let round = 0; round < rounds; round++) {
      await db.partition([[1], [2, 3]])
      await Promise.all(db.regions.map((region) => region.call('INCR', 'k')))
      await db.heal()
      await db.settle()
    }
    const tookMs = performance.now() - beforeMs
    for (const region of db.regions) expect(await region.call('GET', 'k')).toBe(String(rounds * 3))
    // Tens of milliseconds; this bounds what a busy machine makes of it.
    expect(tookMs / rounds).toBeLessThan(2000)
  })

  it('keeps groups apart from each other alone', async () => {
    const db = await start()
    await db.partition([[1], [2, 3]])
    await db.region(2).call('SET', 'k', 'v')
    await db.region(1).call('SET', 'other', 'v')
    await db.settle()
    expect(await db.region(3).call('GET', 'k')).toBe('v')
    expect(await db.region(1).call('GET', 'k')).toBeNull()
    expect(await db.region(3).call('GET', 'other')).toBeNull()
    await db.partition([[1, 2]])
    await db.settle()
    expect(await db.region(1).call('GET', 'k')).toBe('v')
    expect(await db.region(2).call('GET', 'other')).toBe('v')
    expect(await db.region(3).call('GET', 'other')).toBeNull()
    await db.heal()
    await db.settle()
    expect(await db.region(3).call('GET', 'other')).toBe('v')
    expect(await db.verify()).toMatchObject({differences: [], equal: true})
  })

  it('hands on what a region wrote that is cut off now', async () => {
    const db = await start()
    await db.partition([[1, 2], [3]])
    await db.region(1).call('SET', 'k', 'v')
    await db.settle()
    await db.partition([[1], [2, 3]])
    await db.settle()
    expect(await db.region(3).call('GET', 'k')).toBe('v')
  })

  it('says who waits for what if it cannot settle', async () => {
    const db = await start({regions: 2})
    await db.region(1).call('SET', 'warm', 'up')
    await db.settle()
    // Five minutes are the most that is believed of a clock.
    db.region(1).advanceClock(3_600_000)
    await db.region(1).call('SET', 'k', 'v')
    await expect(db.settle({timeoutMs: 50})).rejects.toThrow(
      'after 50 ms region 2 waits for 1 effect of region 1 in slot 7629',
    )
    db.region(2).advanceClock(3_600_000)
    await db.settle()
    expect(await db.region(2).call('GET', 'k')).toBe('v')
  })

  it('says what differs, and why', async () => {
    const db = await start({regions: 2})
    await db.partition([[1], [2]])
    await db.region(1).call('SET', 'k', 'one')
    await db.region(2).call('SET', 'k', 'two')
    await db.region(2).call('SADD', 'more', 'm')
    const {differences, equal} = await db.verify()
    expect(equal).toBe(false)
    expect(differences.map(({key}) => key).sort()).toEqual(['k', 'more'])
    const byKey = new Map(differences.map((difference) => [difference.key, difference]))
    expect(byKey.get('k')?.why).toMatch(
      /region 1 waits for 1 effect of region 2.*region 2 waits for 1 effect of region 1/,
    )
    expect(byKey.get('more')?.regions?.[1]).toBeUndefined()
    expect(byKey.get('more')?.regions?.[2]).toEqual(expect.any(String))
    await db.heal()
    await db.settle()
    expect(await db.verify()).toMatchObject({differences: [], equal: true})
  })

  it('has clocks that stand still, go on and run', async () => {
    const db = await start({regions: 2})
    db.region(2).setClock(1_900_000_000_000)
    db.region(1).setClock(1_900_000_000_000)
    expect(await db.region(2).call('TIME')).toEqual(['1900000000', '0'])
    db.advanceClock(1500)
    expect(await db.region(1).call('TIME')).toEqual(['1900000001', '500000'])
    db.setClock(undefined)
    const [seconds] = (await db.region(1).call('TIME')) as string[]
    expect(Math.abs(Number(seconds) - Date.now() / 1000)).toBeLessThan(5)
  })

  it('takes settings of nodes, a password too', async () => {
    const db = await start({regions: 2, settings: {requirepass: 'secret'}})
    await db.region(1).call('SET', 'k', 'v')
    await db.settle()
    expect(await db.region(2).call('GET', 'k')).toBe('v')
    const stranger = new Redis(db.region(1).url)
    stranger.on('error', () => undefined)
    await expect(stranger.get('k')).rejects.toThrow(/NOAUTH/)
    stranger.disconnect()
  })

  it('follows slots to their shards', async () => {
    const db = await start({regions: 2, shards: 2})
    const keys = Array.from({length: 40}, (_, i) => `key:${i}`)
    await Promise.all(keys.map((key, i) => db.region(1 + (i % 2)).call('SET', key, key)))
    await db.settle()
    for (const region of db.regions) {
      expect(await Promise.all(keys.map((key) => region.call('GET', key)))).toEqual(keys)
    }
    expect(await db.verify()).toMatchObject({differences: [], equal: true, keyCount: 40})
    await db.partition([[1], [2]])
    await Promise.all(db.regions.flatMap((region) => keys.map((key) => region.call('APPEND', key, String(region.id)))))
    await db.heal()
    await db.settle()
    expect(await db.verify()).toMatchObject({differences: [], equal: true})
  })

  it('has replicas', async () => {
    const db = await start({regions: 2, replicas: 1})
    expect(db.region(1).nodes).toHaveLength(2)
    await db.region(1).call('SET', 'k', 'v')
    expect(await db.region(1).call('WAIT', 1, 5000)).toBe(1)
    await db.settle()
    expect(await db.region(2).call('GET', 'k')).toBe('v')
  })

  it('refuses what makes no sense, and leaves nothing behind', async () => {
    await expect(startCrdb({regions: 1})).rejects.toThrow(/regions is a whole number, 2 to 63, not 1/)
    await expect(startCrdb({shards: 0})).rejects.toThrow(/shards/)
    await expect(startCrdb({config: {crdt_xadd_id_uniqueness: 'strict'} as never})).rejects.toThrow(
      /did you mean crdt_xadd_id_uniqueness_mode/,
    )
    await expect(startCrdb({settings: {'no-such-setting': '1'}})).rejects.toThrow()
    const db = await start({regions: 2})
    expect(() => db.region(3)).toThrow('there is no region 3; there are 1, 2')
    await expect(db.partition([[1], [4]])).rejects.toThrow(/no region 4/)
    await expect(db.partition([[1], [1, 2]])).rejects.toThrow(/region 1 is named twice/)
    await expect(db.region(1).call('NOPE')).rejects.toThrow(/unknown command/)
    await db.stop()
    await db.stop()
  })
})
