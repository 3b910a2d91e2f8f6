import {describe, expect, it} from 'vitest'
import {keysOf} from '../../../src/lib/server/dispatcher.js'
import {Rig} from './rig.js'

describe('before AUTH', () => {
  it('serves only what needs no login, and logs in with the right password alone', () => {
    const rig = new Rig('requirepass secret')
    const client = rig.connect()
    expect(rig.run(client, 'GET a', 'NOPE', 'GET')).toBe(
      "-NOAUTH Authentication required.\r\n-ERR unknown command 'NOPE', with args beginning with: \r\n" +
        "-ERR wrong number of arguments for 'get' command\r\n",
    )
    const wrong = '-WRONGPASS invalid username-password pair or user is disabled.\r\n'
    expect(rig.run(client, 'AUTH wrong', 'AUTH secre', 'AUTH secrets', 'AUTH nobody secret')).toBe(wrong.repeat(4))
    expect(rig.run(client, 'HELLO 3')).toContain('-NOAUTH HELLO must be called')
    expect(rig.run(client, 'AUTH secret', 'GET a')).toBe('+OK\r\n$-1\r\n')
    expect(rig.run(client, 'RESET', 'GET a')).toBe('+RESET\r\n-NOAUTH Authentication required.\r\n')
    expect(rig.run(client, 'HELLO 3 AUTH default secret SETNAME me')).toContain('%7\r\n')
    expect([client.name, rig.run(client, 'GET a')]).toEqual(['me', '_\r\n'])
  })
})

describe('transactions', () => {
  it('queues, runs in order and goes on after a failing command', () => {
    const rig = new Rig()
    const client = rig.connect()
    expect(rig.run(client, 'MULTI', 'SET a x', 'INCR a', 'GET a', 'EXEC')).toBe(
      '+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n+OK\r\n-ERR value is not an integer or out of range\r\n$1\r\nx\r\n',
    )
  })

  it('aborts after a command that could not be queued', () => {
    const rig = new Rig()
    const client = rig.connect()
    expect(rig.run(client, 'MULTI', 'SET a', 'SET a 1', 'EXEC', 'GET a')).toBe(
      "+OK\r\n-ERR wrong number of arguments for 'set' command\r\n+QUEUED\r\n" +
        '-EXECABORT Transaction discarded because of previous errors.\r\n$-1\r\n',
    )
  })

  it('answers nil when a watched key was changed, by anybody or by time', () => {
    const rig = new Rig()
    const [mine, other] = [rig.connect(), rig.connect()]
    const attempt = (between: () => void): string => {
      rig.run(mine, 'SET k 1', 'WATCH k')
      between()
      return rig.run(mine, 'MULTI', 'PING', 'EXEC').split('+QUEUED\r\n')[1]!
    }
    expect(attempt(() => undefined)).toBe('*1\r\n+PONG\r\n')
    expect(attempt(() => rig.run(other, 'SET k 1'))).toBe('*-1\r\n')
    expect(attempt(() => rig.run(other, 'FLUSHALL'))).toBe('*-1\r\n')
    expect(attempt(() => rig.run(mine, 'SET k 2', 'UNWATCH'))).toBe('*1\r\n+PONG\r\n')
    rig.run(mine, 'SET k 1 PX 100', 'WATCH k')
    rig.nowMs += 200
    expect(rig.run(mine, 'MULTI', 'PING', 'EXEC')).toBe('+OK\r\n+QUEUED\r\n*-1\r\n')
  })

  it('does not mind a watched key that had run out before', () => {
    const rig = new Rig()
    const client = rig.connect()
    rig.run(client, 'SET k 1 PX 100')
    rig.nowMs += 200
    expect(rig.run(client, 'WATCH k', 'MULTI', 'PING', 'EXEC')).toBe('+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n+PONG\r\n')
  })
})

describe('keys held for MIGRATE', () => {
  it('parks who touches them, in order, and runs it after the release', () => {
    const rig = new Rig()
    const [holder, reader, other] = [rig.connect(), rig.connect(), rig.connect()]
    rig.run(holder, 'SET a 1', 'SET b 1')
    rig.server.holdKeys(holder, holder.db, ['a'])
    expect(rig.run(reader, 'PING', 'GET b', 'GET a', 'PING')).toBe('+PONG\r\n$1\r\n1\r\n')
    expect(rig.run(other, 'FLUSHALL')).toBe('')
    expect(rig.run(holder, 'GET a', 'SET a 2')).toBe('$1\r\n1\r\n+OK\r\n')
    expect(rig.run(reader, 'GET b')).toBe('')
    rig.server.releaseKeys(holder)
    expect(rig.turn(reader)).toBe('$1\r\n2\r\n+PONG\r\n$1\r\n1\r\n')
    expect(rig.turn(other)).toBe('+OK\r\n')
    expect(rig.server.special).toBe(0)
  })

  it('parks a whole transaction', () => {
    const rig = new Rig()
    const [holder, client] = [rig.connect(), rig.connect()]
    rig.server.holdKeys(holder, holder.db, ['a'])
    expect(rig.run(client, 'MULTI', 'SET b 1', 'SET a 1', 'EXEC')).toBe('+OK\r\n+QUEUED\r\n+QUEUED\r\n')
    rig.server.releaseKeys(holder)
    expect(rig.turn(client)).toBe('*2\r\n+OK\r\n+OK\r\n')
  })

  it('forgets a client that left while it waited', () => {
    const rig = new Rig()
    const [holder, client] = [rig.connect(), rig.connect()]
    rig.server.holdKeys(holder, holder.db, ['a'])
    rig.run(client, 'SET a 1')
    rig.server.removeClient(client)
    rig.server.releaseKeys(holder)
    rig.turn(holder)
    expect(rig.run(holder, 'EXISTS a')).toBe(':0\r\n')
  })
})

describe('CLIENT PAUSE', () => {
  it('parks writers, or all, until the time is up', () => {
    const rig = new Rig()
    const client = rig.connect()
    rig.server.pause(rig.nowMs + 1000, true)
    expect(rig.run(client, 'GET a', 'SET a 1', 'GET a')).toBe('$-1\r\n')
    rig.nowMs += 1001
    rig.server.cron(rig.nowMs)
    expect(rig.turn(client)).toBe('+OK\r\n$1\r\n1\r\n')
  })
})

describe('the pause of a failover', () => {
  function paused(settings = ''): {rig: Rig; client: ReturnType<Rig['connect']>} {
    const rig = new Rig(settings)
    const client = rig.connect()
    rig.run(client, 'SET a 1', 'SET gone 1 PX 10')
    rig.server.pauseForFailover(rig.nowMs + 10_000)
    return {client, rig}
  }

  it('keeps writes waiting, and nothing else', () => {
    const {client, rig} = paused()
    expect(rig.run(client, 'GET a', 'SET a 2', 'GET a')).toBe('$1\r\n1\r\n')
    const other = rig.connect()
    expect(rig.run(other, 'GET a', 'CLIENT UNPAUSE')).toBe('$1\r\n1\r\n+OK\r\n')
    expect(rig.turn(client)).toBe('')
    rig.server.endFailoverPause()
    expect(rig.turn(client)).toBe('+OK\r\n$1\r\n2\r\n')
  })

  it('keeps expired keys, which read as missing', () => {
    const {client, rig} = paused()
    rig.nowMs += 100
    rig.server.cron(rig.nowMs)
    expect(rig.server.activeExpire(rig.nowMs, 1000)).toBe(false)
    expect(rig.run(client, 'GET gone', 'DBSIZE')).toBe('$-1\r\n:2\r\n')
    rig.server.endFailoverPause()
    // The first one ends the round that was given up.
    for (let round = 0; round < 2; round++) rig.server.activeExpire(rig.nowMs, 1000)
    expect(rig.run(client, 'DBSIZE')).toBe(':1\r\n')
  })

  it('evicts nothing', () => {
    const {client, rig} = paused('maxmemory-policy allkeys-lru')
    rig.run(client, 'CONFIG SET maxmemory 1')
    rig.server.memory.work()
    expect(rig.run(client, 'DBSIZE')).toBe(':2\r\n')
    rig.server.endFailoverPause()
    rig.server.memory.work()
    expect(rig.run(client, 'DBSIZE')).toBe(':0\r\n')
  })

  it('ends by itself, and leaves CLIENT PAUSE as it was', () => {
    const {client, rig} = paused()
    rig.server.pause(rig.nowMs + 20_000, true)
    expect(rig.run(client, 'SET a 2')).toBe('')
    rig.nowMs += 10_001
    rig.server.cron(rig.nowMs)
    expect(rig.server.failoverPausedUntilMs).toBe(0)
    expect(rig.turn(client)).toBe('')
    rig.server.unpause()
    expect(rig.turn(client)).toBe('+OK\r\n')
  })
})

describe('a client that does not read', () => {
  it('gets no more commands run than its output may grow', () => {
    const rig = new Rig()
    const client = rig.connect()
    rig.run(client, `SET big ${'x'.repeat(60_000)}`)
    const first = rig.run(client, ...Array.from({length: 100}, () => 'GET big'))
    expect(client.throttled).toBe(true)
    expect(first.length).toBeLessThan(1_200_000)
    let all = first
    while (client.throttled) {
      client.process(rig.nowMs)
      all += client.reply.take()
    }
    expect(all).toBe(`$60000\r\n${'x'.repeat(60_000)}\r\n`.repeat(100))
  })
})

describe('protocol errors', () => {
  it('are answered after the good requests, then nothing more is read', () => {
    const rig = new Rig()
    const client = rig.connect()
    expect(rig.run(client, 'PING', '*1', 'PING', 'PING')).toBe(
      "+PONG\r\n-ERR Protocol error: expected '$', got 'P'\r\n",
    )
    expect(client.closing).toBe(true)
    expect(rig.run(client, 'PING')).toBe('')
  })
})

describe('statistics', () => {
  it('counts calls, failures and refusals per command, and each server for itself', () => {
    const [rig, second] = [new Rig(), new Rig()]
    const client = rig.connect()
    rig.run(client, 'SET a x', 'INCR a', 'INCR', 'GET a', 'GET a')
    const counts = (one: Rig, name: string) => {
      const {calls, failedCalls, rejectedCalls} = one.server.commands.get(name)!
      return [calls, rejectedCalls, failedCalls]
    }
    expect([counts(rig, 'get'), counts(rig, 'incr'), counts(second, 'get')]).toEqual([
      [2, 0, 0],
      [1, 1, 1],
      [0, 0, 0],
    ])
    expect([...rig.server.errorCounts]).toEqual([['ERR', 2]])
  })
})

describe('keys of a command', () => {
  it.each([
    ['ZINTERSTORE t 2 a b WEIGHTS 1 2', ['t', 'a', 'b']],
    ['ZINTERSTORE t 0 a', []],
    ['ZUNIONSTORE t 3 a b', []],
    ['ZDIFFSTORE t x a', []],
    ['ZUNION 2 a b', ['a', 'b']],
    ['LMPOP 0 a LEFT', []],
    ['ZUNIONSTORE t 1e3 a', ['t', 'a']],
    ['SINTERCARD +2 a b', ['a', 'b']],
    ['EVAL x 4294967297 a b', ['a']],
    ['EVAL x 99999999999999999999 a b', []],
  ])('of %s are %j', (line, keys) => {
    const argv = line.split(' ')
    expect(keysOf(new Rig().server.findCommand(argv)!, argv)).toEqual(keys)
  })
})
