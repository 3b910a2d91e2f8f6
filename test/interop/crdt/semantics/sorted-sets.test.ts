import {expect} from 'vitest'
import {rows} from './worlds.js'

rows('crdb.md 3.2: sorted set', (row) => {
  row('ZADD: all members, and of one member the later score', async (world) => {
    await world.meanwhile(async () => {
      await world.at(1, 'ZADD @k 1 a 1 b')
      await world.at(2, 'ZADD @k 2 b 2 c')
      await world.at(3, 'ZADD @k 3 d')
    })
    const three = world.regionCount === 3 ? ['d', '3'] : []
    await world.everywhere('ZRANGE @k 0 -1 WITHSCORES', ['a', '1', 'b', '2', 'c', '2', ...three])
  })

  row('ZADD at the same time: the lower region wins', async (world) => {
    await world.meanwhile(() =>
      world.atOnce(async () => {
        await world.at(2, 'ZADD @k 2 m')
        await world.at(1, 'ZADD @k 1 m')
      }),
    )
    await world.everywhere('ZSCORE @k m', '1')
  })

  row('ZINCRBY: the sum of all', async (world) => {
    await world.at(1, 'ZADD @k 10 m')
    await world.meanwhile(async () => {
      await world.at(1, 'ZINCRBY @k 1 m')
      await world.at(2, 'ZINCRBY @k 2.5 m')
      await world.at(3, 'ZADD @k INCR 100 m')
    })
    await world.everywhere('ZSCORE @k m', world.regionCount === 3 ? '113.5' : '13.5')
  })

  row('ZREM leaves the increment that it had not seen: 4.1, +2 -> 2', async (world) => {
    await world.at(1, 'ZADD @k 4.1 m')
    await world.meanwhile(async () => {
      await world.at(2, 'ZINCRBY @k 2 m')
      await world.at(1, 'ZREM @k m')
    })
    await world.everywhere('ZSCORE @k m', world.either('2', null))
  })

  row('ZADD wins over a ZREM that had not seen it', async (world) => {
    await world.at(1, 'ZADD @k 1 m')
    await world.meanwhile(async () => {
      await world.at(2, 'ZADD @k 7 m')
      await world.at(1, 'ZREM @k m')
    })
    await world.everywhere('ZSCORE @k m', world.either('7', null))
  })

  row('ZADD replaces what it saw, increments that it did not see stay', async (world) => {
    await world.at(1, 'ZADD @k 5 m')
    await world.meanwhile(async () => {
      await world.at(1, 'ZINCRBY @k 2 m')
      await world.at(2, 'ZADD @k 10 m')
    })
    await world.everywhere('ZSCORE @k m', world.either('12', '10'))
  })

  row('ZREMRANGEBYSCORE, BYRANK, BYLEX take away the members that they saw', async (world) => {
    await world.at(1, 'ZADD @score 1 a 2 b 3 c')
    await world.at(1, 'ZADD @rank 1 a 2 b 3 c')
    await world.at(1, 'ZADD @lex 0 a 0 b 0 c')
    await world.meanwhile(async () => {
      await world.at(2, 'ZADD @score 1.5 new')
      await world.at(2, 'ZADD @rank 1.5 new')
      await world.at(2, 'ZADD @lex 0 aa')
      await world.at(1, 'ZREMRANGEBYSCORE @score 1 2')
      await world.at(1, 'ZREMRANGEBYRANK @rank 0 1')
      await world.at(1, 'ZREMRANGEBYLEX @lex [a [b')
    })
    await world.everywhere('ZRANGE @score 0 -1', world.either(['new', 'c'], ['c']))
    await world.everywhere('ZRANGE @rank 0 -1', world.either(['new', 'c'], ['b', 'c']))
    await world.everywhere('ZRANGE @lex 0 -1', world.either(['aa', 'c'], ['c']))
  })

  row('ZPOPMIN, ZPOPMAX, ZMPOP in two regions may give one member twice; it is gone once', async (world) => {
    await world.at(1, 'ZADD @k 1 a 2 b 3 c')
    await world.meanwhile(async () => {
      expect(await world.at(1, 'ZPOPMIN @k')).toEqual(['a', '1'])
      expect(await world.at(2, 'ZPOPMIN @k')).toEqual(world.either(['a', '1'], ['b', '2']))
      expect(await world.at(1, 'ZPOPMAX @k')).toEqual(['c', '3'])
    })
    await world.everywhere('ZRANGE @k 0 -1', world.either(['b'], []))
  })

  row('ZUNIONSTORE, ZINTERSTORE, ZDIFFSTORE, ZRANGESTORE write what they saw', async (world) => {
    await world.at(1, 'ZADD @a 1 x 2 y')
    await world.at(1, 'ZADD @b 10 y 20 z')
    await world.meanwhile(async () => {
      await world.at(1, 'ZUNIONSTORE @union 2 @a @b')
      await world.at(2, 'ZADD @union 5 own')
      await world.at(1, 'ZINTERSTORE @inter 2 @a @b')
      await world.at(1, 'ZDIFFSTORE @diff 2 @a @b')
      await world.at(2, 'ZRANGESTORE @range @b 0 0')
    })
    await world.everywhere('ZRANGE @union 0 -1 WITHSCORES', ['x', '1', 'own', '5', 'y', '12', 'z', '20'])
    await world.everywhere('ZRANGE @inter 0 -1 WITHSCORES', ['y', '12'])
    await world.everywhere('ZRANGE @diff 0 -1 WITHSCORES', ['x', '1'])
    await world.everywhere('ZRANGE @range 0 -1 WITHSCORES', ['y', '10'])
  })

  row('DEL takes away the members that it saw', async (world) => {
    await world.at(1, 'ZADD @k 1 a')
    await world.meanwhile(async () => {
      await world.at(2, 'ZADD @k 2 b')
      await world.at(1, 'DEL @k')
    })
    await world.everywhere('ZRANGE @k 0 -1', world.either(['b'], []))
  })
})

rows('crdb.md 3.2: geo', (row) => {
  row('GEOADD: all members, and of one member the later place', async (world) => {
    await world.meanwhile(async () => {
      await world.at(1, 'GEOADD @k 13.361389 38.115556 Palermo')
      await world.at(2, 'GEOADD @k 15.087269 37.502669 Catania')
      await world.at(2, 'GEOADD @k 2.35 48.85 moved')
      await world.at(1, 'GEOADD @k -0.12 51.5 moved')
    })
    await world.everywhere('GEODIST @k Palermo Catania km', '166.2742')
    const [place] = (await world.alike('GEOPOS @k moved')) as [[string, string]]
    expect(Number(place[1])).toBeGreaterThan(51)
  })

  row('GEOSEARCHSTORE writes what it saw', async (world) => {
    await world.at(1, 'GEOADD @k 13.361389 38.115556 Palermo 15.087269 37.502669 Catania')
    await world.meanwhile(async () => {
      await world.at(2, 'GEOADD @k 14 38 unseen')
      await world.at(1, 'GEOSEARCHSTORE @to @k FROMMEMBER Palermo BYRADIUS 300 km')
    })
    await world.everywhere('ZCARD @to', world.either(2, 3))
    await world.everywhere('ZCARD @k', 3)
  })
})
