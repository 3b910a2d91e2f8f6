import {join} from 'node:path'
import {afterAll, beforeAll, beforeEach, expect, it} from 'vitest'
import {runShoal} from '../support/cli.js'
import {describeWithPeers, type RealCluster, type RedisNode, startRealCluster, startRedis} from '../support/peers.js'
import {temporaryFolder} from '../support/processes.js'
import {sendByKey} from './backup-support.js'
import {plainKeys, sendAll} from './import-support.js'
import {VIEW} from './preflight-support.js'

interface Failure {
  readonly error: {readonly code: string; readonly message: string; readonly suggestions: readonly string[]}
}

interface Document {
  readonly status: string
  readonly warnings?: readonly string[]
  readonly plan: {readonly warnings?: readonly string[]}
}

const KEY_COUNT = 60
const WRITE = ['+restore', '+asking', '+dump', '+del', '+pexpiretime', '+pttl', '+time', '+command|info', '~*']
const LOCK = ['+set', '+get']
const READ = ['+info', '+select', '+ping', '+scan', '+dump', '+pexpiretime', '+pttl', '+time', '+command|info', '~*']

describeWithPeers('the preflight of import and restore', () => {
  let cluster: RealCluster
  let source: RedisNode
  let folder: string

  beforeAll(async () => {
    ;[cluster, source] = await Promise.all([startRealCluster(3), startRedis()])
    await sendAll(source.port, plainKeys(KEY_COUNT))
    await sendByKey(cluster.nodes, plainKeys(KEY_COUNT))
    folder = join(temporaryFolder('backup'), 'saved')
    const run = await runShoal(['backup', cluster.seed, folder])
    if (run.code !== 0) throw new Error(run.stderr)
  })
  afterAll(() => Promise.all([cluster?.stop(), source?.stop()]))
  beforeEach(() => Promise.all(cluster.nodes.map((node) => node.call('FLUSHALL'))))

  const user = (node: RedisNode | undefined, ...rules: string[]) =>
    node?.call('ACL', 'SETUSER', 'loader', 'reset', 'on', '>pw', ...rules)
  const mayAtCluster = async (...rules: string[]) => {
    for (const node of cluster.nodes) await user(node, ...rules)
  }
  const load = (...words: string[]) =>
    runShoal([...words, '--yes', '--json', '--user', 'loader'], {
      env: {SHOAL_PASSWORD: 'pw', SHOAL_FROM_PASSWORD: 'pw'},
    })
  const bring = (...words: string[]) =>
    load('import', cluster.seed, '--from', `127.0.0.1:${source.port}`, '--from-user', 'loader', ...words)
  const restore = (...words: string[]) => load('restore', cluster.seed, folder, ...words)
  const sizes = async () =>
    [await source.call('DBSIZE'), ...(await Promise.all(cluster.nodes.map((node) => node.call('DBSIZE'))))].map(Number)
  const all = ['~*', '&*', '+@all']
  const expectRefused = async (where: string, rule: string, run: Promise<Awaited<ReturnType<typeof load>>>) => {
    const {code, json, stdout} = await run
    expect([code, json<Failure>().error.code], stdout).toEqual([3, 'PREFLIGHT_FAILED'])
    expect(json<Failure>().error.message).toContain(`${where} user loader may not run ${rule}`)
    expect(json<Failure>().error.suggestions.join()).toContain(`ACL SETUSER loader +${rule}`)
    expect(await sizes()).toEqual([KEY_COUNT, 0, 0, 0])
  }

  it('refuses an import that one node of either side would stop half-way', async () => {
    const last = `on 127.0.0.1:${cluster.ports[2]}`
    const there = `on the source 127.0.0.1:${source.port}`
    for (const acl of [[], ['-acl']]) {
      await mayAtCluster(...all)
      await user(source, ...all)
      for (const [rule, words] of [
        ['restore', []],
        ['del', []],
        ['eval', ['--move']],
      ] as const) {
        await user(cluster.nodes[2], ...all, `-${rule}`, ...acl)
        await expectRefused(last, rule, bring(...words))
      }
      await user(cluster.nodes[2], ...all)
      for (const [rule, words] of [
        ['scan', []],
        ['dump', []],
        ['del', ['--move']],
      ] as const) {
        await user(source, ...all, `-${rule}`, ...acl)
        await expectRefused(there, rule, bring(...words))
      }
    }
  })

  it('lets users import that may do what is documented and no more', async () => {
    await mayAtCluster(...VIEW, ...WRITE, ...LOCK)
    await user(source, ...READ)
    const run = await bring()
    expect(run.code, run.stdout + run.stderr).toBe(0)
    expect(run.json<Document>().plan.warnings).toEqual([])
  })

  it('warns of users that may touch some keys, and goes on with those', async () => {
    await mayAtCluster('~key:*', '&*', '+@all')
    await user(source, '~key:*', '&*', '+@all')
    const run = await bring()
    expect(run.code, run.stdout + run.stderr).toBe(0)
    const warnings = run.json<Document>().plan.warnings?.join('\n')
    expect(warnings).toMatch(/on 127\.0\.0\.1:\d+ user loader may not touch every key with restore/)
    expect(warnings).toContain(`on the source 127.0.0.1:${source.port} user loader may not touch every key with dump`)
  })

  it('refuses a restore that one node would stop half-way, of users last', async () => {
    const last = `on 127.0.0.1:${cluster.ports[2]}`
    await mayAtCluster(...all)
    for (const acl of [[], ['-acl|dryrun']]) {
      await user(cluster.nodes[2], ...all, '-restore', ...acl)
      await expectRefused(last, 'restore', restore())
      await user(cluster.nodes[2], ...all, '-acl|setuser', ...acl)
      await expectRefused(last, 'acl|setuser', restore('--acl'))
      expect(await cluster.nodes[2]?.call('ACL', 'GETUSER', 'shoal-preflight')).toBeNull()
    }
    await mayAtCluster(...VIEW, ...WRITE, ...LOCK, '+function|list')
    const run = await restore()
    expect(run.code, run.stdout + run.stderr).toBe(0)
  })
})
