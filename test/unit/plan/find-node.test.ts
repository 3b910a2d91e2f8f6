import {describe, expect, it} from 'vitest'
import type {ClusterView, NodeView} from '../../../src/lib/model/cluster-view.js'
import {idOfNamed, namesOf} from '../../../src/lib/plan/find-node.js'
import {moveDocument} from '../../../src/lib/plan/moves/reshard-document.js'
import {idOf, viewOf} from './view-of.js'

/** a was reached by a mapped address, b as it is announced. */
const PLAIN = viewOf([
  {name: 'a', slots: '0-8191', hostname: 'a.example'},
  {name: 'b', slots: '8192-16383'},
])
const [A, B] = PLAIN.nodes as [NodeView, NodeView]
const VIEW: ClusterView = {...PLAIN, nodes: [{...A, address: {host: 'gateway', port: 30_000}}, B]}

describe('the names of a node', () => {
  it('are where it was reached, and as it is announced', () => {
    expect(VIEW.nodes.map(namesOf)).toEqual([['gateway:30000', '127.0.0.1:7000', 'a.example:7000'], ['127.0.0.1:7001']])
  })

  it.each(['gateway:30000', ' 127.0.0.1:7000 ', 'a.example:7000', '127.0.0.1:7000@17000'])('lead to it: %s', (name) => {
    expect(idOfNamed(VIEW, name)).toBe(idOf('a'))
    // One that does not answer is known by what the others say of it.
    const isReached = name.startsWith('gateway')
    expect(idOfNamed({...VIEW, nodes: [B]}, name)).toBe(isReached ? undefined : idOf('a'))
  })

  it.each(['gateway:7000', 'a.example:30000', '3', idOf('a')])('are no other: %s', (name) => {
    expect(idOfNamed(VIEW, name)).toBeUndefined()
  })

  it('stand in a plan, so that its cluster is found by any of them', () => {
    expect(moveDocument(VIEW, []).basedOn.primaries).toMatchObject([
      {address: 'gateway:30000', names: ['127.0.0.1:7000', 'a.example:7000']},
      {address: '127.0.0.1:7001'},
    ])
    expect(moveDocument(VIEW, []).basedOn.primaries[1]).not.toHaveProperty('names')
  })
})
