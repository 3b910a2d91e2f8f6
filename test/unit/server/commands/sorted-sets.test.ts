import {describe, expect, it} from 'vitest'
import type {Client} from '../../../../src/lib/server/client.js'
import {Rig} from '../rig.js'

/** What random commands beside redis-server cannot compare: chance, pages of large sets, and known answers. */

function bulks(reply: string): string[] {
  return [...reply.matchAll(/\$\d+\r\n(.*)\r\n/g)].map((match) => match[1]!)
}

function filled(count: number): {client: Client; rig: Rig} {
  const rig = new Rig()
  const client = rig.connect()
  for (let i = 0; i < count; i++) rig.run(client, `ZADD z ${i % 10} m${i}`)
  return {client, rig}
}

describe.each([
  ['listpack', 100],
  ['skiplist', 1000],
])('a sorted set as %s', (encoding, size) => {
  const {client, rig} = filled(size)

  it('is kept so', () => {
    expect(bulks(rig.run(client, 'OBJECT ENCODING z'))).toEqual([encoding])
  })

  it('gives members by chance: one, some different ones, any number', () => {
    const seen = new Set<string>()
    for (let i = 0; i < size * 20; i++) seen.add(bulks(rig.run(client, 'ZRANDMEMBER z'))[0]!)
    expect(seen.size).toBe(size)
    for (const count of [1, 7, size - 1, size, size + 1]) {
      const members = bulks(rig.run(client, `ZRANDMEMBER z ${count}`))
      expect(members).toHaveLength(Math.min(count, size))
      expect(new Set(members).size).toBe(members.length)
    }
    expect(bulks(rig.run(client, `ZRANDMEMBER z -${size * 2}`))).toHaveLength(size * 2)
    const [member, score, ...more] = bulks(rig.run(client, 'ZRANDMEMBER z 1 WITHSCORES'))
    expect(bulks(rig.run(client, `ZSCORE z ${member}`))).toEqual([score])
    expect(more).toEqual([])
  })

  it('is shown by pages, each member once', () => {
    const seen: string[] = []
    let cursor = '0'
    do {
      const [next, ...page] = bulks(rig.run(client, `ZSCAN z ${cursor} COUNT 20`))
      if (encoding === 'skiplist') expect(page.length).toBeLessThanOrEqual(40)
      cursor = next!
      for (let i = 0; i < page.length; i += 2) seen.push(page[i]!)
    } while (cursor !== '0')
    expect(seen).toHaveLength(size)
    expect(new Set(seen).size).toBe(size)
  })
})

describe('positions', () => {
  const rig = new Rig()
  const client = rig.connect()
  rig.run(client, 'GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania')

  it('are what the documentation of Redis says', () => {
    expect(bulks(rig.run(client, 'ZSCORE Sicily Palermo'))).toEqual(['3479099956230698'])
    expect(bulks(rig.run(client, 'GEOHASH Sicily Palermo Catania'))).toEqual(['sqc8b49rny0', 'sqdtr74hyu0'])
    expect(bulks(rig.run(client, 'GEODIST Sicily Palermo Catania km'))).toEqual(['166.2742'])
    expect(bulks(rig.run(client, 'GEOPOS Sicily Palermo'))).toEqual(['13.36138933897018433', '38.11555639549629859'])
    expect(bulks(rig.run(client, 'GEOSEARCH Sicily FROMLONLAT 15 37 BYBOX 400 400 km DESC WITHDIST'))).toEqual([
      'Palermo',
      '190.4424',
      'Catania',
      '56.4413',
    ])
  })

  it('are found across the edge of the map', () => {
    rig.run(client, 'GEOADD edge 179.9 10 east -179.9 10 west')
    expect(bulks(rig.run(client, 'GEOSEARCH edge FROMMEMBER east BYRADIUS 50 km ASC'))).toEqual(['east', 'west'])
  })
})
