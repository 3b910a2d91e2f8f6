import {afterAll, beforeAll, expect, it} from 'vitest'
import {hashSlot} from '../../src/lib/protocol/hash-slot.js'
import {describeWithPeers, type RedisNode} from '../support/peers.js'
import {keysIn} from './reshard-load.js'
import {Stage, type Way} from './transports-support.js'

/** The rows of docs/permissions.md that a command goes by. */
const LOOK = ['`info`']
const MOVE = ['`reshard`', 'the same with `--transfer auto`']

const KEYS_EACH = 100
/** Three primaries, a replica, and one that comes and goes. */
const [A, B, C, REPLICA, SPARE] = [0, 1, 2, 3, 4] as const

/** Runs every command that talks to nodes, in an order in which each finds something to do. */
export function describeEveryCommand(way: Way): void {
  describeWithPeers(`TLS and the least of users, by ${way.name}`, () => {
    let stage: Stage
    let keyCount: number

    beforeAll(async () => {
      stage = await Stage.set(way, 5)
    })
    afterAll(() => stage?.clear())

    const name = (index: number) => stage.name(index)
    const slotsOf = async (node: RedisNode) => {
      const own = String(await node.call('CLUSTER', 'NODES')).match(/^.*myself.*$/m)?.[0]
      return own?.split(' ').slice(8).join(',')
    }

    it('create, add-node', async () => {
      await stage.done(['`create`'], 'create', name(A), name(B), name(C), '--yes')
      keyCount = await stage.fill(3, KEYS_EACH)
      const words = ['--replica', '--primary-id', name(A), '--yes']
      expect(await stage.done(['`add-node`'], 'add-node', name(REPLICA), name(B), ...words)).toMatchObject({
        status: 'added',
        plan: {role: 'replica'},
      })
    })

    it('check, info, status, watch, call', async () => {
      expect((await stage.done(LOOK, 'check', name(B)))['counts']).toMatchObject({error: 0})
      const full = ['`check` of drift', '`check --search-stray-keys`']
      const {findings} = await stage.done<{findings: {id: string}[]}>(
        [...LOOK, ...full],
        'check',
        name(REPLICA),
        '--search-stray-keys',
      )
      expect(findings.map(({id}) => id)).not.toContain('not-judged')
      // The user that all nodes were given alike.
      expect(findings.map(({id}) => id)).not.toContain('acl-drift')
      expect((await stage.done(LOOK, 'info', name(REPLICA)))['totals']).toMatchObject({primaries: 3, keys: keyCount})
      const status = await stage.done<{nodes: unknown[]}>([...LOOK, '`check` of drift'], 'status', name(C))
      expect(status.nodes).toHaveLength(4)
      expect((await stage.done<{nodes: unknown[]}>(LOOK, 'status', name(C), '--node', name(B))).nodes).toHaveLength(1)
      const watched = await stage.done(LOOK, 'watch', name(A), '--count', '2', '--interval', '100ms')
      expect(watched).toMatchObject({looks: 2, problems: []})
      const called = await stage.done<{nodes: unknown[]}>(LOOK, 'call', name(A), 'CLUSTER', 'INFO')
      expect(called.nodes).toHaveLength(4)
    })

    it('reshard, apply, undo, rebalance, resume, jobs', async () => {
      const before = await slotsOf(stage.node(A))
      const ends = ['--from', name(A), '--to', name(B)]
      const plan = ['--slots', '0-199', '--dry-run', '--plan-out', stage.file('plan.json')]
      // Of the nodes that the plan names none is the one it was made through.
      await stage.done(MOVE, 'reshard', name(REPLICA), ...ends, ...plan)
      const applied = await stage.done(MOVE, 'apply', stage.file('plan.json'), '--yes', '--events')
      expect(applied['result']).toMatchObject({slotsMoved: 200})
      await stage.done(MOVE, 'undo', '--yes', '--events')
      expect(await slotsOf(stage.node(A))).toBe(before)

      let kill = () => {}
      const words = ['reshard', name(A), ...ends, '--slots', '0-999', '--window', '4', '--yes', '--json', '--events']
      const killed = await stage.run(MOVE, words, {
        onStart: (started) => {
          kill = () => started.kill('SIGKILL')
        },
        onStderr: (text) => text.split('"window-done"').length > 10 && kill(),
      })
      expect(killed.signal).toBe('SIGKILL')
      await stage.done(MOVE, 'resume', '--events')
      await stage.done(['`reshard`'], 'rebalance', name(C), '--threshold', '0', '--transfer', 'migrate', '--yes')
      expect(await slotsOf(stage.node(A))).toContain('5460')
      const {jobs} = await stage.doneBare<{jobs: {state: string}[]}>('jobs')
      expect(jobs.map(({state}) => state)).toEqual(['finished', 'finished', 'finished', 'finished'])
      expect(await stage.keyCount()).toBe(keyCount)
    })

    it('fix', async () => {
      const [owner, other] = [stage.node(B), stage.node(C)]
      const [key] = keysIn({first: 8000, last: 8010}, 1, 'open') as [string]
      const slot = hashSlot(key)
      const ids = await Promise.all([owner, other].map(async (node) => String(await node.call('CLUSTER', 'MYID'))))
      await other.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', ids[0] as string)
      await stage.send(other, [['ASKING'], ['SET', key, 'the same']])
      await owner.call('SET', key, 'the same')
      await owner.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', ids[1] as string)
      // A mark that nobody is redirected by.
      await other.call('CLUSTER', 'SETSLOT', slot + 20, 'IMPORTING', ids[0] as string)
      keyCount++
      const rules = ['`fix`; to finish moves; on both sides; left open']
      const fixed = await stage.done(rules, 'fix', name(A), '--yes', '--events')
      expect(fixed['result']).toMatchObject({slotsMoved: 1})
      expect(await other.call('GET', key)).toBe('the same')
      expect(await stage.keyCount()).toBe(keyCount)
    })

    it('maintenance, by a replica and by a drain', async () => {
      const before = await slotsOf(stage.node(A))
      const byReplica = ['`maintenance` by a replica; as there']
      await stage.done(byReplica, 'maintenance', 'on', name(A), '--yes')
      expect(await slotsOf(stage.node(REPLICA))).toBe(before)
      await stage.done(byReplica, 'maintenance', 'off', name(A), '--yes')
      expect(await slotsOf(stage.node(A))).toBe(before)

      const emptied = await slotsOf(stage.node(C))
      const byDrain = ['`maintenance` with `--drain`; became a replica', ...MOVE]
      // It is brought back by another address than it was known by when it was emptied, where it has two.
      await stage.done(byDrain, 'maintenance', 'on', name(C), '--seed', name(B), '--drain', '--yes', '--events')
      expect(await slotsOf(stage.node(C))).toBe('')
      const back = await stage.done(byDrain, 'maintenance', 'off', name(C), '--yes', '--events')
      expect(back).toMatchObject({status: 'done'})
      expect(await slotsOf(stage.node(C))).toBe(emptied)
    })

    it('failover, set-timeout', async () => {
      const rules = ['`failover`; a replica that was promoted']
      await stage.done(rules, 'failover', name(REPLICA), '--yes')
      expect(await stage.node(REPLICA).call('ROLE')).toContain('master')
      const {nodes} = await stage.done<{nodes: {after: number}[]}>(
        ['`set-timeout`'],
        'set-timeout',
        name(B),
        '3000',
        '--yes',
      )
      expect(nodes.map(({after}) => after)).toEqual([3000, 3000, 3000, 3000])
    })

    it('backup, backup verify, restore', async () => {
      // Enough for each node to tell them in an order of its own.
      const libraries = ['four', 'one', 'three', 'two']
      for (const node of await stage.primaries()) {
        for (const library of libraries) {
          const code = `#!lua name=${library}\nredis.register_function('f_${library}', function() return 42 end)`
          await node.call('FUNCTION', 'LOAD', 'REPLACE', code)
        }
      }
      const folder = stage.file('backup')
      const {manifest} = await stage.done<{manifest: {shards: {source: {role: string}}[]; warnings: string[]}}>(
        ['`backup`'],
        'backup',
        name(B),
        folder,
      )
      expect(manifest.shards.map(({source}) => source.role)).toEqual(['replica', 'primary', 'primary'])
      expect(manifest.warnings).toEqual([])
      expect(await stage.doneBare('backup', 'verify', folder)).toMatchObject({status: 'ok', totals: {keys: keyCount}})
      for (const node of await stage.primaries()) {
        await node.call('FLUSHALL')
        await node.call('FUNCTION', 'FLUSH')
      }
      const restored = await stage.done(['`restore`; --acl'], 'restore', name(C), folder, '--acl', '--yes')
      expect(restored['result']).toMatchObject({keys: {written: keyCount}})
      const {functionsLoaded, users} = restored['result'] as {functionsLoaded: string[]; users: string[]}
      expect([functionsLoaded.toSorted(), users.toSorted()]).toEqual([libraries, ['default', 'operator']])
      expect(await stage.keyCount()).toBe(keyCount)
    })

    it('import', async () => {
      await stage.send(stage.source, [
        ['SET', 'copied', 'from afar'],
        ['SET', 'copied:expiring', 'from afar', 'PX', '1000000'],
      ])
      const at = ['`import`, at the cluster']
      const seen = await stage.openSource('`import`, at the source; --dry-run')
      expect((await stage.done(at, 'import', name(A), ...seen, '--dry-run'))['survey']).toMatchObject({keys: 2})
      const copied = await stage.openSource('`import`, at the source')
      const first = await stage.done(at, 'import', name(A), ...copied, '--yes', '--events')
      expect(first['result']).toMatchObject({written: 2, verified: {checked: 2, missing: 0}})
      const moved = await stage.openSource('`import`, at the source; --move; --functions')
      const rules = ['`import`, at the cluster; --move; --functions']
      await stage.done(rules, 'import', name(B), ...moved, '--move', '--functions', '--yes', '--events')
      expect(await stage.source.call('DBSIZE')).toBe(0)
      keyCount += 2
      expect(await stage.keyCount()).toBe(keyCount)
    })

    it('add-node --rebalance, del-node --drain', async () => {
      const added = ['`add-node`; to bring the functions; --rebalance', ...MOVE]
      await stage.done(added, 'add-node', name(SPARE), name(A), '--rebalance', '--yes', '--events')
      expect(await slotsOf(stage.node(SPARE))).not.toBe('')
      expect(await stage.node(SPARE).call('FUNCTION', 'LIST')).toHaveLength(4)
      await stage.done(
        ['`del-node`; --drain', ...MOVE],
        'del-node',
        name(A),
        name(SPARE),
        '--drain',
        '--yes',
        '--events',
      )
      expect(await stage.keyCount()).toBe(keyCount)
    })

    it('watch, when the node it watches through is gone', async () => {
      let interrupt = () => {}
      const {code, stderr} = await stage.run(LOOK, ['watch', name(A), '--events', '--interval', '100ms'], {
        onStart: ({kill}) => {
          interrupt = () => kill('SIGINT')
        },
        onStderr: (text) => {
          if (text.includes('going on by')) interrupt()
          else if (text.includes('"sample"')) void stage.node(A).kill()
        },
        timeoutMs: 20_000,
      })
      expect(stderr.includes('going on by'), stderr.slice(-500)).toBe(true)
      expect(code).toBe(130)
    })
  })
}
