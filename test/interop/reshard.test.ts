import {Redis} from 'ioredis'
import {afterAll, beforeAll, expect, it} from 'vitest'
import {runShoal} from '../support/cli.js'
import {describeWithPeers, type RealCluster, startRealCluster, waitForAgreement} from '../support/peers.js'
import {fillNode, keysIn, lostAt, Writers} from './reshard-load.js'

/** Slots of the last of three even shares, and the keys that live there. */
const SPAN = {first: 14336, last: 16383}
const KEY_COUNT = 50_000

/** Where SIGKILL falls: at the nth event of a kind. Between two events it falls wherever the machine is just then. */
const KILLS = [
  ['"barrier"', 1],
  ['"window-open"', 1],
  ['"progress"', 3],
  ['"progress"', 150],
  ['"window-done"', 1],
  ['"window-open"', 9],
  ['"window-done"', 17],
  ['"window-done"', 31],
] as const

/** Calls `act` once, when stderr holds `text` for the nth time. */
function atNth(text: string, count: number, act: () => void): (stderr: string) => void {
  let done = false
  return (stderr) => {
    if (done || stderr.split(text).length <= count) return
    done = true
    act()
  }
}

describeWithPeers('reshard on real redis-servers', () => {
  let cluster: RealCluster
  let keys: string[]
  /** Ports of the two that pass the slots to and fro; the first owns them now. */
  let owner: number
  let other: number

  beforeAll(async () => {
    cluster = await startRealCluster(3)
    keys = keysIn(SPAN, KEY_COUNT, 'base')
    owner = cluster.ports[2] as number
    other = cluster.ports[0] as number
    await fillNode(owner, keys)
  })

  afterAll(() => cluster?.stop())

  const swap = () => {
    const before = owner
    owner = other
    other = before
  }
  const reshard = (extra: readonly string[] = [], options = {}) =>
    runShoal(
      [
        'reshard',
        cluster.seed,
        ...['--from', `127.0.0.1:${owner}`, '--to', `127.0.0.1:${other}`, '--slots', `${SPAN.first}-${SPAN.last}`],
        ...['--yes', '--json'],
        ...extra,
      ],
      options,
    )

  it('moves 2048 slots with 50,000 keys to and fro ten times under writes and loses nothing', async () => {
    const writers = new Writers(cluster.ports, SPAN, 'steady')
    for (let round = 0; round < 10; round++) {
      const run = await reshard(['--transfer', round % 2 === 0 ? 'auto' : 'copy'])
      expect(run.code, run.stdout + run.stderr).toBe(0)
      const {result} = run.json<{result: {slotsMoved: number; keysMoved: number}}>()
      expect(result.slotsMoved).toBe(2048)
      expect(result.keysMoved).toBeGreaterThanOrEqual(KEY_COUNT)
      swap()
    }
    expect(await writers.stop()).toEqual([])
    expect(writers.operations).toBeGreaterThan(1000)
    await waitForAgreement(cluster.nodes, {ownerCount: 3})
    expect(await lostAt(owner, keys)).toEqual([])
  })

  /** Starts a reshard and sends a signal at the nth event of a kind. */
  const disturb = (signal: NodeJS.Signals, text: string, count: number, flags: readonly string[] = []) => {
    let send: ((signal: NodeJS.Signals) => void) | undefined
    return reshard(['--events', ...flags], {
      onStart: ({kill}: {kill: (signal: NodeJS.Signals) => void}) => {
        send = kill
      },
      onStderr: atNth(text, count, () => send?.(signal)),
    })
  }

  it.each(['migrate', 'copy'])(
    'survives SIGKILL at any moment of %s: resume finishes, and nothing is lost',
    async (how) => {
      const writers = new Writers(cluster.ports, SPAN, how)
      for (const [text, count] of KILLS) {
        const killed = await disturb('SIGKILL', text, count, ['--transfer', how])
        expect(killed.signal, `${text} ${count}`).toBe('SIGKILL')
        const jobs = (await runShoal(['jobs', '--json'])).json<{jobs: {state: string}[]}>().jobs
        expect(jobs.at(-1)?.state).toBe('broken-off')
        const resumed = await runShoal(['resume', '--transfer', how, '--json'])
        expect(resumed.code, resumed.stdout + resumed.stderr).toBe(0)
        swap()
      }
      expect(await writers.stop()).toEqual([])
      await waitForAgreement(cluster.nodes, {ownerCount: 3})
      expect(await lostAt(owner, keys)).toEqual([])
    },
  )

  it('closes the connections of a killed run, so that nothing it sent is carried out later', async () => {
    const killed = await disturb('SIGKILL', '"window-open"', 3, ['--transfer', 'copy'])
    expect(killed.signal).toBe('SIGKILL')
    const jobs = (await runShoal(['jobs', '--json'])).json<{jobs: {id: string}[]}>().jobs
    // What a slow network has kept back of a switch: it deletes keys whose copies are discarded by then.
    const late = new Redis({port: owner, retryStrategy: () => null})
    const bystander = new Redis({port: owner, connectionName: 'app', retryStrategy: () => null})
    await late.client('SETNAME', `shoal:${jobs.at(-1)?.id}:killed`)
    await late.multi({pipeline: false})
    const resumed = await runShoal(['resume', '--json'])
    expect(resumed.code, resumed.stdout + resumed.stderr).toBe(0)
    await expect(late.exec()).rejects.toThrow(/closed|ECONNRESET/i)
    expect(await bystander.ping()).toBe('PONG')
    for (const client of [late, bystander]) client.disconnect()
    swap()
    expect(await lostAt(owner, keys)).toEqual([])
  })

  it('finishes the open slots on Ctrl-C, exits 130, says what remains, and resumes', async () => {
    const writers = new Writers(cluster.ports, SPAN, 'interrupted')
    const stopped = await disturb('SIGINT', '"window-open"', 4)
    expect(stopped.code, stopped.stdout).toBe(130)
    const {error} = stopped.json<{error: {details: {job: string; remaining: string}; suggestions: string[]}}>()
    expect(error.suggestions[0]).toBe(`shoal resume ${error.details.job}`)
    expect(error.details.remaining).toMatch(/^\d+-16383$/)
    for (const node of cluster.nodes) expect(String(await node.call('CLUSTER', 'NODES'))).not.toMatch(/\[\d+-/)
    const resumed = await runShoal(['resume', error.details.job, '--json'])
    expect(resumed.code, resumed.stdout + resumed.stderr).toBe(0)
    swap()
    expect(await writers.stop()).toEqual([])
    expect(await lostAt(owner, keys)).toEqual([])
    const again = await runShoal(['resume', error.details.job, '--json'])
    expect(again.json<{result: {slotsMoved: number}}>().result.slotsMoved).toBe(0)
  })
})
