import {expect} from 'vitest'
import {rows} from './worlds.js'

rows('crdb.md 3.2: string (register)', (row) => {
  row('SET: the later value wins', async (world) => {
    await world.meanwhile(async () => {
      await world.at(2, 'SET @k first')
      await world.at(1, 'SET @k second')
      await world.at(3, 'SET @k third')
    })
    await world.everywhere('GET @k', world.regionCount === 3 ? 'third' : 'second')
  })

  row('SET at the same time: the lower region wins', async (world) => {
    await world.meanwhile(() =>
      world.atOnce(async () => {
        await world.at(3, 'SET @k three')
        await world.at(2, 'SET @k two')
        await world.at(1, 'SET @k one')
      }),
    )
    await world.everywhere('GET @k', 'one')
  })

  row('SET: a clock that is behind loses, though its command came later', async (world) => {
    const now = Number(((await world.at(1, 'TIME')) as string[])[0]) * 1000
    await world.meanwhile(async () => {
      world.db.region(2).setClock(now - 60_000)
      await world.at(1, 'SET @k right')
      await world.at(2, 'SET @k behind')
    })
    world.db.setClock(now + 1000)
    // Whoever has seen the other's write is later than it, whatever its own clock says.
    await world.everywhere('GET @k', world.either('right', 'behind'))
  })

  row('SETEX, PSETEX: value by the clock, and the longest time', async (world) => {
    await world.meanwhile(async () => {
      await world.at(1, 'SETEX @k 1000 one')
      await world.at(2, 'PSETEX @k 500000 two')
    })
    await world.everywhere('GET @k', 'two')
    const left = Number(await world.alike('PTTL @k'))
    expect(left).toBeGreaterThan(world.either(999_000, 499_000))
    expect(left).toBeLessThanOrEqual(world.either(1_000_000, 500_000))
  })

  row('SETNX and SET NX look at what is here alone', async (world) => {
    await world.meanwhile(async () => {
      expect(await world.at(1, 'SETNX @k one')).toBe(1)
      expect(await world.at(2, 'SETNX @k two')).toBe(world.either(1, 0))
      expect(await world.at(3, 'SET @k three NX')).toBe(world.regionCount < 3 ? undefined : world.either('OK', null))
    })
    await world.everywhere('GET @k', world.either(world.regionCount === 3 ? 'three' : 'two', 'one'))
  })

  row('GETSET, GETDEL and GETEX answer what is here', async (world) => {
    await world.at(1, 'MSET @a old @b old @c old')
    await world.meanwhile(async () => {
      expect(await world.at(1, 'GETSET @a one')).toBe('old')
      expect(await world.at(2, 'GETSET @a two')).toBe(world.either('old', 'one'))
      expect(await world.at(1, 'GETDEL @b')).toBe('old')
      expect(await world.at(2, 'SET @b new')).toBe('OK')
      expect(await world.at(1, 'GETEX @c EX 1000')).toBe('old')
    })
    await world.everywhere('GET @a', 'two')
    await world.everywhere('GET @b', 'new')
    expect(await world.alike('TTL @c')).toBeGreaterThan(990)
  })

  row('APPEND is not merged: the later whole value wins', async (world) => {
    await world.at(1, 'SET @k Hello')
    await world.meanwhile(async () => {
      await world.at(1, 'APPEND @k -one')
      await world.at(2, 'APPEND @k -two')
    })
    await world.everywhere('GET @k', world.either('Hello-two', 'Hello-one-two'))
  })

  row('SETRANGE is not merged: the later whole value wins', async (world) => {
    await world.at(1, 'SET @k 0000')
    await world.meanwhile(async () => {
      await world.at(1, 'SETRANGE @k 0 1')
      await world.at(2, 'SETRANGE @k 3 2')
    })
    await world.everywhere('GET @k', world.either('0002', '1002'))
  })

  row('MSET, MSETNX: each key on its own', async (world) => {
    await world.meanwhile(async () => {
      await world.at(1, 'MSET @a one @b one')
      await world.at(2, 'MSET @b two @c two')
      await world.at(1, 'MSETNX @d one @e one')
      await world.at(2, 'MSETNX @e two @f two')
    })
    await world.everywhere('MGET @a @b @c', ['one', 'two', 'two'])
    await world.everywhere('MGET @d @e @f', world.either(['one', 'two', 'two'], ['one', 'one', null]))
  })

  row('DEL loses to a write that it has not seen, whatever the clocks', async (world) => {
    await world.at(1, 'SET @k old')
    await world.meanwhile(async () => {
      await world.at(2, 'SET @k new')
      await world.at(1, 'DEL @k')
    })
    await world.everywhere('GET @k', world.either('new', null))
  })

  row('DEL loses to a write of the same value', async (world) => {
    await world.at(1, 'SET @k same')
    await world.meanwhile(async () => {
      await world.at(1, 'DEL @k')
      await world.at(2, 'SET @k same')
    })
    await world.everywhere('EXISTS @k', 1)
  })

  row('DEL in all regions: gone', async (world) => {
    await world.at(1, 'SET @k old')
    await world.meanwhile(async () => {
      for (const region of world.regions) await world.at(region, 'DEL @k')
    })
    await world.everywhere('EXISTS @k', 0)
  })

  row('DEL takes the losers along that it had not shown', async (world) => {
    await world.meanwhile(async () => {
      await world.at(1, 'SET @k one')
      await world.at(2, 'SET @k two')
    })
    await world.at(1, 'DEL @k')
    await world.everywhere('GET @k', null)
  })

  row('RENAME and RENAMENX: the new name as a write, the old one as DEL', async (world) => {
    await world.at(1, 'MSET @from 1 @old 1')
    await world.meanwhile(async () => {
      await world.at(1, 'RENAME @from @to')
      await world.at(2, 'SET @from again')
      expect(await world.at(1, 'RENAMENX @old @new')).toBe(1)
    })
    await world.everywhere('MGET @from @to @old @new', ['again', '1', null, '1'])
  })
})

rows('crdb.md 3.2: bitmap, bitfield', (row) => {
  row('SETBIT: as a string, the later value wins', async (world) => {
    await world.meanwhile(async () => {
      await world.at(1, 'SETBIT @k 1 1')
      await world.at(2, 'SETBIT @k 7 1')
    })
    await world.everywhere('BITCOUNT @k', world.either(1, 2))
    await world.everywhere('GETBIT @k 7', 1)
    await world.everywhere('GETBIT @k 1', world.either(0, 1))
  })

  row('BITFIELD: the later value wins', async (world) => {
    await world.meanwhile(async () => {
      await world.at(1, 'BITFIELD @k SET u8 0 5 INCRBY u8 8 1')
      await world.at(2, 'BITFIELD @k INCRBY u8 0 2')
    })
    await world.everywhere('BITFIELD_RO @k GET u8 0 GET u8 8', world.either([2, 0], [7, 1]))
  })

  row('BITOP: its destination is a string as SET writes it', async (world) => {
    await world.at(1, 'MSET @a a @b b')
    await world.meanwhile(async () => {
      await world.at(1, 'BITOP AND @to @a @b')
      await world.at(2, 'BITOP OR @to @a @b')
    })
    await world.everywhere('GET @to', 'c')
  })
})
