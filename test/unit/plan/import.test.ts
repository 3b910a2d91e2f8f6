import {describe, expect, it} from 'vitest'
import {type ImportRequest, planImport, requireRoom, type SourceFacts} from '../../../src/lib/plan/import.js'
import {planFunctions} from '../../../src/lib/plan/import-functions.js'
import {idOf, type NodeSketch, viewOf} from './view-of.js'

const SOURCE: SourceFacts = {
  address: '10.0.0.9:6379',
  version: '7.0.15',
  payloadVersion: 10,
  runId: 'r'.repeat(40),
  clusterMode: false,
  role: 'primary',
  loading: false,
  copy: 'whole',
  libraryCount: 0,
  databases: new Map([
    [0, 900],
    [3, 100],
  ]),
  datasetBytes: 1_638_400,
}

const THREE: NodeSketch[] = [
  {name: 'a', slots: '0-8191'},
  {
    name: 'b',
    slots: '8192-16383',
    info: {maxmemory: '1000000', used_memory: '200000', maxmemory_policy: 'allkeys-lru'},
  },
  {name: 'c'},
  {name: 'd', replicaOf: 'a'},
]

const plan = (facts: Partial<SourceFacts> = {}, request: Partial<ImportRequest> = {}, sketches = THREE) =>
  planImport(
    viewOf(sketches),
    {...SOURCE, ...facts},
    {database: 0, functions: false, keysBrought: 0, move: false, ...request},
  )

describe('planImport', () => {
  it('shares the keys of one database among the primaries with slots, and names the other databases', () => {
    expect(plan()).toMatchObject({
      source: {address: '10.0.0.9:6379', database: 0},
      keyCount: 900,
      bytes: 1_474_560,
      otherDatabases: [{database: 3, keyCount: 100}],
      targets: [
        {id: idOf('a'), slotCount: 8192, expectedBytes: 737_280},
        {id: idOf('b'), slotCount: 8192, expectedBytes: 737_280, freeBytes: 800_000, policy: 'allkeys-lru'},
      ],
      warnings: [
        '10.0.0.9:6379 holds further keys that are not imported: 100 in database 3 (--from-db takes another database)',
      ],
    })
    expect(plan({}, {database: 3, move: false})).toMatchObject({keyCount: 100, bytes: 163_840})
    expect(plan({databases: new Map()}, {database: 7, move: false})).toMatchObject({
      keyCount: 0,
      bytes: 0,
      warnings: [],
    })
  })

  it.each<[string, Partial<SourceFacts>, boolean, string, RegExp]>([
    ['a node of the cluster', {runId: 'x'}, false, 'SAME_NODE', /127.0.0.1:7000 .*itself/],
    ['a source in cluster mode', {clusterMode: true}, false, 'PREFLIGHT_FAILED', /runs in cluster mode/],
    ['a source that loads', {loading: true}, false, 'PREFLIGHT_FAILED', /still loading/],
    [
      'a replica before its keys are there',
      {role: 'replica', copy: 'partial'},
      false,
      'PREFLIGHT_FAILED',
      /not got all/,
    ],
    ['a move from a replica', {role: 'replica'}, true, 'PREFLIGHT_FAILED', /nothing can be deleted/],
  ])('refuses %s', (_, facts, move, code, says) => {
    const sketches: NodeSketch[] = [{name: 'a', slots: '0-16383', info: {run_id: 'x'}}]
    const make = () => plan(facts, {database: 0, move}, sketches)
    expect(make).toThrow(says)
    expect(make).toThrow(expect.objectContaining({code}))
  })

  it('refuses keys that a primary with slots does not understand, and only if there are any', () => {
    const old = {redis_version: '6.2.14'}
    const make = (facts: Partial<SourceFacts>, served = '8192-16383') =>
      plan(facts, {}, [
        {name: 'a', slots: served === '' ? '0-16383' : '0-8191', info: {redis_version: '7.0.15'}},
        {name: 'b', slots: served, info: old},
      ])
    expect(() => make({})).toThrow(/127.0.0.1:7001 .*\(6.2.14\) does not understand keys .* runs 7.0.15/)
    expect(() => make({})).toThrow(expect.objectContaining({code: 'PREFLIGHT_FAILED'}))
    expect(make({payloadVersion: 9}).keyCount).toBe(900)
    expect(make({payloadVersion: undefined}).keyCount).toBe(900)
    expect(make({databases: new Map()}).keyCount).toBe(0)
    expect(make({}, '').keyCount).toBe(900)
  })

  it('warns of functions that stay behind', () => {
    expect(plan({libraryCount: 2}).warnings.join()).toMatch(
      /holds 2 libraries of functions, not imported \(--functions/,
    )
    expect(plan({libraryCount: 2}, {functions: true}).warnings.join()).not.toMatch(/libraries/)
  })

  it('warns of a replica, and takes a source that does not tell its run id', () => {
    expect(plan({role: 'replica', databases: new Map([[0, 1]])}).warnings.join()).toMatch(/is a replica:/)
    expect(plan({role: 'replica', copy: 'old'}).warnings.join()).toMatch(/has lost its primary: its keys may be old/)
    expect(
      plan({runId: ''}, {database: 0, move: false}, [{name: 'a', slots: '0-16383', info: {run_id: ''}}]).keyCount,
    ).toBe(900)
  })
})

describe('requireRoom', () => {
  it('takes what fits, and a node without a limit', () => {
    requireRoom(plan())
  })

  it('counts only what an earlier run has not brought', () => {
    const facts = {datasetBytes: 2_000_000}
    expect(() => requireRoom(plan(facts))).toThrow(/about 900000/)
    requireRoom(plan(facts, {keysBrought: 300}))
    expect(plan(facts, {keysBrought: 300})).toMatchObject({keyCount: 900, targets: [{expectedBytes: 600_000}, {}]})
  })

  it('names the nodes that have no room, and what they do then', () => {
    const tight = plan({datasetBytes: 20_000_000})
    expect(() => requireRoom(tight)).toThrow(
      /127.0.0.1:7001 .* has 800000 bytes left .* for about 9000000, with allkeys-lru/,
    )
    expect(tight.warnings.join()).toContain('800000 bytes left')
    try {
      requireRoom(tight)
    } catch (error) {
      expect((error as {suggestions: string[]}).suggestions.join()).toContain('dropping keys')
    }
  })
})

describe('planFunctions', () => {
  const node = (name: string, libraries: Record<string, string>) => ({
    id: idOf(name),
    name,
    present: new Map(Object.entries(libraries)),
  })
  const wanted = new Map([
    ['one', 'code 1'],
    ['two', 'code 2'],
  ])

  it('loads what each primary lacks, and nothing that is there', () => {
    expect(
      planFunctions(
        wanted,
        [node('a', {}), node('b', {one: 'code 1', own: 'x'}), node('c', {one: 'code 1', two: 'code 2'})],
        false,
      ),
    ).toEqual({
      libraries: ['one', 'two'],
      loads: [
        {
          id: idOf('a'),
          libraries: [
            {name: 'one', code: 'code 1'},
            {name: 'two', code: 'code 2'},
          ],
        },
        {id: idOf('b'), libraries: [{name: 'two', code: 'code 2'}]},
      ],
    })
  })

  it('keeps a library that differs unless the source is to win', () => {
    const nodes = [node('a', {one: 'other'})]
    expect(() => planFunctions(wanted, nodes, false)).toThrow(/one on a/)
    expect(planFunctions(wanted, nodes, true).loads[0]?.libraries.map(({name}) => name)).toEqual(['one', 'two'])
  })
})
