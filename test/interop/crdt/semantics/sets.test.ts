import {expect} from 'vitest'
import {rows} from './worlds.js'

rows('crdb.md 3.2: set', (row) => {
  row('SADD: all members', async (world) => {
    await world.meanwhile(async () => {
      await world.at(1, 'SADD @k a b')
      await world.at(2, 'SADD @k b c')
      await world.at(3, 'SADD @k d')
    })
    await world.everywhere('SMEMBERS @k', world.regionCount === 3 ? ['a', 'b', 'c', 'd'] : ['a', 'b', 'c'])
  })

  row('SADD wins over an SREM that had not seen it', async (world) => {
    await world.at(1, 'SADD @k a b')
    await world.meanwhile(async () => {
      await world.at(2, 'SADD @k a')
      await world.at(1, 'SREM @k a')
    })
    await world.everywhere('SMEMBERS @k', world.either(['a', 'b'], ['b']))
  })

  row('SREM of a member that it has not seen does nothing', async (world) => {
    await world.meanwhile(async () => {
      await world.at(1, 'SADD @k a')
      expect(await world.at(2, 'SREM @k a')).toBe(world.either(0, 1))
    })
    await world.everywhere('EXISTS @k', world.either(1, 0))
  })

  row('SPOP in two regions may give one member twice; it is gone once', async (world) => {
    await world.at(1, 'SADD @k only')
    await world.meanwhile(async () => {
      expect(await world.at(1, 'SPOP @k')).toBe('only')
      expect(await world.at(2, 'SPOP @k')).toBe(world.either('only', null))
    })
    await world.everywhere('EXISTS @k', 0)
  })

  row('SPOP takes the same members everywhere', async (world) => {
    await world.at(1, 'SADD @k a b c d e f')
    await world.meanwhile(async () => {
      await world.at(1, 'SPOP @k 3')
    })
    expect(await world.alike('SMEMBERS @k')).toHaveLength(3)
  })

  row('two SMOVEs of one member to different sets: it is in both', async (world) => {
    await world.at(1, 'SADD @from m')
    await world.meanwhile(async () => {
      expect(await world.at(1, 'SMOVE @from @one m')).toBe(1)
      expect(await world.at(2, 'SMOVE @from @two m')).toBe(world.either(1, 0))
    })
    await world.everywhere('EXISTS @from', 0)
    await world.everywhere('SISMEMBER @one m', 1)
    await world.everywhere('SISMEMBER @two m', world.either(1, 0))
  })

  row('SINTERSTORE, SUNIONSTORE, SDIFFSTORE write what they saw', async (world) => {
    await world.at(1, 'SADD @a 1 2')
    await world.at(1, 'SADD @b 2 3')
    await world.meanwhile(async () => {
      await world.at(2, 'SADD @a 3')
      await world.at(1, 'SINTERSTORE @inter @a @b')
      await world.at(1, 'SUNIONSTORE @union @a @b')
      await world.at(1, 'SDIFFSTORE @diff @a @b')
      await world.at(2, 'SADD @inter other')
    })
    await world.everywhere('SMEMBERS @inter', world.either(['2', 'other'], ['2', '3', 'other']))
    await world.everywhere('SMEMBERS @union', ['1', '2', '3'])
    await world.everywhere('SMEMBERS @diff', ['1'])
  })

  row('a *STORE replaces the members that it saw', async (world) => {
    await world.at(1, 'SADD @to old')
    await world.at(1, 'SADD @from new')
    await world.meanwhile(async () => {
      await world.at(2, 'SADD @to unseen')
      await world.at(1, 'SUNIONSTORE @to @from')
    })
    await world.everywhere('SMEMBERS @to', world.either(['new', 'unseen'], ['new']))
  })

  row('DEL takes away the members that it saw', async (world) => {
    await world.at(1, 'SADD @k a b')
    await world.meanwhile(async () => {
      await world.at(2, 'SADD @k c')
      await world.at(1, 'DEL @k')
    })
    await world.everywhere('SMEMBERS @k', world.either(['c'], []))
  })
})
