import {expect} from 'vitest'
import {rows} from './worlds.js'

rows('crdb.md 3.2: list', (row) => {
  row('RPUSH, LPUSH: nothing is lost, and the order is the same everywhere', async (world) => {
    await world.at(1, 'RPUSH @k middle')
    await world.meanwhile(async () => {
      await world.at(1, 'RPUSH @k a b')
      await world.at(2, 'RPUSH @k c d')
      await world.at(1, 'LPUSH @k e f')
      await world.at(2, 'LPUSH @k g')
    })
    const list = (await world.alike('LRANGE @k 0 -1')) as string[]
    expect(list).toEqual(['g', 'f', 'e', 'middle', 'a', 'b', 'c', 'd'])
  })

  row('RPUSH at the same time: the lower region first', async (world) => {
    await world.meanwhile(() =>
      world.atOnce(async () => {
        await world.at(1, 'RPUSH @k a b')
        await world.at(2, 'RPUSH @k c')
      }),
    )
    await world.everywhere('LRANGE @k 0 -1', ['a', 'b', 'c'])
  })

  row('what one command pushed stays together', async (world) => {
    await world.meanwhile(async () => {
      await world.at(1, 'RPUSH @k a1 a2 a3')
      await world.at(2, 'RPUSH @k b1 b2 b3')
      await world.at(3, 'RPUSH @k c1 c2 c3')
    })
    const list = (await world.alike('LRANGE @k 0 -1')) as string[]
    expect(list).toHaveLength(3 * world.regionCount)
    for (let i = 0; i < list.length; i += 3)
      expect(list.slice(i, i + 3).map((one) => one[0])).toEqual(Array(3).fill(list[i]![0]))
  })

  row('equal values are elements of their own', async (world) => {
    await world.meanwhile(async () => {
      await world.at(1, 'RPUSH @k same')
      await world.at(2, 'RPUSH @k same')
    })
    await world.everywhere('LRANGE @k 0 -1', ['same', 'same'])
  })

  row('LINSERT: beside the element it was put to', async (world) => {
    await world.at(1, 'RPUSH @k a z')
    await world.meanwhile(async () => {
      await world.at(1, 'LINSERT @k BEFORE z one')
      await world.at(2, 'LINSERT @k AFTER a two')
      await world.at(2, 'LPUSH @k first')
    })
    const list = (await world.alike('LRANGE @k 0 -1')) as string[]
    expect([...list].sort()).toEqual(['a', 'first', 'one', 'two', 'z'])
    expect([list[0], list[1], list[4]]).toEqual(['first', 'a', 'z'])
  })

  row('LPOP in two regions may give one element twice; it is gone once', async (world) => {
    await world.at(1, 'RPUSH @k a b c')
    await world.meanwhile(async () => {
      expect(await world.at(1, 'LPOP @k')).toBe('a')
      expect(await world.at(2, 'LPOP @k')).toBe(world.either('a', 'b'))
      expect(await world.at(2, 'RPOP @k')).toBe('c')
    })
    await world.everywhere('LRANGE @k 0 -1', world.either(['b'], []))
  })

  row('LREM and LTRIM take away the elements that they saw', async (world) => {
    await world.at(1, 'RPUSH @rem x y x')
    await world.at(1, 'RPUSH @trim a b c d')
    await world.meanwhile(async () => {
      await world.at(2, 'RPUSH @rem x')
      await world.at(2, 'RPUSH @trim e')
      await world.at(1, 'LREM @rem 0 x')
      await world.at(1, 'LTRIM @trim 1 2')
    })
    await world.everywhere('LRANGE @rem 0 -1', world.either(['y', 'x'], ['y']))
    await world.everywhere('LRANGE @trim 0 -1', world.either(['b', 'c', 'e'], ['b', 'c']))
  })

  row('LSET of one element: the later value', async (world) => {
    await world.at(1, 'RPUSH @k a b')
    await world.meanwhile(async () => {
      await world.at(1, 'LSET @k 0 one')
      await world.at(2, 'LSET @k 0 two')
      await world.at(1, 'LPUSH @k new')
    })
    await world.everywhere('LRANGE @k 0 -1', ['new', 'two', 'b'])
  })

  row('LMOVE, RPOPLPUSH in two regions: moved to both places', async (world) => {
    await world.at(1, 'RPUSH @from a b')
    await world.meanwhile(async () => {
      expect(await world.at(1, 'RPOPLPUSH @from @one')).toBe('b')
      expect(await world.at(2, 'LMOVE @from @two RIGHT LEFT')).toBe(world.either('b', 'a'))
    })
    await world.everywhere('LRANGE @from 0 -1', world.either(['a'], []))
    await world.everywhere('LRANGE @one 0 -1', ['b'])
    await world.everywhere('LRANGE @two 0 -1', world.either(['b'], ['a']))
  })

  row('BLPOP is served by what another region pushes', async (world) => {
    const popped = world.reads(2, 'BLPOP @k 0')
    await world.meanwhile(async () => {
      await world.at(1, 'RPUSH @k job')
    })
    expect(((await popped) as string[])[1]).toBe('job')
    await world.db.settle()
    await world.everywhere('EXISTS @k', 0)
  })

  row('DEL takes away the elements that it saw', async (world) => {
    await world.at(1, 'RPUSH @k a b')
    await world.meanwhile(async () => {
      await world.at(2, 'LPUSH @k c')
      await world.at(1, 'DEL @k')
    })
    await world.everywhere('LRANGE @k 0 -1', world.either(['c'], []))
  })
})
