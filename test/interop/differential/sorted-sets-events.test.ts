import {afterAll, beforeAll, expect, it} from 'vitest'
import {seededRng} from '../../../src/lib/kernel/rng.js'
import {NOTIFY_GENERIC, NOTIFY_ZSET} from '../../../src/lib/server/keyspace/notifications.js'
import {describeWithPeers, type RedisNode, startRedis} from '../../support/peers.js'
import {encodeRequest, RawConnection} from '../../support/raw-resp.js'
import {Rig} from '../../unit/server/rig.js'
import {GEO} from './geo-commands.js'
import {bulks} from './harness.js'
import {SORTED_SETS} from './sorted-sets-commands.js'

/** Keyspace events come from the same commands in the same order as redis-server's. */

const COMMANDS = 4000
const BATCH = 50
/** Not about sorted sets, or not about one command. */
const LEFT_OUT = new Set(['MULTI', 'EXEC', 'DEBUG', 'OBJECT', 'COMMAND', 'COPY', 'DEL'])

describeWithPeers('events of sorted sets beside redis-server', () => {
  let redis: RedisNode
  beforeAll(async () => {
    redis = await startRedis({args: ['--notify-keyspace-events', 'Egz']})
  })
  afterAll(() => redis.stop())

  it('tells the same', async () => {
    const rng = seededRng(42)
    const [sender, listener] = [await RawConnection.open(redis.port), await RawConnection.open(redis.port)]
    await listener.call('PSUBSCRIBE', '*')
    const rig = new Rig()
    const client = rig.connect()
    const ours: string[] = []
    const {state} = rig.server
    state.notifyMask = NOTIFY_GENERIC | NOTIFY_ZSET
    state.onEvent = (_kind, event, key) => ours.push(`__keyevent@0__:${event} ${key}`)
    let told = 0
    for (let done = 0; done < COMMANDS; done += BATCH) {
      for (let i = 0; i < BATCH; i++) {
        const command = rng.pick(rng.chance(0.7) ? SORTED_SETS : GEO)(rng)
        // Expiry by deadlines tells of itself.
        if (LEFT_OUT.has(command[0]!) || command[0]!.startsWith('PEXPIRE')) continue
        await sender.call(...command)
        const bytes = encodeRequest(command)
        client.feed(Buffer.from(bytes, 'latin1'), bytes.length, rig.nowMs)
        client.reply.take()
      }
      await sender.call('PUBLISH', 'end', 'of batch')
      const theirs: string[] = []
      for (;;) {
        const [, , channel, key] = bulks((await listener.replies(1))[0]!)
        if (channel === 'end') break
        theirs.push(`${channel} ${key}`)
      }
      told += theirs.length
      expect(ours.splice(0)).toEqual(theirs)
    }
    expect(told).toBeGreaterThan(COMMANDS / 10)
    sender.close()
    listener.close()
  })
})
