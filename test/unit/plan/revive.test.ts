import {describe, expect, it} from 'vitest'
import type {NodeView} from '../../../src/lib/model/cluster-view.js'
import {moveDocument} from '../../../src/lib/plan/moves/reshard-document.js'
import {planRevivals} from '../../../src/lib/plan/revive.js'
import {idOf, type NodeSketch, viewOf} from './view-of.js'

/** Slots of b come back to a, which had them. */
const PLAN = moveDocument(
  viewOf([
    {name: 'a', slots: '0-8191'},
    {name: 'b', slots: '8192-16383'},
  ]),
  [{from: idOf('b'), to: idOf('a'), slots: [{first: 0, last: 9}]}],
)
const B: NodeSketch = {name: 'b', slots: '0-16383'}

describe('planRevivals', () => {
  it.each<[name: string, nodes: NodeSketch[]]>([
    ['a target that is a primary', [{name: 'a'}, B]],
    ['a target that is gone', [B]],
    ['a target that failed over', [{name: 'a', replicaOf: 'c'}, B, {name: 'c'}]],
    [
      'a target whose primary does not answer',
      [
        {name: 'a', replicaOf: 'b'},
        {name: 'c', slots: '0-16383'},
      ],
    ],
  ])('leaves %s alone', (_, nodes) => {
    expect(planRevivals(viewOf(nodes), PLAN)).toEqual([])
  })

  it('finds a target that follows another primary, and whether that has nobody else', () => {
    const [node, primary] = [idOf('a'), idOf('b')]
    expect(planRevivals(viewOf([{name: 'a', replicaOf: 'b'}, B]), PLAN)).toEqual([{node, primary, isLast: true}])
    const two = viewOf([{name: 'a', replicaOf: 'b'}, B, {name: 'c', replicaOf: 'b'}])
    expect(planRevivals(two, PLAN)).toEqual([{node, primary, isLast: false}])
  })

  it('finds a target that was reset and knows nobody yet', () => {
    const view = viewOf([{name: 'a'}, B])
    const alone = (node: NodeView): NodeView =>
      node.id === idOf('a') ? {...node, records: node.records.filter(({myself}) => myself)} : node
    expect(planRevivals({...view, nodes: view.nodes.map(alone)}, PLAN)).toEqual([{node: idOf('a'), isLast: false}])
  })
})
