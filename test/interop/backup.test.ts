import {execFile} from 'node:child_process'
import {existsSync, readdirSync, statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {afterAll, afterEach, beforeAll, beforeEach, expect, it} from 'vitest'
import {RdbReader} from '../../src/lib/protocol/rdb/reader.js'
import {readString} from '../../src/lib/protocol/rdb/string.js'
import {runShoal} from '../support/cli.js'
import {
  callRedis,
  describeWithPeers,
  hurryReplication,
  peerProgram,
  type RealCluster,
  type RedisNode,
  startRealCluster,
  startReplica,
} from '../support/peers.js'
import {isAlive, temporaryFolder, waitFor} from '../support/processes.js'
import {allTypes, keysInBackup, sendByKey, sendTo} from './backup-support.js'

interface Document {
  readonly manifest: {
    readonly shards: readonly {
      readonly file: string
      readonly slots: string
      readonly source: {readonly role: string; readonly address: string}
      readonly keys: Readonly<Record<string, number>>
      readonly replication: {readonly offset: number}
      readonly strayKeys: number
    }[]
    readonly functions: {readonly libraries: readonly string[]}
    readonly acl: {readonly users: readonly string[]} | null
    readonly warnings: readonly string[]
  }
}

interface Failure {
  readonly error: {readonly code: string; readonly message: string}
}

const EXPIRE_AT_MS = 4_000_000_000_123
const KEY_COUNT = 521
const LIBRARY = "#!lua name=lib\nredis.register_function('answer', function() return 42 end)"

/** A cluster of three, the second primary with a replica. */
describeWithPeers('backup', () => {
  let cluster: RealCluster
  let replica: RedisNode
  let folder: string

  beforeAll(async () => {
    cluster = await startRealCluster(3)
    await hurryReplication(cluster.nodes)
    replica = await startReplica(cluster.nodes[1] as RedisNode, cluster.nodes)
    await hurryReplication([replica])
    await sendByKey(cluster.nodes, allTypes(EXPIRE_AT_MS))
    for (const node of cluster.nodes) await node.call('FUNCTION', 'LOAD', LIBRARY)
    for (const node of [...cluster.nodes, replica])
      await node.call('ACL', 'SETUSER', 'app', 'on', '>secret', '~app:*', '+get')
  })
  afterAll(() => Promise.all([cluster?.stop(), replica?.stop()]))
  beforeEach(() => {
    folder = join(temporaryFolder('backup'), 'of-today')
  })
  afterEach(async () => {
    if (!isAlive(replica.pid)) return
    await hurryReplication([...cluster.nodes, replica])
    await replica.call('ACL', 'SETUSER', 'default', '+@all')
  })

  const backup = (...words: string[]) =>
    runShoal(['backup', cluster.seed, folder, '--json', '--timeout', '2s', ...words])
  /** Nodes then wait for others to join the transfer, so that there is time to do something meanwhile. */
  const slowDown = () =>
    Promise.all([...cluster.nodes, replica].map((node) => node.call('CONFIG', 'SET', 'repl-diskless-sync-delay', 60)))
  const underWay = () =>
    waitFor(() => existsSync(folder) && readdirSync(folder).some((name) => name.endsWith('.partial')), {
      what: 'a snapshot under way',
      deadlineMs: 30_000,
    })

  it('saves each shard from its replica where it has one, in files that Redis loads, and leaves nobody attached', async () => {
    const run = await backup()
    expect(run.code, run.stdout + run.stderr).toBe(0)
    const {manifest} = run.json<Document>()
    expect(manifest.shards.map(({source}) => source.role)).toEqual(['primary', 'replica', 'primary'])
    expect(manifest.shards[1]?.source.address).toBe(`127.0.0.1:${replica.port}`)
    expect(manifest.shards.map(({slots}) => slots)).toEqual(['0-5460', '5461-10922', '10923-16383'])
    expect(manifest.shards.reduce((sum, {keys}) => sum + (keys['0'] ?? 0), 0)).toBe(KEY_COUNT)
    expect(manifest.shards[1]?.replication.offset).toBeGreaterThan(0)
    expect(manifest.functions.libraries).toEqual(['lib'])
    expect(manifest.acl?.users.toSorted()).toEqual(['app', 'default'])
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777, name).toBe(0o600)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    for (const {file} of manifest.shards) {
      const {stdout} = await promisify(execFile)(peerProgram('redis-check-rdb'), [join(folder, file)])
      expect(stdout).toContain('RDB looks OK')
    }
    const verified = await runShoal(['backup', 'verify', folder, '--json'])
    expect(verified.code, verified.stdout).toBe(0)
    expect(verified.json()).toMatchObject({status: 'ok', totals: {keys: KEY_COUNT, expires: 2, strayKeys: 0}})
    for (const node of [cluster.nodes[0] as RedisNode, cluster.nodes[2] as RedisNode, replica]) {
      await waitFor(async () => String(await node.call('INFO', 'replication')).includes('connected_slaves:0'), {
        what: 'nobody attached',
      })
    }
    // The lock is given back.
    expect(keysInBackup(folder).filter(({key}) => key !== '{shoal}:lock')).toHaveLength(KEY_COUNT)
    const held = await Promise.all(cluster.nodes.map(async (node) => Number(await node.call('DBSIZE'))))
    expect(held.reduce((a, b) => a + b)).toBe(KEY_COUNT)
  })

  it('gives the same keys in files whose length is known before they are sent', async () => {
    await Promise.all([...cluster.nodes, replica].map((node) => node.call('CONFIG', 'SET', 'repl-diskless-sync', 'no')))
    try {
      const run = await backup('--no-acl', '--parallel', '1')
      expect(run.code, run.stdout + run.stderr).toBe(0)
      expect(run.json<Document>().manifest.acl).toBeNull()
      expect(existsSync(join(folder, 'users.acl'))).toBe(false)
      expect((await runShoal(['backup', 'verify', folder, '--json'])).json()).toMatchObject({totals: {keys: KEY_COUNT}})
    } finally {
      await Promise.all(
        [...cluster.nodes, replica].map((node) => node.call('CONFIG', 'SET', 'repl-diskless-sync', 'yes')),
      )
    }
  })

  it('is of one moment per shard: what one transaction writes is never torn', async () => {
    const tags = ['{a}', '{b}', '{c}', '{d}', '{e}', '{f}']
    let running = true
    let rounds = 0
    const writing = (async () => {
      for (let n = 0; running; n++) {
        for (const tag of tags) {
          await sendByKey(cluster.nodes, pairs(tag, n))
        }
        rounds++
      }
    })()
    await waitFor(() => rounds > 2, {what: 'writes', deadlineMs: 30_000})
    const run = await backup()
    running = false
    await writing
    expect(run.code, run.stdout + run.stderr).toBe(0)
    const values = new Map(
      keysInBackup(folder)
        .filter(({key}) => key.startsWith('{'))
        .map(({key, payload = ''}) => [key, readString(new RdbReader(payload, 1, payload.length - 10))]),
    )
    for (const tag of tags) {
      expect(values.get(`${tag}left`)).toBeDefined()
      expect(values.get(`${tag}left`)).toBe(values.get(`${tag}right`))
    }
    await sendByKey(
      cluster.nodes,
      tags.map((tag) => ['DEL', `${tag}left`, `${tag}right`]),
    )
  })

  it('asks another node where the replica refuses, and says so; says what is missing where all refuse', async () => {
    await replica.call('ACL', 'SETUSER', 'default', '-psync')
    const run = await backup()
    expect(run.code, run.stdout + run.stderr).toBe(0)
    const {shards, warnings} = run.json<Document>().manifest
    expect(shards[1]?.source.role).toBe('primary')
    expect(warnings.join()).toMatch(/gives no snapshot: the user may not replicate.*NOPERM/)

    const user = {SHOAL_PASSWORD: 'x'}
    for (const node of [...cluster.nodes, replica]) {
      await node.call('ACL', 'SETUSER', 'limited', 'on', '>x', '~*', '+@all', '-psync')
    }
    folder = join(temporaryFolder('backup'), 'refused')
    const refused = await runShoal(['backup', cluster.seed, folder, '--json', '--user', 'limited'], {env: user})
    expect([refused.code, refused.json<Failure>().error.code]).toEqual([3, 'PREFLIGHT_FAILED'])
    expect(refused.json<Failure>().error).toMatchObject({suggestions: ['The user needs +sync +psync +replconf.']})
    expect(existsSync(folder)).toBe(false)
    for (const node of [...cluster.nodes, replica]) await node.call('ACL', 'DELUSER', 'limited')
  })

  it('wants a folder that is new or empty, and leaves another alone', async () => {
    folder = temporaryFolder('taken')
    writeFileSync(join(folder, 'letter.txt'), 'dear')
    const run = await backup()
    expect([run.code, run.json<Failure>().error.code]).toEqual([3, 'PREFLIGHT_FAILED'])
    expect(readdirSync(folder)).toEqual(['letter.txt'])
  })

  it('leaves nothing behind when it is stopped, and no manifest when it is killed', async () => {
    await slowDown()
    const first = backup()
    await underWay()
    folder = join(temporaryFolder('backup'), 'second')
    // One lock, one operator: the first is still at it.
    expect((await backup()).json<Failure>().error.code).toBe('LOCKED')
    expect(existsSync(folder)).toBe(false)
    await hurryReplication([...cluster.nodes, replica])
    expect((await first).code).toBe(0)
    for (const signal of ['SIGINT', 'SIGKILL'] as const) {
      await slowDown()
      folder = join(temporaryFolder('backup'), signal)
      let kill: (() => void) | undefined
      const run = runShoal(['backup', cluster.seed, folder, '--json'], {
        onStart: (started) => {
          kill = () => started.kill(signal)
        },
      })
      await underWay()
      kill?.()
      const {code} = await run
      if (signal === 'SIGINT') {
        expect([code, signal]).toEqual([130, signal])
        expect(existsSync(folder)).toBe(false)
        continue
      }
      expect(readdirSync(folder)).not.toContain('manifest.json')
      const verify = await runShoal(['backup', 'verify', folder, '--json'])
      expect([verify.code, verify.json<Failure>().error.code]).toEqual([4, 'NOT_FOUND'])
      const again = await backup()
      expect(again.json<Failure>().error.message).toMatch(/is not empty/)
    }
  })

  it('is discarded if slots were on the move meanwhile', async () => {
    await slowDown()
    const [first, second] = cluster.nodes as [RedisNode, RedisNode]
    const run = backup()
    await underWay()
    await first.call('CLUSTER', 'SETSLOT', 7, 'MIGRATING', String(await second.call('CLUSTER', 'MYID')))
    await hurryReplication([...cluster.nodes, replica])
    const {code, json} = await run
    await first.call('CLUSTER', 'SETSLOT', 7, 'STABLE')
    expect([code, json<Failure>().error.code]).toEqual([5, 'LOCKED'])
    expect(json<Failure>().error.message).toMatch(/slot 7 is migrating/)
    expect(existsSync(folder)).toBe(false)
  })

  it('refuses a cluster that is not healthy', async () => {
    const first = cluster.nodes[0] as RedisNode
    await first.call('CLUSTER', 'SETSLOT', 7, 'MIGRATING', String(await cluster.nodes[1]?.call('CLUSTER', 'MYID')))
    const run = await backup()
    await first.call('CLUSTER', 'SETSLOT', 7, 'STABLE')
    expect([run.code, run.json<Failure>().error.code]).toEqual([3, 'CLUSTER_UNHEALTHY'])
    expect(existsSync(folder)).toBe(false)
  })

  it('counts keys of slots that are not their node’s, and takes the primary where the replica is gone', async () => {
    const [first, second] = cluster.nodes as [RedisNode, RedisNode]
    // A key of the third node's slot gets to the first while that is importing it.
    await first.call('CLUSTER', 'SETSLOT', 12182, 'IMPORTING', String(await cluster.nodes[2]?.call('CLUSTER', 'MYID')))
    const [, stray] = await sendTo(first.port, [['ASKING'], ['SET', 'foo', 'stray']])
    expect(stray).toBe('OK')
    await first.call('CLUSTER', 'SETSLOT', 12182, 'STABLE')
    await replica.kill()
    const run = await backup()
    expect(run.code, run.stdout + run.stderr).toBe(0)
    const {shards, warnings} = run.json<Document>().manifest
    expect(shards.map(({strayKeys}) => strayKeys)).toEqual([1, 0, 0])
    expect(warnings.join()).toContain('holds 1 key of slots that the shard does not own')
    expect(shards[1]?.source.address).toBe(`127.0.0.1:${second.port}`)
    expect(await callRedis(second.port, ['PING'])).toBe('PONG')
  })
})

function pairs(tag: string, n: number): readonly (readonly string[])[] {
  return [
    [
      'EVAL',
      "redis.call('SET',KEYS[1],ARGV[1]) redis.call('SET',KEYS[2],ARGV[1])",
      '2',
      `${tag}left`,
      `${tag}right`,
      String(n),
    ],
  ]
}
