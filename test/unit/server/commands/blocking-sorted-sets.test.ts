import {describe, expect, it} from 'vitest'
import {Rig} from '../rig.js'

function blocked(...lines: string[]) {
  const rig = new Rig()
  const waiter = rig.connect()
  const other = rig.connect()
  expect(rig.run(waiter, ...lines)).toBe('')
  return {other, rig, waiter}
}

describe('clients that wait for a sorted set', () => {
  it('are served by ZADD, lowest or highest first, and the key is gone when emptied', () => {
    const {other, rig, waiter} = blocked('BZPOPMAX a b 0')
    expect(rig.run(other, 'ZADD b 1 x 2 y')).toBe(':2\r\n')
    expect(rig.turn(waiter)).toBe('*3\r\n$1\r\nb\r\n$1\r\ny\r\n$1\r\n2\r\n')
    rig.run(waiter, 'BZPOPMIN b 0')
    expect(rig.run(other, 'EXISTS b')).toBe(':0\r\n')
  })

  it('are served in the protocol they speak', () => {
    const rig = new Rig()
    const [waiter, other] = [rig.connect(), rig.connect()]
    rig.run(waiter, 'HELLO 3')
    rig.run(waiter, 'BZMPOP 0 2 a b MIN COUNT 2')
    rig.run(other, 'GEOADD b 13 38 x', 'ZADD a 1 y')
    expect(rig.turn(waiter)).toMatch(/^\*2\r\n\$1\r\nb\r\n\*1\r\n\*2\r\n\$1\r\nx\r\n,3\d+\r\n$/)
    expect(rig.run(other, 'ZCARD a')).toBe(':1\r\n')
  })

  it('wait on when the key becomes something else', () => {
    const {other, rig, waiter} = blocked('BZPOPMIN k 0')
    rig.run(other, 'SADD k x')
    expect(rig.turn(waiter)).toBe('')
    rig.run(other, 'DEL k', 'ZADD k 1 a')
    expect(rig.turn(waiter)).toBe('*3\r\n$1\r\nk\r\n$1\r\na\r\n$1\r\n1\r\n')
  })

  it('are served after the whole transaction, by what it leaves', () => {
    const {other, rig, waiter} = blocked('BZPOPMIN k 0')
    rig.run(other, 'MULTI', 'ZADD k 5 a', 'ZADD k 1 b', 'EXEC')
    expect(rig.turn(waiter)).toBe('*3\r\n$1\r\nk\r\n$1\r\nb\r\n$1\r\n1\r\n')
  })

  it('are told nil when their time is over', () => {
    const {rig, waiter} = blocked('BZMPOP 0.5 1 k MIN')
    rig.server.blocked.expire(rig.nowMs + 499)
    expect(rig.turn(waiter)).toBe('')
    rig.server.blocked.expire(rig.nowMs + 500)
    expect(rig.turn(waiter)).toBe('*-1\r\n')
  })

  it('do not wait inside a transaction', () => {
    const rig = new Rig()
    const client = rig.connect()
    rig.run(client, 'MULTI', 'BZPOPMIN k 0', 'BZMPOP 0 1 k MAX')
    expect(rig.run(client, 'EXEC')).toBe('*2\r\n*-1\r\n*-1\r\n')
  })
})
