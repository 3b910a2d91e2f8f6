import {expect, it} from 'vitest'
import {describeWithPeers} from '../../support/peers.js'
import type {RawConnection} from '../../support/raw-resp.js'
import {bothServers, bulks, describeRandomCommands} from './harness.js'
import {makeListCommand} from './list-commands.js'

/** List commands: replies, data and the nodes of each list, which show in DUMP. Two LZF packers need not write the same. */

/** By list-max-listpack-size: the default, the smallest, a count, one element, and a count beyond what bytes allow. */
const SIZES = ['-2', '-1', '5', '0', '128', '-5']

for (const size of SIZES) {
  describeWithPeers(`lists beside redis-server (list-max-listpack-size ${size})`, () => {
    const servers = bothServers({'list-max-listpack-size': size, rdbcompression: 'no'})
    describeRandomCommands(servers, {
      commandsPerSeed: 700,
      makeCommand: makeListCommand,
      seeds: size === '-2' ? [1, 2, 3] : [1],
    })
  })
}

describeWithPeers('lists in DUMP payloads', () => {
  const {both} = bothServers({rdbcompression: 'no'})

  async function ends(): Promise<[RawConnection, RawConnection]> {
    const pair = await both()
    for (const one of pair) await one.batch([['FLUSHALL'], ['CONFIG', 'SET', 'list-max-listpack-size', '-2']])
    return pair
  }

  it.each([
    ['a few', Array.from({length: 5}, (_, i) => `e${i}`)],
    ['many nodes', Array.from({length: 5000}, (_, i) => `element ${i}`)],
    ['numbers', Array.from({length: 2000}, (_, i) => String((i - 1000) ** 5))],
    ['big ones', Array.from({length: 20}, (_, i) => String(i).repeat(4000))],
  ])('goes both ways: %s', async (_name, list) => {
    const [theirs, ours] = await ends()
    for (const [from, to] of [
      [theirs, ours],
      [ours, theirs],
    ] as const) {
      await from.batch([
        ['DEL', 'k'],
        ['RPUSH', 'k', ...list],
      ])
      const payload = await from.call('DUMP', 'k')
      const bytes = payload.slice(payload.indexOf('\r\n') + 2, -2)
      expect(
        await to.batch([
          ['RESTORE', 'k', '0', bytes, 'REPLACE'],
          ['DUMP', 'k'],
        ]),
      ).toEqual(['+OK\r\n', payload])
      expect(bulks(await to.call('LRANGE', 'k', '0', '-1'))).toEqual(list)
    }
  })

  it('keeps plain nodes as redis-server writes them, and changes them alike', async () => {
    const [theirs, ours] = await ends()
    await theirs.batch([
      ['DEBUG', 'QUICKLIST-PACKED-THRESHOLD', '10b'],
      ['RPUSH', 'k', 'a', 'plain'.repeat(5), 'b', 'c', 'second'.repeat(9)],
      ['DEBUG', 'QUICKLIST-PACKED-THRESHOLD', '0'],
    ])
    const payload = await theirs.call('DUMP', 'k')
    const restore = ['RESTORE', 'k', '0', payload.slice(payload.indexOf('\r\n') + 2, -2), 'REPLACE']
    const changes = [
      ['LPUSH', 'k', 'head'],
      ['RPUSH', 'k', 'tail'],
      ['LINSERT', 'k', 'AFTER', 'plain'.repeat(5), 'n'],
      ['LINSERT', 'k', 'BEFORE', 'second'.repeat(9), 'm'],
      ['LSET', 'k', '2', 'short'],
      ['LREM', 'k', '0', 'c'],
      ['LTRIM', 'k', '1', '-2'],
    ]
    for (const change of changes) {
      const requests = [restore, ['DUMP', 'k'], change, ['DUMP', 'k'], ['LRANGE', 'k', '0', '-1']]
      expect({change, replies: await ours.batch(requests)}).toEqual({change, replies: await theirs.batch(requests)})
    }
  })

  it('fills nodes to the same byte', async () => {
    const [theirs, ours] = await ends()
    // The first element shifts the others through all sums of bytes around the limit.
    for (let length = 1; length <= 63; length++) {
      const push = ['RPUSH', 'k', 'a'.repeat(length), ...Array.from({length: 300}, () => 'z'.repeat(60))]
      const requests = [['DEL', 'k'], push, ['DUMP', 'k']]
      const [expected, actual] = await Promise.all([theirs, ours].map(async (one) => (await one.batch(requests))[2]!))
      expect({isSame: actual === expected, length}).toEqual({isSame: true, length})
    }
  })

  it('shows the nodes in DEBUG OBJECT', async () => {
    const [theirs, ours] = await ends()
    const fields = async (one: RawConnection): Promise<string> => {
      await one.batch(Array.from({length: 40}, (_, i) => ['RPUSH', 'k', String(i), 'z'.repeat(i * 20)]))
      return /ql_.*/.exec(await one.call('DEBUG', 'OBJECT', 'k'))![0]
    }
    expect(await fields(ours)).toBe(await fields(theirs))
  })
})
