import {describe, expect, it} from 'vitest'
import {renderRanges} from '../../../../src/lib/model/slot-set.js'
import {type Move, moveDocument} from '../../../../src/lib/plan/moves/reshard-document.js'
import {remainingMoves} from '../../../../src/lib/plan/moves/reshard-resume.js'
import {withReplicas} from '../../../../src/lib/plan/moves/successor.js'
import {idOf, type NodeSketch, viewOf} from '../view-of.js'

const PLAN = moveDocument(viewOf([{name: 'a', slots: '0-16383'}, {name: 'b'}]), [
  {from: idOf('a'), to: idOf('b'), slots: [{first: 0, last: 9}]},
])

function left(sketches: readonly NodeSketch[], plan = PLAN): string[] {
  return remainingMoves(viewOf(sketches), plan).map(
    ({from, slots, to}: Move) => `${from[0]}>${to[0]} ${renderRanges(slots)}`,
  )
}

describe('remainingMoves', () => {
  it('goes on with slots that a third node still sees elsewhere', () => {
    const view = viewOf([{name: 'a', slots: '10-16383'}, {name: 'b', slots: '0-9'}, {name: 'c'}])
    const stale = viewOf([{name: 'a', slots: '4-16383'}, {name: 'b', slots: '0-3'}, {name: 'c'}])
    const nodes = [...view.nodes.slice(0, 2), ...stale.nodes.slice(2)]
    const moves = remainingMoves({...view, nodes}, PLAN)
    expect(moves.map(({slots}) => renderRanges(slots))).toEqual(['4-9'])
  })

  it.each<[name: string, nodes: NodeSketch[], moves: string[]]>([
    ['everything before the start', [{name: 'a', slots: '0-16383'}, {name: 'b'}], ['a>b 0-9']],
    [
      'nothing after the end',
      [
        {name: 'a', slots: '10-16383'},
        {name: 'b', slots: '0-9'},
      ],
      [],
    ],
    [
      'what has not moved',
      [
        {name: 'a', slots: '5-16383'},
        {name: 'b', slots: '0-4'},
      ],
      ['a>b 5-9'],
    ],
    [
      'slots that are open, in their direction',
      [
        {name: 'a', slots: '5-16383', migrating: {5: 'b'}},
        {name: 'b', slots: '0-4', importing: {5: 'a', 6: 'a'}},
      ],
      ['a>b 5-9'],
    ],
    [
      'a slot the target took while the source still holds it open',
      [
        {name: 'a', slots: '10-16383', migrating: {9: 'b'}},
        {name: 'b', slots: '0-9'},
      ],
      ['a>b 9'],
    ],
    [
      'slots of a source that failed over',
      [{name: 'a', replicaOf: 'c'}, {name: 'b'}, {name: 'c', slots: '0-16383'}],
      ['c>b 0-9'],
    ],
    [
      'slots for a target that failed over',
      [{name: 'a', slots: '0-16383'}, {name: 'b', replicaOf: 'c'}, {name: 'c'}],
      ['a>c 0-9'],
    ],
  ])('finds %s', (_, nodes, moves) => {
    expect(left(nodes)).toEqual(moves)
  })

  it.each<[name: string, nodes: NodeSketch[], moves: string[]]>([
    [
      'a target that is gone',
      [
        {name: 'a', slots: '5-16383'},
        {name: 'c', slots: '0-4'},
      ],
      ['a>c 5-9'],
    ],
    [
      'a source that is gone',
      [
        {name: 'b', slots: '0-4'},
        {name: 'd', slots: '5-16383'},
      ],
      ['d>b 5-9'],
    ],
    [
      'a source that is back and has not heard yet',
      [
        {name: 'a', slots: '5-16383', configEpoch: 1},
        {name: 'b', slots: '0-4'},
        {name: 'd', slots: '5-16383', configEpoch: 9},
      ],
      ['d>b 5-9'],
    ],
    [
      'nobody, if no replica was promoted',
      [
        {name: 'a', slots: '0-16383'},
        {name: 'c', replicaOf: 'b'},
      ],
      ['a>b 0-9'],
    ],
    [
      'nobody, for a target without slots yet',
      [{name: 'a', slots: '0-16383'}, {name: 'b'}, {name: 'c', slots: ''}],
      ['a>b 0-9'],
    ],
  ])('puts a replica it had in the place of %s', (_, nodes, moves) => {
    const before = viewOf([
      {name: 'a', slots: '0-16383'},
      {name: 'b'},
      {name: 'c', replicaOf: 'b'},
      {name: 'd', replicaOf: 'a'},
    ])
    const plan = moveDocument(before, [{from: idOf('a'), to: idOf('b'), slots: [{first: 0, last: 9}]}])
    expect(left(nodes, plan)).toEqual(moves)
  })

  it('learns of replicas that were attached since', () => {
    const now = viewOf([{name: 'a', slots: '0-16383'}, {name: 'b'}, {name: 'e', replicaOf: 'b'}])
    const later = [
      {name: 'a', slots: '5-16383'},
      {name: 'e', slots: '0-4'},
    ]
    expect(() => left(later)).toThrow(/went elsewhere/)
    expect(left(later, withReplicas(PLAN, now))).toEqual(['a>e 5-9'])
  })

  it('takes no notice of what a replica holds open', () => {
    const nodes = [
      {name: 'a', slots: '10-16383'},
      {name: 'b', slots: '0-9'},
      {name: 'c', replicaOf: 'b', importing: {5: 'a'}},
    ]
    expect(left(nodes)).toEqual([])
  })

  it('does not touch slots that went to somebody else', () => {
    const nodes = [{name: 'a', slots: '0-4,10-16383'}, {name: 'b'}, {name: 'c', slots: '5-9'}]
    expect(() => left(nodes)).toThrow(/5-9 to cccccccc/)
  })
})
