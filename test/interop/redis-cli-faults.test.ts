import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {Redis} from 'ioredis'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {hashSlot} from '../../src/lib/protocol/hash-slot.js'
import {runShoal} from '../support/cli.js'
import {
  describeWithPeers,
  type RealCluster,
  type RedisNode,
  startRealCluster,
  startRedis,
  startReplica,
} from '../support/peers.js'
import {temporaryFolder} from '../support/processes.js'
import {baseValue, fillNode} from './reshard-load.js'

/**
 * What `redis-cli --cluster` 7.0.15 was seen to do wrong on real nodes, and which test shows that Shoal does not: here, or
 * in the file that is named.
 */
const SHOWN_ELSEWHERE: readonly (readonly [fault: string, file: string, test: string])[] = [
  ['create goes on though a node owns slots', 'test/commands/create.test.ts', 'names every node that is in the way'],
  ['create cannot be run again', 'test/commands/create.test.ts', 'continues what an earlier run left half done'],
  ['create waits for ever', 'test/commands/create.test.ts', 'names the bus port that cannot be reached'],
  ['create that is declined exits 0', 'test/commands/create.test.ts', 'no terminal is no yes'],
  ['check is green with a dead node', 'test/commands/check.test.ts', 'names a node that died'],
  ['info exits 0 with a dead primary', 'test/commands/check.test.ts', 'names a node that died'],
  ['fix decides by the number of keys', 'test/interop/fix.test.ts', 'percent done in its direction'],
  ['readers get nil while it fixes', 'test/interop/fix.test.ts', 'no reader misses a key meanwhile'],
  ['fix gives slots to a random node', 'test/interop/fix.test.ts', 'spreads the rest in ranges'],
  ['fix ends the process at a dead primary', 'test/interop/fix.test.ts', 'does not give up an owner that is down'],
  ['an interrupted reshard stays open', 'test/interop/reshard.test.ts', 'survives SIGKILL at any moment'],
  ['reshard loops on a closed stdin', 'test/commands/reshard.test.ts', 'missing values without a terminal'],
  ['reshard moves fewer than asked', 'test/commands/reshard.test.ts', 'more than owned'],
  ['rebalance says nothing is needed after add-node', 'test/interop/add-node.test.ts', 'fills it at once under writes'],
  ['del-node makes the victim a primary', 'test/interop/del-node.test.ts', 'gives its replica another'],
  ['del-node needs the node alive', 'test/interop/del-node.test.ts', 'removes a dead node'],
  ['call exits 0 whatever is answered', 'test/commands/call.test.ts', 'exits 6 if only some took it'],
  ['set-timeout exits 0 if all fail', 'test/commands/set-timeout.test.ts', 'takes it back everywhere'],
  ['--user without a password', 'test/commands/base.test.ts', 'a user without a password'],
  ['names in certificates', 'test/interop/transports.test.ts', 'moves slots with keys, to and fro'],
]

describe('faults of redis-cli that other tests show avoided', () => {
  it.each(SHOWN_ELSEWHERE)('%s: %s', (_, file, name) => {
    const path = join(import.meta.dirname, '../..', file)
    expect(existsSync(path) && readFileSync(path, 'utf8')).toContain(name)
  })
})

interface Document {
  readonly plan: {readonly steps: readonly {readonly slotCount: number}[]}
  readonly warnings: readonly string[]
  readonly result?: {readonly slotsMoved: number; readonly keysMoved: number}
}

interface Failure {
  readonly error: {readonly code: string; readonly message: string; readonly suggestions: readonly string[]}
}

describeWithPeers('faults of redis-cli', () => {
  const env = {SHOAL_STATE_DIR: temporaryFolder('faults')}
  let cluster: RealCluster
  let nodes: [RedisNode, RedisNode, RedisNode, RedisNode]
  let replica: RedisNode

  beforeAll(async () => {
    // As of 7.0, DEBUG is off unless it is asked for.
    cluster = await startRealCluster(4, {args: ['--enable-debug-command', 'no']})
    nodes = cluster.nodes as typeof nodes
    replica = await startReplica(nodes[0], nodes)
  })

  afterAll(() => Promise.all([cluster?.stop(), replica?.stop()]))

  const run = (words: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    runShoal(words, {env: {...env, ...more}})
  const address = (index: number) => `127.0.0.1:${nodes[index]?.port}`
  const reshard = (...words: string[]) => run(['reshard', cluster.seed, '--yes', '--json', ...words])

  it.each([1, 2, 7, 343])('moves exactly %i slots from three sources', async (count) => {
    const sources = [1, 2, 3].map(address).join(',')
    const moved = await reshard('--from', sources, '--to', address(0), '--slots', String(count))
    expect(moved.code, moved.stdout).toBe(0)
    expect(moved.json<Document>().result?.slotsMoved).toBe(count)
    const undone = await run(['undo', '--yes', '--json'])
    expect(undone.json<Document>().result?.slotsMoved).toBe(count)
  })

  it.each(['-5', '1e9', 'many', ''])('refuses to move %j slots', async (slots) => {
    const refused = await reshard('--from', 'all', '--to', address(0), `--slots=${slots}`)
    expect([refused.code, refused.json<Failure>().error.code]).toEqual([2, 'BAD_FLAG'])
  })

  it('moves keys that are on both sides though DEBUG is off, and reports those that differ', async () => {
    const slot = hashSlot('a')
    const keys = Array.from({length: 30}, (_, index) => `{a}${index}`)
    const [owner, target] = [nodes[3], nodes[1]]
    await fillNode(owner.port, keys)
    const [from, to] = await Promise.all(
      [owner, target].map(async (node) => String(await node.call('CLUSTER', 'MYID'))),
    )
    const copy = async (key: string, value: string) => {
      await target.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from as string)
      const link = new Redis({port: target.port})
      await link.pipeline([['asking'], ['set', key, value]]).exec()
      link.disconnect()
      await target.call('CLUSTER', 'SETSLOT', slot, 'STABLE')
    }
    await copy('{a}1', baseValue('{a}1'))
    const words = [
      '--from',
      from as string,
      '--to',
      to as string,
      '--slots',
      `${slot}-${slot}`,
      '--transfer',
      'migrate',
    ]
    const moved = await reshard(...words)
    expect(moved.code, moved.stdout).toBe(0)
    expect(await target.call('CLUSTER', 'COUNTKEYSINSLOT', slot)).toBe(keys.length)
    expect((await run(['undo', '--yes'])).code).toBe(0)

    await copy('{a}2', 'another')
    const stopped = await reshard(...words)
    expect([stopped.code, stopped.json<Failure>().error.code]).toEqual([6, 'PLAN_PARTIAL'])
    expect(stopped.json<Failure>().error.message).toContain('"{a}2"')
    const resumed = await run(['resume', '--replace', '--json'])
    expect(resumed.code, resumed.stdout).toBe(0)
    expect(await target.call('GET', '{a}2')).toBe(baseValue('{a}2'))
  })

  it('says so before slots go to a primary without a replica', async () => {
    const shown = await reshard('--from', address(0), '--to', address(1), '--slots', '10', '--dry-run')
    expect(shown.json<Document>().warnings.join()).toContain(`${address(1)}`)
    expect(shown.json<Document>().warnings.join()).toMatch(/has no replica/)
  })

  it('prints no colour codes into a pipe, whatever the terminal is called', async () => {
    const words: readonly (readonly string[])[] = [
      ['check', cluster.seed],
      ['info', cluster.seed],
      ['fix', cluster.seed],
      ['call', cluster.seed, 'PING'],
      ['reshard', cluster.seed, '--from', 'all', '--to', address(0), '--slots', '4', '--yes'],
      ['rebalance', cluster.seed, '--threshold', '0', '--yes'],
      ['help'],
      ['reshard', '--help'],
    ]
    for (const each of words) {
      const {stdout, stderr} = await run(each, {TERM: 'xterm-256color', NO_COLOR: ''})
      expect(stdout.length, each.join(' ')).toBeGreaterThan(0)
      expect(`${stdout}${stderr}`.includes('\u001B'), each.join(' ')).toBe(false)
    }
  })

  it('exits 0 after help, and asks before it rebalances', async () => {
    expect((await run(['help'])).code).toBe(0)
    const unasked = await run(['rebalance', cluster.seed, '--weight', `${address(0)}=2`, '--json'])
    expect([unasked.code, unasked.json<Failure>().error.code]).toEqual([2, 'NEEDS_TERMINAL'])
  })

  it('sees no disagreement right after a move, nor right after a node was added', async () => {
    for (const to of [1, 2, 3]) {
      const moved = await reshard('--from', 'all', '--to', address(to), '--slots', '50')
      expect(moved.code, moved.stdout).toBe(0)
      const check = await run(['check', address((to + 1) % 4), '--json'])
      expect(check.code, check.stdout).toBe(0)
    }
    const newcomer = await startRedis({cluster: true})
    const added = await run(['add-node', `127.0.0.1:${newcomer.port}`, cluster.seed, '--yes', '--json'])
    expect(added.code, added.stdout).toBe(0)
    const filled = await run(['rebalance', cluster.seed, '--cluster-use-empty-masters', '--yes', '--json'])
    expect(filled.code, filled.stdout).toBe(0)
    expect(filled.json<Document>().result?.slotsMoved).toBeGreaterThan(3000)
    const drained = await run(['del-node', cluster.seed, `127.0.0.1:${newcomer.port}`, '--drain', '--yes', '--json'])
    expect(drained.code, drained.stdout).toBe(0)
    await newcomer.stop()
  })

  it('places replicas on one host as the plan has said', async () => {
    const six = await Promise.all(Array.from({length: 6}, () => startRedis({cluster: true})))
    const words = ['create', ...six.map(({port}) => `127.0.0.1:${port}`), '--replicas', '1', '--json']
    type Plan = {
      readonly plan: {
        readonly shards: readonly {
          readonly primary: {readonly address: string}
          readonly replicas: readonly {readonly address: string}[]
        }[]
      }
    }
    const planned = (await run([...words, '--dry-run'])).json<Plan>().plan.shards
    expect((await run([...words, '--yes'])).code).toBe(0)
    const info = (await run(['info', `127.0.0.1:${six[0]?.port}`, '--json'])).json<{
      shards: readonly {readonly address: string; readonly replicas: readonly {readonly address: string}[]}[]
    }>()
    const pairs = info.shards.map((shard) => [shard.address, shard.replicas.map((each) => each.address)])
    expect(pairs).toEqual(planned.map((shard) => [shard.primary.address, shard.replicas.map((each) => each.address)]))
    await Promise.all(six.map((node) => node.stop()))
  })
})
