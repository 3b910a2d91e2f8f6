import {describe, expect, it} from 'vitest'
import {renderRanges} from '../../../src/lib/model/slot-set.js'
import {type Move, moveDocument} from '../../../src/lib/plan/reshard-document.js'
import {remainingMoves} from '../../../src/lib/plan/reshard-resume.js'
import {idOf, type NodeSketch, viewOf} from './view-of.js'

const PLAN = moveDocument(viewOf([{name: 'a', slots: '0-16383'}, {name: 'b'}]), [
  {from: idOf('a'), to: idOf('b'), slots: [{first: 0, last: 9}]},
])

function left(sketches: readonly NodeSketch[]): string[] {
  return remainingMoves(viewOf(sketches), PLAN).map(
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

  it('does not touch slots that went to somebody else', () => {
    const nodes = [{name: 'a', slots: '0-4,10-16383'}, {name: 'b'}, {name: 'c', slots: '5-9'}]
    expect(() => left(nodes)).toThrow(/5-9 to cccccccc/)
  })
})
