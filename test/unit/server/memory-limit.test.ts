import {describe, expect, it} from 'vitest'
import type {Client} from '../../../src/lib/server/client.js'
import {NOTIFY_EVICTED} from '../../../src/lib/server/keyspace/notifications.js'
import {Rig} from './rig.js'

const KEYS = 1000
const VALUE = 'v'.repeat(100)
const OOM = "-OOM command not allowed when used memory > 'maxmemory'.\r\n"

function fill(rig: Rig, client: Client, count = KEYS, prefix = 'k'): void {
  for (let i = 0; i < count; i++) rig.run(client, `SET ${prefix}${i} ${VALUE}`)
}

function present(rig: Rig, client: Client, prefix: string, from: number, to: number): number {
  let count = 0
  for (let i = from; i < to; i++) if (rig.run(client, `EXISTS ${prefix}${i}`) === ':1\r\n') count++
  return count
}

/** What is used now, as the limit. */
function limitToUsed(rig: Rig, client: Client, share = 1): number {
  rig.run(client, 'CONFIG SET maxmemory 1gb')
  while (rig.server.memory.work());
  const used = Math.floor(rig.server.memory.usedBytes! * share)
  rig.run(client, `CONFIG SET maxmemory ${used}`)
  return used
}

describe('maxmemory', () => {
  it('refuses what may take memory, and nothing else, where nobody may be evicted', () => {
    const rig = new Rig('maxmemory 20kb')
    const client = rig.connect()
    fill(rig, client)
    expect(rig.run(client, 'SET more x')).toBe(OOM)
    expect(rig.run(client, 'GET k0')).toContain(VALUE)
    expect(rig.run(client, 'DEL k0')).toBe(':1\r\n')
    expect(rig.server.memory.usedBytes).toBeLessThan(21_000)
    expect(rig.run(client, 'FLUSHALL', 'SET more x')).toBe('+OK\r\n+OK\r\n')
  })

  it('refuses to queue, and to execute what was queued before', () => {
    const rig = new Rig('maxmemory 20kb')
    const [client, other] = [rig.connect(), rig.connect()]
    rig.run(other, 'MULTI', 'SET a b')
    rig.run(client, 'MULTI')
    fill(rig, rig.connect())
    expect(rig.run(client, 'GET a', 'EXEC')).toBe(
      `${OOM}-EXECABORT Transaction discarded because of previous errors.\r\n`,
    )
    expect(rig.run(other, 'EXEC', 'PING')).toBe(`-EXECABORT Transaction discarded because of: ${OOM.slice(1)}+PONG\r\n`)
    expect(rig.run(client, 'MULTI', 'DISCARD')).toBe('+OK\r\n+OK\r\n')
  })

  it('counts what is there first, all that comes, changes and goes, and finds nothing left of it', () => {
    const rig = new Rig('maxmemory 0')
    const client = rig.connect()
    fill(rig, client, 100)
    rig.run(client, 'CONFIG SET maxmemory 1gb')
    fill(rig, client, 100, 'later')
    while (rig.server.memory.work());
    const used = rig.server.memory.dataBytes
    expect(used).toBeGreaterThan(200 * 160)
    rig.run(
      client,
      'SET k0 x EX 100',
      'APPEND k1 yy',
      'SETBIT k2 100000 1',
      'RENAME k3 kk3',
      'COPY k4 kk4',
      'MOVE k5 1',
    )
    expect(rig.server.memory.dataBytes - used).toBeGreaterThan(12_000)
    rig.run(client, 'GET k2', 'SETBIT k2 100000 0', 'PERSIST k0', 'EXPIRE k6 10', 'SWAPDB 0 1', 'SWAPDB 0 1')
    rig.nowMs += 20_000
    rig.run(client, 'GET k6', 'PFADD h a b c', 'PFDEBUG TODENSE h', 'PFADD h d', 'PFCOUNT h', 'FLUSHDB')
    const inDb1 = rig.server.memory.dataBytes
    expect(inDb1).toBeGreaterThan(100)
    expect(inDb1).toBeLessThan(400)
    rig.run(client, 'SELECT 1', 'DEL k5')
    expect(rig.server.memory.dataBytes).toBe(0)
  })

  for (const policy of ['allkeys-lru', 'allkeys-lfu']) {
    it(`keeps what is in use by ${policy}`, () => {
      const rig = new Rig(`maxmemory-policy ${policy}`)
      const client = rig.connect()
      fill(rig, client)
      rig.nowMs += 60_000
      for (let round = 0; round < 20; round++) for (let i = 0; i < 100; i++) rig.run(client, `GET k${i * 10}`)
      const limit = limitToUsed(rig, client)
      fill(rig, client, 500, 'new')
      expect(rig.server.memory.usedBytes).toBeLessThanOrEqual(limit + 300)
      const used = Array.from({length: 100}, (_, i) => present(rig, client, 'k', i * 10, i * 10 + 1))
      expect(used.reduce((sum, one) => sum + one, 0)).toBeGreaterThan(95)
      expect(present(rig, client, 'k', 0, KEYS)).toBeLessThan(700)
      expect(rig.run(client, 'INFO stats')).toMatch(/evicted_keys:[45]\d\d\r/)
    })
  }

  it('evicts those that expire soonest by volatile-ttl, then refuses', () => {
    const rig = new Rig('maxmemory-policy volatile-ttl')
    const client = rig.connect()
    const evicted: string[] = []
    fill(rig, client, 100)
    fill(rig, client, 200, 'soon')
    for (let i = 0; i < 200; i++) rig.run(client, `EXPIRE soon${i} ${1000 + i}`)
    limitToUsed(rig, client)
    rig.server.state.notifyMask = NOTIFY_EVICTED
    rig.server.state.onEvent = (_kind, event, key) => evicted.push(`${event} ${key}`)
    fill(rig, client, 100, 'new')
    expect(evicted.length).toBeGreaterThan(60)
    expect(evicted.every((line) => line.startsWith('evicted soon'))).toBe(true)
    expect(present(rig, client, 'soon', 120, 200)).toBeGreaterThan(60)
    fill(rig, client, 1000, 'more')
    expect(rig.run(client, 'SET another x')).toBe(OOM)
    expect(present(rig, client, 'k', 0, 100)).toBe(100)
  })

  for (const policy of ['volatile-lru', 'volatile-lfu', 'volatile-random', 'allkeys-random']) {
    it(`evicts by ${policy} until there is room`, () => {
      const rig = new Rig(`maxmemory-policy ${policy}`)
      const client = rig.connect()
      fill(rig, client)
      for (let i = 0; i < 500; i++) rig.run(client, `EXPIRE k${i} 1000`)
      const limit = limitToUsed(rig, client, 0.8)
      expect(rig.run(client, 'SET another x')).toBe('+OK\r\n')
      expect(rig.server.memory.usedBytes).toBeLessThanOrEqual(limit + 300)
      const kept = present(rig, client, 'k', 500, KEYS)
      if (policy.startsWith('volatile')) expect(kept).toBe(500)
      else expect(kept).toBeLessThan(500)
    })
  }

  it('counts accesses under an LFU policy and forgets them with time', () => {
    const rig = new Rig('maxmemory-policy allkeys-lfu')
    const client = rig.connect()
    rig.run(client, 'SET k v')
    expect(rig.run(client, 'OBJECT FREQ k')).toBe(':5\r\n')
    for (let i = 0; i < 3000; i++) rig.run(client, 'GET k')
    const count = Number(rig.run(client, 'OBJECT FREQ k').slice(1))
    expect(count).toBeGreaterThan(15)
    expect(count).toBeLessThan(60)
    rig.nowMs += 5 * 60_000
    expect(rig.run(client, 'OBJECT FREQ k')).toBe(`:${count - 5}\r\n`)
    expect(rig.run(client, 'OBJECT IDLETIME k')).toContain('LFU maxmemory policy is selected')
    rig.run(client, 'CONFIG SET maxmemory-policy allkeys-lru', 'GET k')
    expect(rig.run(client, 'OBJECT IDLETIME k')).toBe(':0\r\n')
  })

  it('takes of RESTORE what the policy goes by', () => {
    for (const [policy, ask, expected] of [
      ['allkeys-lfu', 'FREQ', ':99\r\n'],
      ['allkeys-lru', 'IDLETIME', ':77\r\n'],
    ]) {
      const rig = new Rig(`maxmemory-policy ${policy}`)
      const client = rig.connect()
      rig.run(client, 'SET k v')
      const payload = rig
        .run(client, 'DUMP k')
        .replace(/^\$\d+\r\n/, '')
        .slice(0, -2)
      for (const [key, option, value] of [
        ['f', 'FREQ', '99'],
        ['i', 'IDLETIME', '77'],
      ]) {
        rig.server.execute(client, ['RESTORE', key!, '0', payload, option!, value!])
        expect(client.reply.take()).toBe('+OK\r\n')
      }
      expect(rig.run(client, `OBJECT ${ask} ${ask!.charAt(0).toLowerCase()}`)).toBe(expected)
      expect(rig.run(client, `OBJECT ${ask} ${ask === 'FREQ' ? 'i' : 'f'}`)).toBe(ask === 'FREQ' ? ':5\r\n' : ':0\r\n')
    }
  })

  it('does not count what is on its way to replicas, nor close them for it', () => {
    const rig = new Rig('maxmemory 1mb\nmaxmemory-policy allkeys-lru\nmaxmemory-clients 1mb')
    const client = rig.connect()
    const replica = rig.connect()
    const closed: Client[] = []
    rig.server.effects.closeClient = (one) => closed.push(one)
    fill(rig, client, 100)
    rig.run(replica, 'PSYNC ? -1')
    replica.unsentBytes = 50 * 1024 * 1024
    rig.server.cron(rig.nowMs)
    while (rig.server.memory.work());
    expect(rig.run(client, 'DBSIZE')).toBe(':100\r\n')
    expect(closed).toEqual([])
  })

  it('closes those with the most in buffers where clients exceed maxmemory-clients, but for NO-EVICT', () => {
    const rig = new Rig('maxmemory-clients 100kb')
    const [greedy, spared, modest] = [rig.connect(), rig.connect(), rig.connect()]
    rig.run(spared, 'CLIENT NO-EVICT on')
    for (const client of [greedy, spared]) {
      rig.run(client, 'MULTI')
      for (let i = 0; i < 100; i++) rig.run(client, `SET k ${'x'.repeat(1000)}`)
    }
    rig.server.cron(rig.nowMs)
    expect(rig.server.memory.evictedClients).toBe(1)
    expect(rig.log.filter((line) => line.includes('Evicting client'))).toEqual([
      expect.stringContaining(`id=${greedy.id} `),
    ])
    expect(rig.run(modest, 'PING')).toBe('+PONG\r\n')
  })
})
