import {describe, expect, it} from 'vitest'
import {renderAddress} from '../../../src/lib/model/address.js'
import type {ClusterView} from '../../../src/lib/model/cluster-view.js'
import {planCreate} from '../../../src/lib/plan/create.js'
import {standingOf} from '../../../src/lib/plan/create-standing.js'
import {buildView, change, type NodeSpec, type Seen} from '../model/build-view.js'

const LETTERS = ['a', 'b', 'c', 'd', 'e', 'f']
const PLAN = planCreate({
  nodes: LETTERS.map((_, index) => ({address: {host: '127.0.0.1', port: 7000 + index}, host: '127.0.0.1'})),
  replicasPerPrimary: 1,
  allowFewPrimaries: false,
})

/** Nodes that have not met: each sees itself alone. */
const FRESH: readonly NodeSpec[] = LETTERS.map((name) => ({name, epoch: 0}))
const ALONE: Readonly<Record<string, Seen>> = Object.fromEntries(
  LETTERS.map((name) => [
    name,
    Object.fromEntries(LETTERS.filter((other) => other !== name).map((other) => [other, null])),
  ]),
)
const FORMED: readonly NodeSpec[] = [
  {name: 'a', slots: '0-5460'},
  {name: 'b', slots: '5461-10922'},
  {name: 'c', slots: '10923-16383'},
  {name: 'd', of: 'a'},
  {name: 'e', of: 'b'},
  {name: 'f', of: 'c'},
]

function stand({nodes}: ClusterView) {
  return standingOf(
    PLAN,
    nodes.map((view) => ({name: renderAddress(view.address), view})),
  )
}

const fresh = (changes: Parameters<typeof change>[1] = {}) => stand(buildView(change(FRESH, changes), ALONE))
const problemsOf = (standing: ReturnType<typeof stand>) =>
  standing.kind === 'refused' ? standing.problems.map(({address, code}) => `${address} ${code}`) : standing.kind

describe('standingOf', () => {
  it('knows fresh nodes', () => {
    expect(fresh().kind).toBe('fresh')
  })

  it('continues where slots were given out, in part or in full', () => {
    expect(fresh({a: {slots: '0-5460'}}).kind).toBe('started')
    expect(fresh({b: {slots: '6000-7000'}}).kind).toBe('started')
  })

  it('continues where the nodes have met but are not one cluster yet', () => {
    expect(stand(buildView(FRESH)).kind).toBe('started')
    expect(stand(buildView(change(FORMED, {f: {of: undefined as never}}))).kind).toBe('started')
    expect(stand(buildView(change(FORMED, {c: {slots: '10923-16000'}}))).kind).toBe('started')
  })

  it('has nothing to do where the cluster stands', () => {
    expect(stand(buildView(FORMED)).kind).toBe('formed')
  })

  it('has nothing to do after a failover, a reshard, and with keys', () => {
    const moved = change(FORMED, {
      a: {slots: '', of: 'd', info: 'db0:keys=9'},
      d: {slots: '100-5460', of: undefined as never, info: 'db0:keys=9'},
      b: {slots: '0-99 5461-10922'},
    })
    expect(stand(buildView(moved)).kind).toBe('formed')
  })

  const refusals: [name: string, changes: Parameters<typeof change>[1], found: string[]][] = [
    ['a node with keys', {b: {info: 'db0:keys=1,expires=0'}}, ['127.0.0.1:7001 has-keys']],
    ['keys in another database', {b: {info: 'db3:keys=1,expires=0'}}, ['127.0.0.1:7001 has-keys']],
    ['slots that are planned for another', {a: {slots: '5461'}}, ['127.0.0.1:7000 owns-slots']],
    ['slots on a planned replica', {e: {slots: '5'}}, ['127.0.0.1:7004 owns-slots']],
    ['a replica of somebody else', {a: {of: 'f'}}, ['127.0.0.1:7000 other-role']],
    [
      'several at once',
      {a: {info: 'db0:keys=2'}, c: {slots: '1'}},
      ['127.0.0.1:7000 has-keys', '127.0.0.1:7002 owns-slots'],
    ],
  ]
  for (const [name, changes, found] of refusals) {
    it(`refuses ${name}`, () => {
      expect(problemsOf(fresh(changes))).toEqual(found)
    })
  }

  it('refuses nodes that know strangers, naming them', () => {
    const larger = buildView([...FRESH, {name: 'g'}], ALONE)
    const standing = stand({...larger, nodes: larger.nodes.slice(0, 6)})
    expect(problemsOf(standing)).toHaveLength(6)
    expect(standing.kind === 'refused' && standing.problems[0]?.message).toBe(
      '127.0.0.1:7000 belongs to a cluster already: it knows 127.0.0.1:7006 (gggggggg)',
    )
  })

  it('refuses one node under two addresses', () => {
    const {nodes} = buildView(FRESH, ALONE)
    const candidates = nodes.map((view) => ({name: renderAddress(view.address), view}))
    const [first, second] = candidates as [(typeof candidates)[0], (typeof candidates)[0]]
    const standing = standingOf(PLAN, [first, {...second, view: first.view}, ...candidates.slice(2)])
    expect(problemsOf(standing)).toEqual(['127.0.0.1:7001 given-twice'])
  })
})
