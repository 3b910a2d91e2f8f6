import {rmSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {NodeLog} from '../../../src/lib/node/log.js'
import {NodeClock} from '../../../src/lib/node/node-clock.js'
import {Node} from '../../../src/lib/node/start-node.js'
import {Config} from '../../../src/lib/server/config/config.js'
import {loadConfig} from '../../../src/lib/server/config/load.js'
import {claimPorts} from '../../support/ports.js'
import {temporaryFolder} from '../../support/processes.js'
import {RawConnection} from '../../support/raw-resp.js'

describe('NodeClock', () => {
  it('goes with the system until it is set, and stands still then', () => {
    const clock = new NodeClock()
    const beforeMs = Date.now()
    expect(clock.nowMs()).toBeGreaterThanOrEqual(beforeMs)
    expect(clock.nowUs()).toBeGreaterThanOrEqual(beforeMs * 1000 - 1000)
    clock.set(5000)
    expect([clock.nowMs(), clock.nowUs()]).toEqual([5000, 5_000_000])
    clock.advance(7)
    expect(clock.nowMs()).toBe(5007)
  })

  it('runs on ahead when it is advanced without having been set, until it is released', () => {
    const clock = new NodeClock()
    clock.advance(60_000)
    expect(clock.nowMs()).toBeGreaterThanOrEqual(Date.now() + 59_000)
    expect(clock.nowUs()).toBeGreaterThanOrEqual((Date.now() + 59_000) * 1000)
    clock.release()
    expect(clock.nowMs()).toBeLessThan(Date.now() + 1000)
  })

  it('tells whoever listens', () => {
    const clock = new NodeClock()
    let count = 0
    clock.onMoved.add(() => count++)
    clock.set(1)
    clock.advance(1)
    clock.release()
    expect(count).toBe(3)
  })
})

describe('a node with a clock that is set', () => {
  const clock = new NodeClock()
  let node: Node
  let dir: string
  let connection: RawConnection

  beforeEach(async () => {
    dir = temporaryFolder('node-clock')
    const port = await claimPorts()
    const config = new Config()
    loadConfig(config, `port ${port}\ndir ${dir}\nsave ""`, () => [])
    node = new Node(config, new NodeLog({file: join(dir, 'log'), level: 'notice', pid: process.pid}), false, clock)
    await node.start()
    connection = await RawConnection.open(port)
  })

  afterEach(async () => {
    connection.close()
    await node.stop()
    rmSync(dir, {force: true, recursive: true})
  })

  it('says its time, gives ids of streams by it and lets keys expire at once when it has passed', async () => {
    clock.set(1_700_000_000_000)
    expect(await connection.call('TIME')).toBe('*2\r\n$10\r\n1700000000\r\n$1\r\n0\r\n')
    expect(await connection.call('XADD', 's', '*', 'f', 'v')).toBe('$15\r\n1700000000000-0\r\n')
    await connection.call('SET', 'k', 'v', 'EX', '3600')
    clock.advance(3_599_999)
    expect(await connection.call('PTTL', 'k')).toBe(':1\r\n')
    expect(await connection.call('DBSIZE')).toBe(':2\r\n')
    clock.advance(1)
    // Not hidden only: the work that is due is done without waiting for its round.
    expect(node.server.databases[0]!.size).toBe(1)
  })

  it('ends a wait at the time set', async () => {
    clock.set(1_700_000_000_000)
    const other = await RawConnection.open(node.config.values.port)
    other.post(['BLPOP', 'none', '3600'])
    await connection.call('PING')
    while (!(await connection.call('INFO', 'clients')).includes('blocked_clients:1')) await connection.call('PING')
    clock.advance(3_600_000)
    expect(await other.replies(1)).toEqual(['*-1\r\n'])
    other.close()
  })
})
