import {expect, it} from 'vitest'
import {describeWithPeers} from '../../support/peers.js'
import type {RawConnection} from '../../support/raw-resp.js'
import {bothServers} from './harness.js'

/** Slots 0..8191 are served; `foo` is in 12182, `bar` in 5061, `hello` in 866. */
const SERVED = ['0', '8191']

const CASES: readonly (readonly string[])[] = [
  ['EVAL', 'return 1', '0'],
  ['EVAL', 'return 1', '1', 'bar'],
  ['EVAL', 'return 1', '2', 'bar', 'hello'],
  ['EVAL', "return redis.call('set', 'bar', '1')", '0'],
  ['EVAL', "return redis.call('set', KEYS[1], '1')", '1', 'bar'],
  ['EVAL', "redis.call('set', 'bar', '1') return redis.call('set', 'hello', '2')", '0'],
  ['EVAL', "return redis.call('mget', 'bar', 'hello')", '0'],
  ['EVAL', "return redis.call('get', 'foo')", '0'],
  ['EVAL', "return redis.pcall('get', 'foo')", '0'],
  ['EVAL', "return redis.call('get', 'hello')", '1', 'bar'],
  ['EVAL', "#!lua\nredis.call('set', 'bar', '1') return redis.call('set', 'hello', '2')", '0'],
  ['EVAL', "#!lua\nreturn redis.call('set', 'hello', '2')", '1', 'bar'],
  ['EVAL', "#!lua\nreturn redis.call('set', 'bar', '2')", '1', 'bar'],
  ['EVAL', "#!lua\nreturn redis.call('get', 'foo')", '0'],
  ['EVAL', "#!lua flags=allow-cross-slot-keys\nredis.call('set', 'bar', '1') return redis.call('get', 'hello')", '0'],
  ['EVAL', '#!lua flags=no-cluster\nreturn 1', '0'],
  ['EVAL', '#!lua flags=no-cluster\nreturn 1', '1', 'bar'],
  ['EVALSHA', 'x', '2', 'bar', 'hello'],
  [
    'FUNCTION',
    'LOAD',
    "#!lua name=x\nredis.register_function('f', function(keys) redis.call('set', 'bar', '1') return redis.call('get', keys[1]) end)",
  ],
  ['FCALL', 'f', '1', 'bar'],
  ['FCALL', 'f', '1', 'hello'],
  ['FCALL', 'f', '0'],
  // A transaction and its scripts use one slot.
  ['MULTI'],
  ['GET', 'bar'],
  ['EVAL', "#!lua\nreturn redis.pcall('get', 'hello')", '0'],
  ['EVAL', "#!lua flags=allow-cross-slot-keys\nreturn redis.pcall('get', 'hello')", '0'],
  ['EVAL', "return redis.pcall('get', 'hello')", '0'],
  ['EXEC'],
  ['MULTI'],
  ['EVAL', "#!lua\nreturn redis.pcall('get', 'hello')", '0'],
  ['EVAL', "#!lua\nreturn redis.pcall('get', 'bar')", '0'],
  ['EXEC'],
  ['MULTI'],
  ['EVAL', "#!lua\nreturn redis.pcall('get', 'bar')", '0'],
  ['EXEC'],
  ['EVAL', "#!lua\nreturn redis.pcall('get', 'hello')", '0'],
]

async function serving(connections: readonly RawConnection[]): Promise<void> {
  for (const connection of connections) {
    await connection.call('CLUSTER', 'ADDSLOTSRANGE', ...SERVED)
    await connection.call('CONFIG', 'SET', 'cluster-require-full-coverage', 'no')
    for (let tries = 0; tries < 50; tries++) {
      if ((await connection.call('CLUSTER', 'INFO')).includes('cluster_state:ok')) break
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

describeWithPeers('scripts in cluster mode beside redis-server', () => {
  const servers = bothServers({'cluster-enabled': 'yes'})

  it('refuses keys of others, and keys of several slots, as redis-server does', async () => {
    const [theirs, ours] = await servers.both()
    await serving([theirs, ours])
    for (const command of CASES) {
      const [expected, actual] = await Promise.all([theirs, ours].map((one) => one.call(...command)))
      expect({command, reply: actual}).toEqual({command, reply: expected})
    }
    theirs.close()
    ours.close()
  })

  it('tells a script that the cluster is down', async () => {
    const [theirs, ours] = await servers.both()
    for (const connection of [theirs, ours]) {
      await connection.call('CONFIG', 'SET', 'cluster-require-full-coverage', 'yes')
      // A change of slots makes redis-server look at its state again.
      await connection.call('CLUSTER', 'DELSLOTS', '0')
      for (let tries = 0; tries < 50; tries++) {
        if ((await connection.call('CLUSTER', 'INFO')).includes('cluster_state:fail')) break
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    }
    for (const allowsReads of ['no', 'yes']) {
      for (const script of ["return redis.call('get', 'bar')", "return redis.call('set', 'bar', '1')", 'return 1']) {
        const [expected, actual] = await Promise.all(
          [theirs, ours].map(async (one) => {
            await one.call('CONFIG', 'SET', 'cluster-allow-reads-when-down', allowsReads)
            return await one.call('EVAL', script, '0')
          }),
        )
        expect({allowsReads, reply: actual, script}).toEqual({allowsReads, reply: expected, script})
      }
    }
    theirs.close()
    ours.close()
  })
})
