import {describe, expect, it} from 'vitest'
import {CliError} from '../../../src/lib/kernel/errors.js'
import {type MaintenanceNote, planMaintenance, planReturn} from '../../../src/lib/plan/maintenance.js'
import {idOf, type NodeSketch, viewOf} from './view-of.js'

const ADDRESS = '127.0.0.1:7000'
const up = (offset: number) => ({master_link_status: 'up', slave_repl_offset: String(offset)})
const REST: NodeSketch[] = [
  {name: 'b', slots: '5461-10922'},
  {name: 'c', slots: '10923-16383'},
]
const A: NodeSketch = {name: 'a', slots: '0-5460'}

function refusal(act: () => unknown): CliError {
  try {
    act()
  } catch (error) {
    if (error instanceof CliError) return error
  }
  throw new Error('was not refused')
}

describe('planMaintenance', () => {
  it('lets the replica in sync take over that is furthest', () => {
    const replicas: NodeSketch[] = [
      {name: 'd', replicaOf: 'a', info: up(100)},
      {name: 'e', replicaOf: 'a', info: up(200)},
      {name: 'f', replicaOf: 'a', info: {master_link_status: 'down', slave_repl_offset: '300'}},
    ]
    const plan = planMaintenance(viewOf([A, ...REST, ...replicas]), ADDRESS, false)
    expect(plan).toEqual({
      node: idOf('a'),
      address: ADDRESS,
      role: 'primary',
      slots: '0-5460',
      way: 'failover',
      successor: idOf('e'),
      warnings: [],
    })
  })

  it('warns where one copy is left', () => {
    const replica: NodeSketch = {name: 'd', replicaOf: 'a', info: up(1)}
    const view = viewOf([A, ...REST, replica])
    expect(planMaintenance(view, ADDRESS, false).warnings.join()).toMatch(/7003 .* only copy of slots 0-5460/)
    const ofReplica = planMaintenance(view, '127.0.0.1:7003', false)
    expect([ofReplica.way, ofReplica.slots]).toEqual(['nothing', ''])
    expect(ofReplica.warnings.join()).toMatch(/7000 .* only copy of its slots/)
  })

  it.each<[name: string, nodes: NodeSketch[]]>([
    ['without replica', [A, ...REST]],
    ['whose replica is not in sync', [A, ...REST, {name: 'd', replicaOf: 'a', info: {master_link_status: 'down'}}]],
  ])('refuses a primary %s, unless it may be drained', (_, nodes) => {
    const error = refusal(() => planMaintenance(viewOf(nodes), ADDRESS, false))
    expect([error.code, error.suggestions[0]]).toEqual([
      'CLUSTER_UNHEALTHY',
      expect.stringContaining(`shoal maintenance on ${ADDRESS} --drain`),
    ])
    expect(planMaintenance(viewOf(nodes), ADDRESS, true)).toMatchObject({way: 'drain', slots: '0-5460'})
  })

  it('tells of a replica that does not answer', () => {
    const view = viewOf([A, ...REST, {name: 'd', replicaOf: 'a'}])
    const without = {...view, nodes: view.nodes.filter(({id}) => id !== idOf('d'))}
    expect(refusal(() => planMaintenance(without, ADDRESS, false)).message).toContain(
      'has no replica in sync (127.0.0.1:7003 (dddddddd), which does not answer)',
    )
  })

  it('does not drain the last primary with slots', () => {
    const error = refusal(() => planMaintenance(viewOf([{name: 'a', slots: '0-16383'}, {name: 'b'}]), ADDRESS, true))
    expect(error.code).toBe('CLUSTER_UNHEALTHY')
  })
})

describe('planReturn', () => {
  const note = (way: MaintenanceNote['way'], slots = '0-5460'): MaintenanceNote => ({
    version: 1,
    node: idOf('a'),
    address: ADDRESS,
    at: '2026-01-01T00:00:00.000Z',
    members: [],
    way,
    slots,
  })
  const follower: NodeSketch = {name: 'a', replicaOf: 'd'}

  it('takes over again from the primary the node follows', () => {
    const view = viewOf([follower, ...REST, {name: 'd', slots: '0-5460'}])
    expect(planReturn(view, note('failover'))).toEqual({kind: 'failover', primary: idOf('d'), warnings: []})
  })

  it('leaves alone what went elsewhere meanwhile, and says so', () => {
    const view = viewOf([follower, {name: 'b', slots: '0-99,5461-16383'}, {name: 'd', slots: '100-5460'}])
    const plan = planReturn(view, note('failover'))
    expect([plan.kind, plan.warnings.join()]).toEqual(['failover', expect.stringContaining('slots 0-99 (100)')])
  })

  it('brings drained slots back from wherever they are', () => {
    const view = viewOf([
      {name: 'a', slots: '5000-5460'},
      {name: 'b', slots: '0-1999'},
      {name: 'c', slots: '2000-4999,5461-16383'},
    ])
    expect(planReturn(view, note('drain'))).toEqual({
      kind: 'moves',
      moves: [
        {from: idOf('b'), to: idOf('a'), slots: [{first: 0, last: 1999}]},
        {from: idOf('c'), to: idOf('a'), slots: [{first: 2000, last: 4999}]},
      ],
      warnings: [],
    })
  })

  it.each<[name: string, nodes: NodeSketch[], way: MaintenanceNote['way'], slots?: string]>([
    ['has everything', [A, ...REST], 'failover'],
    ['served nothing', [follower, ...REST, {name: 'd', slots: '0-5460'}], 'nothing', ''],
    ['was promoted again, with less', [{name: 'a', slots: '0-5'}, ...REST, {name: 'd', slots: '6-5460'}], 'failover'],
  ])('has nothing to do for a node that %s', (_, nodes, way, slots) => {
    expect(planReturn(viewOf(nodes), note(way, slots)).kind).toBe('nothing')
  })

  it.each<[name: string, nodes: NodeSketch[], code: string, words: RegExp]>([
    ['does not answer', REST, 'PREFLIGHT_FAILED', /another node took its place/],
    [
      'is a primary without slots',
      [{name: 'a'}, ...REST, {name: 'd', slots: '0-5460'}],
      'PREFLIGHT_FAILED',
      /follows nobody/,
    ],
    [
      'follows another shard',
      [{name: 'a', replicaOf: 'b'}, ...REST, {name: 'd', slots: '0-5460'}],
      'PREFLIGHT_FAILED',
      /has none of its slots/,
    ],
  ])('refuses a node that %s', (_, nodes, code, words) => {
    const error = refusal(() => planReturn(viewOf(nodes), note('failover')))
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(words)])
    expect(error.suggestions.join()).toContain('--discard')
  })

  it('waits for a node that does not answer', () => {
    const {nodes, ...view} = viewOf([A, ...REST])
    const error = refusal(() => planReturn({...view, nodes: nodes.slice(1)}, note('failover')))
    expect([error.code, error.message]).toEqual(['UNREACHABLE', expect.stringContaining('start it first')])
  })
})
