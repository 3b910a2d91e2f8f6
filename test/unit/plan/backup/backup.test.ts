import {describe, expect, it} from 'vitest'
import type {ClusterView} from '../../../../src/lib/model/cluster-view.js'
import {parseRanges, SLOT_COUNT, slotsOf} from '../../../../src/lib/model/slot-set.js'
import {chooseSources} from '../../../../src/lib/plan/backup/choose-sources.js'
import {makeManifest, parseManifest, type ShardEntry} from '../../../../src/lib/plan/backup/manifest.js'
import {movedSlots} from '../../../../src/lib/plan/backup/moved-slots.js'
import {keysElsewhere, memoryWarnings, planTargets, requireRoom} from '../../../../src/lib/plan/backup/plan-restore.js'
import {snapshotWarnings} from '../../../../src/lib/plan/backup/snapshot-warnings.js'
import {RdbTally} from '../../../../src/lib/plan/backup/tally.js'
import {hashSlot} from '../../../../src/lib/protocol/hash-slot.js'
import {idOf, type NodeSketch, viewOf} from '../view-of.js'

const IN_SYNC = {master_link_status: 'up', master_sync_in_progress: '0'}
const online = (index: number) => `ip=127.0.0.1,port=${7000 + index},state=online,offset=90,lag=0`

const SKETCHES: readonly NodeSketch[] = [
  {
    name: 'a',
    slots: '0-8000',
    info: {
      master_repl_offset: '100',
      used_memory_dataset: '5000',
      slave0: online(2),
      slave1: online(3),
      slave2: online(4),
      slave3: 'ip=127.0.0.1,port=7005,state=wait_bgsave,offset=0,lag=0',
    },
  },
  {name: 'b', slots: '8001-16383'},
  {name: 'c', replicaOf: 'a', info: {...IN_SYNC, slave_repl_offset: '40'}},
  {name: 'd', replicaOf: 'a', info: {...IN_SYNC, slave_repl_offset: '90'}},
  {name: 'e', replicaOf: 'a', info: {...IN_SYNC, master_link_status: 'down', slave_repl_offset: '100'}},
  {name: 'f', replicaOf: 'a', info: {...IN_SYNC, slave_repl_offset: '100'}},
  {name: 'g'},
]
const VIEW = viewOf(SKETCHES)

describe('chooseSources', () => {
  it('takes the replica that is least behind, then others in sync, then the primary', () => {
    const [first, second, ...rest] = chooseSources(VIEW)
    expect(rest).toEqual([])
    expect(first?.sources).toEqual([
      {id: idOf('d'), address: '127.0.0.1:7003', role: 'replica', lagBytes: 10},
      {id: idOf('c'), address: '127.0.0.1:7002', role: 'replica', lagBytes: 60},
      {id: idOf('a'), address: '127.0.0.1:7000', role: 'primary', lagBytes: 0},
    ])
    expect(first).toMatchObject({slots: '0-8000', slotCount: 8001, memoryBytes: 5000, configEpoch: 1})
    expect(first?.members).toEqual(['a', 'c', 'd', 'e', 'f'].map(idOf))
    expect(second?.sources).toEqual([{id: idOf('b'), address: '127.0.0.1:7001', role: 'primary', lagBytes: 0}])
  })

  it('takes the primary where its replica is still copying', () => {
    const info = {...IN_SYNC, master_sync_in_progress: '1'}
    const primary = {name: 'a', slots: '0-16383', info: {slave0: online(1)}}
    expect(chooseSources(viewOf([primary, {name: 'b', replicaOf: 'a', info}]))[0]?.sources).toMatchObject([
      {role: 'primary'},
    ])
    expect(chooseSources(viewOf([primary, {name: 'b', replicaOf: 'a', info: IN_SYNC}]))[0]?.sources).toHaveLength(2)
  })
})

describe('movedSlots', () => {
  const shards = chooseSources(VIEW)
  const change = (changes: Readonly<Record<string, Partial<NodeSketch>>>): ClusterView =>
    viewOf(SKETCHES.map((sketch, index) => ({configEpoch: index + 1, ...sketch, ...changes[sketch.name]})))

  it.each<[string, ClusterView, RegExp | undefined]>([
    ['nothing', VIEW, undefined],
    [
      'a failover',
      change({a: {slots: '', replicaOf: 'd'}, d: {slots: '0-8000', replicaOf: undefined as never, configEpoch: 9}}),
      undefined,
    ],
    [
      'slots that left',
      change({a: {slots: '0-7990'}, b: {slots: '7991-16383', configEpoch: 9}}),
      /^slots 7991-8000 have left a{8}; b{8} went from config epoch 2 to 9$/,
    ],
    ['slots that went and came back', change({a: {configEpoch: 9}}), /^a{8} went from config epoch 1 to 9$/],
    [
      'slots taken by an empty node',
      change({b: {slots: '8001-16000'}, g: {slots: '16001-16383'}}),
      /^slots 16001-16383 have left b/,
    ],
    ['an open slot', change({a: {migrating: {7: 'b'}}}), /^slot 7 is migrating on 127.0.0.1:7000/],
  ])('judges %s', (_, after, words) => {
    const problems = movedSlots(shards, after)
    if (!words) expect(problems).toEqual([])
    else expect(problems.join('; ')).toMatch(words)
  })
})

describe('RdbTally', () => {
  it('counts the keys of its slots by database, and leaves the lock and strangers out', () => {
    const [mine, other] = ['k', 'x'].map(hashSlot) as [number, number]
    const tally = new RdbTally([mine], new Set(['lock']))
    tally.take({kind: 'header', version: 10, valkey: false})
    tally.take({kind: 'aux', name: 'redis-ver', value: '7.0.15'})
    tally.take({kind: 'function', code: ''})
    const key = {kind: 'key', database: 0, type: 0, bytes: 10} as const
    expect(tally.take({...key, key: 'k', expireAtMs: 1})).toBe(mine)
    expect(tally.take({...key, key: 'k', database: 3})).toBe(mine)
    expect(tally.take({...key, key: 'x'})).toBeUndefined()
    expect(tally.take({...key, key: 'lock'})).toBeUndefined()
    tally.take({kind: 'end', checksum: 'ok'})
    expect(tally.figures()).toEqual({
      rdbVersion: 10,
      redisVersion: '7.0.15',
      keys: {0: 1, 3: 1},
      expires: 1,
      strayKeys: 1,
      bigKeys: 0,
      functions: 1,
      checksum: 'ok',
    })
    expect([tally.slotBytes[mine], tally.slotBytes[other]]).toEqual([22, 0])
  })
})

const SHARD: ShardEntry = {
  id: idOf('a'),
  address: '127.0.0.1:7000',
  slots: '0-16383',
  configEpoch: 1,
  source: {id: idOf('a'), address: '127.0.0.1:7000', role: 'primary', lagBytes: 0},
  file: 'shard-01-aaaaaaaa.rdb',
  bytes: 10,
  sha256: '0'.repeat(64),
  replication: null,
  redisVersion: '7.0.15',
  rdbVersion: 10,
  keys: {0: 1},
  expires: 0,
  strayKeys: 0,
  memoryBytes: 0,
}
const MANIFEST = makeManifest({
  startedAt: '2026-01-01T00:00:00.000Z',
  finishedAt: '2026-01-01T00:00:01.000Z',
  cluster: {seed: '127.0.0.1:7000', fingerprint: '', currentEpoch: 1},
  shards: [SHARD],
  functions: null,
  acl: {file: 'users.acl', bytes: 1, sha256: '1'.repeat(64), users: []},
  config: {},
  warnings: [],
})

describe('snapshotWarnings', () => {
  const replica = {id: idOf('d'), address: 'h:1', role: 'replica', lagBytes: 0} as const

  it('has nothing to say of a whole snapshot, from a node that keeps up', () => {
    expect(snapshotWarnings('f.rdb', {...replica, lagBytes: 1_000_000}, {bigKeys: 0, strayKeys: 0})).toEqual([])
  })

  it('tells of what is missing, and of what a restore will leave out', () => {
    expect(snapshotWarnings('f.rdb', {...replica, lagBytes: 20_000_000}, {bigKeys: 1, strayKeys: 2})).toEqual([
      'f.rdb lacks what h:1 had not heard of: it was 20000000 bytes behind its primary',
      'f.rdb holds 1 key too big for one command, which a restore leaves out; redis-server can load the file',
      'f.rdb holds 2 keys of slots that the shard does not own, which a restore leaves out',
    ])
  })
})

describe('parseManifest', () => {
  it('reads what was written', () => {
    expect(parseManifest(JSON.stringify(MANIFEST))).toEqual(MANIFEST)
  })

  it.each<[string, string]>([
    ['no JSON', '{'],
    ['another document', '[]'],
    ['another format', JSON.stringify({...MANIFEST, format: 'x'})],
    ['a later version', JSON.stringify({...MANIFEST, version: 2})],
    ['no shards', JSON.stringify({...MANIFEST, shards: undefined})],
    ...['../x', '/etc/passwd', '.hidden', 'a/b', ''].map((file): [string, string] => [
      `a file called ${JSON.stringify(file)}`,
      JSON.stringify({...MANIFEST, shards: [{...SHARD, file}]}),
    ]),
    ['a short checksum', JSON.stringify({...MANIFEST, shards: [{...SHARD, sha256: '00'}]})],
    ['slots that are none', JSON.stringify({...MANIFEST, shards: [{...SHARD, slots: '0-99999'}]})],
    ['a count below zero', JSON.stringify({...MANIFEST, shards: [{...SHARD, keys: {0: -1}}]})],
    ['no date', JSON.stringify({...MANIFEST, finishedAt: undefined})],
    ['users without names', JSON.stringify({...MANIFEST, acl: {file: 'f', bytes: 1, sha256: '0'.repeat(64)}})],
    ['users without a file', JSON.stringify({...MANIFEST, acl: {}})],
  ])('refuses %s', (_, text) => {
    expect(() => parseManifest(text)).toThrow(/manifest\.json cannot be used/)
  })
})

describe('planTargets', () => {
  const slotBytes = new Float64Array(SLOT_COUNT)
  for (const slot of slotsOf(parseRanges('0-99') ?? [])) slotBytes[slot] = 10
  slotBytes[16_000] = 500
  const view = viewOf([
    {name: 'a', slots: '0-49', info: {maxmemory: '2000', used_memory: '1500', db0: 'keys=3,expires=0'}},
    {name: 'b', slots: '50-16383', info: {maxmemory: '1000', used_memory: '900'}},
    {name: 'c'},
    {name: 'd', replicaOf: 'a'},
  ])

  it('gives each owner its share of bytes and, by the same measure, of memory', () => {
    expect(planTargets(view, slotBytes, 3000)).toMatchObject([
      {address: '127.0.0.1:7000', bytes: 500, memoryBytes: 1000, keysHeld: 3, freeBytes: 500},
      {address: '127.0.0.1:7001', bytes: 1000, memoryBytes: 2000, keysHeld: 0, freeBytes: 100},
    ])
    expect(planTargets(viewOf([{name: 'a', slots: '0-16383'}]), slotBytes, 0)).toMatchObject([
      {bytes: 1500, memoryBytes: 1500, freeBytes: null},
    ])
  })

  it('warns of every target without room, and refuses those that were empty', () => {
    const targets = planTargets(view, slotBytes, 3000)
    expect(memoryWarnings(targets)).toHaveLength(2)
    expect(() => requireRoom(targets)).toThrow(/^there is no room for the keys: 127\.0\.0\.1:7001 has 100 bytes/)
    expect(() => requireRoom(targets.slice(0, 1))).not.toThrow()
  })

  it('finds keys that a cluster has no database for', () => {
    expect(keysElsewhere({0: 5, 3: 2, 9: 1})).toBe(3)
    expect(keysElsewhere({0: 5})).toBe(0)
  })
})
