import {afterAll, beforeAll, expect, it} from 'vitest'
import {runShoal} from '../support/cli.js'
import {describeWithPeers, type RealCluster, startRealCluster, waitForAgreement} from '../support/peers.js'
import {fillNode, keysIn, lostAt, Writers} from './reshard-load.js'

/** Slots of the last of three even shares, and the keys that live there. */
const SPAN = {first: 14336, last: 16383}
const KEY_COUNT = 50_000

/** Repeatable, so that a failure can be run again: where the kills fall. */
const KILL_MS = [450, 700, 380, 900, 550, 1200, 620, 500]

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
      const run = await reshard()
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

  it('survives SIGKILL at any moment: resume finishes, and nothing is lost', async () => {
    const writers = new Writers(cluster.ports, SPAN, 'killed')
    for (const killMs of KILL_MS) {
      const killed = await reshard([], {timeoutMs: killMs})
      if (killed.signal === null) {
        expect(killed.code, killed.stdout + killed.stderr).toBe(0)
      } else {
        const resumed = await runShoal(['resume', '--json'])
        // Killed before the job began: there is nothing to resume, and nothing was changed.
        if (resumed.code === 4) continue
        expect(resumed.code, resumed.stdout + resumed.stderr).toBe(0)
      }
      swap()
    }
    expect(await writers.stop()).toEqual([])
    await waitForAgreement(cluster.nodes, {ownerCount: 3})
    expect(await lostAt(owner, keys)).toEqual([])
  })
})
