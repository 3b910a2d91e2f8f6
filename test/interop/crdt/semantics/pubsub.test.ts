import {expect} from 'vitest'
import {RawConnection} from '../../../support/raw-resp.js'
import {rows, type World} from './worlds.js'

async function listener(world: World, region: number): Promise<RawConnection> {
  const connection = await RawConnection.open(Number(new URL(world.db.region(region).url).port))
  await connection.call('SUBSCRIBE', ...world.words('@news'))
  return connection
}

rows('crdb.md 3.4: PUBLISH', (row) => {
  row('a message reaches listeners in all regions, late if it must', async (world) => {
    const listeners = await Promise.all(world.regions.map((region) => listener(world, region)))
    await world.meanwhile(async () => {
      expect(await world.at(1, 'PUBLISH @news hello')).toBe(1)
      if (world.apart) expect(listeners[1]!.arrived()).toEqual([])
    })
    for (const connection of listeners) {
      const [message] = await connection.replies(1)
      expect(message).toContain('hello')
      connection.close()
    }
  })

  row('in MULTI and in scripts too', async (world) => {
    const connection = await listener(world, 2)
    await world.meanwhile(async () => {
      await world.reads(1, 'MULTI')
      await world.reads(1, 'SET @k v')
      await world.reads(1, 'PUBLISH @news one')
      await world.at(1, 'EXEC')
      await world.at(1, ['EVAL', "redis.call('PUBLISH', KEYS[1], 'two')", '1', ...world.words('@news')])
    })
    const [one, two] = await connection.replies(2)
    expect([one, two].map((message) => message?.split('\r\n').at(-2))).toEqual(['one', 'two'])
    connection.close()
  })

  row('PUBSUB knows of listeners here alone', async (world) => {
    const connection = await listener(world, 2)
    await world.answers(1, 'PUBSUB NUMSUB @news', [world.words('@news')[0], 0])
    await world.answers(2, 'PUBSUB NUMSUB @news', [world.words('@news')[0], 1])
    connection.close()
  })
})
