import {expect, it} from 'vitest'
import {describeWithPeers} from '../../support/peers.js'
import type {RawConnection} from '../../support/raw-resp.js'
import {bothServers, bulks, describeRandomCommands} from './harness.js'
import {makeStringCommand} from './string-commands.js'

/**
 * The same random commands to a real redis-server and to the embedded node: every reply must be the same bytes.
 *
 * Left out is what may differ by design: order (KEYS, SCAN), chance (RANDOMKEY), and milliseconds of relative deadlines.
 */
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8]
const COMMANDS_PER_SEED = 1500

describeWithPeers('strings, keys and transactions beside redis-server', () => {
  const servers = bothServers()
  const {both} = servers
  describeRandomCommands(servers, {makeCommand: makeStringCommand, commandsPerSeed: COMMANDS_PER_SEED, seeds: SEEDS})

  it('describes its commands as redis-server does', async () => {
    const [theirs, ours] = await both()
    const names =
      'set get getex getdel append lcs mset copy rename del object scan keys swapdb flushall time multi exec'
    const request = [
      'COMMAND',
      'INFO',
      ...names.split(' '),
      'watch',
      'hello',
      'auth',
      'quit',
      'reset',
      'ping',
      'expire',
    ]
    // Subcommands and flags come in no defined order.
    const words = (reply: string): string[] => reply.split('\r\n').sort()
    expect(words(await ours.call(...request))).toEqual(words(await theirs.call(...request)))
    theirs.close()
    ours.close()
  })

  it('lists the same keys by KEYS and SCAN', async () => {
    const [theirs, ours] = await both()
    const names = Array.from({length: 300}, (_, i) => `${i % 3 === 0 ? 'user' : 'item'}:[${i}]*`)
    const requests = [['FLUSHALL'], ...names.map((name) => ['SET', name, name])]
    await Promise.all([theirs.batch(requests), ours.batch(requests)])
    for (const pattern of [
      '*',
      'user:*',
      'item:[[]1*',
      '?ser*\\*',
      '[^u]*',
      '[a-k]*5*',
      'nothing*',
      'item:\\[2??\\]*',
      '',
    ]) {
      const lists = await Promise.all([theirs, ours].map(async (one) => bulks(await one.call('KEYS', pattern)).sort()))
      expect({keys: lists[1], pattern}).toEqual({keys: lists[0], pattern})
      expect((await scanAll(ours, pattern)).sort()).toEqual(lists[0])
    }
    theirs.close()
    ours.close()
  })
})

async function scanAll(connection: RawConnection, pattern: string): Promise<string[]> {
  const found: string[] = []
  let cursor = '0'
  do {
    const [next, ...keys] = bulks(await connection.call('SCAN', cursor, 'MATCH', pattern, 'COUNT', '7'))
    cursor = next!
    found.push(...keys)
  } while (cursor !== '0')
  return found
}
