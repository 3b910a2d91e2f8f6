import {expect, it} from 'vitest'
import {NOTIFY_GENERIC, NOTIFY_STREAM} from '../../../src/lib/server/keyspace/notifications.js'
import {describeWithPeers} from '../../support/peers.js'
import {Rig} from '../../unit/server/rig.js'
import {bothServers, describeRandomCommands} from './harness.js'
import {makeStreamCommand, normalStreamReply} from './stream-commands.js'

/**
 * Random commands on streams and their groups to a real redis-server and to the embedded node: the same bytes, and in the
 * end the same data. Nodes are small, so that the keys have several of them.
 *
 * Ids are given, not made from the clock. Times are what may differ: they are taken out.
 */
const words = (line: string): string[] => line.split(' ')
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const withoutTimes = (reply: string): string => reply.replace(/1[67]\d{11}/g, 'time')

/** What there is before anybody is blocked. */
const SETUP = ['XADD k 1-1 a b', 'XGROUP CREATE k g $', 'XADD j 1-1 c d']

const READ = 'XREAD BLOCK 150 STREAMS k $'
const FOLLOW = 'XREADGROUP GROUP g alice BLOCK 150 STREAMS k >'
const GROUP_GONE = ['XGROUP DESTROY k g']

/** `meanwhile` is what another client does while one is blocked. */
const WAITS: readonly {readonly blocked: string; readonly meanwhile: string[]; readonly prepared?: string[]}[] = [
  {blocked: READ, meanwhile: ['XADD k 2-1 a b']},
  {blocked: READ, meanwhile: ['MULTI', 'XADD k 2-1 a b', 'XADD k 2-2 a c', 'EXEC']},
  {blocked: READ, meanwhile: ['MULTI', 'XADD k 2-1 a b', 'XDEL k 2-1', 'EXEC']},
  {blocked: READ, meanwhile: ['XSETID k 9-9', 'XACK k g 1-1', 'EXPIRE k 100']},
  {blocked: READ, meanwhile: ['DEL k', 'XADD k 1-1 a b', 'XADD k 1-2 a b']},
  {blocked: READ, meanwhile: ['XADD j 5-1 e f', 'RENAME j k']},
  {blocked: 'XREAD COUNT 1 BLOCK 150 STREAMS k j 1-1 1-1', meanwhile: ['XADD j 5-1 e f', 'XADD k 2-1 a b']},
  {blocked: 'XREAD BLOCK 150 STREAMS k j 7 0', meanwhile: ['XADD k 2-1 a b']},
  {blocked: 'XREAD BLOCK 150 STREAMS new $', meanwhile: ['XADD k 2-1 a b', 'XADD new 1-1 a b']},
  {blocked: 'XREAD BLOCK 150 STREAMS k 5', meanwhile: ['XADD k 4 a b', 'XADD k 6 a b']},
  {blocked: 'XREAD BLOCK 150 STREAMS k k 5 1-1', meanwhile: ['XADD k 4 a b']},
  {blocked: FOLLOW, meanwhile: ['XADD k 2-1 a b', 'XPENDING k g']},
  {blocked: FOLLOW, meanwhile: ['XGROUP SETID k g 0', 'XADD k 2-1 a b']},
  {blocked: FOLLOW.replace('BLOCK', 'NOACK BLOCK'), meanwhile: ['XADD k 2-1 a b', 'XPENDING k g']},
  {blocked: FOLLOW, meanwhile: GROUP_GONE},
  {blocked: FOLLOW, meanwhile: ['MULTI', ...GROUP_GONE, 'XGROUP CREATE k g 0', 'EXEC']},
  {blocked: FOLLOW, meanwhile: ['DEL k']},
  {blocked: FOLLOW, meanwhile: ['SET k x']},
  {blocked: FOLLOW, meanwhile: ['FLUSHALL']},
  {blocked: FOLLOW, meanwhile: ['SWAPDB 0 1', 'SWAPDB 0 1']},
  {
    // A node that has much to do may look for what has run out later than usual.
    blocked: FOLLOW.replace('150', '4000'),
    meanwhile: ['PEXPIRE k 1'],
    prepared: ['DEBUG SET-ACTIVE-EXPIRE 1'],
  },
  {blocked: FOLLOW, meanwhile: ['RENAME j k']},
  {blocked: FOLLOW, meanwhile: ['MULTI', 'DEL k', 'XADD k 5 a b', 'XGROUP CREATE k g 0', 'EXEC']},
  {blocked: 'XREADGROUP GROUP g alice BLOCK 150 STREAMS k 0', meanwhile: []},
]

const EVENTFUL = [
  'XADD k MAXLEN 2 1-1 a b',
  'XADD k MAXLEN 2 1-2 a b',
  'XADD k MAXLEN 2 1-3 a b',
  'XADD k MAXLEN ~ 1 1-4 a b',
  'XADD k NOMKSTREAM 1-1 a b',
  'XTRIM k MAXLEN 5',
  'XTRIM k MINID 1-3',
  'XGROUP CREATE k g 0',
  'XGROUP CREATE k g 0',
  'XGROUP CREATE n g 0 MKSTREAM',
  'XGROUP CREATECONSUMER k g alice',
  'XGROUP CREATECONSUMER k g alice',
  'XREADGROUP GROUP g alice STREAMS k >',
  'XREADGROUP GROUP g bob STREAMS k >',
  'XREADGROUP GROUP g bob STREAMS k 0',
  'XADD k 1-5 a b',
  'XREADGROUP GROUP g carl NOACK STREAMS k >',
  'XCLAIM k g dora 0 1-3 1-4',
  'XAUTOCLAIM k g emil 0 0',
  'XACK k g 1-3',
  'XGROUP SETID k g 0',
  'XGROUP DELCONSUMER k g emil',
  'XGROUP DELCONSUMER k g emil',
  'XSETID k 9-9',
  'XDEL k 1-4 7-7',
  'XDEL k 7-7',
  'XGROUP DESTROY k g',
  'XGROUP DESTROY k g',
  'XDEL k 1-3 1-5',
]

const SEEDS = [1, 2, 3, 4]
const COMMANDS_PER_SEED = 1500

describeWithPeers('streams beside redis-server', () => {
  const servers = bothServers({'stream-node-max-bytes': '300', 'stream-node-max-entries': '7'})
  describeRandomCommands(servers, {
    commandsPerSeed: COMMANDS_PER_SEED,
    makeCommand: makeStreamCommand,
    normal: normalStreamReply,
    seeds: SEEDS,
  })

  for (const resp of ['2', '3']) {
    for (const {blocked, meanwhile, prepared = []} of WAITS) {
      it(`serves who is blocked alike: ${blocked}, ${meanwhile.join(', ')} (RESP${resp})`, async () => {
        const [expected, actual] = await Promise.all(
          (await servers.both()).map(async (writer, i) => {
            const reader = (await servers.both())[i]!
            await writer.batch([['FLUSHALL'], ...[...SETUP, ...prepared].map(words)])
            await reader.batch([['HELLO', resp]])
            const reply = reader.call(...words(blocked))
            await sleep(30)
            const replies = await writer.batch(meanwhile.map(words))
            // It ends by itself at the latest when its time is over.
            const seen = [...replies, await reply, await writer.call('XINFO', 'STREAM', 'k', 'FULL')]
            reader.close()
            writer.close()
            return seen.map((one) => normalStreamReply(['XINFO'], one))
          }),
        )
        expect(actual).toEqual(expected)
      })
    }
  }

  it('gives the same events in the same order', async () => {
    const [theirs] = await servers.both()
    const [listener] = await servers.both()
    await theirs.batch([['FLUSHALL'], ['CONFIG', 'SET', 'notify-keyspace-events', 'KEA']])
    await listener.call('PSUBSCRIBE', '__keyevent@0__:*')
    const rig = new Rig()
    const ours: string[] = []
    rig.server.state.notifyMask = NOTIFY_STREAM | NOTIFY_GENERIC
    rig.server.state.onEvent = (_kind, event, key) => ours.push(`${event} ${key}`)
    const client = rig.connect()
    const expected = (await theirs.batch(EVENTFUL.map(words))).map(withoutTimes)
    expect(EVENTFUL.map((line) => withoutTimes(rig.run(client, line)))).toEqual(expected)
    const messages = await listener.replies(ours.length)
    expect(ours).toEqual(
      messages.map((message) =>
        message
          .match(/__:(.*)\r\n\$\d+\r\n(.*)\r\n$/)!
          .slice(1)
          .join(' '),
      ),
    )
    expect(ours.length).toBeGreaterThan(15)
    await theirs.call('SET', 'end', 'x')
    expect(await listener.replies(1)).toEqual([expect.stringContaining('end')])
    theirs.close()
    listener.close()
  })
})
