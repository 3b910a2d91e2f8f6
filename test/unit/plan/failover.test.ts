import {describe, expect, it} from 'vitest'
import {CliError} from '../../../src/lib/kernel/errors.js'
import type {ClusterView} from '../../../src/lib/model/cluster-view.js'
import {electionRestMs, type FailoverMode, judgeFailover, planFailover} from '../../../src/lib/plan/failover.js'
import {idOf, type NodeSketch, viewOf} from './view-of.js'

const SKETCHES: readonly NodeSketch[] = [
  {name: 'a', slots: '0-5460', info: {master_repl_offset: '150'}},
  {name: 'b', slots: '5461-10922'},
  {name: 'c', slots: '10923-16383'},
  {name: 'd', replicaOf: 'a', info: {master_link_status: 'up', slave_repl_offset: '100'}},
]
const REPLICA = '127.0.0.1:7003'

/** The nodes named do not answer. */
function without(view: ClusterView, ...names: readonly string[]): ClusterView {
  const gone = new Set(names.map(idOf))
  return {...view, nodes: view.nodes.filter(({id}) => !gone.has(id))}
}

function refusal(view: ClusterView, mode: FailoverMode, name = REPLICA): CliError {
  try {
    planFailover(view, name, mode)
  } catch (error) {
    if (error instanceof CliError) return error
    throw error
  }
  throw new Error('not refused')
}

describe('planFailover', () => {
  it('plans a hand-over without risk', () => {
    expect(planFailover(viewOf(SKETCHES), REPLICA, 'plain')).toEqual({
      replica: idOf('d'),
      primary: idOf('a'),
      mode: 'plain',
      slots: '0-5460',
      replicaOffset: 100,
      primaryOffset: 150,
      risks: [],
    })
  })

  it.each<[name: string, view: ClusterView, mode: FailoverMode, risk: RegExp]>([
    ['by force beside the primary', viewOf(SKETCHES), 'force', /it is 50 bytes behind now/],
    ['by force without the primary', without(viewOf(SKETCHES), 'a'), 'force', /did not receive is lost/],
    [
      'by force of a replica that came back empty',
      without(
        viewOf([
          ...SKETCHES.slice(0, 3),
          {name: 'd', replicaOf: 'a', info: {master_link_status: 'down', slave_repl_offset: '0'}},
        ]),
        'a',
      ),
      'force',
      /it has none of the keys/,
    ],
    ['by takeover beside a majority', viewOf(SKETCHES), 'takeover', /--force is safer/],
    ['by takeover beside the primary', viewOf(SKETCHES), 'takeover', /both serve the slots/],
    ['by takeover alone', without(viewOf(SKETCHES), 'a', 'b', 'c'), 'takeover', /did not receive is lost/],
  ])('says what is at risk %s', (_, view, mode, risk) => {
    expect(planFailover(view, REPLICA, mode).risks.join()).toMatch(risk)
  })

  it('says what becomes of slots that are half moved, where the replica does not know of them', () => {
    const [, ...others] = SKETCHES
    const open = {name: 'a', slots: '0-5460', migrating: {5: 'b', 6: 'b'}, importing: {9000: 'b'}}
    const {risks} = planFailover(viewOf([open, ...others]), REPLICA, 'plain')
    expect(risks).toEqual([
      expect.stringMatching(/^Slots 5-6 are on their way .* nil .* shoal resume/),
      expect.stringMatching(/^Slots 9000 are on their way here/),
    ])
    const valkey = {...open, info: {valkey_version: '8.0.1'}}
    expect(planFailover(viewOf([valkey, ...others]), REPLICA, 'plain').risks).toEqual([])
  })

  it.each<[name: string, view: ClusterView, mode: FailoverMode, words: RegExp, way: string]>([
    [
      'a hand-over by a primary that is gone',
      without(viewOf(SKETCHES), 'a'),
      'plain',
      /7000 \(aaaaaaaa\) .* does not answer/,
      '--force',
    ],
    [
      'a hand-over over a broken link',
      viewOf([...SKETCHES.slice(0, 3), {name: 'd', replicaOf: 'a', info: {master_link_status: 'down'}}]),
      'plain',
      /link .* is down/,
      '--force',
    ],
    ['a vote nobody can win', without(viewOf(SKETCHES), 'a', 'b'), 'force', /nobody wins their votes/, '--takeover'],
    ['a hand-over where most are gone', without(viewOf(SKETCHES), 'a', 'b'), 'plain', /cannot hand over/, '--takeover'],
  ])('refuses %s and knows a way', (_, view, mode, words, way) => {
    const error = refusal(view, mode)
    expect([error.code, error.message]).toEqual(['CLUSTER_UNHEALTHY', expect.stringMatching(words)])
    expect(error.suggestions.join()).toContain(way)
  })

  it('refuses a primary, and names its replicas', () => {
    const error = refusal(viewOf(SKETCHES), 'plain', '127.0.0.1:7000')
    expect([error.code, error.suggestions]).toEqual(['NOT_A_REPLICA', [`shoal failover ${REPLICA}`]])
    expect(refusal(viewOf(SKETCHES), 'plain', '127.0.0.1:7001').suggestions).toEqual(['It has no replica.'])
  })
})

describe('electionRestMs', () => {
  const stood = {clusterInfo: new Map([['cluster_stats_messages_auth-req_sent', '5']]), info: new Map<string, string>()}

  it('asks for none of a node that never stood for election', () => {
    expect(electionRestMs({clusterInfo: new Map(), info: new Map()}, 15_000, 0)).toBe(0)
  })

  it('asks for none of an embedded node, which never counts votes again', () => {
    expect(electionRestMs({...stood, info: new Map([['shoal_version', '0.1.0']])}, 15_000, 0)).toBe(0)
  })

  it.each([
    [15_000, 0, 61_000],
    [15_000, 20, 41_000],
    [15_000, 61, 0],
    [500, 0, 5000],
  ])('with a timeout of %d ms, %d s after: %d ms', (timeoutMs, seconds, restMs) => {
    expect(electionRestMs(stood, timeoutMs, seconds)).toBe(restMs)
  })
})

describe('judgeFailover', () => {
  const plan = planFailover(viewOf(SKETCHES), REPLICA, 'plain')
  const after = viewOf([{name: 'a', replicaOf: 'd'}, ...SKETCHES.slice(1, 3), {name: 'd', slots: '0-5460'}])

  it('waits for the replica, for its primary to follow, and for all to hear of it', () => {
    expect(judgeFailover(viewOf(SKETCHES), plan, [])).toEqual(['127.0.0.1:7003 (dddddddd) is not promoted'])
    expect(judgeFailover(without(after, 'd'), plan, [])).toEqual(['the replica does not answer'])
    expect(judgeFailover(after, plan, ['x disagrees'])).toEqual(['x disagrees'])
    expect(judgeFailover(after, plan, [])).toEqual([])
    const stubborn = viewOf([{name: 'a'}, ...SKETCHES.slice(1, 3), {name: 'd', slots: '0-5460'}])
    expect(judgeFailover(stubborn, plan, [])).toEqual(['127.0.0.1:7000 (aaaaaaaa) does not follow it'])
    const deaf = {
      ...after,
      nodes: after.nodes.map((node) => (node.id === idOf('b') ? viewOf(SKETCHES).nodes[1] : node)),
    }
    expect(judgeFailover(deaf as ClusterView, plan, [])).toEqual(['127.0.0.1:7001 (bbbbbbbb) has not heard of it'])
  })

  it('does not wait for a primary that is gone', () => {
    expect(judgeFailover(without(after, 'a'), plan, [])).toEqual([])
  })
})
