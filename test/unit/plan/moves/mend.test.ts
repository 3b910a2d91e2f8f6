import {describe, expect, it} from 'vitest'
import {planAdoption, planMend} from '../../../../src/lib/plan/moves/mend.js'
import {moveDocument} from '../../../../src/lib/plan/moves/reshard-document.js'
import {idOf, type NodeSketch, viewOf} from '../view-of.js'

/** From a to b; d is a replica of a. */
const PLAN = moveDocument(
  viewOf([
    {name: 'a', slots: '0-9999'},
    {name: 'b', slots: '10000-16383'},
    {name: 'd', replicaOf: 'a'},
  ]),
  [{from: idOf('a'), to: idOf('b'), slots: [{first: 0, last: 9}]}],
)
const PAIR = {target: idOf('b'), source: idOf('d')}

const target = (importing: Readonly<Record<number, string>>, slots = '10000-16383'): NodeSketch => ({
  name: 'b',
  slots,
  importing,
})

describe('planMend', () => {
  it.each<[name: string, nodes: NodeSketch[]]>([
    ['while both ends are as they were', [{name: 'a', slots: '0-9999'}, target({3: 'a'}), {name: 'd', replicaOf: 'a'}]],
    ['before anybody takes over', [target({3: 'a'}), {name: 'd', replicaOf: 'a', slots: ''}]],
    ['once they know each other again', [{name: 'a', replicaOf: 'd'}, target({3: 'd'}), {name: 'd', slots: '0-9999'}]],
    [
      'of slots that are not of the plan',
      [{name: 'a', replicaOf: 'd'}, target({99: 'a'}), {name: 'd', slots: '0-9999'}],
    ],
  ])('does nothing %s', (_, nodes) => {
    expect(planMend(viewOf(nodes), PLAN)).toEqual([])
  })

  it('finds what is imported from a source that follows its replica, or is gone', () => {
    const taken: NodeSketch[] = [target({3: 'a', 4: 'a'}), {name: 'd', slots: '0-9999'}]
    expect(planMend(viewOf([{name: 'a', replicaOf: 'd'}, ...taken]), PLAN)).toEqual([{...PAIR, slots: [3, 4]}])
    expect(planMend(viewOf(taken), PLAN)).toEqual([{...PAIR, slots: [3, 4]}])
  })

  it('finds what the target still takes for the old owner, though it imports from the new one', () => {
    const view = viewOf([{name: 'a', replicaOf: 'd'}, target({3: 'd'}), {name: 'd', slots: '0-9999'}])
    for (const node of view.nodes.filter(({id}) => id === idOf('b'))) {
      Object.assign(node, {
        records: node.records.map((record) => (record.id === idOf('d') ? {...record, slots: []} : record)),
      })
    }
    expect(planMend(view, PLAN)).toEqual([{...PAIR, slots: [3]}])
  })
})

describe('planAdoption', () => {
  it('finds slots of the plan that nobody claims', () => {
    const nodes: NodeSketch[] = [{name: 'a', slots: '0-3,6-9000'}, target({})]
    expect(planAdoption(viewOf(nodes), PLAN)).toEqual([{target: idOf('b'), source: idOf('a'), slots: [4, 5]}])
  })

  it('finds none while an end is missing', () => {
    expect(planAdoption(viewOf([{name: 'a', slots: '0-3,6-9000'}]), PLAN)).toEqual([])
  })
})
