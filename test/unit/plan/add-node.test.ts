import {describe, expect, it} from 'vitest'
import type {CliError} from '../../../src/lib/kernel/errors.js'
import type {NodeView} from '../../../src/lib/model/cluster-view.js'
import {type AddNodeRequest, planAddNode} from '../../../src/lib/plan/add-node.js'
import {idOf, type NodeSketch, viewOf} from './view-of.js'

const SKETCHES: readonly NodeSketch[] = [
  {name: 'a', slots: '0-9000'},
  {name: 'b', slots: '9001-12000'},
  {name: 'c', slots: '12001-16383'},
  {name: 'd', replicaOf: 'a'},
]
const VIEW = viewOf(SKETCHES)

function newcomer(sketch: Partial<NodeSketch> = {}): NodeView {
  return viewOf([{name: 'f', ...sketch}]).nodes[0] as NodeView
}

const AS_PRIMARY: AddNodeRequest = {replica: false}
const AS_REPLICA: AddNodeRequest = {replica: true}

/** All nodes on hosts of their own, in the zones given. */
function inZones(zones: readonly string[]) {
  return {
    ...VIEW,
    nodes: VIEW.nodes.map((node, index) => ({
      ...node,
      address: {host: `10.0.0.${index}`, port: 7000},
      info: new Map([['availability_zone', zones[index] as string]]),
    })),
  }
}

describe('planAddNode', () => {
  it('plans a primary: functions and introductions', () => {
    expect(planAddNode(VIEW, newcomer(), AS_PRIMARY)).toEqual({
      node: idOf('f'),
      role: 'primary',
      steps: ['meet', 'functions'],
    })
  })

  it('gives a replica to the primary with the fewest, then to the one with the most slots', () => {
    expect(planAddNode(VIEW, newcomer(), AS_REPLICA)).toEqual({
      node: idOf('f'),
      role: 'replica',
      primary: idOf('c'),
      steps: ['meet', 'replicate'],
    })
  })

  it('prefers a primary of another zone', () => {
    const node = {...newcomer(), info: new Map([['availability_zone', 'three']])}
    expect(planAddNode(inZones(['one', 'two', 'three', 'four']), node, AS_REPLICA).primary).toBe(idOf('b'))
  })

  it('takes the primary that is named', () => {
    expect(planAddNode(VIEW, newcomer(), {replica: true, primary: '127.0.0.1:7000'}).primary).toBe(idOf('a'))
    expect(() => planAddNode(VIEW, newcomer(), {replica: true, primary: idOf('d')})).toThrow(/is a replica/)
  })

  it('continues what was begun, and has nothing to do for what is done', () => {
    const joined = viewOf([...SKETCHES, {name: 'f'}])
    const [node] = joined.nodes.slice(-1) as [NodeView]
    expect(planAddNode(joined, node, AS_PRIMARY).steps).toEqual([])
    expect(planAddNode(joined, node, AS_REPLICA).steps).toEqual(['replicate'])
    const attached = viewOf([...SKETCHES, {name: 'f', replicaOf: 'b'}])
    const [replica] = attached.nodes.slice(-1) as [NodeView]
    expect(planAddNode(attached, replica, AS_REPLICA)).toMatchObject({primary: idOf('b'), steps: []})
  })

  it.each<[name: string, node: NodeView, words: RegExp]>([
    ['slots', newcomer({slots: '1-3'}), /owns slots: 1-3/],
    ['keys', newcomer({info: {db3: 'keys=2,expires=0,avg_ttl=0'}}), /holds 2 keys/],
    ['another cluster', viewOf([{name: 'f'}, {name: '0'}]).nodes[0] as NodeView, /belongs to another cluster/],
    ['a primary of its own', newcomer({replicaOf: '0'}), /is a replica/],
  ])('refuses a node with %s', (_, node, words) => {
    expect(() => planAddNode(VIEW, node, AS_PRIMARY)).toThrow(words)
  })

  it('does not make a replica a primary, nor an owner a replica', () => {
    expect(() => planAddNode(VIEW, VIEW.nodes[3] as NodeView, AS_PRIMARY)).toThrow(/already, as a replica/)
    expect(() => planAddNode(VIEW, VIEW.nodes[0] as NodeView, AS_REPLICA)).toThrow(/owns slots/)
  })

  it('does not advise to empty a member, which holds what the cluster needs', () => {
    const adviceOn = (index: number, request: AddNodeRequest) => {
      try {
        planAddNode(VIEW, VIEW.nodes[index] as NodeView, request)
      } catch (error) {
        return (error as CliError).suggestions
      }
      return []
    }
    expect(adviceOn(1, AS_REPLICA)).toEqual([
      'shoal del-node 127.0.0.1:7000 127.0.0.1:7001 --drain, then shoal add-node 127.0.0.1:7001 127.0.0.1:7000 --replica',
    ])
    expect(adviceOn(3, AS_PRIMARY)).toEqual([
      'shoal del-node 127.0.0.1:7000 127.0.0.1:7003, then shoal add-node 127.0.0.1:7003 127.0.0.1:7000',
    ])
  })
})
