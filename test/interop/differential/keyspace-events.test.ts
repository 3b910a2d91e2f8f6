import {expect, it} from 'vitest'
import {type Rng, seededRng} from '../../../src/lib/kernel/rng.js'
import {describeWithPeers} from '../../support/peers.js'
import type {RawConnection} from '../../support/raw-resp.js'
import {bothServers} from './harness.js'
import {heard} from './listener.js'
import {makeStringCommand} from './string-commands.js'

/**
 * The same random commands to a real redis-server and to the embedded node, and one who listens to the events of the
 * keyspace at each: both must hear the same, in the same order.
 */
const SETTINGS = ['KEA', 'KEAmn', 'E$gmx', 'Kxn', 'Eg', '$gx']
const COMMANDS_PER_SETTING = 800
const BATCH = 5

const EXTRA: readonly ((rng: Rng) => string[])[] = [
  // Runs out at once; noticed at the next access.
  (rng) => ['SET', `k${rng.below(6)}`, 'v', 'PXAT', '1'],
  (rng) => ['PEXPIREAT', `k${rng.below(6)}`, String(4102444800000 + rng.below(3))],
  (rng) => ['EXPIRE', `k${rng.below(6)}`, '-1'],
  () => ['DUMP', 'nokey'],
  (rng) => ['RESTORE', `k${rng.below(6)}`, '0', PAYLOAD, ...rng.pick([['REPLACE'], ['ABSTTL'], []])],
  (rng) => ['RESTORE', `k${rng.below(6)}`, '1', PAYLOAD, 'REPLACE', 'ABSTTL'],
]

/** Of the string `1`. */
const PAYLOAD = '\x00\xc0\x01\x0a\x00&x\xe7\xb6\xd1\x01\x11\xfc'

function makeCommand(rng: Rng): string[] {
  return rng.below(5) === 0 ? rng.pick(EXTRA)(rng) : makeStringCommand(rng)
}

async function hitsAndMisses(connection: RawConnection): Promise<string[]> {
  const info = await connection.call('INFO', 'stats')
  return [...info.matchAll(/^(?:keyspace_hits|keyspace_misses|expired_keys):\d+/gm)].map(([line]) => line)
}

describeWithPeers('keyspace events beside redis-server', () => {
  const {both} = bothServers()

  it.each(SETTINGS)('are the same with notify-keyspace-events %s', async (setting) => {
    const rng = seededRng(setting.length * 100 + setting.charCodeAt(0))
    const writers = await both()
    const listeners = await both()
    const observers = await both()
    for (const one of writers) {
      await one.batch([
        ['FLUSHALL'],
        ['DEBUG', 'SET-ACTIVE-EXPIRE', '0'],
        ['CONFIG', 'RESETSTAT'],
        ['CONFIG', 'SET', 'notify-keyspace-events', setting],
      ])
    }
    for (const one of listeners) await one.batch([['PSUBSCRIBE', '__key*']])
    for (let done = 0; done < COMMANDS_PER_SETTING; done += BATCH) {
      const commands = Array.from({length: BATCH}, () => makeCommand(rng))
      const [theirReplies, ourReplies] = await Promise.all(writers.map((one) => one.batch(commands)))
      const [theirs, ours] = await Promise.all(listeners.map(heard))
      const [theirStats, ourStats] = await Promise.all(observers.map(hitsAndMisses))
      expect({commands, replies: ourReplies, heard: ours, stats: ourStats}).toEqual({
        commands,
        replies: theirReplies,
        heard: theirs,
        stats: theirStats,
      })
    }
    for (const one of [...writers, ...listeners, ...observers]) one.close()
  })

  it('are the same for keys that run out unasked', async () => {
    const writers = await both()
    const listeners = await both()
    for (const one of writers) {
      await one.batch([
        ['FLUSHALL'],
        ['DEBUG', 'SET-ACTIVE-EXPIRE', '1'],
        ['CONFIG', 'SET', 'notify-keyspace-events', 'KEA'],
        ['SELECT', '3'],
      ])
    }
    for (const one of listeners) await one.batch([['PSUBSCRIBE', '__key*']])
    for (const one of writers) await one.batch([['PSETEX', 'a', '30', 'x']])
    await new Promise((resolve) => setTimeout(resolve, 400))
    const [theirs, ours] = await Promise.all(listeners.map(heard))
    expect(ours).toEqual(theirs)
    expect(ours!.join('')).toContain('__keyevent@3__:expired')
    for (const one of [...writers, ...listeners]) one.close()
  })
})
