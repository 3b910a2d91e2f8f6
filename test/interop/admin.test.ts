import {readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, it} from 'vitest'
import {seededRng} from '../../src/lib/kernel/rng.js'
import {describeWithPeers, peerProgram, type RedisNode, startRedis} from '../support/peers.js'
import {claimPorts} from '../support/ports.js'
import {endProcess, spawnTracked, temporaryFolder, waitFor} from '../support/processes.js'
import {AdminHarness, type Reply} from '../unit/server/commands-server/harness.js'
import {ADMIN_LINES} from './admin-lines.js'
import {RawPeer, words} from './admin-peer.js'

/** Settings that say where and how this one process runs, or that the node reads at start alone. */
const OWN = new Set([
  'port',
  'bind',
  'dir',
  'logfile',
  'enable-debug-command',
  'tls-port',
  'save',
  'slaveof',
  'replicaof',
])
/** Not in Redis: SHOAL.FAULT, a command for environments of developers, is there only where the first of them allows it. */
const NOT_IN_REDIS = new Set(['enable-fault-command', 'fault-file'])
/** Redis tries to carry these out at once, which depends on the machine it runs on. */
const ACTED_ON = new Set([
  'activedefrag',
  'appendonly',
  'maxclients',
  'jemalloc-bg-thread',
  'oom-score-adj',
  'repl-diskless-load',
  'requirepass',
])
const isCompared = (name: string): boolean =>
  !OWN.has(name) && !NOT_IN_REDIS.has(name) && !ACTED_ON.has(name) && !name.startsWith('tls-')

const VALUES = [
  ...['zz!', '-1', '0', '1', '', 'mb', '5%', '%', '101%', '1mb', '2 3', '1 2 3 4', 'normal 1mb 2 3', '00', '+5', '1.5'],
  ...[
    'a {port',
    '64kb',
    '1000b',
    '10GB',
    'yes',
    'NO',
    'KEA',
    'save now',
    'Everysec',
    ' 1',
    '99999999999',
    'a b',
    '900 1',
  ],
]

/** CONFIG GET's answer; Redis gives it in the order of a hash table. */
function pairs(reply: Reply): [name: string, value: string][] {
  const flat = reply as string[]
  const found = flat.flatMap((name, index): [string, string][] => (index % 2 === 0 ? [[name, flat[index + 1]!]] : []))
  return found.sort(([a], [b]) => (a < b ? -1 : 1))
}

describeWithPeers('administration beside redis-server', () => {
  let redis: RedisNode
  let peer: RawPeer
  beforeAll(async () => {
    redis = await startRedis()
    peer = await RawPeer.connect(redis.port)
  })
  afterAll(async () => {
    peer.close()
    await redis.stop()
  })

  for (const resp of ['2', '3']) {
    it(`answers every line alike in RESP${resp}`, async () => {
      const node = new AdminHarness('enable-debug-command yes')
      const client = node.connect()
      const own = await RawPeer.connect(redis.port)
      await own.raw(['HELLO', resp])
      node.send(client, ['HELLO', resp])
      const different: string[] = []
      for (const line of ADMIN_LINES) {
        const theirs = await own.raw(words(line))
        const ours = node.send(client, words(line))
        if (theirs !== ours) different.push(`${line}\n  ${JSON.stringify(theirs)}\n  ${JSON.stringify(ours)}`)
      }
      own.close()
      expect(different).toEqual([])
    })
  }

  it('has the same settings with the same defaults', async () => {
    const node = new AdminHarness()
    const theirs = pairs(await peer.call(['CONFIG', 'GET', '*']))
    const ours = new Map(pairs(node.call(node.connect(), 'CONFIG GET *')))
    const shared = [...ours.keys()].filter((name) => !NOT_IN_REDIS.has(name))
    expect(shared.sort()).toEqual(theirs.map(([name]) => name).sort())
    const different = theirs.filter(([name, value]) => !OWN.has(name) && ours.get(name) !== value)
    expect(different).toEqual([])
  })

  it('accepts, refuses and shows values alike', async () => {
    const node = new AdminHarness()
    const client = node.connect()
    const all = (node.call(client, 'CONFIG GET *') as string[]).filter((_, index) => index % 2 === 0)
    const different: string[] = []
    for (const name of all.filter(isCompared)) {
      const before = node.call(client, ['CONFIG', 'GET', name]) as string[]
      for (const value of VALUES) {
        const set = ['CONFIG', 'SET', name, value]
        const get = ['CONFIG', 'GET', name]
        const theirs = await peer.raw(set, get)
        const ours = node.send(client, set) + node.send(client, get)
        if (theirs !== ours) different.push(`${set.join(' ')}\n  ${JSON.stringify(theirs)}\n  ${JSON.stringify(ours)}`)
      }
      const restore = ['CONFIG', 'SET', name, before[1]!]
      await peer.raw(restore)
      node.send(client, restore)
    }
    expect(different).toEqual([])
  })

  it('writes a configuration that redis-server starts with, and reads the one it writes', async () => {
    const node = new AdminHarness()
    const client = node.connect()
    const changes = [
      ...['maxmemory', '20mb', 'save', '900 1 300 10', 'notify-keyspace-events', 'KEA', 'maxmemory-clients', '5%'],
      ...['client-output-buffer-limit', 'pubsub 1mb 1mb 9', 'shutdown-on-sigterm', 'nosave now', 'hz', '42'],
      ...['masterauth', 'tab\t"quote" \x00\xff', 'zset-max-ziplist-value', '65', 'oom-score-adj-values', '1 2 3'],
    ]
    const names = changes.filter((_, index) => index % 2 === 0)
    node.server.config.fileName = 'node.conf'
    node.file = '# mine\nhz 20\nslave-priority 7\n'
    expect(node.call(client, ['CONFIG', 'SET', ...changes])).toBe('+OK')
    expect(node.call(client, 'CONFIG REWRITE')).toBe('+OK')
    const folder = temporaryFolder('admin')
    const file = join(folder, 'node.conf')
    writeFileSync(file, node.file, 'latin1')
    const port = await claimPorts()
    const own = ['--port', String(port), '--dir', folder, '--bind', '127.0.0.1', '--logfile', 'redis.log']
    const reader = spawnTracked(peerProgram('redis-server'), [file, ...own])
    const other = await waitFor(() => RawPeer.connect(port), {what: `redis-server with ${file}`})
    const get = ['CONFIG', 'GET', ...names, 'replica-priority']
    expect(pairs(await other.call(get))).toEqual(pairs(node.call(client, get)))
    expect(await other.call(['CONFIG', 'REWRITE'])).toBe('+OK')
    other.close()
    await endProcess(reader)
    const back = new AdminHarness(readFileSync(file, 'latin1'))
    expect(pairs(back.call(back.connect(), get))).toEqual(pairs(node.call(client, get)))
  })

  it('has the same digest for the same random data', async () => {
    const node = new AdminHarness('enable-debug-command yes')
    const client = node.connect()
    const rng = seededRng(20261120)
    await peer.raw(['FLUSHALL'])
    const commands = Array.from({length: 300}, (_, index) => {
      const value = Array.from({length: rng.below(200)}, () => String.fromCharCode(rng.below(256))).join('')
      const set = ['SET', `key:${rng.below(200)}`, index % 5 === 0 ? String(index) : value]
      return rng.chance(0.3) ? [...set, 'PX', '100000000'] : set
    })
    await peer.raw(['SELECT', '5'], ...commands)
    for (const command of [['SELECT', '5'], ...commands]) node.send(client, command)
    expect(await peer.call(['DBSIZE'])).toBe(node.call(client, 'DBSIZE'))
    expect(await peer.call(['DEBUG', 'DIGEST'])).toBe(node.call(client, 'DEBUG DIGEST'))
  })
})
