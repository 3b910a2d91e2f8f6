import {afterAll, beforeAll, beforeEach, expect, it} from 'vitest'
import {type RunOptions, runShoal} from '../support/cli.js'
import {describeWithPeers, type RealCluster, type RedisNode, startRealCluster, startRedis} from '../support/peers.js'
import {waitFor} from '../support/processes.js'
import {differences, digestsOfCluster, everyKind, keysOf, ownerOf, plainKeys, sendAll} from './import-support.js'

interface Document {
  readonly status: string
  readonly plan: {readonly keyCount: number; readonly otherDatabases: unknown[]; readonly warnings: readonly string[]}
  readonly survey?: Record<string, unknown>
  readonly result: {
    readonly scanned: number
    readonly written: number
    readonly equal: number
    readonly conflict: number
    readonly removed: number
    readonly kept: number
    readonly resumedAfter: number
    readonly conflicts: readonly Record<string, unknown>[]
    readonly verified: Record<string, unknown>
  }
}

interface Failure {
  readonly error: {readonly code: string; readonly message: string; readonly suggestions: readonly string[]}
}

const waitForInfo = (node: RedisNode, words: string | RegExp) =>
  waitFor(async () => String(await node.call('INFO', 'replication')).match(words) !== null, {what: String(words)})

describeWithPeers('import', () => {
  let cluster: RealCluster
  let source: RedisNode

  beforeAll(async () => {
    ;[cluster, source] = await Promise.all([startRealCluster(3), startRedis()])
  })
  afterAll(() => Promise.all([cluster?.stop(), source?.stop()]))
  beforeEach(async () => {
    await Promise.all([...cluster.nodes, source].map((node) => node.call('FLUSHALL')))
  })

  const from = () => ['--from', `127.0.0.1:${source.port}`]
  const run = (words: readonly string[] = [], options: RunOptions = {}) =>
    runShoal(['import', cluster.seed, ...from(), '--yes', '--json', ...words], options)
  const failure = async (...words: string[]) => {
    const {code, json} = await runShoal(['import', cluster.seed, '--yes', '--json', ...words])
    return [json<Failure>().error.code, code, json<Failure>().error.message] as const
  }

  it('brings every type, big keys and keys of any bytes, with their deadlines, and leaves the source alone', async () => {
    await sendAll(source.port, everyKind(Date.now() + 7_200_000))
    const before = (await keysOf(source.port)).length
    const done = await run()
    expect(done.code, done.stdout + done.stderr).toBe(0)
    expect(done.json<Document>()).toMatchObject({
      status: 'imported',
      result: {scanned: before, written: before, conflict: 0, verified: {mode: 'full', checked: before, missing: 0}},
    })
    expect(await differences(source, cluster.nodes)).toEqual([])
    expect(await keysOf(source.port)).toHaveLength(before)
    const again = await run(['--cluster-copy', '--verify', 'count'])
    expect(again.json<Document>().result).toMatchObject({written: 0, equal: before, verified: {mode: 'count'}})
  })

  it('reports what differs on both sides, keeps it, and replaces it when told to', async () => {
    await sendAll(source.port, [...plainKeys(50), ['SET', 'a\0b', 'source'], ['SET', 'ttl', 'same', 'EX', '5000']])
    await ownerOf('a\0b', cluster.nodes).call('RPUSH', 'a\0b', 'cluster')
    await ownerOf('ttl', cluster.nodes).call('SET', 'ttl', 'same')
    const kept = await run()
    expect(kept.code).toBe(5)
    const {result, status} = kept.json<Document>()
    expect(status).toBe('conflicts')
    expect(result).toMatchObject({written: 50, conflict: 2, verified: {different: 2, missing: 0}})
    const shown = [...result.conflicts].sort((a, b) => String(a['key']).localeCompare(String(b['key'])))
    expect(shown).toMatchObject([
      {key: '"a\\u0000b"', differs: 'value', sourceType: 'string', targetType: 'list'},
      {key: '"ttl"', differs: 'expiry'},
    ])
    expect(await ownerOf('a\0b', cluster.nodes).call('LRANGE', 'a\0b', 0, -1)).toEqual(['cluster'])
    const text = await runShoal(['import', cluster.seed, ...from(), '--yes', '--verify', 'none'])
    expect(text.code).toBe(5)
    expect(text.stdout).toContain('"a\\u0000b": string, ')
    expect(text.stdout).toContain('--replace')
    const replaced = await run(['--cluster-replace'])
    expect([replaced.code, replaced.json<Document>().result.conflict]).toEqual([0, 0])
    expect(await differences(source, cluster.nodes)).toEqual([])
  })

  it('moves on request: what differs and what is written meanwhile is at the source still, or was brought after', async () => {
    await sendAll(source.port, [...plainKeys(20_000), ['SET', 'both', 'source']])
    await ownerOf('both', cluster.nodes).call('SET', 'both', 'cluster')
    const counters = Array.from({length: 50}, (_, i) => `counter:${i}`)
    const acknowledged = new Map<string, number>()
    let running = true
    const writing = (async () => {
      while (running) {
        await sendAll(
          source.port,
          counters.map((key) => ['INCR', key]),
        )
        for (const key of counters) acknowledged.set(key, (acknowledged.get(key) ?? 0) + 1)
      }
    })()
    const done = await run(['--move'])
    running = false
    await writing
    const {result} = done.json<Document>()
    expect([0, 5, 6]).toContain(done.code)
    expect(result.conflict).toBeGreaterThan(0)
    expect(await source.call('GET', 'both')).toBe('source')
    expect(await ownerOf('both', cluster.nodes).call('GET', 'both')).toBe('cluster')
    expect((await keysOf(source.port)).filter((key) => key.startsWith('key:'))).toEqual([])
    for (const key of counters) {
      const [here, there] = await Promise.all(
        [source, ownerOf(key, cluster.nodes)].map((node) => node.call('GET', key)),
      )
      // Deleted and counted anew at the source, or kept there with all that was counted.
      expect([Number(here) + Number(there), Number(here)], key).toContain(acknowledged.get(key))
    }
    const held = await digestsOfCluster(cluster.nodes)
    expect([...held.keys()].filter((key) => key.startsWith('key:'))).toHaveLength(20_000)
  })

  it('shows on request what is there, without a change', async () => {
    await sendAll(source.port, [...plainKeys(30), ['RPUSH', 'l', 'x'], ['SET', 'e', 'v', 'EX', '100']])
    await source.call('SELECT', 0)
    await sendAll(source.port, [
      ['SELECT', '3'],
      ['SET', 'other', 'x'],
    ])
    await ownerOf('l', cluster.nodes).call('SET', 'l', 'x')
    const shown = await run(['--dry-run'])
    expect(shown.code).toBe(0)
    expect(shown.json<Document>()).toMatchObject({
      status: 'planned',
      plan: {keyCount: 32, otherDatabases: [{database: 3, keyCount: 1}]},
      survey: {keys: 32, complete: true, types: {string: 31, list: 1}, expiring: 1, atCluster: 1},
    })
    expect(shown.json<Document>().plan.warnings.join()).toContain('1 in database 3 (--from-db')
    expect((await digestsOfCluster(cluster.nodes)).size).toBe(1)
    const other = await run(['--from-db', '3'])
    expect(other.json<Document>().result.written).toBe(1)
    expect((await digestsOfCluster(cluster.nodes)).has('other')).toBe(true)
  })

  it('loads functions everywhere when asked to, and keeps libraries apart that differ', async () => {
    const library = (value: string) => `#!lua name=lib\nredis.register_function('f', function() return '${value}' end)`
    await source.call('FUNCTION', 'LOAD', library('one'))
    await source.call('SET', 'k', 'v')
    const done = await run(['--functions'])
    expect(done.code, done.stdout).toBe(0)
    for (const node of cluster.nodes) expect(await node.call('FCALL', 'f', 0)).toBe('one')
    expect((await run(['--functions'])).code).toBe(0)
    await source.call('FUNCTION', 'LOAD', 'REPLACE', library('two'))
    const refused = await run(['--functions'])
    expect([refused.code, refused.json<Failure>().error.code]).toEqual([3, 'PREFLIGHT_FAILED'])
    expect((await run(['--functions', '--replace'])).code).toBe(0)
    expect(await cluster.nodes[2]?.call('FCALL', 'f', 0)).toBe('two')
  })

  it('refuses what makes no sense, with a way forward', async () => {
    const cases: [words: string[], code: string, exit: number, says: RegExp][] = [
      [[], 'BAD_FLAG', 2, /Missing required flag from/],
      [['--from', 'nowhere'], 'BAD_ADDRESS', 2, /not an address/],
      [['--from', '127.0.0.1:1'], 'UNREACHABLE', 7, /the source 127.0.0.1:1 refuses connections/],
      [['--from', cluster.seed], 'SAME_NODE', 3, /a node of the cluster itself/],
      [[...from(), '--from-db', '99'], 'PREFLIGHT_FAILED', 3, /SELECT 99/],
      [[...from(), '--from-user', 'x'], 'BAD_FLAG', 2, /--from-user needs a password/],
      [[...from(), '--move', '--cluster-copy'], 'BAD_FLAG', 2, /--move/],
      [[...from(), '--from-askpass'], 'NEEDS_TERMINAL', 2, /--from-askpass needs a terminal/],
      [[...from(), '--from-cacert', '/nowhere'], 'BAD_FLAG', 2, /--from-cacert \/nowhere/],
    ]
    const outcomes = await Promise.all(cases.map(([words]) => failure(...words)))
    for (const [index, [words, code, exit, says]] of cases.entries()) {
      const [foundCode, foundExit, message] = outcomes[index] as (typeof outcomes)[0]
      expect([foundCode, foundExit], words.join(' ')).toEqual([code, exit])
      expect(message, words.join(' ')).toMatch(says)
    }
    const nowhere = await run(['--from-db', '99'])
    expect(nowhere.json<Failure>().error.suggestions.join()).not.toContain('+select')
    const unasked = await runShoal(['import', cluster.seed, ...from(), '--json'])
    expect([unasked.code, unasked.json<Failure>().error.code]).toEqual([2, 'NEEDS_TERMINAL'])
    const lonely = await startRedis({cluster: true})
    try {
      const [code, exit, message] = await failure('--from', `127.0.0.1:${lonely.port}`)
      expect([code, exit]).toEqual(['PREFLIGHT_FAILED', 3])
      expect(message).toContain('cluster mode')
    } finally {
      await lonely.stop()
    }
  })

  it('refuses a replica that has not got the keys of its primary, and warns of one that has lost it', async () => {
    const replica = await startRedis()
    try {
      await sendAll(source.port, plainKeys(100))
      await replica.call('REPLICAOF', '127.0.0.1', 1)
      const [code, exit, message] = await failure('--from', `127.0.0.1:${replica.port}`)
      expect([code, exit, message]).toEqual(['PREFLIGHT_FAILED', 3, expect.stringMatching(/not got all keys/)])
      await replica.call('REPLICAOF', '127.0.0.1', source.port)
      await waitForInfo(replica, 'master_link_status:up')
      await replica.call('REPLICAOF', '127.0.0.1', 1)
      await waitForInfo(replica, /master_link_down_since_seconds:\d/)
      const done = await runShoal(['import', cluster.seed, '--from', `127.0.0.1:${replica.port}`, '--yes', '--json'])
      expect(done.json<Document>()).toMatchObject({status: 'imported', result: {written: 100}})
      expect(done.json<Document>().plan.warnings.join()).toContain('has lost its primary')
    } finally {
      await replica.stop()
    }
  })

  it('refuses keys for which there is no room, and says where', async () => {
    await sendAll(source.port, plainKeys(2000, 2000))
    const full = cluster.nodes[1] as RedisNode
    const used = Number(/used_memory:(\d+)/.exec(String(await full.call('INFO', 'memory')))?.[1])
    await full.call('CONFIG', 'SET', 'maxmemory', used + 500_000)
    try {
      const [code, exit, message] = await failure(...from())
      expect([code, exit]).toEqual(['PREFLIGHT_FAILED', 3])
      expect(message).toContain(`127.0.0.1:${full.port}`)
      expect((await digestsOfCluster(cluster.nodes)).size).toBe(0)
      // Told to go on, it stops where memory does, and goes on from there.
      const [partial, exitPartial, text] = await failure(...from(), '--ignore-memory')
      expect([partial, exitPartial]).toEqual(['PLAN_PARTIAL', 6])
      expect(text).toMatch(/OOM/)
    } finally {
      await full.call('CONFIG', 'SET', 'maxmemory', 0)
    }
    expect((await run()).code).toBe(0)
    expect(await differences(source, cluster.nodes)).toEqual([])
  })
})

describeWithPeers('import between two logins', () => {
  it('uses each password on its own side', async () => {
    const [cluster, source] = await Promise.all([
      startRealCluster(3, {password: 'of the cluster'}),
      startRedis({password: 'of the source'}),
    ])
    try {
      await sendAll(source.port, plainKeys(200), 'of the source')
      await source.call(
        'ACL',
        'SETUSER',
        'reader',
        'on',
        '>pw',
        '~*',
        '+@read',
        '+info',
        '+select',
        '+time',
        '+command',
        '+ping',
      )
      const command = ['import', cluster.seed, '--cluster-from', `127.0.0.1:${source.port}`, '--yes', '--json']
      const env = {SHOAL_PASSWORD: 'of the cluster', SHOAL_FROM_PASSWORD: 'of the source'}
      const wrong = await runShoal(command, {env: {...env, SHOAL_FROM_PASSWORD: 'wrong'}})
      expect([wrong.code, wrong.json<Failure>().error.code]).toEqual([7, 'AUTH_FAILED'])
      expect(wrong.json<Failure>().error.suggestions.join()).toContain('SHOAL_FROM_PASSWORD')
      const none = await runShoal(command, {env: {SHOAL_PASSWORD: 'of the cluster'}})
      expect([none.code, none.json<Failure>().error.message]).toEqual([
        7,
        expect.stringContaining(`source 127.0.0.1:${source.port}`),
      ])
      const done = await runShoal(command, {env})
      expect(done.code, done.stdout + done.stderr).toBe(0)
      const passwords = {source: 'of the source', cluster: 'of the cluster'}
      expect(await differences(source, cluster.nodes, passwords)).toEqual([])
      const byUser = await runShoal([...command, '--cluster-from-user', 'reader', '--cluster-from-pass', 'pw'], {env})
      expect(byUser.json<Document>().result).toMatchObject({equal: 200, conflict: 0})
    } finally {
      await Promise.all([cluster.stop(), source.stop()])
    }
  })
})
