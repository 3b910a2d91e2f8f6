import {afterAll, beforeAll, expect, it} from 'vitest'
import {seededRng} from '../../../src/lib/kernel/rng.js'
import {NOTIFY_GENERIC, NOTIFY_HASH, NOTIFY_SET} from '../../../src/lib/server/keyspace/notifications.js'
import {describeWithPeers, type RedisNode, startRedis} from '../../support/peers.js'
import {encodeRequest, RawConnection} from '../../support/raw-resp.js'
import {Rig} from '../../unit/server/rig.js'
import {bulks} from './harness.js'
import {HASHES, SETS} from './sets-hashes-commands.js'

/** Keyspace events come from the same commands in the same order as redis-server's. */

const COMMANDS = 3000
const BATCH = 50

describeWithPeers('events of sets and hashes beside redis-server', () => {
  let redis: RedisNode
  beforeAll(async () => {
    redis = await startRedis({args: ['--notify-keyspace-events', 'Egsh']})
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
    state.notifyMask = NOTIFY_GENERIC | NOTIFY_HASH | NOTIFY_SET
    state.onEvent = (_kind, event, key) => ours.push(`__keyevent@0__:${event} ${key}`)
    let told = 0
    for (let done = 0; done < COMMANDS; done += BATCH) {
      for (let i = 0; i < BATCH; i++) {
        const command = rng.pick(rng.chance(0.5) ? SETS : HASHES)(rng)
        await sender.call(...command)
        const bytes = encodeRequest(command)
        client.feed(Buffer.from(bytes, 'latin1'), bytes.length, rig.nowMs)
        client.reply.take()
        if (rng.chance(0.1)) {
          // Members that several sets have are rare otherwise.
          const more = rng.pick(['SADD s0 x y', 'SADD s1 x y', 'HSET h1 x y', 'SMOVE s0 s1 x', 'SMOVE s1 s0 x'])
          await sender.call(...more.split(' '))
          rig.run(client, more)
        }
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
