import {afterEach, describe, expect, it} from 'vitest'
import {describeWithPeers} from '../../support/peers.js'
import {claimPorts} from '../../support/ports.js'
import {waitFor} from '../../support/processes.js'
import {both, call, follow, infoOf, node, type Peer, redis, stopAll, untilLinked} from './support.js'

/** What settings of replication do, at a node and at a redis-server, each with the other one beside it. */

afterEach(stopAll)

type Settings = Readonly<Record<string, string>>
const startNode = (settings: Settings = {}): Promise<Peer> => node(settings)
const startRedis = (settings: Settings = {}): Promise<Peer> =>
  redis(...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]))

/** Of a primary and of a replica. */
const PAIRS = [
  ['a redis-server that follows a node', startNode, startRedis],
  ['a node that follows a redis-server', startRedis, startNode],
] as const

const textOf = (reply: Promise<unknown>) => reply.catch((error: Error) => error.message)
const fieldsOf = async (peer: Peer) => [...(await infoOf(peer)).keys()]

describeWithPeers('settings of replication', () => {
  describe.each(PAIRS)('%s', (_name, startPrimary, startReplica) => {
    it('is known by the address that it announces', async () => {
      const primary = await startPrimary()
      const replica = await startReplica({'replica-announce-ip': '10.9.8.7', 'replica-announce-port': '4321'})
      await follow(replica, primary)
      await untilLinked(replica)
      await untilOnline(primary)
      const [, , listed] = (await call(primary, 'ROLE')) as [string, number, string[][]]
      expect(listed[0]?.slice(0, 2)).toEqual(['10.9.8.7', '4321'])
      expect((await infoOf(primary)).get('slave0')).toMatch(
        /^ip=10\.9\.8\.7,port=4321,state=online,offset=\d+,lag=[01]$/,
      )
    })

    it('logs in as a user, and has no link with a wrong password', async () => {
      const primary = await startPrimary()
      await call(primary, 'ACL', 'SETUSER', 'follower', 'on', '>secret', '+psync', '+replconf', '+ping')
      await call(primary, 'ACL', 'SETUSER', 'default', 'nopass', '+@all', '-psync', '-replconf')
      await call(primary, 'SET', 'a', '1')
      const replica = await startReplica({masteruser: 'follower', masterauth: 'wrong'})
      await follow(replica, primary)
      const refused = async () => JSON.stringify(await call(primary, 'ACL', 'LOG')).includes('follower')
      await waitFor(refused, {what: 'a refused login'})
      expect((await infoOf(replica)).get('master_link_status')).toBe('down')
      await call(replica, 'CONFIG', 'SET', 'masterauth', 'secret')
      await untilLinked(replica)
      expect(await call(replica, 'GET', 'a')).toBe('1')
    }, 20_000)
  })

  it('INFO and ROLE of both have the same fields, in every part', async () => {
    const settings = {'min-replicas-to-write': '1', 'replica-announced': 'no', 'replica-priority': '7'}
    const [ours, theirs] = [await startNode(settings), await startRedis(settings)]
    expect(await fieldsOf(ours)).toEqual(await fieldsOf(theirs))
    expect(await call(ours, 'ROLE')).toEqual(await call(theirs, 'ROLE'))
    const [ourReplica, theirReplica] = [await startNode(settings), await startRedis(settings)]
    await follow(ourReplica, theirs)
    await follow(theirReplica, ours)
    for (const peer of [ourReplica, theirReplica]) await untilLinked(peer)
    for (const peer of [ours, theirs]) await untilOnline(peer)
    for (const [one, other] of [
      [ours, theirs],
      [ourReplica, theirReplica],
    ] as const) {
      expect(await fieldsOf(one)).toEqual(await fieldsOf(other))
      expect(await shapeOf(one)).toEqual(await shapeOf(other))
    }
    const wanted = ['slave_priority', 'replica_announced', 'slave_read_only'] as const
    const values = await Promise.all([ourReplica, theirReplica].map((peer) => infoOf(peer)))
    expect(wanted.map((name) => values[0]?.get(name))).toEqual(wanted.map((name) => values[1]?.get(name)))
    // Whole seconds, which may have gone on between the two; -1 would be a link that is down.
    for (const each of values) expect(each.get('master_last_io_seconds_ago')).toMatch(/^\d+$/)
    // And with nobody there.
    const nobody = {port: await claimPorts()}
    await follow(ourReplica, nobody)
    await follow(theirReplica, nobody)
    for (const peer of [ourReplica, theirReplica]) {
      await waitFor(async () => (await infoOf(peer)).has('master_link_down_since_seconds'), {what: 'the lost link'})
    }
    expect(await fieldsOf(ourReplica)).toEqual(await fieldsOf(theirReplica))
  }, 20_000)

  it('replica-serve-stale-data no answers MASTERDOWN to the same commands', async () => {
    const [ours, theirs] = await both(
      startNode({'replica-serve-stale-data': 'no'}),
      startRedis({'replica-serve-stale-data': 'no'}),
    )
    for (const peer of [ours, theirs]) await call(peer, 'MSET', 'a', '1', 'b', '2')
    const library = [
      '#!lua name=lib',
      "redis.register_function('plain', function() return 1 end)",
      "local function get() return redis.call('get', 'a') end",
      "redis.register_function{function_name='reads', callback=get, flags={'no-writes'}}",
      "redis.register_function{function_name='stale', callback=get, flags={'no-writes', 'allow-stale'}}",
      "redis.register_function{function_name='fixed', callback=function() return 1 end, flags={'no-writes', 'allow-stale'}}",
    ].join('\n')
    for (const peer of [ours, theirs]) await call(peer, 'FUNCTION', 'LOAD', library)
    const nobody = {port: await claimPorts()}
    for (const peer of [ours, theirs]) await follow(peer, nobody)
    const lines = [
      'GET a|SET a 1|PING|ECHO x|DBSIZE|KEYS *|SCAN 0|EXISTS a|TTL a|RANDOMKEY|MULTI|EXEC|DISCARD|WATCH a|UNWATCH',
      "EVAL 'return' 0|EVAL_RO return 0|SCRIPT EXISTS x|PUBLISH c x|PUBSUB CHANNELS|CLIENT GETNAME",
      'CONFIG GET port|ACL WHOAMI|SELECT 0|COMMAND COUNT|MEMORY USAGE a|OBJECT HELP|OBJECT ENCODING a|DUMP a|SORT a',
      'WAIT 0 1|REPLCONF x y|FUNCTION LIST|FCALL f 0|SLOWLOG LEN|LATENCY HELP|FLUSHALL|HELLO 2|FAILOVER',
    ].join('|')
    for (const line of lines.split('|')) {
      const [one, other] = await Promise.all([ours, theirs].map((peer) => textOf(call(peer, ...line.split(' ')))))
      expect([line, isDown(one)]).toEqual([line, isDown(other)])
      if (isDown(one)) expect([line, one]).toEqual([line, other])
    }
    const scripts = [
      ['EVAL', "return redis.call('get', 'a')", '0'],
      ['EVAL', '#!lua\nreturn 1', '0'],
      ['EVAL_RO', '#!lua\nreturn 1', '0'],
      ['EVAL', '#!lua flags=no-writes\nreturn 1', '0'],
      ['EVAL', "#!lua flags=no-writes,allow-stale\nreturn redis.pcall('ping')", '0'],
      ['EVAL', '#!lua flags=no-writes,allow-stale\nreturn 1', '0'],
      ...['plain', 'reads', 'stale', 'fixed'].map((name) => ['FCALL', name, '0']),
      ['FCALL_RO', 'stale', '0'],
    ]
    for (const words of scripts) {
      const [one, other] = await Promise.all([ours, theirs].map((peer) => textOf(call(peer, ...words))))
      expect([words, one]).toEqual([words, other])
    }
    for (const peer of [ours, theirs]) await call(peer, 'CONFIG', 'SET', 'replica-serve-stale-data', 'yes')
    for (const peer of [ours, theirs]) expect(await call(peer, 'GET', 'a')).toBe('1')
  }, 20_000)

  it.each([
    ['node', startNode],
    ['redis-server', startRedis],
  ] as const)(
    'a %s with too few replicas takes no writes, and says how many are good',
    async (_name, startPrimary) => {
      const primary = await startPrimary({'min-replicas-to-write': '1', 'min-replicas-max-lag': '2'})
      expect((await infoOf(primary)).get('min_slaves_good_slaves')).toBe('0')
      await expect(call(primary, 'SET', 'a', '1')).rejects.toThrow('NOREPLICAS Not enough good replicas to write.')
      expect(await call(primary, 'GET', 'a')).toBe(null)
      // Scripts write neither: those that say that they may do not begin, others come as far as the first write.
      for (const script of ['#!lua\nreturn 1', "return redis.call('set', 'a', 1)"]) {
        await expect(call(primary, 'EVAL', script, '0')).rejects.toThrow(
          'NOREPLICAS Not enough good replicas to write.',
        )
      }
      expect(await call(primary, 'EVAL', "return redis.call('get', 'a')", '0')).toBe(null)
      const replica = await startNode()
      await follow(replica, primary)
      await waitFor(async () => (await infoOf(primary)).get('min_slaves_good_slaves') === '1', {what: 'a good replica'})
      expect(await call(primary, 'SET', 'a', '1')).toBe('OK')
      await call(replica, 'REPLICAOF', 'NO', 'ONE')
      await waitFor(async () => (await infoOf(primary)).get('min_slaves_good_slaves') === '0', {what: 'its loss'})
      await expect(call(primary, 'SET', 'a', '1')).rejects.toThrow('NOREPLICAS')
    },
    20_000,
  )
})

function isDown(reply: unknown): boolean {
  return String(reply).startsWith('MASTERDOWN')
}

/** Types of what ROLE answers: the values of two servers differ. */
async function shapeOf(peer: Peer): Promise<unknown> {
  const shape = (value: unknown): unknown => (Array.isArray(value) ? value.map(shape) : typeof value)
  const reply = (await call(peer, 'ROLE')) as unknown[]
  return [reply[0], shape(reply)]
}

/** Until the primary holds its one replica for in sync. */
async function untilOnline(primary: Peer): Promise<void> {
  await waitFor(async () => (await infoOf(primary)).get('slave0')?.includes('state=online'), {what: 'the replica'})
}
