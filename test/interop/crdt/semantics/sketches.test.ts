import {expect} from 'vitest'
import {rows} from './worlds.js'

rows('crdb.md 3.2: HyperLogLog', (row) => {
  row('PFADD: the union', async (world) => {
    await world.meanwhile(async () => {
      await world.at(1, 'PFADD @k a b')
      await world.at(2, 'PFADD @k b c')
      await world.at(3, 'PFADD @k d e')
    })
    await world.everywhere('PFCOUNT @k', world.regionCount === 3 ? 5 : 3)
  })

  row('PFMERGE: the union', async (world) => {
    await world.at(1, 'PFADD @a x y')
    await world.meanwhile(async () => {
      await world.at(1, 'PFMERGE @to @a')
      await world.at(2, 'PFADD @to z')
    })
    await world.everywhere('PFCOUNT @to', 3)
  })

  row('DEL wins over a PFADD and PFMERGE that it had not seen', async (world) => {
    await world.at(1, 'PFADD @k a')
    await world.at(1, 'PFADD @m a')
    await world.at(1, 'PFADD @from x')
    await world.meanwhile(async () => {
      await world.at(2, 'PFADD @k b')
      await world.at(2, 'PFMERGE @m @from')
      await world.at(1, 'DEL @k')
      await world.at(1, 'DEL @m')
    })
    await world.everywhere('EXISTS @k @m', 0)
  })

  row('DEL wins over an EXPIRE that it had not seen', async (world) => {
    await world.at(1, 'PFADD @k a')
    await world.meanwhile(async () => {
      await world.at(1, 'DEL @k')
      await world.at(2, 'EXPIRE @k 1000')
    })
    await world.everywhere('EXISTS @k', 0)
  })

  row('PFADD after the DEL begins anew', async (world) => {
    await world.at(1, 'PFADD @k a b c')
    await world.meanwhile(async () => {
      await world.at(1, 'DEL @k')
      await world.at(1, 'PFADD @k new')
      await world.at(2, 'PFADD @k unseen')
    })
    // Connected, the second PFADD comes after the DEL.
    await world.everywhere('PFCOUNT @k', world.either(1, 2))
  })

  row('GET and SET work, other commands of strings do not, GETEX neither', async (world) => {
    await world.at(1, 'PFADD @k a b')
    expect(await world.alike('GET @k')).toMatch(/^HYLL/)
    for (const region of world.regions) {
      await world.refuses(region, 'APPEND @k x', /WRONGTYPE|ERR/)
      await world.refuses(region, 'GETEX @k EX 10', /ERR|WRONGTYPE/)
      await world.refuses(region, 'INCR @k', /WRONGTYPE|ERR/)
    }
    await world.everywhere('PFCOUNT @k', 2)
  })

  row('SET on such a key keeps it a HyperLogLog', async (world) => {
    await world.at(1, 'PFADD @a x y z')
    await world.at(1, 'PFADD @k x')
    const sketch = await world.db.region(1).call('DUMP', ...world.words('@a'))
    expect(sketch).not.toBeNull()
    await world.meanwhile(async () => {
      await world.at(1, [
        'EVAL',
        "redis.call('SET', KEYS[2], redis.call('GET', KEYS[1]))",
        '2',
        ...world.words('@a @k'),
      ])
    })
    await world.at(2, 'PFADD @k w')
    await world.everywhere('PFCOUNT @k', 4)
  })
})
