import {appendFileSync, cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, beforeEach, expect, it} from 'vitest'
import {startCluster} from '../../src/embedded.js'
import {readManifest} from '../../src/lib/operations/backup/read-backup.js'
import {verifyKeys, writeKeys} from '../../src/lib/operations/backup/restore-keys.js'
import {ClusterWriter} from '../../src/lib/operations/load/cluster-writer.js'
import {observeCluster} from '../../src/lib/operations/observe.js'
import {runShoal} from '../support/cli.js'
import {describeWithPeers, hurryReplication, type RealCluster, startRealCluster} from '../support/peers.js'
import {temporaryFolder, waitFor} from '../support/processes.js'
import {allTypes, digestOf, sendByKey, sendTo} from './backup-support.js'

interface Document {
  readonly status: string
  readonly plan: {
    readonly targets: readonly {readonly bytes: number; readonly freeBytes: number | null}[]
    readonly functions: {readonly load: readonly string[]; readonly equal: readonly string[]}
  }
  readonly warnings: readonly string[]
  readonly result: {
    readonly keys: {
      readonly written: number
      readonly replaced: number
      readonly equal: number
      readonly expired: number
      readonly conflict: number
    }
    readonly conflicts: readonly {readonly key: string; readonly differs: string}[]
    readonly functionsLoaded: readonly string[]
    readonly users: readonly string[]
    readonly verified: {readonly equal: number; readonly missing: number; readonly different: number} | null
  }
}

interface Failure {
  readonly error: {
    readonly code: string
    readonly message: string
  }
}

const EXPIRE_AT_MS = 4_000_000_000_123
const KEY_COUNT = 521
const LIBRARY = "#!lua name=lib\nredis.register_function('answer', function() return 42 end)"
const OTHER_LIBRARY = "#!lua name=lib\nredis.register_function('answer', function() return 43 end)"

/** A backup of three primaries, and other clusters to bring it to. */
describeWithPeers('restore', () => {
  let source: RealCluster
  let target: RealCluster
  let saved: string
  let folder: string

  beforeAll(async () => {
    ;[source, target] = await Promise.all([startRealCluster(3), startRealCluster(2)])
    await hurryReplication(source.nodes)
    await sendByKey(source.nodes, allTypes(EXPIRE_AT_MS))
    for (const node of source.nodes) {
      await node.call('FUNCTION', 'LOAD', LIBRARY)
      await node.call('ACL', 'SETUSER', 'app', 'on', '>secret', '~app:*', '+get')
    }
    saved = join(temporaryFolder('backup'), 'saved')
    const run = await runShoal(['backup', source.seed, saved])
    if (run.code !== 0) throw new Error(run.stderr)
  })
  afterAll(() => Promise.all([source?.stop(), target?.stop()]))
  beforeEach(async () => {
    folder = join(temporaryFolder('copy'), 'of-saved')
    cpSync(saved, folder, {recursive: true})
    for (const node of target.nodes) {
      await node.call('FLUSHALL')
      await node.call('FUNCTION', 'FLUSH')
    }
  })

  const restore = (...words: string[]) => runShoal(['restore', target.seed, folder, '--yes', '--json', ...words])
  const held = async () => {
    const counts = await Promise.all(target.nodes.map(async (node) => Number(await node.call('DBSIZE'))))
    return counts.reduce((a, b) => a + b, 0)
  }
  const firstFile = () => join(folder, readdirSync(folder).find((name) => name.endsWith('.rdb')) as string)
  const expectSame = async (nodes = target.nodes) => {
    const [before, after] = await Promise.all([digestOf(source.nodes), digestOf(nodes)])
    expect(before.size).toBe(KEY_COUNT)
    expect([...after].sort()).toEqual([...before].sort())
  }

  it('brings every key, time of expiry, function and user to a cluster of another size', async () => {
    const run = await restore('--acl')
    expect(run.code, run.stdout + run.stderr).toBe(0)
    const {result, status} = run.json<Document>()
    expect(status).toBe('restored')
    expect(result.keys).toMatchObject({written: KEY_COUNT, conflict: 0, expired: 0})
    expect(result.verified).toMatchObject({equal: KEY_COUNT, missing: 0, different: 0})
    await expectSame()
    for (const node of target.nodes) {
      expect(await node.call('FCALL', 'answer', 0)).toBe(42)
      // All but the flags: a user that was reset says that payloads are sanitized, as they are by default.
      const [restored, original] = await Promise.all(
        [node, source.nodes[0]].map(async (each) => (await each?.call('ACL', 'GETUSER', 'app')) as unknown[]),
      )
      expect(restored?.slice(2)).toEqual(original?.slice(2))
      await node.call('ACL', 'DELUSER', 'app')
    }
  })

  it('restores to more primaries as well, and again changes nothing', async () => {
    const wide = await startRealCluster(4)
    try {
      const run = await runShoal(['restore', wide.seed, folder, '--yes', '--json'])
      expect(run.code, run.stdout + run.stderr).toBe(0)
      await expectSame(wide.nodes)
      const again = await runShoal(['restore', wide.seed, folder, '--yes', '--json'])
      expect(again.code, again.stdout + again.stderr).toBe(0)
      const {plan, result} = again.json<Document>()
      expect(result.keys).toMatchObject({written: 0, replaced: 0, equal: KEY_COUNT})
      expect([plan.functions.equal, result.functionsLoaded, result.users]).toEqual([['lib'], [], []])
    } finally {
      await wide.stop()
    }
  })

  it('shows what would go where, and changes nothing', async () => {
    const [first] = target.nodes
    await first?.call('CONFIG', 'SET', 'maxmemory', 1024 * 1024)
    const run = await restore('--dry-run')
    const refused = await restore()
    await first?.call('CONFIG', 'SET', 'maxmemory', 0)
    expect(run.code, run.stdout + run.stderr).toBe(0)
    const {plan, status, warnings} = run.json<Document>()
    expect([status, plan.functions.load]).toEqual(['planned', ['lib']])
    expect(plan.targets).toHaveLength(2)
    expect(plan.targets[0]?.bytes).toBeGreaterThan(5000)
    expect(warnings.join()).toMatch(/bytes left below maxmemory/)
    expect([refused.code, refused.json<Failure>().error.message]).toEqual([3, expect.stringMatching(/no room/)])
    expect(await held()).toBe(0)
  })

  it('keeps keys of the cluster that differ and names them, unless the backup is to win', async () => {
    await sendByKey(target.nodes, [
      ['SET', 'string', 'another'],
      ['SET', 'integer', '12345'],
      ['PEXPIREAT', 'integer', String(EXPIRE_AT_MS)],
      ['SET', 'key:1', 'value 1'],
    ])
    const kept = await restore()
    expect([kept.code, kept.json<Document>().status]).toEqual([5, 'conflicts'])
    expect(kept.json<Document>().result.keys).toMatchObject({conflict: 2, equal: 1, written: KEY_COUNT - 3})
    expect(
      kept
        .json<Document>()
        .result.conflicts.map(({differs, key}) => [key, differs])
        .sort(),
    ).toEqual([
      ['"integer"', 'expiry'],
      ['"string"', 'value'],
    ])
    expect(await held()).toBe(KEY_COUNT)
    expect(await target.nodes[0]?.call('GET', 'string').catch(() => target.nodes[1]?.call('GET', 'string'))).toBe(
      'another',
    )
    const replaced = await restore('--replace')
    expect(replaced.code, replaced.stdout + replaced.stderr).toBe(0)
    expect(replaced.json<Document>().result.keys).toMatchObject({replaced: 2, equal: KEY_COUNT - 2})
    await expectSame()
  })

  it('refuses functions of the same name and another source before it writes anything', async () => {
    await target.nodes[1]?.call('FUNCTION', 'LOAD', OTHER_LIBRARY)
    const refused = await restore()
    expect([refused.code, refused.json<Failure>().error.code]).toEqual([3, 'PREFLIGHT_FAILED'])
    expect(await held()).toBe(0)
    const without = await restore('--no-functions', '--no-verify')
    expect(without.code, without.stdout).toBe(0)
    expect(without.json<Document>().result.verified).toBeNull()
    expect(await target.nodes[1]?.call('FCALL', 'answer', 0)).toBe(43)
    expect((await restore('--replace')).code).toBe(0)
    for (const node of target.nodes) expect(await node.call('FCALL', 'answer', 0)).toBe(42)
  })

  it.each<[string, () => void, code: number, words: RegExp]>([
    [
      'with a changed byte',
      () => {
        const bytes = readFileSync(firstFile())
        bytes[bytes.length - 20] = (bytes.at(-20) as number) ^ 1
        writeFileSync(firstFile(), bytes)
      },
      3,
      /another checksum|is damaged/,
    ],
    ['cut short', () => truncateSync(firstFile(), 900), 3, /ends early/],
    ['with bytes too many', () => appendFileSync(firstFile(), 'x'), 3, /bytes after the end/],
    ['without one of its files', () => rmSync(firstFile()), 3, /is missing/],
    [
      'with other functions',
      () => appendFileSync(join(folder, 'functions.dump'), 'x'),
      3,
      /functions\.dump has \d+ bytes/,
    ],
    ['without manifest', () => rmSync(join(folder, 'manifest.json')), 4, /holds no backup/],
    [
      'with half a manifest',
      () => truncateSync(join(folder, 'manifest.json'), 200),
      3,
      /cannot be used: it is not JSON/,
    ],
    [
      'whose manifest leads elsewhere',
      () => {
        const path = join(folder, 'manifest.json')
        writeFileSync(path, readFileSync(path, 'utf8').replace('"functions.dump"', '"../functions.dump"'))
      },
      3,
      /cannot be used: functions\.file/,
    ],
  ])('restores nothing of a backup %s', async (_, damage, code, words) => {
    damage()
    const run = await restore()
    expect([run.code, run.json<Failure>().error.message]).toEqual([code, expect.stringMatching(words)])
    expect(await held()).toBe(0)
    const verify = await runShoal(['backup', 'verify', folder, '--json'])
    const readable = !/manifest|holds no backup|cannot be used/.test(String(words))
    expect(verify.code).toBe(readable ? 9 : code)
    if (readable) expect(verify.json()).toMatchObject({status: 'damaged'})
  })

  it('continues after a SIGKILL, by the same command and without false conflicts', async () => {
    const many = Array.from({length: 40_000}, (_, i) => ['SET', `many:${i}`, `value ${i}`])
    await sendByKey(source.nodes, many)
    folder = join(temporaryFolder('backup'), 'many')
    expect((await runShoal(['backup', source.seed, folder])).code).toBe(0)
    let kill: (() => void) | undefined
    const killed = runShoal(['restore', target.seed, folder, '--yes', '--json'], {
      onStart: (run) => {
        kill = () => run.kill('SIGKILL')
      },
    })
    await waitFor(async () => (await held()) > 100, {what: 'some keys', everyMs: 1, deadlineMs: 40_000})
    kill?.()
    expect((await killed).signal).toBe('SIGKILL')
    expect(await held()).toBeLessThan(KEY_COUNT + many.length)
    const asked = await runShoal(['restore', target.seed, folder, '--json'])
    expect([asked.code, asked.json<Failure>().error.code]).toEqual([2, 'NEEDS_TERMINAL'])
    const run = await restore()
    expect(run.code, run.stdout + run.stderr).toBe(0)
    const {keys} = run.json<Document>().result
    expect(keys.conflict).toBe(0)
    expect(keys.equal).toBeGreaterThan(100)
    expect(keys.equal + keys.written).toBe(KEY_COUNT + many.length)
    await sendByKey(
      source.nodes,
      many.map(([, key = '']) => ['DEL', key]),
    )
  })

  it('finds at the end what was there and equal before, and is lost or another since', async () => {
    const address = {host: '127.0.0.1', port: target.ports[0] as number}
    const observed = await observeCluster(address, {timeoutMs: 5000})
    const writer = await ClusterWriter.open(observed, {replace: false})
    const signal = new AbortController().signal
    const each = {folder, manifest: await readManifest(folder), parallel: 2, signal, onProgress: () => undefined}
    try {
      expect((await restore('--no-functions')).code).toBe(0)
      await writeKeys(each, writer)
      expect(await writer.finish()).toMatchObject({equal: KEY_COUNT, written: 0})
      await sendByKey(target.nodes, [
        ['DEL', 'key:1'],
        ['SET', 'string', 'another'],
      ])
      const {different, differences, equal, missing, missingKeys} = await verifyKeys(each, writer)
      expect({different, equal, missing, missingKeys}).toEqual({
        different: 1,
        equal: KEY_COUNT - 2,
        missing: 1,
        missingKeys: ['"key:1"'],
      })
      expect(differences).toMatchObject([{key: '"string"', differs: 'value'}])
    } finally {
      writer.close()
      observed.close()
    }
  })

  it('leaves out what has expired since, and what its shard did not own', async () => {
    const [first, , third] = source.nodes
    await first?.call('CLUSTER', 'SETSLOT', 12182, 'IMPORTING', String(await third?.call('CLUSTER', 'MYID')))
    // A node that does not look for expired keys keeps them, and saves them.
    for (const node of source.nodes) await node.call('DEBUG', 'SET-ACTIVE-EXPIRE', 0)
    await sendByKey(source.nodes, [['SET', 'short', 'lived', 'PX', '1']])
    await sendTo(first?.port as number, [['ASKING'], ['SET', 'foo', 'stray']])
    await first?.call('CLUSTER', 'SETSLOT', 12182, 'STABLE')
    folder = join(temporaryFolder('backup'), 'stray')
    const taken = await runShoal(['backup', source.seed, folder, '--json'])
    expect(taken.code, taken.stdout).toBe(0)
    for (const node of source.nodes) await node.call('DEBUG', 'SET-ACTIVE-EXPIRE', 1)
    const run = await restore()
    expect(run.code, run.stdout + run.stderr).toBe(0)
    expect(run.json<Document>().result).toMatchObject({
      keys: {written: KEY_COUNT, expired: 1},
      strayKeysSkipped: 1,
    })
    expect(await held()).toBe(KEY_COUNT)
  })

  it('restores to embedded nodes, and backs them up: equal by digest', async () => {
    const [plain, embedded] = await Promise.all([startRealCluster(1), startCluster({primaries: 2})])
    try {
      await hurryReplication(plain.nodes)
      const all = allTypes(EXPIRE_AT_MS)
      await sendByKey(plain.nodes, all)
      folder = join(temporaryFolder('backup'), 'real')
      expect((await runShoal(['backup', plain.seed, folder])).code).toBe(0)
      const seed = `127.0.0.1:${embedded.nodes[0]?.port}`
      const run = await runShoal(['restore', seed, folder, '--yes', '--json'])
      expect(run.code, run.stdout + run.stderr).toBe(0)
      const back = join(temporaryFolder('backup'), 'embedded')
      const saved = await runShoal(['backup', seed, back, '--json'])
      expect(saved.code, saved.stdout + saved.stderr).toBe(0)
      const digest = await plain.nodes[0]!.call('DEBUG', 'DIGEST')
      await plain.nodes[0]!.call('FLUSHALL')
      const again = await runShoal(['restore', plain.seed, back, '--yes', '--json'])
      expect(again.code, again.stdout + again.stderr).toBe(0)
      expect(await plain.nodes[0]!.call('DEBUG', 'DIGEST')).toBe(digest)
    } finally {
      await Promise.all([plain.stop(), embedded.stop()])
    }
  })
})
