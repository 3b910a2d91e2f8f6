import {describe, expect, it} from 'vitest'
import type {CliError} from '../../../src/lib/kernel/errors.js'
import type {ClusterView} from '../../../src/lib/model/cluster-view.js'
import {countSlots, renderRanges} from '../../../src/lib/model/slot-set.js'
import {drainMoves, planDelNode} from '../../../src/lib/plan/del-node.js'
import {rehomeReplicas} from '../../../src/lib/plan/replica-home.js'
import {idOf, type NodeSketch, viewOf} from './view-of.js'

const SKETCHES: readonly NodeSketch[] = [
  {name: 'a', slots: '0-8000'},
  {name: 'b', slots: '8001-9000'},
  {name: 'c', slots: '9001-16383'},
  {name: 'd', replicaOf: 'c'},
  {name: 'e', replicaOf: 'c'},
  {name: 'f'},
]
const VIEW = viewOf(SKETCHES)

function without(...names: readonly string[]): ClusterView {
  const gone = new Set(names.map(idOf))
  return {...VIEW, nodes: VIEW.nodes.filter(({id}) => !gone.has(id))}
}

describe('planDelNode', () => {
  it('plans for a replica, an empty primary and a dead node by id or address', () => {
    expect(planDelNode(VIEW, idOf('d'), false)).toMatchObject({
      role: 'replica',
      answers: true,
      slotCount: 0,
      rehome: [],
    })
    expect(planDelNode(VIEW, '127.0.0.1:7005', false)).toMatchObject({node: idOf('f'), role: 'primary'})
    expect(planDelNode(without('d'), idOf('d'), false)).toMatchObject({role: 'replica', answers: false})
    expect(planDelNode(without('f'), '127.0.0.1:7005', false)).toMatchObject({node: idOf('f'), answers: false})
  })

  it('sends the replicas of a drained primary to those with the fewest, each in turn', () => {
    expect(planDelNode(VIEW, idOf('c'), true)).toMatchObject({slotCount: 7383, role: 'primary'})
    expect(rehomeReplicas(VIEW, idOf('c'))).toEqual([
      {replica: idOf('d'), to: idOf('a')},
      {replica: idOf('e'), to: idOf('b')},
    ])
  })

  it.each<[name: string, view: ClusterView, node: string, drain: boolean, words: RegExp]>([
    ['an owner of slots', VIEW, idOf('a'), false, /owns 8001 slots: 0-8000/],
    ['a dead owner of slots', without('a'), idOf('a'), true, /does not answer and owns slots 0-8000/],
    [
      'the last owner',
      viewOf([{name: 'a', slots: '0-16383'}, {name: 'b'}]),
      idOf('a'),
      true,
      /no other primary has slots/,
    ],
    [
      'a primary with stray keys',
      viewOf([...SKETCHES.slice(0, 5), {name: 'f', info: {db0: 'keys=3,expires=0'}}]),
      idOf('f'),
      false,
      /3 keys of slots it does not own/,
    ],
    [
      'a primary that slots are on their way to',
      viewOf([
        {name: 'a', slots: '0-16383', migrating: {5: 'b'}},
        {name: 'b', importing: {5: 'a', 6: 'a'}},
      ]),
      idOf('b'),
      false,
      /slots 5-6 are on their way to or from 127.0.0.1:7001/,
    ],
    ['nobody', VIEW, '127.0.0.1:9', false, /no node of this cluster/],
  ])('refuses %s', (_, view, node, drain, words) => {
    expect(() => planDelNode(view, node, drain)).toThrow(words)
  })
})

it('has stray keys brought home rather than flushed', () => {
  const view = viewOf([...SKETCHES.slice(0, 5), {name: 'f', info: {db0: 'keys=1,expires=0'}}])
  expect(() => planDelNode(view, idOf('f'), false)).toThrow(
    expect.objectContaining({
      message: expect.stringContaining('holds 1 key of'),
      suggestions: [expect.stringContaining('shoal fix 127.0.0.1:7000'), expect.anything()],
    }),
  )
})

describe('drainMoves', () => {
  it('knows who could take the slots of the last owner', () => {
    const adviceFor = (view: ClusterView) => {
      try {
        drainMoves(view, idOf('a'))
      } catch (error) {
        return (error as CliError).suggestions.join()
      }
      return ''
    }
    const last: NodeSketch = {name: 'a', slots: '0-16383'}
    expect(adviceFor(viewOf([last, {name: 'b'}]))).toContain(
      `shoal rebalance 127.0.0.1:7000 --weight ${idOf('a')}=0 --use-empty-primaries`,
    )
    expect(adviceFor(viewOf([last, {name: 'b', replicaOf: 'a'}]))).toContain('shoal add-node HOST:PORT 127.0.0.1:7000')
  })

  it('takes all slots off one primary and touches no other', () => {
    const moves = drainMoves(VIEW, idOf('c'))
    expect(new Set(moves.map(({from}) => from))).toEqual(new Set([idOf('c')]))
    expect(countSlots(moves.flatMap(({slots}) => slots))).toBe(7383)
    // The empty primary is not asked to join in; the smaller of the others gets more.
    expect(moves.map(({slots, to}) => [to[0], renderRanges(slots)])).toEqual([
      ['b', '9001-16192'],
      ['a', '16193-16383'],
    ])
  })
})
