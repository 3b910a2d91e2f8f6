import {expect} from 'vitest'
import {rows, STARTED_MS, type World} from './worlds.js'

type Entry = [id: string, fields: string[]]

async function idsOf(world: World, region: number): Promise<string[]> {
  return ((await world.reads(region, 'XRANGE @k - +')) as Entry[]).map(([id]) => id)
}

rows('crdb.md 3.3: streams, ids strict', (row) => {
  row('entries of all regions are there, in ascending order', async (world) => {
    await world.meanwhile(async () => {
      await world.at(1, 'XADD @k * n 1')
      await world.at(2, 'XADD @k * n 2')
      await world.at(3, 'XADD @k * n 3')
      await world.at(1, 'XADD @k * n 4')
    })
    const numbers = ((await world.alike('XRANGE @k - +')) as Entry[]).map(([, fields]) => fields[1])
    expect(numbers).toEqual(world.regionCount === 3 ? ['1', '2', '3', '4'] : ['1', '2', '4'])
    await world.everywhere('XLEN @k', world.regionCount + 1)
  })

  row('milliseconds alone get the region: 110 -> 110-1, 115 -> 115-2', async (world) => {
    await world.meanwhile(async () => {
      expect(await world.at(1, 'XADD @k 110 f v')).toBe('110-1')
      expect(await world.at(2, 'XADD @k 115 f v')).toBe('115-2')
    })
    expect(await idsOf(world, 1)).toEqual(['110-1', '115-2'])
  })

  row('* is unique to the region, also at the same time', async (world) => {
    await world.meanwhile(() =>
      world.atOnce(async () => {
        for (const region of world.regions) {
          await world.at(region, 'XADD @k * f v')
          await world.at(region, 'XADD @k * f v')
        }
      }),
    )
    const ids = await idsOf(world, 1)
    expect(new Set(ids).size).toBe(world.regionCount * 2)
    await world.everywhere('XLEN @k', world.regionCount * 2)
  })

  row('a full id is refused', async (world) => {
    for (const region of world.regions) await world.refuses(region, 'XADD @k 110-1 f v', /ERR/)
    await world.everywhere('EXISTS @k', 0)
  })

  row("XDEL of another region's entry", async (world) => {
    const id = await world.at(1, 'XADD @k 100 f v')
    await world.at(1, 'XADD @k 101 f v')
    await world.meanwhile(async () => {
      expect(await world.at(2, `XDEL @k ${id}`)).toBe(1)
      await world.at(1, 'XADD @k 102 f v')
    })
    expect(await idsOf(world, 1)).toEqual(['101-1', '102-1'])
    await world.alike('XRANGE @k - +')
  })

  row('XTRIM and DEL take away the entries that they saw', async (world) => {
    for (const id of [1, 2, 3]) {
      await world.at(1, `XADD @k ${id} f v`)
      await world.at(1, `XADD @del ${id} f v`)
    }
    await world.meanwhile(async () => {
      await world.at(2, 'XADD @k 4 f v')
      await world.at(2, 'XADD @del 4 f v')
      await world.at(1, 'XTRIM @k MAXLEN 1')
      await world.at(1, 'DEL @del')
    })
    expect(await idsOf(world, 1)).toEqual(world.either(['3-1', '4-2'], ['4-2']))
    await world.alike('XRANGE @k - +')
    await world.everywhere('XLEN @del', world.either(1, 0))
  })

  row('XREAD may skip lower ids that come late, XREADGROUP does not', async (world) => {
    await world.at(1, 'XGROUP CREATE @k g $ MKSTREAM')
    await world.meanwhile(async () => {
      await world.at(2, 'XADD @k 50 from 2')
      await world.at(1, 'XADD @k 100 from 1')
      const read = (await world.reads(1, 'XREADGROUP GROUP g c STREAMS @k >')) as [string, Entry[]][]
      expect(read[0]![1].map(([id]) => id)).toEqual(world.either(['100-1'], ['50-2', '100-1']))
    })
    expect(await world.reads(1, 'XREAD STREAMS @k 100-1')).toBeNull()
    const late = (await world.reads(1, 'XREADGROUP GROUP g c STREAMS @k >')) as [string, Entry[]][] | null
    expect(late?.[0]?.[1].map(([id]) => id)).toEqual(world.either(['50-2'], undefined))
  })

  row('the ids of one reply ascend', async (world) => {
    await world.meanwhile(async () => {
      for (const ms of [30, 60]) await world.at(1, `XADD @k ${ms} f v`)
      for (const ms of [70, 80]) await world.at(2, `XADD @k ${ms} f v`)
    })
    const read = (await world.reads(1, 'XREAD STREAMS @k 0')) as [string, Entry[]][]
    expect(read[0]![1].map(([id]) => id)).toEqual(['30-1', '60-1', '70-2', '80-2'])
  })

  row('XSETID below the last id fails', async (world) => {
    await world.at(1, 'XADD @k 100 f v')
    for (const region of world.regions) await world.refuses(region, 'XSETID @k 50-0', /smaller/)
  })

  row('ACKED of XADD and XTRIM is not known', async (world) => {
    await world.at(1, 'XADD @k 100 f v')
    await world.refuses(1, 'XTRIM @k MAXLEN 0 ACKED', /ERR/)
    await world.refuses(2, 'XADD @k MAXLEN 0 ACKED * f v', /ERR/)
    await world.everywhere('XLEN @k', 1)
  })

  row('a stream without entries and groups is no key', async (world) => {
    const id = await world.at(1, 'XADD @k 100 f v')
    await world.meanwhile(async () => {
      await world.at(1, `XDEL @k ${id}`)
    })
    await world.everywhere('EXISTS @k', 0)
  })

  row('a stream with a group is a key without entries', async (world) => {
    await world.at(1, 'XGROUP CREATE @k g $ MKSTREAM')
    await world.everywhere('EXISTS @k', 1)
    await world.everywhere('XLEN @k', 0)
  })
})

async function groupsOf(world: World, region: number, key = '@k'): Promise<string[]> {
  const groups = (await world.reads(region, `XINFO GROUPS ${key}`)) as string[][]
  return groups.map((group) => group[1] as string).sort()
}

rows('crdb.md 3.3: consumer groups', (row) => {
  row('XGROUP CREATE reaches all regions', async (world) => {
    await world.at(1, 'XADD @k 100 f v')
    await world.meanwhile(async () => {
      await world.at(1, 'XGROUP CREATE @k one 0')
      await world.at(2, 'XGROUP CREATE @k two $')
    })
    for (const region of world.regions) expect(await groupsOf(world, region)).toEqual(['one', 'two'])
  })

  row('XGROUP DESTROY wins over a CREATE that it had not seen', async (world) => {
    await world.at(1, 'XADD @k 100 f v')
    await world.at(1, 'XGROUP CREATE @k g 0')
    await world.meanwhile(async () => {
      await world.at(1, 'XGROUP DESTROY @k g')
      await world.at(2, 'XGROUP DESTROY @k g')
      await world.at(2, 'XGROUP CREATE @k g 0')
    })
    for (const region of world.regions) expect(await groupsOf(world, region)).toEqual(world.either([], ['g']))
  })

  row('DEL of the key wins over a group made meanwhile', async (world) => {
    await world.at(1, 'XADD @k 100 f v')
    await world.meanwhile(async () => {
      await world.at(2, 'XGROUP CREATE @k g 0')
      await world.at(1, 'DEL @k')
    })
    await world.everywhere('EXISTS @k', 0)
  })

  row('a group can be made again after all have seen that it is gone', async (world) => {
    await world.at(1, 'XADD @k 100 f v')
    await world.meanwhile(async () => {
      await world.at(1, 'XGROUP CREATE @k g 0')
      await world.at(1, 'XGROUP DESTROY @k g')
    })
    await world.at(2, 'XGROUP CREATE @k g 0')
    for (const region of world.regions) expect(await groupsOf(world, region)).toEqual(['g'])
  })

  row('SETID, DELCONSUMER, consumers, deliveries and what is pending stay where they are', async (world) => {
    await world.at(1, 'XADD @k 100 f v')
    await world.at(1, 'XGROUP CREATE @k g 0')
    await world.meanwhile(async () => {
      await world.at(1, 'XREADGROUP GROUP g alice STREAMS @k >')
      await world.at(1, 'XGROUP CREATECONSUMER @k g bob')
      await world.at(1, 'XGROUP DELCONSUMER @k g bob')
    })
    await world.answers(1, 'XPENDING @k g', [1, '100-1', '100-1', [['alice', '1']]])
    await world.answers(2, 'XPENDING @k g', [0, null, null, null])
    await world.answers(2, 'XINFO CONSUMERS @k g', [])
    await world.at(1, 'XGROUP SETID @k g $')
    const read = (await world.reads(2, 'XREADGROUP GROUP g carol STREAMS @k >')) as [string, Entry[]][]
    expect(read[0]![1]).toHaveLength(1)
  })

  row('XACK travels up to where all that was read before is acknowledged', async (world) => {
    for (const ms of [1, 2, 3]) await world.at(1, `XADD @k ${ms} f v`)
    await world.at(1, 'XGROUP CREATE @k g 0')
    await world.meanwhile(async () => {
      await world.at(1, 'XREADGROUP GROUP g c STREAMS @k >')
      // 2 is still pending: what another region may skip is 1 alone.
      await world.at(1, 'XACK @k g 1-1 3-1')
    })
    const read = (await world.reads(2, 'XREADGROUP GROUP g c STREAMS @k >')) as [string, Entry[]][]
    expect(read[0]![1].map(([id]) => id)).toEqual(['2-1', '3-1'])
  })

  row('RENAME and COPY lose the groups', async (world) => {
    await world.at(1, 'XADD @a 100 f v')
    await world.at(1, 'XADD @b 100 f v')
    await world.at(1, 'XGROUP CREATE @a g 0')
    await world.at(1, 'XGROUP CREATE @b g 0')
    await world.meanwhile(async () => {
      await world.at(1, 'RENAME @a @renamed')
      await world.at(1, 'COPY @b @copied')
    })
    for (const region of world.regions) {
      expect(await groupsOf(world, region, '@renamed')).toEqual([])
      expect(await groupsOf(world, region, '@copied')).toEqual([])
      expect(await groupsOf(world, region, '@b')).toEqual(['g'])
    }
    await world.everywhere('XLEN @renamed', 1)
  })
})

rows(
  'crdb.md 3.3: ids semi-strict',
  (row) => {
    row('full ids are taken, milliseconds alone get the region', async (world) => {
      await world.meanwhile(async () => {
        expect(await world.at(1, 'XADD @k 100-7 f v')).toBe('100-7')
        expect(await world.at(1, 'XADD @k 110 f v')).toBe('110-1')
        expect(await world.at(2, 'XADD @k 115 f v')).toBe('115-2')
        expect(String(await world.at(2, 'XADD @k * f v'))).toMatch(new RegExp(`^${String(STARTED_MS).slice(0, 7)}`))
      })
      await world.everywhere('XLEN @k', 4)
      expect((await idsOf(world, 2)).slice(0, 3)).toEqual(['100-7', '110-1', '115-2'])
    })

    row('an id below the last is refused', async (world) => {
      await world.at(1, 'XADD @k 100-7 f v')
      await world.refuses(1, 'XADD @k 100-7 f v', /equal or smaller/)
      await world.refuses(2, 'XADD @k 99-7 f v', /equal or smaller/)
    })

    row("one id of two regions: both are kept, the lower region's is seen, and XDEL takes both", async (world) => {
      if (!world.apart) {
        await world.at(1, 'XADD @k 100-7 from 1')
        await world.refuses(2, 'XADD @k 100-7 from 2', /equal or smaller/)
      }
      await world.meanwhile(async () => {
        if (!world.apart) return
        await world.at(1, 'XADD @k 100-7 from 1')
        await world.at(2, 'XADD @k 100-7 from 2')
      })
      await world.everywhere('XRANGE @k - +', [['100-7', ['from', '1']]])
      await world.at(1, 'XDEL @k 100-7')
      await world.everywhere('EXISTS @k', 0)
    })
  },
  {crdt_xadd_id_uniqueness_mode: 'semi-strict'},
)

rows(
  'crdb.md 3.3: ids liberal',
  (row) => {
    row('any ascending id, milliseconds alone get -0', async (world) => {
      await world.meanwhile(async () => {
        expect(await world.at(1, 'XADD @k 100-7 f v')).toBe('100-7')
        expect(await world.at(1, 'XADD @k 110 f v')).toBe('110-0')
        expect(await world.at(2, 'XADD @k 115 f v')).toBe('115-0')
      })
      await world.alike('XRANGE @k - +')
      expect(await idsOf(world, 2)).toEqual(['100-7', '110-0', '115-0'])
    })
  },
  {crdt_xadd_id_uniqueness_mode: 'liberal'},
)
