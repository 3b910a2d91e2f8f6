import {describe, expect, it, vi} from 'vitest'
import type {PeerReport} from '../../../../src/lib/client/crdt.js'
import {reportHealth} from '../../../../src/lib/operations/crdb/health-report.js'
import type {DatabaseInstance} from '../../../../src/lib/operations/crdb/known.js'
import {FakeNode, FakeRegions} from './fake-regions.js'

let regions: FakeRegions
vi.mock('../../../../src/lib/operations/crdb/sync.js', () => ({
  openInstances: async (instances: readonly DatabaseInstance[]) => regions.open(instances),
}))

const node = (region: number, more: Partial<PeerReport> = {}) =>
  new FakeNode({
    'CRDT.CONFIG': () => JSON.stringify({config: regions.known.config, region: 3 - region}),
    'CRDT.PEERS': JSON.stringify([{divergedSlots: 0, lagMs: 1, lastError: '', region, status: 'in-sync', ...more}]),
  })

/** Of the first cluster to the second. */
async function connection() {
  const [first] = await reportHealth(regions.known, new AbortController().signal)
  return first!.connections[0]!
}

describe('reportHealth', () => {
  it('adds up the slots that differ of all shards, and is not ok with any', async () => {
    regions = new FakeRegions({1: [node(2), node(2)], 2: [node(1)]})
    expect(await connection()).toMatchObject({diverged_slots: 0, status: 'ok'})
    regions = new FakeRegions({1: [node(2, {divergedSlots: 2}), node(2, {divergedSlots: 1})], 2: [node(1)]})
    const status = '3 slots differ although both have applied the same'
    expect(await connection()).toMatchObject({diverged_slots: 3, status})
    regions = new FakeRegions({1: [node(2, {divergedSlots: 1, lastError: 'gone', status: 'down'})], 2: [node(1)]})
    expect(await connection()).toMatchObject({diverged_slots: 1, status: 'gone'})
  })
})
