import {beforeEach, describe, expect, it} from 'vitest'
import type {Client} from '../../../../src/lib/server/client.js'
import {Rig} from '../rig.js'

const BUSY = '-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n'
const KILLED = /^-ERR Script killed by user with SCRIPT KILL\.\.\. script: [0-9a-f]{40}, on @user_script:1\.\r\n$/
const TURNS_MAX = 200

/** A clock that goes on by a millisecond at each look, so that scripts get old at the same pace everywhere. */
function busyRig(): Rig {
  const rig = new Rig('busy-reply-threshold 20')
  let us = 0
  rig.server.effects.monotonicUs = () => {
    us += 1000
    return us
  }
  return rig
}

describe('a script that takes long', () => {
  let rig: Rig
  let caller: Client
  let other: Client

  beforeEach(() => {
    rig = busyRig()
    caller = rig.connect()
    other = rig.connect()
  })

  function finish(): string {
    let reply = ''
    for (let turn = 0; turn < TURNS_MAX && reply === ''; turn++) reply = rig.turn(caller)
    return reply
  }

  it('lets others be told that it is busy, and finishes', () => {
    const count = 'local n = 0 for i = 1, 2e7 do n = n + 1 end return n'
    expect(rig.run(caller, `EVAL "${count}" 0`)).toBe('')
    expect(rig.run(other, 'GET a', 'PING')).toBe(BUSY + BUSY)
    expect(rig.log.some((line) => line.includes('Slow script detected'))).toBe(true)
    expect(finish()).toBe(':20000000\r\n')
    expect(rig.run(other, 'PING')).toBe('+PONG\r\n')
  })

  it('ends by SCRIPT KILL, even if it catches errors', () => {
    for (const script of ['while true do end', 'while true do pcall(function() end) end']) {
      expect(rig.run(caller, `EVAL "${script}" 0`)).toBe('')
      expect(rig.run(other, 'FUNCTION KILL')).toBe(BUSY)
      expect(rig.run(other, 'SCRIPT KILL')).toBe('+OK\r\n')
      expect(finish()).toMatch(KILLED)
      expect(rig.run(caller, 'EVAL "return 1" 0')).toBe(':1\r\n')
    }
  })

  it('is not killed once it has written', () => {
    rig.run(caller, `EVAL "redis.call('set', 'a', '1') local n = 0 for i = 1, 1e7 do n = n + 1 end return n" 0`)
    expect(rig.run(other, 'SCRIPT KILL')).toMatch(/^-UNKILLABLE /)
    expect(finish()).toBe(':10000000\r\n')
    expect(rig.run(other, 'GET a')).toBe('$1\r\n1\r\n')
  })

  it('goes on after its client has gone', () => {
    rig.run(caller, `EVAL "for i = 1, 2e7 do end redis.call('set', 'a', '1')" 0`)
    rig.server.removeClient(caller)
    finish()
    expect(rig.run(other, 'GET a')).toBe('$1\r\n1\r\n')
  })

  it('stands in a transaction: what follows waits for it', () => {
    rig.run(caller, 'MULTI', 'SET a 1', 'EVAL "for i = 1, 1e7 do end return 5" 0', 'INCR a')
    expect(rig.run(caller, 'EXEC')).toBe('*3\r\n+OK\r\n')
    expect(rig.run(other, 'GET a')).toBe(BUSY)
    expect(finish()).toBe(':5\r\n:2\r\n')
  })

  it('refuses EXEC of another, whose transaction is over then', () => {
    rig.run(other, 'MULTI', 'GET a')
    rig.run(caller, 'EVAL "while true do end" 0')
    expect(rig.run(other, 'EXEC')).toMatch(/^-EXECABORT Transaction discarded because of: BUSY /)
    expect(rig.run(other, 'SCRIPT KILL')).toBe('+OK\r\n')
    finish()
  })

  it('gives up loading a library after half a second', () => {
    const code = '#!lua name=x\\nwhile true do end'
    expect(rig.run(caller, `FUNCTION LOAD "${code}"`)).toBe(
      '-ERR Error registering functions: ERR FUNCTION LOAD timeout\r\n',
    )
  })
})

describe('a script that asks too much', () => {
  it('is told that there is no more memory, and others run after it', () => {
    const rig = new Rig()
    const client = rig.connect()
    const hungry = "local s, t = ('x'):rep(1e6), {} for i = 1, 1000 do t[i] = i .. s end"
    expect(rig.run(client, `EVAL "${hungry}" 0`)).toMatch(/^-ERR not enough memory script: /)
    expect(rig.run(client, 'EVAL "return 1" 0')).toBe(':1\r\n')
  })

  it('does not end the node by calling itself too deep in a pattern', () => {
    const rig = new Rig()
    const client = rig.connect()
    const sha = rig.run(client, 'SCRIPT LOAD "return 7"').split('\r\n')[1]!
    rig.run(client, `FUNCTION LOAD "#!lua name=x\\nredis.register_function('f', function() return 'kept' end)"`)
    const deep = "return (('a'):rep(300000)):find(('a?'):rep(300000) .. 'b')"
    expect(rig.run(client, `EVAL "${deep}" 0`)).toMatch(/^-ERR /)
    expect(rig.run(client, 'EVAL "return 1" 0')).toBe(':1\r\n')
    expect(rig.run(client, `EVALSHA ${sha} 0`)).toBe(':7\r\n')
    expect(rig.run(client, 'FCALL f 0')).toBe('$4\r\nkept\r\n')
  })

  it('leaves nothing on the stack for the next one', () => {
    const rig = new Rig()
    const client = rig.connect()
    for (let i = 0; i < 300; i++) {
      rig.run(client, 'EVAL "return {1, {2, {3}}}" 0', 'EVAL "error({err = 5})" 0', 'EVAL "return redis.pcall(1, 2)" 0')
    }
    expect(rig.run(client, 'EVAL "return {1, {2}}" 0')).toBe('*2\r\n:1\r\n*1\r\n:2\r\n')
  })
})
