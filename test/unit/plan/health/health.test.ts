import {describe, expect, it} from 'vitest'
import type {NodeView} from '../../../../src/lib/model/cluster-view.js'
import {FINDING_IDS, type Finding, SEVERITIES} from '../../../../src/lib/plan/finding.js'
import {checkHealth} from '../../../../src/lib/plan/health/health.js'
import {checkStrayKeys, foreignSlotsOf} from '../../../../src/lib/plan/health/stray.js'
import {buildView, change, type NodeSpec, type Seen, SIX} from '../../model/build-view.js'

function check(changes: Readonly<Record<string, Partial<NodeSpec>>> = {}, sees: Readonly<Record<string, Seen>> = {}) {
  return checkHealth(buildView(change(SIX, changes), sees))
}

const brief = (findings: readonly Finding[]) =>
  findings.map(({id, severity, nodes, slots}) =>
    [severity, id, nodes.map((node) => node.id[0]).join(''), slots].join(' '),
  )

describe('checkHealth', () => {
  it('finds nothing wrong with a sound cluster', () => {
    expect(check()).toEqual([])
  })

  const cases: [
    name: string,
    changes: Parameters<typeof check>[0],
    sees: Parameters<typeof check>[1],
    found: string[],
  ][] = [
    ['a node that sees other owners', {}, {c: {a: {slots: '0-5459'}}}, ['error nodes-disagree c 5460']],
    ['a node that is not known to others', {}, {a: {f: null}, b: {f: null}}, ['error nodes-unknown fab ']],
    ['slots of nobody', {b: {slots: '5461-10920'}}, {}, ['error slots-uncovered  10921-10922']],
    [
      'open slots on both sides, however many, in one line each',
      {a: {slots: '0-5460 [5->-b] [6->-b]'}, b: {slots: '5461-10922 [5-<-a]'}},
      {},
      ['error slots-open a 5-6', 'error slots-open b 5'],
    ],
    ['an open slot on a replica', {d: {slots: '[9-<-b]'}}, {}, ['warning slots-open-on-replica d 9']],
    [
      'slots that two primaries claim',
      {c: {slots: '10920-16383'}},
      {a: {c: {slots: '10923-16383'}}, b: {c: {slots: '10923-16383'}}},
      [
        'error nodes-disagree a 10920-10922',
        'error nodes-disagree b 10920-10922',
        'error slots-multiply-owned bc 10920-10922',
      ],
    ],
    [
      'a failed replica, and the primary it leaves alone',
      {d: {down: true}},
      Object.fromEntries(['a', 'b', 'c', 'e', 'f'].map((by) => [by, {d: {flags: 'slave,fail'}}])),
      ['error node-failed d ', 'warning primary-without-replica a '],
    ],
    [
      'a node that answers nobody but is not given up yet',
      {d: {down: true}},
      {a: {d: {flags: 'slave,fail?', link: 'disconnected'}}},
      ['error node-unreachable d ', 'warning node-suspected d ', 'warning primary-without-replica a '],
    ],
    ['a suspicion', {}, {a: {e: {flags: 'slave,fail?'}}}, ['warning node-suspected e ']],
    ['a cluster that is down for some', {b: {state: 'fail'}}, {}, ['error state-down b ']],
    ['two owners with one epoch', {c: {epoch: 2}}, {}, ['warning epoch-collision bc ']],
    [
      'a node whose address another has lost',
      {},
      {a: {e: {flags: 'slave,noaddr', link: 'disconnected'}}},
      ['warning node-without-address e '],
    ],
    [
      'an introduction nobody answers',
      {},
      {a: {e: {flags: 'handshake', link: 'disconnected'}}},
      ['warning node-in-handshake e '],
    ],
    ['a broken link', {}, {a: {b: {link: 'disconnected'}}}, ['warning link-down b ']],
    ['a replica cut off', {e: {info: 'master_link_status:down'}}, {}, ['warning replica-behind e ']],
    [
      'a replica on its first transfer',
      {b: {info: 'slave0:ip=10.0.0.1,port=7004,state=wait_bgsave'}, e: {info: 'master_link_status:down'}},
      {},
      ['notice replica-behind e '],
    ],
    [
      'a replica of nobody known',
      {e: {of: 'z'}},
      {},
      ['error replica-orphan e ', 'warning primary-without-replica b '],
    ],
    ['a shard on one host', {d: {host: '10.0.0.1'}}, {}, ['warning shard-on-one-host ad ']],
    ['different versions', {f: {info: 'redis_version:7.2.4\r\nmaster_link_status:up'}}, {}, ['notice version-skew f ']],
  ]
  for (const [name, changes, sees, found] of cases) {
    it(`finds ${name}`, () => {
      expect(brief(check(changes, sees))).toEqual(found)
    })
  }

  it('says once that everything is on one host, and that two primaries are few', () => {
    const findings = checkHealth(
      buildView([
        {name: 'a', slots: '0-8191'},
        {name: 'b', slots: '8192-16383'},
      ]),
    )
    expect(brief(findings)).toEqual([
      'warning primary-without-replica ab ',
      'notice shard-on-one-host  ',
      'notice few-primaries  ',
    ])
  })

  it('says nothing of replicas about a primary without slots', () => {
    const findings = checkHealth(buildView([...SIX, {name: 'g', host: '10.0.0.7'}]))
    expect(findings).toEqual([])
  })

  it('orders by severity and gives each finding a sentence', () => {
    const findings = check(
      {
        a: {slots: '1-5460'},
        b: {state: 'fail'},
        c: {epoch: 2},
        f: {info: 'redis_version:7.2.4\r\nmaster_link_status:down'},
      },
      {a: {c: {slots: ''}}},
    )
    const ranks = findings.map(({severity}) => SEVERITIES.indexOf(severity))
    expect(ranks).toEqual([...ranks].sort())
    expect(new Set(ranks).size).toBe(3)
    for (const {id, message} of findings) {
      expect(FINDING_IDS).toContain(id)
      expect(message).toMatch(/^\S.*\.$/)
    }
    expect(findings.filter(({severity, suggestion}) => severity !== 'notice' && suggestion === '')).toEqual([])
  })

  it('knows the way on where most primaries are down: to start them, or a takeover by a replica', () => {
    const down = {flags: 'master,fail?'}
    const specs = change(SIX, {a: {down: true}, b: {down: true}, e: {down: true}})
    const seen = Object.fromEntries(['c', 'd', 'f'].map((name) => [name, {a: down, b: down}]))
    const findings = checkHealth(buildView(specs, seen)).filter(({id}) => id === 'node-unreachable')
    expect(findings.map(({suggestion}) => suggestion).slice(0, 2)).toEqual([
      'Start it again, or: shoal failover 10.0.0.3:7003 --takeover',
      'Start it again; nobody else has its keys.',
    ])
  })

  it('does not advise a new epoch where two by one epoch claim a slot: the other would drop its keys', () => {
    const adviceOn = (slots: string) =>
      check({c: {epoch: 2, slots}}).find(({id}) => id === 'epoch-collision')?.suggestion
    expect(adviceOn('10923-16383')).toBe('CLUSTER BUMPEPOCH on one of them.')
    expect(adviceOn('10922-16383')).toBe('shoal fix 10.0.0.1:7000')
  })

  it('says how to be rid of a node that is gone and has no address', () => {
    const lost = {flags: 'master,noaddr', link: 'disconnected', slots: '', epoch: 9}
    const sees = {
      a: {g: lost},
      b: {g: lost},
      c: {g: null},
      d: {g: null},
      e: {g: {...lost, flags: 'master'}},
      f: {g: null},
    }
    const gone: NodeSpec = {name: 'g', host: '10.0.0.9', down: true}
    const ofNode = (specs: readonly NodeSpec[], seen: Readonly<Record<string, Seen>>) =>
      checkHealth(buildView(specs, seen)).filter(({id}) => id === 'node-without-address')
    const [finding] = ofNode([...SIX, gone], sees)
    expect(finding).toMatchObject({
      severity: 'warning',
      message: '10.0.0.1:7000 (aaaaaaaa), 10.0.0.2:7001 (bbbbbbbb) know no address of node gggggggg.',
    })
    expect(finding?.suggestion).toBe(`If it is gone: shoal del-node 10.0.0.1:7000 ${'g'.repeat(40)}`)
    // Nobody pings it, so it is never failed: the slots it holds are nobody else's either.
    const owner = {...lost, slots: '100'}
    const [worse] = ofNode([...change(SIX, {a: {slots: '0-99 101-5460'}}), gone], {
      ...sees,
      a: {g: owner},
      b: {g: owner},
    })
    expect(worse).toMatchObject({severity: 'error', slots: '100'})
    expect(worse?.suggestion).toMatch(
      /CLUSTER FORGET g{40} on 10\.0\.0\.1:7000 .*, 10\.0\.0\.2:7001 .*, 10\.0\.0\.1:7004 /,
    )
    const [alive] = ofNode(SIX, {a: {e: {flags: 'slave,noaddr'}}})
    expect(alive?.suggestion).toBe('CLUSTER MEET 10.0.0.1 7004 on 10.0.0.1:7000 (aaaaaaaa).')
  })

  it('advises who takes over from a failed node, or how to be rid of it', () => {
    const failedBy = (name: string, flags: string) =>
      Object.fromEntries(
        ['a', 'b', 'c', 'd', 'e', 'f'].filter((by) => by !== name).map((by) => [by, {[name]: {flags}}]),
      )
    const adviceOn = (name: string, flags: string) =>
      check({[name]: {down: true}}, failedBy(name, flags)).find(({id}) => id === 'node-failed')?.suggestion
    expect(adviceOn('a', 'master,fail')).toBe('Start it again, or: shoal failover 10.0.0.3:7003 --force')
    const [blank] = checkHealth(
      buildView(
        change(SIX, {a: {down: true}, d: {info: 'master_link_status:down\r\nslave_repl_offset:0'}}),
        failedBy('a', 'master,fail'),
      ),
    )
    expect(blank?.suggestion).toBe('Start it again; nobody else has its keys.')
    expect(adviceOn('d', 'slave,fail')).toBe(`Start it again, or: shoal del-node 10.0.0.1:7000 ${'d'.repeat(40)}`)
  })

  it('does not look for a wrong address where a node is loading', () => {
    const view = buildView(change(SIX, {d: {down: true}}))
    const reason = '10.0.0.1:7003 answered: LOADING Redis is loading the dataset in memory'
    const loading = {...view, unreachable: view.unreachable.map((node) => ({...node, reason}))}
    expect(checkHealth(loading).find(({id}) => id === 'node-unreachable')).toMatchObject({
      severity: 'error',
      message: expect.stringMatching(/^replica .* is loading its data\.$/),
      suggestion: 'Wait until it has loaded; its log tells how far it is.',
    })
  })

  it('names nodes and slots in words', () => {
    const [finding] = check({}, {c: {a: {slots: '0-5459'}}})
    expect(finding?.message).toBe(
      '10.0.0.3:7002 (cccccccc) sees other owners than the owners themselves for 1 slot: 5460.',
    )
    expect(finding?.nodes).toEqual([{id: 'c'.repeat(40), address: '10.0.0.3:7002'}])
  })
})

describe('checkStrayKeys', () => {
  it('counts as foreign what is neither owned nor imported', () => {
    const {nodes} = buildView(change(SIX, {b: {slots: '5461-10922 [3-<-a]'}}))
    const foreign = foreignSlotsOf(nodes[1] as NodeView, 16384)
    expect(foreign).toHaveLength(16384 - 5462 - 1)
    expect(foreign.slice(0, 4)).toEqual([0, 1, 2, 4])
  })

  it('names the node, the slots and the number of keys', () => {
    const node = buildView(SIX).nodes[0] as NodeView
    expect(checkStrayKeys(node, new Map(), node.address)).toEqual([])
    const found = checkStrayKeys(
      node,
      new Map([
        [9000, 2],
        [9001, 5],
      ]),
      node.address,
    )
    expect(brief(found)).toEqual(['error keys-stray a 9000-9001'])
    expect(found[0]?.message).toBe('10.0.0.1:7000 (aaaaaaaa) holds 7 keys in slots it does not own: 9000-9001.')
  })
})
