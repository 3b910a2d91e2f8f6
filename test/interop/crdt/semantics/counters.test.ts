import {expect} from 'vitest'
import {rows} from './worlds.js'

rows('crdb.md 3.2: counter', (row) => {
  row('INCR, INCRBY, DECR, DECRBY: the sum of all', async (world) => {
    await world.meanwhile(async () => {
      await world.at(1, 'INCR @k')
      await world.at(1, 'INCRBY @k 10')
      await world.at(2, 'DECR @k')
      await world.at(2, 'DECRBY @k 3')
      await world.at(3, 'INCRBY @k 100')
    })
    await world.everywhere('GET @k', world.regionCount === 3 ? '107' : '7')
  })

  row('INCRBYFLOAT: the sum of all', async (world) => {
    await world.meanwhile(async () => {
      await world.at(1, 'INCRBYFLOAT @k 1.5')
      await world.at(2, 'INCRBYFLOAT @k 2.25')
      await world.at(3, 'INCRBYFLOAT @k 1')
    })
    await world.everywhere('GET @k', world.regionCount === 3 ? '4.75' : '3.75')
  })

  row('INCR answers what it made here', async (world) => {
    await world.at(1, 'INCR @k')
    await world.meanwhile(async () => {
      expect(await world.at(1, 'INCR @k')).toBe(2)
      expect(await world.at(2, 'INCR @k')).toBe(world.either(2, 3))
    })
    expect(await world.at(2, 'INCR @k')).toBe(4)
  })

  row('DEL takes away what it saw: 10 seen, 5 unseen, 5 remain', async (world) => {
    await world.at(1, 'INCRBY @k 10')
    await world.meanwhile(async () => {
      await world.at(2, 'INCRBY @k 5')
      await world.at(1, 'DEL @k')
    })
    await world.everywhere('GET @k', world.either('5', null))
    await world.everywhere('EXISTS @k', world.either(1, 0))
  })

  row('DEL first, then increments: only those', async (world) => {
    await world.at(1, 'INCRBY @k 10')
    await world.meanwhile(async () => {
      await world.at(1, 'DEL @k')
      await world.at(2, 'INCRBY @k 5')
      await world.at(1, 'INCRBY @k 2')
    })
    await world.everywhere('GET @k', '7')
  })

  row('DEL of a counter everywhere takes nothing away twice', async (world) => {
    await world.at(1, 'INCRBY @k 10')
    await world.meanwhile(async () => {
      for (const region of world.regions) await world.at(region, 'DEL @k')
    })
    await world.everywhere('EXISTS @k', 0)
    await world.at(2, 'INCR @k')
    await world.everywhere('GET @k', '1')
  })

  row('SET A 123, then INCR on both sides: 125', async (world) => {
    await world.at(1, 'SET @k 123')
    await world.meanwhile(async () => {
      await world.at(1, 'INCR @k')
      await world.at(2, 'INCR @k')
    })
    await world.everywhere('GET @k', '125')
  })

  row('SET replaces what it saw, increments that it did not see stay', async (world) => {
    await world.at(1, 'INCRBY @k 10')
    await world.meanwhile(async () => {
      await world.at(1, 'INCRBY @k 3')
      await world.at(2, 'SET @k 100')
    })
    await world.everywhere('GET @k', world.either('103', '100'))
  })

  row('GETSET of a counter begins it anew', async (world) => {
    await world.at(1, 'INCRBY @k 10')
    await world.meanwhile(async () => {
      await world.at(2, 'INCRBY @k 1')
      expect(await world.at(1, 'GETSET @k 0')).toBe(world.either('10', '11'))
    })
    await world.everywhere('GET @k', world.either('1', '0'))
  })

  row('a text is no number: INCR fails and nothing changes', async (world) => {
    await world.at(1, 'SET @k text')
    for (const region of world.regions) await world.refuses(region, 'INCR @k', /not an integer/)
    await world.everywhere('GET @k', 'text')
  })

  row('a sum beyond 64 bits is refused here', async (world) => {
    await world.at(1, 'SET @k 9223372036854775807')
    await world.refuses(2, 'INCR @k', /overflow/)
    await world.everywhere('GET @k', '9223372036854775807')
  })

  row('beyond 53 bits the sum is exact', async (world) => {
    await world.at(1, 'INCRBY @k 9007199254740993')
    await world.meanwhile(async () => {
      await world.at(1, 'INCR @k')
      await world.at(2, 'INCR @k')
    })
    await world.everywhere('GET @k', '9007199254740995')
  })

  row('TYPE of a counter is string', async (world) => {
    await world.at(1, 'INCR @k')
    await world.everywhere('TYPE @k', 'string')
  })
})

rows(
  'crdb.md 6: TYPE of a counter, as old releases said',
  (row) => {
    row('TYPE answers counter', async (world) => {
      await world.at(1, 'INCR @k')
      await world.at(1, 'SET @text v')
      await world.everywhere('TYPE @k', 'counter')
      await world.everywhere('TYPE @text', 'string')
    })
  },
  {crdt_counter_type: true},
)
