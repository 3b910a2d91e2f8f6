import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import type {ClusterView} from '../../../../src/lib/model/cluster-view.js'
import type {NodeId} from '../../../../src/lib/model/node-id.js'
import {countSlots, parseRanges} from '../../../../src/lib/model/slot-set.js'
import {
  type FixInput,
  type FixItem,
  type FixPlan,
  type FixStep,
  planFix,
  stepsOf,
  undecidedOf,
} from '../../../../src/lib/plan/fix/fix.js'
import {buildView, change, idOf, type NodeSpec, SIX} from '../../model/build-view.js'

const [A, B, , D] = ['a', 'b', 'c', 'd'].map(idOf) as [NodeId, NodeId, NodeId, NodeId]
const THREE = SIX.slice(0, 3)

/** Node -> slot -> keys. */
function keysAt(counts: Readonly<Record<string, Readonly<Record<number, number>>>>): FixInput['keys'] {
  return new Map(
    Object.entries(counts).map(([name, bySlot]) => [
      idOf(name),
      new Map(Object.entries(bySlot).map(([slot, count]) => [Number(slot), count])),
    ]),
  )
}

function fixOf(view: ClusterView, input: Partial<Omit<FixInput, 'view'>> = {}): readonly FixItem[] {
  const choices = {owners: new Map<number, NodeId>(), withUnreachable: false}
  return planFix({view, keys: new Map(), jobs: new Map(), choices, ...input}).items
}

function stepsIn(items: readonly FixItem[]): string[] {
  const letter = (id: NodeId) => id[0]
  const text = (step: FixStep) =>
    'to' in step
      ? `${step.kind} ${step.slots} ${letter(step.from)}>${letter(step.to)}`
      : `${step.kind} ${step.slots} ${letter(step.node)}`
  return items.flatMap(({steps}) => steps.map(text))
}

/** The nodes of a cluster in which slot 5 is a's. */
function slotFive(changes: Readonly<Record<string, string>>): NodeSpec[] {
  const slots: Record<string, string> = {a: '0-5460', b: '5461-10922', c: '10923-16383'}
  return change(
    THREE,
    Object.fromEntries(Object.entries(changes).map(([name, more]) => [name, {slots: `${slots[name]} ${more}`}])),
  )
}

describe('planFix', () => {
  it('finds nothing wrong with a cluster that is well', () => {
    expect(fixOf(buildView(SIX), {keys: keysAt({a: {5: 3}, b: {6000: 1}})})).toEqual([])
  })

  it.each<
    [name: string, changes: Record<string, string>, keys: Record<string, Record<number, number>>, steps: string[]]
  >([
    ['open on both sides', {a: '[5->-b]', b: '[5-<-a]'}, {a: {5: 7}, b: {5: 1}}, ['move 5 a>b']],
    ['open on both sides, most keys gone', {a: '[5->-b]', b: '[5-<-a]'}, {a: {5: 1}, b: {5: 7}}, ['move 5 a>b']],
    ['open on both sides, without keys', {a: '[5->-b]', b: '[5-<-a]'}, {}, ['move 5 a>b']],
    ['a target that forgot', {a: '[5->-b]'}, {a: {5: 7}, b: {5: 1}}, ['move 5 a>b']],
    ['a target alone', {b: '[5-<-a]'}, {a: {5: 7}}, ['close 5 b']],
    ['a target alone that has keys', {b: '[5-<-a]'}, {a: {5: 7}, b: {5: 2}}, ['gather 5 b>a']],
    [
      'two targets, the other without keys',
      {a: '[5->-b]', b: '[5-<-a]', c: '[5-<-a]'},
      {a: {5: 7}},
      ['move 5 a>b', 'close 5 c'],
    ],
    [
      'two targets, both with keys',
      {a: '[5->-b]', b: '[5-<-a]', c: '[5-<-a]'},
      {a: {5: 7}, b: {5: 1}, c: {5: 1}},
      ['move 5 a>b', 'gather 5 c>b'],
    ],
    ['keys at a stranger', {}, {a: {5: 7}, c: {5: 1}}, ['gather 5 c>a']],
    ['keys at a stranger alone', {}, {c: {5: 1}}, ['gather 5 c>a']],
  ])('mends %s', (_, changes, keys, steps) => {
    expect(stepsIn(fixOf(buildView(slotFive(changes)), {keys: keysAt(keys)}))).toEqual(steps)
  })

  it('tells slots of one kind together', () => {
    const view = buildView(slotFive({a: '[5->-b] [6->-b] [9->-b]', b: '[5-<-a] [6-<-a] [9-<-a]'}))
    const items = fixOf(view, {keys: keysAt({a: {5: 1, 6: 2, 9: 4}})})
    expect(items).toMatchObject([{problem: 'half-moved', slots: '5-6,9', slotCount: 3, keyCount: 7}])
  })

  it('follows the job that opened a slot, though the owner has not recorded it', () => {
    const view = buildView(slotFive({b: '[5-<-a]'}))
    const jobs = new Map([[5, {job: 'reshard-1', from: A, to: B}]])
    const [item] = fixOf(view, {jobs, keys: keysAt({a: {5: 7}, b: {5: 7}})})
    expect(stepsIn([item as FixItem])).toEqual(['move 5 a>b'])
    expect(item?.found).toContain('job reshard-1 opened them')
  })

  it('goes to the successor of a target that became a replica', () => {
    const view = buildView(
      change(SIX, {
        a: {slots: '0-5460 [5->-b]'},
        b: {of: 'e', slots: '', info: 'master_link_status:up'},
      }).map(({of, ...spec}) => (spec.name === 'e' ? {...spec, slots: '5461-10922'} : {...spec, ...(of && {of})})),
    )
    expect(stepsIn(fixOf(view, {keys: keysAt({a: {5: 1}})}))).toEqual(['move 5 a>e'])
  })

  it('waits for a target that does not answer, until it is given up', () => {
    const view = buildView(change(slotFive({a: '[5->-b]'}), {b: {down: true, slots: ''}, c: {slots: '5461-16383'}}))
    const items = fixOf(view, {keys: keysAt({a: {5: 7}})})
    expect(items).toMatchObject([{problem: 'half-moved', steps: [], doubt: 'target-down'}])
    expect(items[0]?.way).toContain('--fix-with-unreachable-primaries')
    const given = fixOf(view, {choices: {owners: new Map(), withUnreachable: true}, keys: keysAt({a: {5: 7}})})
    expect(stepsIn(given)).toEqual(['close 5 a'])
    expect(given[0]?.risk).toContain('lost')
  })

  it('lets the operator bring a half-moved slot back: forward first, so that nobody misses a key', () => {
    const view = buildView(slotFive({a: '[5->-b]', b: '[5-<-a]'}))
    const choices = {owners: new Map([[5, A]]), withUnreachable: false}
    expect(stepsIn(fixOf(view, {choices, keys: keysAt({a: {5: 1}, b: {5: 1}})}))).toEqual(['move 5 a>b', 'move 5 b>a'])
  })

  describe('slots without owner', () => {
    const bare = (keys: Record<string, Record<number, number>>) =>
      stepsIn(fixOf(buildView(change(THREE, {a: {slots: '0-4 6-5460'}})), {keys: keysAt(keys)}))

    it.each<[name: string, keys: Record<string, Record<number, number>>, steps: string[]]>([
      ['beside what they touch, if nobody has keys', {}, ['assign 5 a']],
      ['to the one that has keys', {c: {5: 1}}, ['assign 5 c']],
      ['to the one with most keys, the others bring theirs', {b: {5: 2}, c: {5: 9}}, ['assign 5 c', 'gather 5 b>c']],
    ])('go %s', (_, keys, steps) => {
      expect(bare(keys)).toEqual(steps)
    })

    it('are dealt out evenly and in ranges', () => {
      const view = buildView(change(THREE, {a: {slots: '0-99'}, b: {slots: '5461-10922'}, c: {slots: '10923-16383'}}))
      const counts = new Map(
        planFix({
          view,
          keys: new Map(),
          jobs: new Map(),
          choices: {owners: new Map(), withUnreachable: false},
        }).items.flatMap(({steps}) =>
          steps.map((step) => [(step as {node: string}).node, countSlots(parseRanges(step.slots) ?? [])]),
        ),
      )
      expect([...counts]).toEqual([[A, 5361]])
    })

    it('are all dealt out where there are none left', () => {
      const view = buildView(change(THREE, {a: {slots: ''}, b: {slots: ''}, c: {slots: ''}}))
      const assigned = stepsIn(fixOf(view))
      expect(assigned).toHaveLength(3)
      expect(assigned.map((text) => /(\d+)-(\d+)/.exec(text)?.slice(1).map(Number))).toEqual([
        [0, 5461],
        [5462, 10_922],
        [10_923, 16_383],
      ])
    })
  })

  describe('an owner that does not answer', () => {
    const dead = {a: {flags: 'master,fail'}}
    const view = (specs: readonly NodeSpec[], seen = true) =>
      buildView(change(specs, {a: {down: true}}), seen ? {b: dead, c: dead} : {})

    it('is replaced by its replica', () => {
      expect(fixOf(view(SIX))).toMatchObject([{slots: '0-5460', steps: [{kind: 'failover', node: D, from: A}]}])
    })

    it('is not replaced by a replica that came back empty, unless it is given up', () => {
      const info = 'master_link_status:down\r\nslave_repl_offset:0'
      const blank = change(SIX, {d: {info}})
      expect(fixOf(view(blank))).toMatchObject([{slots: '0-5460', steps: [], doubt: 'replica-blank'}])
      const items = fixOf(view(blank), {choices: {owners: new Map(), withUnreachable: true}})
      expect(items).toMatchObject([{steps: [{kind: 'failover', node: D}], risk: expect.stringContaining('are lost')}])
      // Another one that has keys takes its place, whatever its offset.
      const loaded = change(blank, {e: {of: 'a', info: `${info}\r\ndb0:keys=3,expires=0,avg_ttl=0`}})
      expect(stepsIn(fixOf(view(loaded)))).toEqual(['failover 0-5460 e'])
    })

    it('is left alone while the others see it alive, whatever the operator says', () => {
      const choices = {owners: new Map(), withUnreachable: true}
      expect(fixOf(view(THREE, false), {choices})).toMatchObject([{steps: [], doubt: 'seen-alive'}])
    })

    it('is given up on demand too where the others are too few to declare it dead', () => {
      const suspected = {a: {flags: 'master,fail?'}, b: {flags: 'master,fail?'}}
      const left = buildView(change(THREE, {a: {down: true}, b: {down: true}}), {c: suspected})
      expect(fixOf(left)).toMatchObject([
        {steps: [], doubt: 'owner-down', slots: '0-5460'},
        {steps: [], doubt: 'owner-down', slots: '5461-10922'},
      ])
      const items = fixOf(left, {choices: {owners: new Map(), withUnreachable: true}})
      expect(stepsIn(items)).toEqual(['assign 0-5460 c', 'assign 5461-10922 c'])
    })

    it('has no replica elected where most who vote are gone: that is a takeover, for the operator to begin', () => {
      const suspected = {a: {flags: 'master,fail?'}, b: {flags: 'master,fail?'}}
      const sees = {c: suspected, d: suspected, e: suspected, f: suspected}
      const left = buildView(change(SIX, {a: {down: true}, b: {down: true}}), sees)
      const items = fixOf(left, {choices: {owners: new Map(), withUnreachable: true}})
      expect(items).toMatchObject([
        {steps: [], doubt: 'no-majority', way: expect.stringMatching(/^shoal failover 10.0.0.3:7003 --takeover /)},
        {steps: [], doubt: 'no-majority', way: expect.stringMatching(/^shoal failover 10.0.0.1:7004 --takeover /)},
      ])
    })

    it('is not given up if it went down after that was agreed to', () => {
      const failed = {a: {flags: 'master,fail'}, b: {flags: 'master,fail'}}
      const left = buildView(change(THREE, {a: {down: true}, b: {down: true}}), {c: failed})
      const choices = {owners: new Map(), withUnreachable: true, silent: new Set([A])}
      expect(stepsIn(fixOf(left, {choices}))).toEqual(['assign 0-5460 c'])
      expect(fixOf(left, {choices})[1]).toMatchObject({slots: '5461-10922', doubt: 'owner-down'})
    })

    it('is given up only on demand, and its slots go to the others', () => {
      expect(fixOf(view(THREE))).toMatchObject([{steps: [], doubt: 'owner-down', slots: '0-5460'}])
      const items = fixOf(view(THREE), {choices: {owners: new Map(), withUnreachable: true}})
      expect(items.map(({problem}) => problem)).toEqual(['owner-down', 'owner-down'])
      expect(items.every(({risk}) => risk.includes('lost'))).toBe(true)
      expect(items.reduce((sum, {slotCount}) => sum + slotCount, 0)).toBe(5461)
    })
  })

  describe('two owners', () => {
    const two = (epoch: number) => buildView(change(slotFive({c: '5'}), {c: {slots: '5 10923-16383', epoch}}))

    it('is decided by the newer epoch; the older one hands its keys over', () => {
      expect(stepsIn(fixOf(two(9), {keys: keysAt({a: {5: 3}, c: {5: 1}})}))).toEqual(['yield 5 a>c'])
    })

    it('is for the operator if both are as new', () => {
      expect(fixOf(two(1))).toMatchObject([{problem: 'multiply-owned', steps: [], doubt: 'same-epoch'}])
      const choices = {owners: new Map([[5, A]]), withUnreachable: false}
      expect(stepsIn(fixOf(two(1), {choices}))).toEqual(['yield 5 c>a'])
    })

    it('is settled between them before a third gets the slot, by whose new epoch they would drop their keys', () => {
      const choices = {owners: new Map([[5, B]]), withUnreachable: false}
      const keys = keysAt({a: {5: 3}, c: {5: 1}})
      expect(stepsIn(fixOf(two(9), {choices, keys}))).toEqual(['yield 5 a>c', 'move 5 c>b'])
    })

    it('is settled at the newest also where that one has begun to hand the slot over', () => {
      const view = buildView(
        change(slotFive({b: '[5-<-c]'}), {c: {slots: '5 10923-16383 [5->-b]', epoch: 9}, a: {slots: '0-5460'}}),
      )
      const keys = keysAt({a: {5: 3}, b: {5: 2}, c: {5: 1}})
      expect(stepsIn(fixOf(view, {keys}))).toEqual(['close 5 c', 'yield 5 a>c', 'gather 5 b>c'])
    })
  })

  it('takes marks of a replica back at its primary', () => {
    const view = buildView(change(SIX, {d: {slots: '[5-<-b]'}}))
    expect(stepsIn(fixOf(view))).toEqual(['close 5 a'])
  })

  it('lets an owner speak anew whom others do not believe', () => {
    const view = buildView(THREE, {b: {a: {slots: '0-4 6-5460'}, c: {slots: '5 10923-16383'}}})
    expect(fixOf(view)).toMatchObject([{problem: 'nodes-disagree', slots: '5', steps: [{kind: 'announce', node: A}]}])
  })

  it('ends with one owner that has all keys and nothing open, whatever it starts from', () => {
    const names = ['a', 'b', 'c'] as const
    const anyName = fc.constantFrom(...names)
    const anyState = fc.record({
      claims: fc.uniqueArray(anyName, {maxLength: 2}),
      migrating: fc.option(anyName),
      importing: fc.uniqueArray(anyName, {maxLength: 2}),
      keys: fc.uniqueArray(anyName, {maxLength: 3}),
      chosen: fc.option(anyName),
    })
    fc.assert(
      fc.property(anyState, ({chosen, claims, importing, keys, migrating}) => {
        const owners = new Map(chosen ? [[5, idOf(chosen)]] : [])
        let state: State = {
          owners: claims.map(idOf),
          migrating: new Map(
            migrating && claims[0] && migrating !== claims[0] ? [[idOf(claims[0]), idOf(migrating)]] : [],
          ),
          importing: new Set(importing.filter((name) => !claims.includes(name)).map(idOf)),
          keys: new Set(keys.map(idOf)),
        }
        for (let round = 0; round < 4; round++) {
          const plan = planFix({
            view: viewOfState(state),
            keys: new Map([...state.keys].map((id) => [id, new Map([[5, 1]])])),
            jobs: new Map(),
            choices: {owners, withUnreachable: false},
          })
          expect(undecidedOf(plan)).toEqual([])
          if (plan.items.length === 0) break
          state = carryOut(state, plan)
        }
        expect([state.owners.length, state.migrating.size, state.importing.size]).toEqual([1, 0, 0])
        expect([...state.keys]).toEqual(keys.length > 0 ? state.owners : [])
      }),
      {numRuns: 100},
    )
  })
})

/** Slot 5 at three primaries that own all else. */
interface State {
  readonly owners: readonly NodeId[]
  readonly migrating: ReadonlyMap<NodeId, NodeId>
  readonly importing: ReadonlySet<NodeId>
  readonly keys: ReadonlySet<NodeId>
}

function viewOfState({importing, migrating, owners}: State): ClusterView {
  const rest: Record<string, string> = {a: '0-4 6-5460', b: '5461-10922', c: '10923-16383'}
  return buildView(
    Object.entries(rest).map(([name, slots]): NodeSpec => {
      const id = idOf(name)
      const marks = [
        ...(migrating.has(id) ? [`[5->-${migrating.get(id)?.[0]}]`] : []),
        ...(importing.has(id) ? [`[5-<-${name === 'a' ? 'b' : 'a'}]`] : []),
      ]
      return {name, slots: [...(owners.includes(id) ? ['5'] : []), slots, ...marks].join(' ')}
    }),
  )
}

/** What a plan does, in the order in which it is carried out; what nodes would refuse fails. */
function carryOut(state: State, plan: FixPlan): State {
  let owners = [...state.owners]
  const migrating = new Map(state.migrating)
  const importing = new Set(state.importing)
  const keys = new Set(state.keys)
  const bring = (from: NodeId, to: NodeId) => {
    // A node that gives the slot away itself refuses keys it lacks.
    if (keys.has(from)) expect(migrating.has(to)).toBe(false)
    if (keys.delete(from)) keys.add(to)
    migrating.delete(from)
    importing.delete(from)
  }
  for (const {node} of stepsOf(plan, 'assign')) {
    // By its new epoch, whoever else claims the slot would drop it with its keys.
    expect(owners).toEqual([])
    owners.push(node)
    importing.delete(node)
  }
  for (const {node} of stepsOf(plan, 'close')) {
    migrating.delete(node)
    importing.delete(node)
  }
  for (const {from, to} of stepsOf(plan, 'yield')) {
    expect(owners).toEqual(expect.arrayContaining([from, to]))
    bring(from, to)
    owners = owners.filter((id) => id !== from)
  }
  for (const {from, to} of stepsOf(plan, 'move')) {
    expect(owners).toEqual([from])
    bring(from, to)
    owners = [to]
    importing.delete(to)
  }
  for (const {from, to} of stepsOf(plan, 'gather')) {
    expect(owners).toContain(to)
    bring(from, to)
  }
  return {owners, migrating, importing, keys}
}
