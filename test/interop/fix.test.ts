import {Cluster, Redis} from 'ioredis'
import {afterEach, beforeEach, expect, it} from 'vitest'
import {hashSlot} from '../../src/lib/protocol/hash-slot.js'
import {runShoal} from '../support/cli.js'
import {
  describeWithPeers,
  type RealCluster,
  type RedisNode,
  startRealCluster,
  startReplica,
  waitForAgreement,
} from '../support/peers.js'
import {temporaryFolder, waitFor} from '../support/processes.js'
import {baseValue, fillNode, keysIn, Writers} from './reshard-load.js'

interface Item {
  readonly problem: string
  readonly slots: string
  readonly keyCount: number
  readonly steps: readonly {readonly kind: string}[]
}

interface Document {
  readonly plan: {readonly items: readonly Item[]}
  readonly result?: {
    readonly slotsMoved: number
    readonly slotsAssigned: number
    readonly keysMoved: number
    readonly keysGathered: number
  }
}

interface Failure {
  readonly error: {
    readonly code: string
    readonly message: string
    readonly suggestions: readonly string[]
    readonly details: {readonly undecided?: readonly Item[]; readonly keys?: readonly {readonly key: string}[]}
  }
}

/** Bus packets of this type carry a node's claims, and ask for the answers that do. */
const PING = 0

/** Of the last of three even shares; all keys of the tag lie in it. */
const TAG = 'a'
const SLOT = hashSlot(TAG)
const KEYS = Array.from({length: 400}, (_, index) => `{${TAG}}${index}`)

describeWithPeers('fix on real redis-servers', () => {
  let cluster: RealCluster
  let nodes: [RedisNode, RedisNode, RedisNode]
  let ids: string[]
  const env = {SHOAL_STATE_DIR: temporaryFolder('fix-state')}

  beforeEach(async () => {
    cluster = await startRealCluster(3)
    nodes = cluster.nodes as [RedisNode, RedisNode, RedisNode]
    ids = await Promise.all(nodes.map(async (node) => String(await node.call('CLUSTER', 'MYID'))))
    await fillNode(nodes[2].port, KEYS)
  })

  afterEach(() => cluster?.stop())

  const fix = (...words: string[]) => runShoal(['fix', cluster.seed, '--json', '--timeout', '1s', ...words], {env})
  const setSlot = (index: number, slot: number, ...words: string[]) =>
    nodes[index]?.call('CLUSTER', 'SETSLOT', slot, ...words)
  const migrate = (from: number, to: number, keys: readonly string[]) =>
    nodes[from]?.call('MIGRATE', '127.0.0.1', nodes[to]?.port as number, '', 0, 5000, 'KEYS', ...keys)
  /** The state a reshard leaves that was killed after so many keys. */
  const halfMove = async (count: number) => {
    await setSlot(0, SLOT, 'IMPORTING', ids[2] as string)
    await setSlot(2, SLOT, 'MIGRATING', ids[0] as string)
    if (count > 0) await migrate(2, 0, KEYS.slice(0, count))
  }
  /** Keys where nobody looks for them. */
  const stray = async (index: number, entries: Readonly<Record<string, string>>) => {
    const node = new Redis({port: nodes[index]?.port as number})
    await setSlot(index, SLOT, 'IMPORTING', ids[2] as string)
    for (const [key, value] of Object.entries(entries)) await node.pipeline([['asking'], ['set', key, value]]).exec()
    await setSlot(index, SLOT, 'STABLE')
    node.disconnect()
  }
  const valuesOf = async (keys: readonly string[]) => {
    const client = new Cluster([{host: '127.0.0.1', port: nodes[0].port}])
    client.on('error', () => undefined)
    const values = await Promise.all(keys.map((key) => client.get(key)))
    client.disconnect()
    return values
  }
  const waitForFailed = () =>
    waitFor(async () => / fail /.test(String(await nodes[0].call('CLUSTER', 'NODES')).replaceAll(',', ' ')), {
      what: 'a failed node',
    })
  const expectClean = async () => {
    const check = await runShoal(['check', cluster.seed, '--search-stray-keys', '--json'])
    expect(check.code, check.stdout).toBe(0)
    await waitForAgreement(nodes, {ownerCount: 3})
  }

  it.each([30, 70])(
    'finishes a move that is %i percent done in its direction, and no reader misses a key meanwhile',
    async (percent) => {
      await halfMove((KEYS.length * percent) / 100)
      const shown = await fix('--dry-run')
      expect(shown.json<Document>().plan.items).toMatchObject([
        {problem: 'half-moved', slots: String(SLOT), steps: [{kind: 'move', from: ids[2], to: ids[0]}]},
      ])
      const client = new Cluster([{host: '127.0.0.1', port: nodes[1].port}], {maxRedirections: 64})
      let reading = true
      const missed: string[] = []
      let reads = 0
      const readers = Promise.all(
        Array.from({length: 4}, async (_, reader) => {
          for (let at = reader; reading; at += 7) {
            const key = KEYS[at % KEYS.length] as string
            if ((await client.get(key)) !== baseValue(key)) missed.push(key)
            reads++
          }
        }),
      )
      await waitFor(() => reads > 200, {what: 'readers'})
      const run = await fix('--yes')
      reading = false
      await readers
      client.disconnect()
      expect(run.code, run.stdout + run.stderr).toBe(0)
      expect(run.json<Document>().result).toMatchObject({slotsMoved: 1, slotsAssigned: 0, keysGathered: 0})
      expect(missed).toEqual([])
      await expectClean()
      expect(await nodes[0].call('CLUSTER', 'COUNTKEYSINSLOT', SLOT)).toBe(KEYS.length)
    },
  )

  it('keeps what is written on either side while it repairs', async () => {
    const span = {first: 14_000, last: 14_200}
    const keys = keysIn(span, 3000, 'base')
    await fillNode(nodes[2].port, keys)
    for (let slot = span.first; slot <= span.last; slot++) {
      await setSlot(0, slot, 'IMPORTING', ids[2] as string)
      await setSlot(2, slot, 'MIGRATING', ids[0] as string)
      const some = keys.filter((key) => hashSlot(key) === slot).slice(0, 3)
      if (some.length > 0) await migrate(2, 0, some)
    }
    const writers = new Writers(cluster.ports, span, 'repair', 4)
    await waitFor(() => writers.operations > 100, {what: 'writers'})
    const run = await fix('--yes')
    expect(run.code, run.stdout + run.stderr).toBe(0)
    expect(run.json<Document>().result?.slotsMoved).toBe(201)
    expect(await writers.stop()).toEqual([])
    expect((await valuesOf(keys)).filter((value, index) => value !== baseValue(keys[index] as string))).toEqual([])
    await expectClean()
  })

  it('takes back marks that nothing was moved by, on either side alone', async () => {
    await setSlot(0, SLOT, 'IMPORTING', ids[2] as string)
    await setSlot(1, 100, 'IMPORTING', ids[0] as string)
    const run = await fix('--yes')
    expect(run.code, run.stdout + run.stderr).toBe(0)
    expect(run.json<Document>().plan.items.map(({problem}) => problem)).toEqual(['left-open', 'left-open'])
    expect(await nodes[2].call('CLUSTER', 'COUNTKEYSINSLOT', SLOT)).toBe(KEYS.length)
    await expectClean()
  })

  it('opens a target again that has forgotten that it imports', async () => {
    await halfMove(100)
    await setSlot(0, SLOT, 'STABLE')
    const run = await fix('--yes')
    expect(run.code, run.stdout + run.stderr).toBe(0)
    expect(await nodes[0].call('CLUSTER', 'COUNTKEYSINSLOT', SLOT)).toBe(KEYS.length)
    await expectClean()
  })

  it('gives slots without owner to the node with their keys, and spreads the rest in ranges', async () => {
    // As redis-cli leaves a cluster behind whose ADDSLOTS failed.
    const lost = [SLOT, ...Array.from({length: 300}, (_, index) => 11_000 + index)]
    await Promise.all(nodes.map((node) => node.call('CLUSTER', 'DELSLOTS', ...lost)))
    const run = await fix('--yes')
    expect(run.code, run.stdout + run.stderr).toBe(0)
    expect(run.json<Document>().result?.slotsAssigned).toBe(301)
    await expectClean()
    expect(await valuesOf(KEYS)).toEqual(KEYS.map(baseValue))
    const slots = (await nodes[0].call('CLUSTER', 'SLOTS')) as [number, number, [string, number]][]
    const counts = nodes.map(({port}) =>
      slots.filter(([, , [, owner]]) => owner === port).reduce((sum, [first, last]) => sum + last - first + 1, 0),
    )
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
    expect(slots.length).toBeLessThanOrEqual(7)
  })

  it('brings stray keys home, drops copies, and leaves what differs to the operator', async () => {
    const [same, other] = KEYS as [string, string]
    await stray(1, {[same]: baseValue(same), [other]: 'another', [`{${TAG}}new`]: 'found'})
    const shown = await fix('--dry-run')
    expect(shown.json<Document>().plan.items).toMatchObject([{problem: 'keys-stray', keyCount: 3}])
    const refused = await fix('--yes')
    expect([refused.code, refused.json<Failure>().error.code]).toEqual([6, 'PLAN_PARTIAL'])
    expect(refused.json<Failure>().error.details.keys?.map(({key}) => key)).toEqual([JSON.stringify(other)])
    expect(refused.json<Failure>().error.suggestions).toEqual([
      `shoal fix ${cluster.seed} --keep owner`,
      `shoal fix ${cluster.seed} --keep other`,
    ])
    expect(await valuesOf([same, other, `{${TAG}}new`])).toEqual([baseValue(same), baseValue(other), 'found'])
    for (const node of nodes) expect(String(await node.call('CLUSTER', 'NODES'))).not.toContain('[')
    const kept = await fix('--yes', '--keep', 'other')
    expect(kept.code, kept.stdout + kept.stderr).toBe(0)
    expect(await valuesOf([other])).toEqual(['another'])
    await expectClean()
  })

  it('promotes the replica of an owner that is down and was not replaced', async () => {
    const replica = await startReplica(nodes[2], nodes, {args: ['--cluster-replica-no-failover', 'yes']})
    await nodes[2].kill()
    await waitForFailed()
    const run = await fix('--yes')
    expect(run.code, run.stdout + run.stderr).toBe(0)
    expect(run.json<Document>().plan.items).toMatchObject([{problem: 'owner-down', steps: [{kind: 'failover'}]}])
    expect(await valuesOf(KEYS)).toEqual(KEYS.map(baseValue))
    expect(String(await replica.call('CLUSTER', 'INFO'))).toContain('cluster_state:ok')
    await replica.stop()
  })

  it('lets the newest of two owners have the keys of both, while nodes do not hear each other', async () => {
    for (const node of nodes) {
      await node.call('CONFIG', 'SET', 'cluster-node-timeout', 60_000)
      await node.call('DEBUG', 'DROP-CLUSTER-PACKET-FILTER', PING)
    }
    await nodes[1].call('CLUSTER', 'DELSLOTS', SLOT)
    await nodes[1].call('CLUSTER', 'ADDSLOTS', SLOT)
    await nodes[1].call('CLUSTER', 'BUMPEPOCH')
    await nodes[1].call('SET', `{${TAG}}late`, 'written')
    const run = await fix('--yes')
    expect(run.code, run.stdout + run.stderr).toBe(0)
    expect(run.json<Document>().plan.items).toMatchObject([
      {problem: 'multiply-owned', slots: String(SLOT), steps: [{kind: 'yield', from: ids[2], to: ids[1]}]},
    ])
    for (const node of nodes) await node.call('DEBUG', 'DROP-CLUSTER-PACKET-FILTER', -1)
    await expectClean()
    expect(await nodes[1].call('CLUSTER', 'COUNTKEYSINSLOT', SLOT)).toBe(KEYS.length + 1)
    expect(await valuesOf(KEYS)).toEqual(KEYS.map(baseValue))
  })

  it('gives a slot that two claim by one epoch to a third, and loses the keys of neither', async () => {
    // Who holds the highest epoch is not given another one.
    const epoch = String(await nodes[0].call('CLUSTER', 'BUMPEPOCH')).replace('BUMPED ', '')
    await waitFor(
      async () => {
        const infos = await Promise.all(nodes.map((node) => node.call('CLUSTER', 'INFO')))
        return infos.every((info) => String(info).includes(`cluster_current_epoch:${epoch}`))
      },
      {what: 'the new epoch'},
    )
    for (const node of nodes) {
      await node.call('CONFIG', 'SET', 'cluster-node-timeout', 5000)
      await node.call('DEBUG', 'DROP-CLUSTER-PACKET-FILTER', PING)
    }
    await nodes[1].call('CLUSTER', 'DELSLOTS', SLOT)
    await nodes[1].call('CLUSTER', 'ADDSLOTS', SLOT)
    for (const node of [nodes[1], nodes[2]]) await node.call('CLUSTER', 'BUMPEPOCH')
    await nodes[1].call('SET', `{${TAG}}late`, 'written')
    // From now on the third is heard by both, who do not hear each other: by its new epoch both would drop the slot.
    await nodes[0].call('DEBUG', 'DROP-CLUSTER-PACKET-FILTER', -1)
    const cut = await fix('--owner', `${SLOT}=${ids[0]}`, '--yes')
    const counts = await Promise.all(nodes.map((node) => node.call('CLUSTER', 'COUNTKEYSINSLOT', SLOT)))
    expect(counts.map(Number).reduce((a, b) => a + b)).toBe(KEYS.length + 1)
    expect([cut.code, cut.stdout]).toEqual([6, expect.stringContaining('share config epoch')])
    for (const node of nodes) await node.call('DEBUG', 'DROP-CLUSTER-PACKET-FILTER', -1)
    const run = await fix('--owner', `${SLOT}=${ids[0]}`, '--yes')
    expect(run.code, run.stdout + run.stderr).toBe(0)
    await expectClean()
    expect(await valuesOf(KEYS)).toEqual(KEYS.map(baseValue))
    expect(await valuesOf([`{${TAG}}late`])).toEqual(['written'])
  })

  it('does not give up an owner that is down unless it is told to, and says what that costs', async () => {
    await nodes[1].kill()
    await waitForFailed()
    const refused = await fix('--yes')
    expect([refused.code, refused.json<Failure>().error.code]).toEqual([3, 'CLUSTER_UNHEALTHY'])
    expect(refused.json<Failure>().error.suggestions.join()).toContain('--fix-with-unreachable-primaries')
    const run = await fix('--yes', '--cluster-fix-with-unreachable-masters')
    expect(run.code, run.stdout + run.stderr).toBe(0)
    expect(run.json<Document>().result?.slotsAssigned).toBe(5462)
    expect(await valuesOf(KEYS)).toEqual(KEYS.map(baseValue))
    for (const node of [nodes[0], nodes[2]]) {
      expect(String(await node.call('CLUSTER', 'INFO'))).toContain('cluster_state:ok')
    }
  })

  it('finishes what an interrupted job opened, in the direction of the job', async () => {
    let kill: (signal: NodeJS.Signals) => void = () => undefined
    const words = [
      '--from',
      `127.0.0.1:${nodes[2].port}`,
      '--to',
      `127.0.0.1:${nodes[1].port}`,
      '--slots',
      '15000-16000',
    ]
    const killed = await runShoal(['reshard', cluster.seed, ...words, '--yes', '--events', '--transfer', 'copy'], {
      env,
      onStart: (run) => {
        kill = run.kill
      },
      onStderr: (text) => {
        if (text.split('"window-open"').length > 4) kill('SIGKILL')
      },
    })
    expect(killed.signal).toBe('SIGKILL')
    const run = await fix('--yes')
    expect(run.code, run.stdout + run.stderr).toBe(0)
    await expectClean()
    expect(await valuesOf(KEYS)).toEqual(KEYS.map(baseValue))
    const resumed = await runShoal(['resume', '--json'], {env})
    expect(resumed.code, resumed.stdout + resumed.stderr).toBe(0)
    await expectClean()
    expect(await valuesOf(KEYS)).toEqual(KEYS.map(baseValue))
  })

  it('is told to be run again if it was killed before its job began, and has changed nothing then', async () => {
    const apart = {SHOAL_STATE_DIR: temporaryFolder('fix-state')}
    await halfMove(100)
    const held = () => Promise.all(nodes.map((node) => node.call('CLUSTER', 'COUNTKEYSINSLOT', SLOT)))
    const before = await held()
    let kill: (signal: NodeJS.Signals) => void = () => undefined
    // A node that does not answer keeps it from being done with looking.
    process.kill(nodes[1].pid, 'SIGSTOP')
    const killed = runShoal(['fix', cluster.seed, '--yes', '--timeout', '40s'], {
      env: apart,
      onStart: (run) => {
        kill = run.kill
      },
    })
    const clientsOf = async ({call}: RedisNode) =>
      String(await call('CLIENT', 'LIST', 'TYPE', 'normal'))
        .trim()
        .split('\n')
    await waitFor(async () => (await clientsOf(nodes[0])).length > 1, {what: 'fix to look at the seed'})
    kill('SIGKILL')
    expect((await killed).signal).toBe('SIGKILL')
    process.kill(nodes[1].pid, 'SIGCONT')
    await waitForAgreement(nodes, {ownerCount: 3})
    const resumed = await runShoal(['resume', '--json'], {env: apart})
    const {error} = resumed.json<Failure>()
    expect([resumed.code, error.code]).toEqual([4, 'NOT_FOUND'])
    expect(error.suggestions[0]).toContain(
      'A fix that was killed before its job began changed nothing, and the same fix does it',
    )
    expect(await held()).toEqual(before)
    expect(String(await nodes[2].call('CLUSTER', 'NODES'))).toContain(`[${SLOT}->-${ids[0]}]`)
    const run = await runShoal(['fix', cluster.seed, '--yes', '--json'], {env: apart})
    expect(run.code, run.stdout + run.stderr).toBe(0)
    expect(await held()).toEqual([KEYS.length, 0, 0])
    await expectClean()
  })
})
