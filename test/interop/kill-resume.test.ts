import {afterAll, beforeAll, expect, it} from 'vitest'
import {seededRng} from '../../src/lib/kernel/rng.js'
import {hashSlot} from '../../src/lib/protocol/hash-slot.js'
import {type RunResult, runShoal} from '../support/cli.js'
import {
  describeWithPeers,
  type RealCluster,
  type RedisNode,
  startRealCluster,
  waitForAgreement,
} from '../support/peers.js'
import {temporaryFolder} from '../support/processes.js'
import {fillNode, keysIn, lostAt, Writers} from './reshard-load.js'

/** SIGKILL at so many random points of each command; `KILL_POINTS` for a long run, `KILL_SEED` replays one. */
const POINTS = Number(process.env['KILL_POINTS'] ?? 10)
const SEED = Number(process.env['KILL_SEED'] ?? Date.now() % 1_000_000)
const KEYS_PER_NODE = 2000

/** Nothing fails over here: a node that a busy machine does not schedule for two seconds must not count as dead. */
const PATIENT = ['--cluster-node-timeout', '10000']

/** A command that changes the layout of three even primaries; `undo` brings it back each time. */
const COMMANDS: readonly {readonly name: string; readonly words: (cluster: RealCluster) => readonly string[]}[] = [
  {
    name: 'reshard',
    words: ({ports, seed}) => [seed, '--from', 'all', '--to', `127.0.0.1:${ports[1]}`, '--slots', '300'],
  },
  {
    name: 'rebalance',
    words: ({ports, seed}) => [seed, '--weight', `127.0.0.1:${ports[0]}=1.1`, '--threshold', '0'],
  },
]

/** Ends a run by SIGKILL once it has told of so many events. */
function killAfter(events: number) {
  let kill: (signal: NodeJS.Signals) => void = () => undefined
  return {
    onStart: (process: {readonly kill: typeof kill}) => {
      kill = process.kill
    },
    onStderr: (text: string) => {
      if (text.split('\n').length > events) kill('SIGKILL')
    },
  }
}

describeWithPeers('SIGKILL at random points, then resume', () => {
  const env = {SHOAL_STATE_DIR: temporaryFolder('kill-state')}
  let cluster: RealCluster
  let keys: string[]

  beforeAll(async () => {
    cluster = await startRealCluster(3, {args: PATIENT})
    keys = []
    for (const [index, port] of cluster.ports.entries()) {
      const span = {first: [0, 5461, 10_923][index] as number, last: [5460, 10_922, 16_383][index] as number}
      const own = keysIn(span, KEYS_PER_NODE, `base${index}`)
      await fillNode(port, own)
      keys.push(...own)
    }
  })

  afterAll(() => cluster?.stop())

  const run = (words: readonly string[], options = {}) => runShoal([...words, '--json'], {env, ...options})
  const layout = async () => {
    const slots = (await cluster.nodes[0]?.call('CLUSTER', 'SLOTS')) as [number, number, [string, number]][]
    return slots.map(([first, last, owner]) => `${first}-${last}:${owner[1]}`).sort()
  }
  const lost = async () => {
    const missing = await Promise.all(cluster.ports.map(async (port) => new Set(await lostAt(port, keys))))
    return keys.filter((key) => missing.every((at) => at.has(key)))
  }
  const expectHealthy = async (context: string) => {
    await waitForAgreement(cluster.nodes, {ownerCount: 3})
    const check = await run(['check', cluster.seed, '--fail-on', 'error'])
    expect(check.code, `${context}: ${check.stdout}`).toBe(0)
  }

  it.each(COMMANDS)(`loses nothing, and can be undone: $name (KILL_SEED=${SEED})`, async ({name, words}) => {
    const rng = seededRng(SEED)
    const before = await layout()
    const flags = ['--yes', '--events', '--window', '16', '--transfer']
    const start = (how: string, options = {}) => run([name, ...words(cluster), ...flags, how], options)
    const whole = await start('auto')
    expect(whole.code, whole.stdout).toBe(0)
    let eventCount = whole.stderr.split('\n').length
    expect((await run(['undo', '--yes'])).code).toBe(0)
    expect(await layout()).toEqual(before)

    const writers = new Writers(cluster.ports, {first: 0, last: 16_383}, name, 4)
    for (let kills = 0; kills < POINTS; ) {
      const at = 1 + rng.below(eventCount)
      const how = rng.pick(['auto', 'copy', 'migrate'])
      const context = `seed ${SEED}, kill ${kills}, at event ${at} of ${eventCount}, ${how}`
      const killed: RunResult = await start(how, killAfter(at))
      if (killed.signal === 'SIGKILL') {
        kills++
        const resumed = await run(['resume', '--transfer', how])
        expect(resumed.code, `${context}: ${resumed.stdout}${resumed.stderr}`).toBe(0)
      } else {
        // It was over sooner than the run before.
        expect(killed.code, `${context}: ${killed.stdout}`).toBe(0)
        eventCount = killed.stderr.split('\n').length
      }
      await expectHealthy(context)
      expect(await lost(), context).toEqual([])
      expect(await layout(), context).not.toEqual(before)
      const undone = await run(['undo', '--yes'])
      expect(undone.code, `${context}: ${undone.stdout}`).toBe(0)
      expect(await layout(), context).toEqual(before)
      expect(await lost(), `${context}, undone`).toEqual([])
    }
    expect(await writers.stop()).toEqual([])
    expect(await lost()).toEqual([])
    await expectHealthy('at the end')
  })

  it(`loses nothing: fix (KILL_SEED=${SEED})`, async () => {
    const rng = seededRng(SEED)
    const span = {first: 100, last: 139}
    const slots = Array.from({length: 40}, (_, index) => span.first + index)
    const inSpan = keys.filter((key) => slots.includes(hashSlot(key)))
    const writers = new Writers(cluster.ports, span, 'fix', 4)
    const ids = await Promise.all(cluster.nodes.map(async (node) => String(await node.call('CLUSTER', 'MYID'))))
    let [from, to] = [0, 1]
    let eventCount = 20
    for (let kills = 0; kills < POINTS; ) {
      const [source, target] = [cluster.nodes[from] as RedisNode, cluster.nodes[to] as RedisNode]
      // What a tool leaves behind that was killed: open slots with keys on both sides, and a slot without owner.
      for (const slot of slots.slice(1)) {
        await target.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', ids[from] as string)
        await source.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', ids[to] as string)
        const [key] = (await source.call('CLUSTER', 'GETKEYSINSLOT', slot, 1)) as string[]
        if (key) await source.call('MIGRATE', '127.0.0.1', target.port, key, 0, 5000)
      }
      await Promise.all(cluster.nodes.map((node) => node.call('CLUSTER', 'DELSLOTS', 200)))
      const at = 1 + rng.below(eventCount)
      const context = `seed ${SEED}, kill ${kills}, at event ${at} of ${eventCount}`
      const killed: RunResult = await run(['fix', cluster.seed, '--yes', '--events', '--window', '8'], killAfter(at))
      if (killed.signal === 'SIGKILL') {
        kills++
        const resumed = await run(['resume'])
        // Killed before there was a job, it had not changed anything.
        const again = resumed.code === 4 ? await run(['fix', cluster.seed, '--yes']) : resumed
        expect(again.code, `${context}: ${again.stdout}${again.stderr}`).toBe(0)
      } else {
        expect(killed.code, `${context}: ${killed.stdout}`).toBe(0)
        eventCount = killed.stderr.split('\n').length
      }
      await expectHealthy(context)
      expect(await lost(), context).toEqual([])
      for (const slot of slots.slice(1)) expect(await source.call('CLUSTER', 'COUNTKEYSINSLOT', slot), context).toBe(0)
      ;[from, to] = [to, from]
    }
    expect(await writers.stop()).toEqual([])
    expect(await lost()).toEqual([])
    expect(inSpan.length).toBeGreaterThan(5)
    await expectHealthy('at the end')
  })
})
