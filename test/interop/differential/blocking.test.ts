import {afterEach, beforeEach, expect, it} from 'vitest'
import {type Rng, seededRng} from '../../../src/lib/kernel/rng.js'
import {encodeDump} from '../../../src/lib/protocol/rdb/dump.js'
import {ListValue} from '../../../src/lib/server/values/list/list-value.js'
import {describeWithPeers} from '../../support/peers.js'
import {bothServers} from './harness.js'
import {Play, pause, type Step} from './scripted.js'

/** Blocking list commands: several clients, scripted, the same on redis-server and on the embedded node. */

const CLIENTS = ['a', 'b', 'c', 'd', 'e']
const PAYLOAD = encodeDump(ListValue.of(['1'], -2).toRdb(), {compress: false})

describeWithPeers('blocking list commands beside redis-server', () => {
  const servers = bothServers({rdbcompression: 'no'})
  let play: Play

  beforeEach(async () => {
    play = new Play(servers.ports())
    await play.join('w', ...CLIENTS)
    await play.run(['w', 'FLUSHALL'])
  })

  afterEach(() => play.close())

  const SCRIPTS: Readonly<Record<string, readonly Step[]>> = {
    'the longest waiting first': [
      ['a', 'BLPOP', 'k', '0'],
      ['b', 'BRPOP', 'k', '0'],
      ['c', 'BLPOP', 'k', '0'],
      ['w', 'RPUSH', 'k', '1', '2', '3', '4'],
      ['w', 'LRANGE', 'k', '0', '-1'],
    ],
    'the key that was written first, among several': [
      ['a', 'BLPOP', 'k1', 'k2', 'k3', '0'],
      ['w', 'MULTI'],
      ['w', 'RPUSH', 'k3', 'x'],
      ['w', 'RPUSH', 'k1', 'y'],
      ['w', 'EXEC'],
    ],
    'a key named twice': [
      ['a', 'BLPOP', 'k', 'k', 'k', '0'],
      ['w', 'RPUSH', 'k', '1', '2'],
      ['a', 'BLPOP', 'k', 'k', '0'],
    ],
    'a chain of moves': [
      ['a', 'BLPOP', 'k3', '0'],
      ['b', 'BLMOVE', 'k2', 'k3', 'LEFT', 'RIGHT', '0'],
      ['c', 'BRPOPLPUSH', 'k1', 'k2', '0'],
      ['w', 'RPUSH', 'k1', '1', '2'],
      ['w', 'LRANGE', 'k1', '0', '-1'],
    ],
    'a circle of moves': [
      ['a', 'BLMOVE', 'k1', 'k2', 'LEFT', 'RIGHT', '0'],
      ['b', 'BLMOVE', 'k2', 'k1', 'LEFT', 'RIGHT', '0'],
      ['c', 'BRPOPLPUSH', 'k1', 'k1', '0'],
      ['w', 'RPUSH', 'k1', '1'],
      ['w', 'EXISTS', 'k1', 'k2'],
    ],
    'a move to what is no list fails, the next is served': [
      ['w', 'SET', 'text', 'x'],
      ['a', 'BLMOVE', 'k', 'text', 'LEFT', 'RIGHT', '0'],
      ['b', 'BLPOP', 'k', '0'],
      ['w', 'RPUSH', 'k', '1'],
    ],
    'a key of another type serves nobody': [
      ['a', 'BLPOP', 'k', '0'],
      ['w', 'SET', 'k', 'x'],
      ['b', 'BLPOP', 'k', '0'],
      ['w', 'DEL', 'k'],
      ['w', 'RPUSH', 'k', '1'],
    ],
    'what is gone at the end of a transaction': [
      ['a', 'BLPOP', 'k', '0'],
      ['w', 'MULTI'],
      ['w', 'RPUSH', 'k', '1'],
      ['w', 'DEL', 'k'],
      ['w', 'EXEC'],
      ['w', 'MULTI'],
      ['w', 'RPUSH', 'k', '1', '2'],
      ['w', 'LPOP', 'k'],
      ['w', 'EXEC'],
    ],
    'several at once': [
      ['a', 'BLMPOP', '0', '2', 'k1', 'k2', 'LEFT', 'COUNT', '3'],
      ['b', 'BLMPOP', '0', '1', 'k2', 'RIGHT', 'COUNT', '9'],
      ['w', 'RPUSH', 'k2', '1', '2', '3', '4', '5'],
      ['w', 'RPUSH', 'k2', '6'],
    ],
    'RENAME, COPY, RESTORE, LMOVE and SWAPDB bring keys': [
      ['w', 'RPUSH', 'x', '1'],
      ['a', 'BLPOP', 'k', '0'],
      ['w', 'RENAME', 'x', 'k'],
      ['a', 'BLPOP', 'k', '0'],
      ['w', 'RPUSH', 'y', '1', '2'],
      ['w', 'COPY', 'y', 'k'],
      ['a', 'BLPOP', 'm', '0'],
      ['w', 'LMOVE', 'y', 'm', 'LEFT', 'LEFT'],
      ['a', 'BLPOP', 'r', '0'],
      ['w', 'RESTORE', 'r', '0', PAYLOAD],
      ['w', 'RPUSH', 'r', '7'],
      ['w', 'SELECT', '1'],
      ['w', 'RPUSH', 's', '1'],
      ['a', 'BLPOP', 's', '0'],
      ['w', 'SWAPDB', '0', '1'],
      ['w', 'EXISTS', 's'],
    ],
    'nobody waits inside a transaction': [
      ['a', 'MULTI'],
      ['a', 'BLPOP', 'k', '0'],
      ['a', 'BLMOVE', 'k', 'l', 'LEFT', 'LEFT', '0'],
      ['a', 'BRPOPLPUSH', 'k', 'l', '0'],
      ['a', 'BLMPOP', '0', '1', 'k', 'LEFT'],
      ['a', 'RPUSH', 'k', '1'],
      ['a', 'BLPOP', 'k', '0'],
      ['a', 'EXEC'],
    ],
    'what a waiting client sends ahead runs after': [
      ['a', 'BLPOP', 'k', '0'],
      ['a', 'RPUSH', 'l', '1'],
      ['a', 'BLPOP', 'k', '0'],
      ['a', 'PING'],
      ['w', 'EXISTS', 'l'],
      ['w', 'RPUSH', 'k', '1'],
      ['w', 'EXISTS', 'l'],
      ['w', 'RPUSH', 'k', '2'],
    ],
    'CLIENT UNBLOCK': [
      ['a', 'BLPOP', 'k', '0'],
      ['b', 'BLMOVE', 'k', 'l', 'LEFT', 'LEFT', '0'],
      ['w', 'CLIENT', 'UNBLOCK', '{a}'],
      ['w', 'CLIENT', 'UNBLOCK', '{a}'],
      ['w', 'CLIENT', 'UNBLOCK', '{b}', 'error'],
      ['a', 'BLPOP', 'k', '0'],
      ['w', 'CLIENT', 'UNBLOCK', '{a}', 'TIMEOUT'],
      ['w', 'CLIENT', 'UNBLOCK', '{a}', 'x'],
      ['w', 'CLIENT', 'UNBLOCK', 'x'],
      ['w', 'CLIENT', 'UNBLOCK', '99999999'],
      ['w', 'RPUSH', 'k', '1'],
    ],
    'CLIENT KILL of a waiting client': [
      ['a', 'BLPOP', 'k', '0'],
      ['b', 'BLPOP', 'k', '0'],
      ['w', 'CLIENT', 'KILL', 'ID', '{a}'],
      ['w', 'RPUSH', 'k', '1', '2'],
    ],
    'CLIENT REPLY': [
      ['a', 'CLIENT', 'REPLY', 'SKIP'],
      ['a', 'BLPOP', 'k', '0'],
      ['a', 'PING'],
      ['w', 'RPUSH', 'k', '1'],
      ['b', 'CLIENT', 'REPLY', 'OFF'],
      ['b', 'BLPOP', 'k', '0'],
      ['b', 'CLIENT', 'REPLY', 'ON'],
      ['w', 'RPUSH', 'k', '1'],
      ['w', 'EXISTS', 'k'],
    ],
    'CLIENT PAUSE': [
      ['a', 'BLPOP', 'k', '0'],
      ['w', 'CLIENT', 'PAUSE', '100', 'WRITE'],
      ['b', 'RPUSH', 'k', '1'],
      ['c', 'GET', 'x'],
      ['d', 'BLPOP', 'k', '0'],
      ['w', 'CLIENT', 'UNPAUSE'],
      ['w', 'RPUSH', 'k', '2'],
    ],
  }

  for (const [name, script] of Object.entries(SCRIPTS)) {
    it(`goes alike: ${name}`, async () => {
      await play.run(...script)
      await play.run(['w', 'DEBUG', 'DIGEST'])
    })
  }

  it('passes over a client that is gone', async () => {
    await play.run(['a', 'BLPOP', 'k', '0'], ['b', 'BLPOP', 'k', '0'])
    await play.leave('a')
    await play.run(['w', 'RPUSH', 'k', '1'])
  })

  it('ends waits in time, the earliest first', async () => {
    const startedMs = Date.now()
    await play.run(['a', 'BLPOP', 'k', '0.05'], ['b', 'BLMOVE', 'k', 'l', 'LEFT', 'LEFT', '0.03'])
    await play.run(['c', 'BLMPOP', '0.04', '1', 'k', 'LEFT'], ['d', 'BRPOPLPUSH', 'k', 'l', '1e-9'])
    await play.settled('a', 'b', 'c', 'd')
    expect(Date.now() - startedMs).toBeGreaterThanOrEqual(50)
    await play.run(['w', 'RPUSH', 'k', '1'])
  })

  it('tells of waiting clients', async () => {
    await play.run(['a', 'BLPOP', 'k', '0'], ['b', 'BLPOP', 'k', '100'])
    const [theirs, ours] = await servers.both()
    for (const one of [theirs, ours]) {
      expect(await one.call('INFO', 'clients')).toMatch(/blocked_clients:2\r\n[\s\S]*clients_in_timeout_table:1\r\n/)
      expect((await one.call('CLIENT', 'LIST')).match(/flags=b .* events=r cmd=blpop/g)).toHaveLength(2)
      one.close()
    }
  })

  for (const seed of [1, 2, 3]) {
    it(`goes alike: random steps (seed ${seed})`, async () => {
      const rng = seededRng(seed)
      for (let i = 0; i < 250; i++) await play.run(...randomSteps(rng, play))
      for (const who of CLIENTS) await play.run(['w', 'CLIENT', 'UNBLOCK', `{${who}}`])
      await pause(20)
      await play.run(['w', 'DEBUG', 'DIGEST'], ['w', 'SELECT', '1'], ['w', 'DEBUG', 'DIGEST'])
    })
  }
})

const key = (rng: Rng): string => `k${rng.below(4)}`
const values = (rng: Rng): string[] => Array.from({length: 1 + rng.below(3)}, () => String(rng.below(100)))
const end = (rng: Rng): string => rng.pick(['LEFT', 'RIGHT'])

const BLOCKING: readonly ((rng: Rng) => string[])[] = [
  (rng) => [rng.pick(['BLPOP', 'BRPOP']), key(rng), key(rng), '0'],
  (rng) => ['BLPOP', key(rng), '0'],
  (rng) => ['BLMOVE', key(rng), key(rng), end(rng), end(rng), '0'],
  (rng) => ['BRPOPLPUSH', key(rng), key(rng), '0'],
  (rng) => ['BLMPOP', '0', '2', key(rng), key(rng), end(rng), 'COUNT', '2'],
]

const FREEING: readonly ((rng: Rng) => string[])[] = [
  (rng) => [rng.pick(['LPUSH', 'RPUSH']), key(rng), ...values(rng)],
  (rng) => [rng.pick(['LPUSH', 'RPUSH']), key(rng), ...values(rng)],
  (rng) => ['LMOVE', key(rng), key(rng), end(rng), end(rng)],
  (rng) => ['DEL', key(rng)],
  (rng) => ['RENAME', key(rng), key(rng)],
  (rng) => ['COPY', key(rng), key(rng), 'REPLACE'],
  (rng) => ['SETNX', key(rng), 'text'],
  (rng) => ['LPOP', key(rng)],
  (rng) => ['CLIENT', 'UNBLOCK', `{${rng.pick(CLIENTS)}}`, rng.pick(['TIMEOUT', 'ERROR'])],
]

function randomSteps(rng: Rng, play: Play): Step[] {
  const who = rng.pick(CLIENTS)
  if (rng.chance(0.5) && !play.isWaiting(who)) return [[who, ...rng.pick(BLOCKING)(rng)]]
  if (rng.chance(0.05)) return [['w', 'SWAPDB', '0', '1']]
  if (rng.chance(0.7)) return [['w', ...rng.pick(FREEING)(rng)]]
  const queued = Array.from({length: 1 + rng.below(4)}, (): Step => ['w', ...rng.pick(FREEING.slice(0, 8))(rng)])
  return [['w', 'MULTI'], ...queued, ['w', 'EXEC']]
}
