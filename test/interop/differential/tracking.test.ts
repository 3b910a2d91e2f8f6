import {it} from 'vitest'
import type {Rng} from '../../../src/lib/kernel/rng.js'
import {describeWithPeers} from '../../support/peers.js'
import {bothServers, some} from './harness.js'
import {type MakeStep, playAlike} from './messages.js'

const key = (rng: Rng): string => rng.pick(['a', 'ab', 'b'])
const actor = (rng: Rng): string => rng.pick(['{0}', '{1}', '{2}'])

function options(rng: Rng): string[] {
  const words = some(rng, ['BCAST', 'OPTIN', 'OPTOUT', 'NOLOOP', 'NOLOOP', 'NOLOOP'], 2)
  if (rng.chance(0.2)) words.push('REDIRECT', rng.pick([actor(rng), actor(rng), 'x', '99999999']))
  if (rng.chance(0.3)) words.push('BCAST', 'PREFIX', key(rng))
  if (rng.chance(0.1)) words.push('PREFIX', key(rng))
  return words
}

const CONTROL: readonly MakeStep[] = [
  (rng) => ['CLIENT', 'TRACKING', 'ON', ...options(rng)],
  (rng) => ['CLIENT', 'TRACKING', 'ON', ...options(rng)],
  (rng) => ['CLIENT', 'TRACKING', rng.pick(['on', 'OFF', 'x']), ...options(rng), ...some(rng, ['FOO'], 1)],
  () => ['CLIENT', 'TRACKING', 'OFF'],
  (rng) => ['CLIENT', 'CACHING', rng.pick(['YES', 'NO', 'no', 'maybe'])],
  (rng) => ['CLIENT', rng.pick(['TRACKINGINFO', 'GETREDIR'])],
  (rng) => ['HELLO', rng.pick(['2', '3', '3', '3', '3'])],
  (rng) => rng.pick([['RESET'], ['SUBSCRIBE', '__redis__:invalidate'], ['UNSUBSCRIBE', '__redis__:invalidate']]),
]

const DATA: readonly MakeStep[] = [
  (rng) => ['GET', key(rng)],
  (rng) => ['GET', key(rng)],
  (rng) => ['MGET', key(rng), key(rng), key(rng)],
  (rng) => ['EXISTS', key(rng), key(rng)],
  (rng) => ['STRLEN', key(rng)],
  (rng) => ['TTL', key(rng)],
  (rng) => ['SET', key(rng), 'x'],
  (rng) => ['SET', key(rng), 'x', ...rng.pick([['NX'], ['XX'], ['PXAT', '1'], ['EXAT', '4102444800']])],
  (rng) => ['MSET', key(rng), 'x', key(rng), 'y'],
  (rng) => ['APPEND', key(rng), 'z'],
  (rng) => ['DEL', key(rng), key(rng)],
  (rng) => ['RENAME', key(rng), key(rng)],
  (rng) => ['COPY', key(rng), key(rng), 'REPLACE'],
  (rng) => ['GETEX', key(rng), ...rng.pick([['PERSIST'], ['EXAT', '1'], []])],
  (rng) => ['PERSIST', key(rng)],
  (rng) => ['EXPIRE', key(rng), rng.pick(['-1', '100'])],
  (rng) => [rng.pick(['FLUSHDB', 'FLUSHALL'])],
]

const makeStep: MakeStep = (rng) => rng.pick(rng.chance(0.25) ? CONTROL : DATA)(rng)

describeWithPeers('client tracking beside redis-server', () => {
  const servers = bothServers()

  it.each([
    [1, '2'],
    [2, '3'],
    [3, '3'],
    [4, '3'],
  ])('tells the same of changed keys (seed %d, RESP%s)', async (seed, resp) => {
    const opening = [
      ['HELLO', resp],
      ['DEBUG', 'SET-ACTIVE-EXPIRE', '0'],
      ['CLIENT', 'TRACKING', 'ON'],
    ]
    // Somebody always tracks: when the last one stops, this node forgets who read what, and redis-server does not.
    const keepers = await servers.both()
    for (const one of keepers) await one.call('CLIENT', 'TRACKING', 'ON')
    await playAlike(servers, {actors: 4, anyOrder: 'to others', makeStep, opening, seed, steps: 1000})
    for (const one of keepers) one.close()
  })
})
