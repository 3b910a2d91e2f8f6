import {expect} from 'vitest'
import {rows} from './worlds.js'

rows('crdb.md 3.2: hash', (row) => {
  row('HSET, HMSET: all fields, and of one field the later value', async (world) => {
    await world.meanwhile(async () => {
      await world.at(1, 'HSET @k a 1 b 1')
      await world.at(2, 'HMSET @k b 2 c 2')
      await world.at(3, 'HSET @k d 3')
    })
    const three = world.regionCount === 3 ? ['d', '3'] : []
    await world.everywhere('HGETALL @k', ['a', '1', 'b', '2', 'c', '2', ...three])
  })

  row('HSET of one field at the same time: the lower region wins', async (world) => {
    await world.meanwhile(() =>
      world.atOnce(async () => {
        await world.at(2, 'HSET @k f two')
        await world.at(1, 'HSET @k f one')
      }),
    )
    await world.everywhere('HGET @k f', 'one')
  })

  row('HSETNX looks at what is here alone', async (world) => {
    await world.meanwhile(async () => {
      expect(await world.at(1, 'HSETNX @k f one')).toBe(1)
      expect(await world.at(2, 'HSETNX @k f two')).toBe(world.either(1, 0))
    })
    await world.everywhere('HGET @k f', world.either('two', 'one'))
  })

  row('an update wins over an HDEL that had not seen it', async (world) => {
    await world.at(1, 'HSET @k f old g old')
    await world.meanwhile(async () => {
      await world.at(2, 'HSET @k f new')
      await world.at(1, 'HDEL @k f g')
    })
    await world.everywhere('HGETALL @k', world.either(['f', 'new'], []))
  })

  row('DEL takes away the fields that it saw', async (world) => {
    await world.at(1, 'HSET @k f 1')
    await world.meanwhile(async () => {
      await world.at(2, 'HSET @k g 2')
      await world.at(1, 'DEL @k')
    })
    await world.everywhere('HGETALL @k', world.either(['g', '2'], []))
  })
})

rows('crdb.md 3.2: hash counter', (row) => {
  row('HINCRBY, HINCRBYFLOAT: the sum of all', async (world) => {
    await world.meanwhile(async () => {
      await world.at(1, 'HINCRBY @k f 5')
      await world.at(2, 'HINCRBY @k f -2')
      await world.at(3, 'HINCRBY @k f 10')
      await world.at(1, 'HINCRBYFLOAT @k x 0.5')
      await world.at(2, 'HINCRBYFLOAT @k x 0.25')
    })
    await world.everywhere('HGET @k f', world.regionCount === 3 ? '13' : '3')
    await world.everywhere('HGET @k x', '0.75')
  })

  row('HDEL takes away the increments that it saw', async (world) => {
    await world.at(1, 'HINCRBY @k f 10')
    await world.meanwhile(async () => {
      await world.at(2, 'HINCRBY @k f 5')
      await world.at(1, 'HDEL @k f')
    })
    await world.everywhere('HGET @k f', world.either('5', null))
  })

  row('HINCRBY of a field that HSET made is refused', async (world) => {
    await world.at(1, 'HSET @k f 1')
    for (const region of world.regions) {
      await world.refuses(region, 'HINCRBY @k f 1', /hash value is not an integer/)
      await world.refuses(region, 'HINCRBYFLOAT @k f 1', /hash value is not/)
    }
    await world.everywhere('HGET @k f', '1')
  })
})

rows(
  'crdb.md 6: HSET then HINCRBY, where the option allows it',
  (row) => {
    row('the field is a number from then on: both are added', async (world) => {
      await world.at(1, 'HSET @k f 10')
      await world.meanwhile(async () => {
        await world.at(1, 'HINCRBY @k f 1')
        await world.at(2, 'HINCRBY @k f 2')
      })
      await world.everywhere('HGET @k f', '13')
    })
  },
  {crdt_hincrby_on_fields: true},
)
