import {describe, expect, it} from 'vitest'
import {renderKeyReport} from '../../../src/lib/cli/render/crdb-explain.js'
import {renderLag} from '../../../src/lib/cli/render/crdb-lag.js'
import {renderVerification} from '../../../src/lib/cli/render/crdb-verify.js'
import {styleOf} from '../../../src/lib/cli/render/style.js'
import type {KeyReport} from '../../../src/lib/operations/crdb/explain.js'
import type {RegionLag} from '../../../src/lib/operations/crdb/lag.js'
import type {Verification} from '../../../src/lib/operations/crdb/verify.js'
import type {KeyExplanation, RowExplanation} from '../../../src/lib/server/crdt/core/api.js'

const PLAIN = styleOf(false)
const FACTS = {guid: 'd84f6fe4-5bb7-49d2-a188-8900e09c6f66', name: 'mycrdb'}

describe('what verify found', () => {
  const EQUAL: Verification = {
    ...FACTS,
    behind: [],
    differingKeys: 0,
    divergedSlots: [],
    equal: true,
    faults: [],
    keys: [],
    regions: [
      {cluster: 'cluster1.local', id: 1, keys: 12_345},
      {cluster: 'c2', id: 2, keys: 7},
    ],
    slots: 1,
    slotsNotLookedInto: 0,
  }
  const lines = (more: Partial<Verification>) => renderVerification({...EQUAL, ...more}, PLAIN).split('\n')

  it('is a verdict and a line for each region', () => {
    expect(lines({})).toEqual([
      'All 2 regions of mycrdb are equal: 1 slot compared.',
      '',
      'ID  CLUSTER           KEYS',
      ' 1  cluster1.local  12,345  compared',
      ' 2  c2                   7  compared',
    ])
  })

  it('names who lacks what, and what each region has of a key', () => {
    const because = 'No writes of its value are in conflict.'
    const regions = [
      {because, id: 1, type: 'string', value: 'x'.repeat(80)},
      {because: 'nothing is known of the key', id: 2, type: 'none'},
    ]
    const found = lines({
      behind: [{effects: 1, of: 1, region: 2}],
      differingKeys: 3,
      equal: false,
      keys: [{key: 'a "b"', kind: 'behind', regions, slot: 77}],
      slotsNotLookedInto: 2,
    })
    expect(found[0]).toBe('The regions of mycrdb are not equal.')
    expect(found.slice(5)).toEqual([
      '',
      'On their way, or cut off:',
      '  c2 lacks 1 effect of cluster1.local',
      '',
      '3 keys differ; the first 1:',
      '  "a \\"b\\"" slot 77, behind',
      `    cluster1.local: string "${'x'.repeat(59)}...; No writes of its value are in conflict.`,
      '    c2: none; nothing is known of the key',
      'shoal crdb explain KEY tells who wrote what, and when.',
      '',
      '2 slots more were not looked into.',
    ])
  })

  it('calls a fault of Shoal what is one', () => {
    const found = lines({
      divergedSlots: Array.from({length: 22}, (_, slot) => slot),
      equal: false,
      faults: ['c2: votes: "3", not "4"'],
    })
    expect(found.slice(5)).toEqual([
      '',
      'Slots that differ although all have applied the same, which is a fault of Shoal:',
      '  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19 and 2 more',
      '',
      'Clients see these otherwise than the engine has them, which is a fault of Shoal:',
      '  c2: votes: "3", not "4"',
    ])
  })

  it('says why a region was not compared', () => {
    const error = '127.0.0.1:12002 refuses connections'
    const found = lines({equal: false, regions: [EQUAL.regions[0]!, {cluster: 'c2', error, id: 2, keys: 0}]})
    expect(found[0]).toBe('Not all regions of mycrdb were compared: c2 cannot be asked.')
    expect(found.slice(3)).toEqual([
      ' 1  cluster1.local  12,345  compared',
      ` 2  c2                   -  not compared: ${error}`,
    ])
  })
})

describe('what is known of a key', () => {
  const row = (region: number, value: string, wins: boolean): RowExplanation => ({
    atMs: 1_700_000_000_000 + region,
    dot: `${region}.1:5`,
    region,
    tick: region - 1,
    value,
    wins,
  })
  const SET: KeyExplanation = {
    because: 'Regions wrote it concurrently.',
    deadlines: [row(1, 'none', true), row(2, '1700000100000', false)],
    key: 'k',
    slot: 9,
    type: 'string',
    values: [
      {
        elementCount: 1,
        elements: [
          {
            counters: [],
            dots: ['1.1:5', '2.1:5'],
            name: '',
            rows: [row(2, 'b', true), row(1, 'a', false)],
            value: 'b',
          },
        ],
        type: 'string',
        visible: true,
      },
    ],
  }
  const BOTH = [
    {cluster: 'c1', explanation: SET, id: 1},
    {cluster: 'c2', explanation: SET, id: 2},
  ]
  const lines = (more: Partial<KeyReport>) =>
    renderKeyReport({...FACTS, equal: true, key: 'k', regions: BOTH, ...more}, PLAIN).split('\n')

  it('is told once where all know the same: who wins, who loses, and when it goes', () => {
    expect(lines({})).toEqual([
      'c1, c2 know the same:',
      '  "k" slot 9: string',
      '  Regions wrote it concurrently.',
      '  deadline none, by region 1 at 2023-11-14T22:13:20.001Z (1.1:5)',
      '  deadline 2023-11-14T22:15:00.000Z, by region 2 at 2023-11-14T22:13:20.002Z+1 (2.1:5)',
      '    value = "b" 1.1:5 2.1:5',
      '      wins: "b", by region 2 at 2023-11-14T22:13:20.002Z+1 (2.1:5)',
      '      loses: "a", by region 1 at 2023-11-14T22:13:20.001Z (1.1:5)',
    ])
  })

  it('is told for each where they differ, with counters, hidden types and what is left out', () => {
    const counters = [
      {epoch: 1, region: 1, reset: '0', total: '5'},
      {epoch: 2, region: 2, reset: '3', total: '8'},
    ]
    const element = {counters, dots: [], name: 'f', rows: [], value: '10'}
    const clash: KeyExplanation = {
      ...SET,
      deadlines: [],
      type: 'hash',
      values: [
        {elementCount: 102, elements: [element], type: 'hash', visible: true},
        {elementCount: 0, elements: [], type: 'set', visible: false},
      ],
    }
    const regions = [
      {cluster: 'c1', explanation: clash, id: 1},
      {cluster: 'c2', id: 2},
      {cluster: 'c3', error: 'away', id: 3},
    ]
    expect(lines({equal: false, regions})).toEqual([
      'c1:',
      '  "k" slot 9: hash',
      '  Regions wrote it concurrently.',
      '  hash',
      '    "f" = "10"',
      '      region 1 added 5 as 1.1',
      '      region 2 added 8, of which 3 was reset as 2.2',
      '    and 101 more: name one to see it',
      '  set, hidden',
      'c2:',
      '  nothing is known of the key',
      'c3 could not be asked: away',
    ])
  })

  it('may not have the element that was asked for', () => {
    const values = SET.values.map((value) => ({...value, elementCount: 5, elements: []}))
    const explanation = {...SET, deadlines: [], values}
    expect(lines({element: 'x', regions: [{cluster: 'c1', explanation, id: 1}]}).slice(3)).toEqual([
      '    nothing is known of "x" in it',
    ])
  })

  it('may be nothing', () => {
    expect(
      lines({
        regions: [
          {cluster: 'c1', id: 1},
          {cluster: 'c2', error: 'away', id: 2},
        ],
      }),
    ).toEqual(['Nothing is known of "k".', 'c2 could not be asked: away'])
  })
})

describe('lag', () => {
  const link = (region: number, from: number, more: Partial<RegionLag> = {}): RegionLag => ({
    from,
    lagMs: 1,
    lastError: '',
    pendingEffects: 0,
    region,
    status: 'in-sync',
    ...more,
  })

  it('is a line for each region and each that it hears of', () => {
    const links = [
      link(1, 2, {lastError: 'of before'}),
      link(1, 3, {lagMs: 12_345, lastError: 'nothing has come for 12 s', pendingEffects: 1000, status: 'down'}),
      link(2, 1, {lagMs: null, pendingEffects: null, status: 'syncing'}),
    ]
    const silent = [{cluster: 'c3', error: '127.0.0.1:12004 refuses connections', id: 3}]
    const clusters = new Map([
      [1, 'cluster1.local'],
      [2, 'c2'],
    ])
    expect(renderLag({...FACTS, links, silent}, clusters, PLAIN)).toEqual([
      'REGION          HEARS           STATUS         LAG  PENDING',
      'cluster1.local  c2              in-sync       1 ms        0',
      'cluster1.local  instance 3      down     12,345 ms    1,000  nothing has come for 12 s',
      'c2              cluster1.local  syncing          -        -',
      'c3              -               silent           -        -',
      'c3 does not answer: 127.0.0.1:12004 refuses connections',
    ])
  })
})
