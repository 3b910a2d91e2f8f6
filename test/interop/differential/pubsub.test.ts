import {it} from 'vitest'
import type {Rng} from '../../../src/lib/kernel/rng.js'
import {describeWithPeers} from '../../support/peers.js'
import {bothServers} from './harness.js'
import {type MakeStep, playAlike} from './messages.js'

const channel = (rng: Rng): string => rng.pick(['a', 'b', 'c', 'a1'])
const pattern = (rng: Rng): string => rng.pick(['a*', '*', 'b', '?1', '[ab]', 'x*'])

const COMMANDS: readonly MakeStep[] = [
  (rng) => ['SUBSCRIBE', channel(rng), channel(rng)],
  (rng) => ['PSUBSCRIBE', pattern(rng)],
  (rng) => ['SSUBSCRIBE', channel(rng)],
  (rng) => [rng.pick(['UNSUBSCRIBE', 'SUNSUBSCRIBE']), channel(rng)],
  (rng) => ['PUNSUBSCRIBE', pattern(rng)],
  (rng) => [rng.pick(['UNSUBSCRIBE', 'SUNSUBSCRIBE', 'PUNSUBSCRIBE'])],
  (rng) => ['PUBLISH', channel(rng), rng.pick(['', 'hello', '\0\r\n\xff'])],
  (rng) => ['PUBLISH', channel(rng), 'x'],
  (rng) => ['SPUBLISH', channel(rng), 'y'],
  (rng) => ['PING', ...rng.pick([[], ['x'], ['x', 'y']])],
  (rng) => ['HELLO', rng.pick(['2', '3', '3', '4'])],
  (rng) => ['PUBSUB', 'NUMSUB', channel(rng), channel(rng)],
  (rng) => ['PUBSUB', 'SHARDNUMSUB', channel(rng)],
  () => ['PUBSUB', 'NUMPAT'],
  (rng) => ['PUBSUB', rng.pick(['CHANNELS', 'SHARDCHANNELS']), channel(rng)],
  (rng) => ['PUBSUB', rng.pick(['CHANNELS', 'NUMPAT', 'FOO', 'SHARDCHANNELS']), 'a', 'b'],
  (rng) => [
    rng.pick(['GET', 'SUBSCRIBE', 'PUBLISH', 'CLIENT', 'ECHO', 'MULTI', 'WATCH']),
    ...rng.pick([[], ['GETNAME']]),
  ],
  () => ['DISCARD'],
  () => ['RESET'],
]

/** A client that begins a transaction is not heard of until it ends it: the marks would be queued. */
const makeStep: MakeStep = (rng) => {
  const command = rng.pick(COMMANDS)(rng)
  return command[0] === 'MULTI' ? ['ECHO', 'x'] : command
}

describeWithPeers('pub/sub beside redis-server', () => {
  const servers = bothServers()

  it.each([1, 2, 3, 4])('sends and answers the same (seed %d)', async (seed) => {
    const opening = seed % 2 === 0 ? [['HELLO', '3']] : []
    await playAlike(servers, {actors: 3, anyOrder: 'to all', makeStep, opening, seed, steps: 500})
  })
})
