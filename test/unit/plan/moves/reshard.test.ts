import {describe, expect, it} from 'vitest'
import {CliError} from '../../../../src/lib/kernel/errors.js'
import {renderRanges} from '../../../../src/lib/model/slot-set.js'
import {
  foreignOpenSlots,
  parseSlotSelection,
  parseSources,
  planReshard,
  type ReshardRequest,
} from '../../../../src/lib/plan/moves/reshard.js'
import {moveDocument, parseMovePlan} from '../../../../src/lib/plan/moves/reshard-document.js'
import {idOf, viewOf} from '../view-of.js'

const THREE = viewOf([
  {name: 'a', slots: '0-5460'},
  {name: 'b', slots: '5461-10922'},
  {name: 'c', slots: '10923-16383'},
  {name: 'd', replicaOf: 'a'},
  {name: 'e'},
])

function planned(request: ReshardRequest): string[] {
  return planReshard(THREE, request).map(({from, slots, to}) => `${from[0]}>${to[0]} ${renderRanges(slots)}`)
}

function refusal(run: () => unknown): CliError {
  try {
    run()
  } catch (error) {
    if (error instanceof CliError) return error
    throw error
  }
  throw new Error('not refused')
}

describe('planReshard', () => {
  it.each<[name: string, request: ReshardRequest, moves: string[]]>([
    ['one source, cut where the target is', {from: [idOf('b')], to: idOf('a'), slots: {count: 100}}, ['b>a 5461-5560']],
    ['one source, cut at its end', {from: [idOf('a')], to: idOf('e'), slots: {count: 100}}, ['a>e 5361-5460']],
    ['a whole source', {from: [idOf('a')], to: idOf('e'), slots: {count: 5461}}, ['a>e 0-5460']],
    [
      'all, in proportion, exactly',
      {from: 'all', to: idOf('e'), slots: {count: 1000}},
      ['a>e 5128-5460', 'b>e 5461-5794', 'c>e 16051-16383'],
    ],
    ['addresses as names', {from: ['127.0.0.1:7001'], to: '127.0.0.1:7004', slots: {count: 1}}, ['b>e 10922']],
    ['ids in upper case', {from: [idOf('a').toUpperCase()], to: idOf('e'), slots: {count: 1}}, ['a>e 5460']],
    [
      'named slots from whom they belong to',
      {from: 'all', to: idOf('e'), slots: {ranges: [{first: 5460, last: 5461}]}},
      ['a>e 5460', 'b>e 5461'],
    ],
    ['named slots that are there already', {from: 'all', to: idOf('a'), slots: {ranges: [{first: 5, last: 9}]}}, []],
  ])('plans %s', (_, request, moves) => {
    expect(planned(request)).toEqual(moves)
  })

  it.each<[name: string, request: ReshardRequest, code: string, words: RegExp]>([
    ['an unknown id', {from: 'all', to: 'f'.repeat(40), slots: {count: 1}}, 'UNKNOWN_NODE', /not part of this cluster/],
    ['an unknown address', {from: 'all', to: '127.0.0.1:9', slots: {count: 1}}, 'UNKNOWN_NODE', /127\.0\.0\.1:9/],
    ['what is no name', {from: 'all', to: 'no node', slots: {count: 1}}, 'UNKNOWN_NODE', /neither/],
    ['a short id', {from: ['bbbbbbbb'], to: idOf('a'), slots: {count: 1}}, 'UNKNOWN_NODE', /full one is needed/],
    ['a short id of nobody', {from: ['9999'], to: idOf('a'), slots: {count: 1}}, 'UNKNOWN_NODE', /starts with 9999/],
    ['a replica as target', {from: 'all', to: idOf('d'), slots: {count: 1}}, 'NOT_A_PRIMARY', /is a replica/],
    ['a replica as source', {from: [idOf('d')], to: idOf('e'), slots: {count: 1}}, 'NOT_A_PRIMARY', /is a replica/],
    ['source = target', {from: [idOf('b'), idOf('a')], to: '127.0.0.1:7000', slots: {count: 1}}, 'SAME_NODE', /both/],
    [
      'more slots than owned',
      {from: [idOf('a')], to: idOf('e'), slots: {count: 5462}},
      'NOT_ENOUGH_SLOTS',
      /own.*5461/,
    ],
    ['a source without slots', {from: [idOf('e')], to: idOf('a'), slots: {count: 1}}, 'NOT_ENOUGH_SLOTS', /owns 0/],
    [
      'named slots of another owner',
      {from: [idOf('a')], to: idOf('e'), slots: {ranges: [{first: 5460, last: 5470}]}},
      'NOT_ENOUGH_SLOTS',
      /5461-5470 \(owned by bbbbbbbb\)/,
    ],
  ])('refuses %s', (_, request, code, words) => {
    const error = refusal(() => planReshard(THREE, request))
    expect([error.code, error.exitCode]).toEqual([code, 3])
    expect(error.message).toMatch(words)
  })

  it('suggests the full ids that a short one may mean', () => {
    const view = viewOf([{name: 'a', slots: '0-16383'}, {name: 'b'}])
    const {details, suggestions} = refusal(() => planReshard(view, {from: ['aaa'], to: idOf('b'), slots: {count: 1}}))
    expect(details['matches']).toEqual([idOf('a')])
    expect(suggestions).toEqual([`${idOf('a')} is 127.0.0.1:7000`])
  })

  it('suggests how many there are', () => {
    const request: ReshardRequest = {from: [idOf('a')], to: idOf('e'), slots: {count: 9000}}
    expect(refusal(() => planReshard(THREE, request)).suggestions).toEqual(['--slots 5461'])
  })

  it('finds a node by its hostname', () => {
    const view = viewOf([
      {name: 'a', slots: '0-16383'},
      {name: 'b', hostname: 'db2.example'},
    ])
    expect(planReshard(view, {from: 'all', to: 'db2.example:7001', slots: {count: 1}})[0]?.to).toBe(idOf('b'))
  })
})

describe('what the command line says', () => {
  it.each([
    ['1000', {count: 1000}],
    ['7-7', {ranges: [{first: 7, last: 7}]}],
    ['7,', {ranges: [{first: 7, last: 7}]}],
    [
      '0-99, 300',
      {
        ranges: [
          {first: 0, last: 99},
          {first: 300, last: 300},
        ],
      },
    ],
  ])('reads --slots %s', (text, selection) => {
    expect(parseSlotSelection(text)).toEqual(selection)
  })

  it.each(['', '0', '-5', '1.5', 'all', '5-3', '0-16384', '1e3', '0x10'])('refuses --slots %j', (text) => {
    expect(refusal(() => parseSlotSelection(text)).code).toBe('BAD_FLAG')
  })

  it('reads --from', () => {
    expect(parseSources('ALL')).toBe('all')
    expect(parseSources('x, y,x')).toEqual(['x', 'y'])
    expect(refusal(() => parseSources('x,,y')).code).toBe('BAD_FLAG')
  })
})

describe('foreignOpenSlots', () => {
  const view = viewOf([
    {name: 'a', slots: '0-8000', migrating: {5: 'b', 6: 'b'}},
    {name: 'b', slots: '8001-16383', importing: {5: 'a', 9: 'a'}},
  ])

  it('names the nodes and the slots', () => {
    expect(foreignOpenSlots(view)).toEqual([
      '127.0.0.1:7000 (aaaaaaaa) has migrating slots 5-6',
      '127.0.0.1:7001 (bbbbbbbb) has importing slots 5,9',
    ])
  })

  it('passes over the slots of the job at hand, in its direction alone', () => {
    expect(
      foreignOpenSlots(
        view,
        new Map([
          [5, idOf('b')],
          [6, idOf('b')],
          [9, idOf('b')],
        ]),
      ),
    ).toEqual([])
    expect(foreignOpenSlots(view, new Map([[5, idOf('a')]]))).toHaveLength(2)
  })
})

describe('the plan document', () => {
  const moves = planReshard(THREE, {from: 'all', to: idOf('e'), slots: {count: 3}})
  const plan = moveDocument(THREE, moves, (slot) => slot % 10)

  it('says from where to where, what it is based on and what it costs', () => {
    expect(plan.steps.map(({from, keyCount, slots, to}) => [from[0], to[0], slots, keyCount])).toEqual([
      ['a', 'e', '5460', 0],
      ['b', 'e', '5461', 1],
      ['c', 'e', '16383', 3],
    ])
    expect(plan.basedOn.currentEpoch).toBe(9)
    expect(plan.cost).toMatchObject({slotCount: 3, keyCount: 4})
    expect(plan.cluster).toMatch(/^[0-9a-f]{16}$/)
  })

  it('reads back what it wrote, and nothing else', () => {
    expect(parseMovePlan(JSON.stringify(plan))).toEqual(plan)
    for (const text of ['', '{}', '[]', 'null', '{"kind":"move-slots","version":2,"steps":[]}']) {
      expect(refusal(() => parseMovePlan(text)).code).toBe('BAD_FLAG')
    }
    const bad = {...plan, steps: [{...plan.steps[0], slots: '5-1'}]}
    expect(refusal(() => parseMovePlan(JSON.stringify(bad))).code).toBe('BAD_FLAG')
    expect(refusal(() => parseMovePlan(JSON.stringify({...plan, steps: [null]}))).code).toBe('BAD_FLAG')
  })
})
