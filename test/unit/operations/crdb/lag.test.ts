import {beforeEach, describe, expect, it, vi} from 'vitest'
import type {PeerReport} from '../../../../src/lib/client/crdt.js'
import {CliError} from '../../../../src/lib/kernel/errors.js'
import {LOOK_MS} from '../../../../src/lib/operations/crdb/instance-nodes.js'
import type {DatabaseInstance} from '../../../../src/lib/operations/crdb/known.js'
import {LagWatcher} from '../../../../src/lib/operations/crdb/lag.js'
import {FakeNode, FakeRegions} from './fake-regions.js'

let regions: FakeRegions
vi.mock('../../../../src/lib/operations/crdb/sync.js', () => ({
  openInstances: async (instances: readonly DatabaseInstance[]) => regions.open(instances),
}))

const {signal} = new AbortController()
const peer = (region: number, more: Partial<PeerReport> = {}): PeerReport => ({
  divergedSlots: 0,
  lagMs: 1,
  lastError: '',
  pendingEffects: 0,
  region,
  status: 'in-sync',
  ...more,
})
const node = (...peers: PeerReport[]) => new FakeNode({'CRDT.PEERS': () => JSON.stringify(peers)})

describe('LagWatcher', () => {
  let watcher: LagWatcher
  const made = (shards: ConstructorParameters<typeof FakeRegions>[0]) => {
    regions = new FakeRegions(shards)
    watcher = new LagWatcher(regions.known)
  }

  beforeEach(() => made({1: [node(peer(2))], 2: [node(peer(1, {lagMs: 7, pendingEffects: 5}))]}))

  it('has a line for each region and each that it hears of; pending is what the other side says', async () => {
    const report = await watcher.look(signal)
    expect(report.links).toEqual([
      {from: 2, lagMs: 1, lastError: '', pendingEffects: 5, region: 1, status: 'in-sync'},
      {from: 1, lagMs: 7, lastError: '', pendingEffects: 0, region: 2, status: 'in-sync'},
    ])
    expect(report.silent).toEqual([])
  })

  it('takes the worst of the shards, and adds up what is pending', async () => {
    made({
      1: [node(peer(2, {lagMs: 9})), node(peer(2, {lagMs: 4000, lastError: 'ECONNREFUSED', status: 'down'}))],
      2: [node(peer(1, {pendingEffects: 5})), node(peer(1, {pendingEffects: 6}))],
    })
    expect((await watcher.look(signal)).links[0]).toEqual({
      from: 2,
      lagMs: 4000,
      lastError: 'ECONNREFUSED',
      pendingEffects: 11,
      region: 1,
      status: 'down',
    })
  })

  it('knows no lag where one shard knows none', async () => {
    made({
      1: [node(peer(2)), node(peer(2, {lagMs: null, status: 'syncing'}))],
      2: [node(peer(1, {pendingEffects: null}))],
    })
    expect((await watcher.look(signal)).links[0]).toMatchObject({lagMs: null, pendingEffects: null, status: 'syncing'})
  })

  it('is down to a region of which a shard knows nothing', async () => {
    made({1: [node(peer(2)), node()], 2: [node(peer(1))]})
    expect((await watcher.look(signal)).links[0]).toMatchObject({region: 1, status: 'down'})
  })

  it('names who does not answer; what the others hear of it is shown', async () => {
    made({1: [node(peer(2, {lagMs: 900, status: 'down'}))], 2: '127.0.0.1:12002 refuses connections'})
    expect(await watcher.look(signal)).toMatchObject({
      links: [{from: 2, lagMs: 900, pendingEffects: null, region: 1, status: 'down'}],
      silent: [{cluster: 'c2', error: '127.0.0.1:12002 refuses connections', id: 2}],
    })
  })

  it('keeps its connections while all answer, and opens those anew of one that did not', async () => {
    await watcher.look(signal)
    await watcher.look(signal)
    expect([regions.opens, regions.closes]).toEqual([2, 0])
    const [second] = regions.regions[2] as readonly FakeNode[]
    const {'CRDT.PEERS': answer} = second!.replies
    second!.replies['CRDT.PEERS'] = new CliError('TIMED_OUT', '127.0.0.1:12002 does not answer')
    expect((await watcher.look(signal)).silent).toEqual([
      {cluster: 'c2', error: '127.0.0.1:12002 does not answer', id: 2},
    ])
    second!.replies['CRDT.PEERS'] = answer
    await vi.waitFor(async () => expect((await watcher.look(signal)).links).toHaveLength(2))
    expect([regions.opens, regions.closes]).toEqual([3, 1])
    watcher.close()
    watcher.close()
    expect(regions.closes).toBe(3)
  })

  it('waits for a region that is frozen once, and not again before it has answered', async () => {
    const [second] = regions.regions[2] as readonly FakeNode[]
    const {'CRDT.PEERS': answer} = second!.replies
    let thaw: () => void = () => undefined
    second!.replies['CRDT.PEERS'] = () => new Promise((resolve) => (thaw = () => resolve((answer as () => unknown)())))
    vi.useFakeTimers()
    try {
      const first = watcher.look(signal)
      await vi.advanceTimersByTimeAsync(LOOK_MS)
      expect(await first).toMatchObject({
        links: [{region: 1}],
        silent: [{cluster: 'c2', error: 'no answer within 2000 ms', id: 2}],
      })
      // No time passes.
      for (let looks = 0; looks < 3; looks++) expect((await watcher.look(signal)).links).toHaveLength(1)
      expect(second!.log).toEqual(['CRDT.PEERS'])
      thaw()
    } finally {
      vi.useRealTimers()
    }
    await vi.waitFor(async () => expect((await watcher.look(signal)).silent).toEqual([]))
  })

  it('says so where credentials are refused, at the next look if nobody waited', async () => {
    const [second] = regions.regions[2] as readonly FakeNode[]
    second!.replies['CRDT.PEERS'] = new CliError('CREDENTIALS_REFUSED', 'c2 wants a password')
    await expect(watcher.look(signal)).rejects.toThrow('c2 wants a password')
  })

  it('shows what answers of a region in part, and says that it is not all', async () => {
    made({1: [node(peer(2))], 2: {gap: 'no primary answers for 8192 slots', primaries: [node(peer(1))]}})
    const report = await watcher.look(signal)
    expect(report.links).toHaveLength(2)
    expect(report.silent).toEqual([{cluster: 'c2', error: 'no primary answers for 8192 slots', id: 2}])
  })
})
