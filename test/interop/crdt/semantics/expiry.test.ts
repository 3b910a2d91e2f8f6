import {expect} from 'vitest'
import {rows} from './worlds.js'

rows('crdb.md 3.4: expiry', (row) => {
  row('EXPIREs at the same time: the longest wins', async (world) => {
    await world.at(1, 'SET @k v')
    await world.meanwhile(async () => {
      await world.at(1, 'EXPIRE @k 1000')
      await world.at(2, 'EXPIRE @k 100')
    })
    const left = Number(await world.alike('TTL @k'))
    expect(left).toBeGreaterThan(world.either(990, 90))
    expect(left).toBeLessThanOrEqual(world.either(1000, 100))
  })

  row('PERSIST counts as for ever', async (world) => {
    await world.at(1, 'SET @k v EX 500')
    await world.meanwhile(async () => {
      await world.at(1, 'PERSIST @k')
      await world.at(2, 'EXPIRE @k 1000')
    })
    const left = Number(await world.alike('TTL @k'))
    if (world.apart) expect(left).toBe(-1)
    else expect(left).toBeGreaterThan(990)
  })

  row('an EXPIRE that has seen another replaces it, be it shorter', async (world) => {
    await world.at(1, 'SET @k v EX 1000')
    await world.meanwhile(async () => {
      await world.at(2, 'EXPIRE @k 10')
    })
    expect(await world.alike('TTL @k')).toBeLessThanOrEqual(10)
  })

  row('PEXPIRE, EXPIREAT, PEXPIREAT and their conditions', async (world) => {
    await world.at(1, 'SET @k v')
    await world.at(1, 'SET @never v')
    await world.meanwhile(async () => {
      await world.at(1, 'PEXPIRE @k 100000')
      expect(await world.at(1, 'EXPIRE @k 50 GT')).toBe(0)
      expect(await world.at(1, 'EXPIRE @never 50 XX')).toBe(0)
      await world.at(2, 'EXPIREAT @never 1999999999')
    })
    expect(await world.alike('PTTL @k')).toBeGreaterThan(90_000)
    await world.everywhere('EXPIRETIME @never', 1999999999)
  })

  row('the key is gone everywhere when its time is over', async (world) => {
    await world.at(1, 'SET @k v PX 500')
    await world.everywhere('EXISTS @k', 1)
    await world.meanwhile(async () => {
      await world.pass(499)
      await world.everywhere('GET @k', 'v')
      await world.pass(1)
      // Its owner deletes it, the others hide it.
      await world.everywhere('GET @k', null)
      await world.everywhere('EXISTS @k', 0)
    })
    await world.everywhere('EXISTS @k', 0)
  })

  row('a write to an expired key elsewhere begins anew', async (world) => {
    await world.at(1, 'INCRBY @k 10')
    await world.at(1, 'SADD @s old')
    await world.at(1, 'PEXPIRE @k 500')
    await world.at(1, 'PEXPIRE @s 500')
    await world.meanwhile(async () => {
      await world.pass(1000)
      await world.at(2, 'INCRBY @k 1')
      await world.at(2, 'SADD @s new')
    })
    await world.everywhere('GET @k', '1')
    await world.everywhere('SMEMBERS @s', ['new'])
    await world.everywhere('TTL @k', -1)
  })

  row('an expiry does not take away what another region wrote meanwhile', async (world) => {
    await world.at(1, 'SADD @k old')
    await world.at(1, 'PEXPIRE @k 500')
    await world.meanwhile(async () => {
      await world.at(2, 'SADD @k new')
      await world.at(2, 'PERSIST @k')
      await world.pass(1000)
    })
    expect(await world.alike('SMEMBERS @k')).toContain('new')
  })

  row('the deadline may be at most 2^49 ms', async (world) => {
    await world.at(1, 'SET @k v')
    await world.refuses(1, `PEXPIREAT @k ${2 ** 49 + 1}`, /ERR/)
    expect(await world.at(2, `PEXPIREAT @k ${2 ** 49}`)).toBe(1)
    await world.everywhere('PEXPIRETIME @k', 2 ** 49)
  })

  row('SET .. EX against SET .. EX: the later value, the longest time', async (world) => {
    await world.meanwhile(async () => {
      await world.at(1, 'SET @k one EX 1000')
      await world.at(2, 'SET @k two EX 100')
    })
    await world.everywhere('GET @k', 'two')
    const left = Number(await world.alike('TTL @k'))
    expect(left).toBeGreaterThan(world.either(990, 90))
    expect(left).toBeLessThanOrEqual(world.either(1000, 100))
  })

  row('SET without a time takes away the deadline that it saw', async (world) => {
    await world.at(1, 'SET @k v EX 1000')
    await world.meanwhile(async () => {
      await world.at(2, 'SET @k new')
    })
    await world.everywhere('TTL @k', -1)
    await world.everywhere('GET @k', 'new')
  })

  row('SET .. KEEPTTL leaves it', async (world) => {
    await world.at(1, 'SET @k v EX 1000')
    await world.meanwhile(async () => {
      await world.at(2, 'SET @k new KEEPTTL')
    })
    expect(await world.alike('TTL @k')).toBeGreaterThan(990)
  })

  row('EXPIRE against DEL: the key is gone', async (world) => {
    await world.at(1, 'SET @k v')
    await world.meanwhile(async () => {
      await world.at(2, 'EXPIRE @k 1000')
      await world.at(1, 'DEL @k')
    })
    await world.everywhere('EXISTS @k', 0)
  })

  row('an EXPIRE in the past deletes', async (world) => {
    await world.at(1, 'SET @k v')
    await world.meanwhile(async () => {
      await world.at(2, 'EXPIRE @k -1')
    })
    await world.everywhere('EXISTS @k', 0)
  })

  row('fields have no deadlines in this version of Redis', async (world) => {
    await world.at(1, 'HSET @k f v')
    for (const region of world.regions) await world.refuses(region, 'HEXPIRE @k 10 FIELDS 1 f', /unknown command/)
  })
})
