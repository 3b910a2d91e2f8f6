import {describe, expect, it} from 'vitest'
import type {NodeId} from '../../../../src/lib/model/node-id.js'
import type {FixPlan, FixStep} from '../../../../src/lib/plan/fix/fix.js'
import {
  neededAtSource,
  neededForTimeout,
  neededToAdd,
  neededToFix,
  neededToImport,
  neededToPromote,
  neededToRestore,
  neededToRevive,
} from '../../../../src/lib/plan/permissions/change-permissions.js'
import {NEEDED} from '../../../../src/lib/plan/permissions/needed-commands.js'
import {
  judgePermissions,
  leaveKeysOpen,
  type NeededCommand,
  type Needs,
  type NodePermissions,
  type Permission,
} from '../../../../src/lib/plan/permissions/permissions.js'
import {idOf, viewOf} from '../view-of.js'

const [A, B, C] = ['a', 'b', 'c'].map(idOf) as [NodeId, NodeId, NodeId]

const namesOf = (needs: Needs) =>
  Object.fromEntries([...needs].map(([id, commands]) => [id[0], commands.map(({name}) => name).sort()]))

describe('the commands that changes need', () => {
  it('are asked for in forms that no node carries out', () => {
    const forms = Object.values(NEEDED).flatMap(({harmless, words}: NeededCommand) =>
      harmless && harmless.join() !== words.join() ? [harmless.join(' ')] : [],
    )
    expect(forms.sort()).toEqual([
      'ACL SETUSER shoal-preflight no-such-rule',
      'CLUSTER ADDSLOTS -1',
      'CLUSTER DELSLOTS -1',
      'CLUSTER FAILOVER NEVER',
      'CLUSTER MEET 127.0.0.1 0',
      'CLUSTER RESET NEVER',
      'CLUSTER SET-CONFIG-EPOCH -1',
      'CLUSTER SETSLOT -1 STABLE',
      'CONFIG SET shoal-preflight no-such-setting',
      'MIGRATE 127.0.0.1 1 KEY 0 never',
    ])
  })

  it('are not sent where each form of them would do something', () => {
    const unsent = Object.values(NEEDED).flatMap(({harmless, name}: NeededCommand) => (harmless ? [] : [name]))
    expect(unsent.sort()).toEqual(['acl|save', 'cluster|bumpepoch', 'config|rewrite', 'multi', 'watch'])
  })

  it('bear the names that rules have', () => {
    for (const {name, words} of Object.values(NEEDED)) {
      const parts = name.split('|').length
      expect(words.slice(0, parts).join('|').toLowerCase()).toBe(name)
    }
  })
})

describe('who needs what', () => {
  it('to promote: the replica alone', () => {
    expect(namesOf(neededToPromote(B))).toEqual({b: ['cluster|failover']})
  })

  it('to set the timeout: every node', () => {
    const names = ['config|get', 'config|rewrite', 'config|set']
    expect(namesOf(neededForTimeout([A, B]))).toEqual({a: names, b: names})
  })

  it('to add a primary: everybody to meet, one to give functions and the newcomer to take them, if there are any', () => {
    const plan = {node: C, role: 'primary', steps: ['meet', 'functions']} as const
    expect(namesOf(neededToAdd(plan, [A, B], undefined))).toEqual({
      a: ['cluster|meet'],
      b: ['cluster|meet'],
      c: ['cluster|meet'],
    })
    expect(namesOf(neededToAdd(plan, [A, B], A))).toEqual({
      a: ['cluster|meet', 'function|dump'],
      b: ['cluster|meet'],
      c: ['cluster|meet', 'function|list', 'function|restore'],
    })
  })

  it('to add a replica: what is left to do', () => {
    const plan = {node: C, role: 'replica', primary: A, steps: ['replicate']} as const
    expect(namesOf(neededToAdd(plan, [A, B, C], undefined))).toEqual({c: ['cluster|replicate']})
  })

  it('to revive a node: what it takes to leave its primary, unless it has', () => {
    const revive = (primary?: NodeId) =>
      namesOf(neededToRevive([{node: C, isLast: false, ...(primary && {primary})}], [A, C], A))
    expect(revive(A)).toEqual({
      a: ['cluster|meet', 'function|dump'],
      c: ['cluster|bumpepoch', 'cluster|meet', 'cluster|reset', 'function|list', 'function|restore'],
    })
    expect(revive()['c']).not.toContain('cluster|reset')
    expect(namesOf(neededToRevive([], [A, C], A))).toEqual({})
  })

  it('to bring keys in: by what nodes tell of expiry, and more for what is asked beyond keys', () => {
    const base = {primaries: [A, B], absolute: true, loads: [], count: false, move: false}
    const write = ['asking', 'del', 'dump', 'pexpiretime', 'restore']
    expect(namesOf(neededToImport(base))).toEqual({a: write, b: write})
    const old = namesOf(neededToImport({...base, absolute: false, count: true, move: true, loads: [B]}))
    expect(old['a']).toEqual(['asking', 'del', 'dump', 'eval', 'exists', 'pttl', 'restore'])
    expect(old['b']).toContain('function|load')
    expect(namesOf(neededToRestore({...base, users: [A, C]}))).toEqual({
      a: ['acl|save', 'acl|setuser', ...write],
      b: write,
      c: ['acl|save', 'acl|setuser'],
    })
  })

  it('at a source: to delete only where keys are moved', () => {
    const names = (move: boolean) => neededAtSource({absolute: false, move}).map(({name}) => name)
    expect(names(false)).toEqual(['scan', 'dump', 'pttl'])
    expect(names(true)).toEqual(expect.arrayContaining(['watch', 'multi', 'exec', 'del']))
  })

  describe('to fix', () => {
    const view = viewOf([{name: 'a', slots: '0-99'}, {name: 'b', slots: '100-199'}, {name: 'c'}])
    const fix = (...steps: FixStep[]) =>
      namesOf(neededToFix(view, {items: steps.map((step) => ({steps: [step]}))} as unknown as FixPlan))

    it('by its steps', () => {
      expect(fix({kind: 'failover', node: C, from: A, slots: '0'})).toEqual({c: ['cluster|failover']})
      expect(fix({kind: 'close', node: A, slots: '0'})).toEqual({a: ['cluster|setslot']})
      expect(fix({kind: 'assign', node: A, slots: '0'})).toEqual({
        a: ['cluster|addslots', 'cluster|bumpepoch', 'cluster|delslots'],
      })
      expect(fix({kind: 'announce', node: A, slots: '0'})).toEqual({a: ['cluster|bumpepoch']})
    })

    it('to tell those who see another owner one by one', () => {
      const nodes = view.nodes.map((node) =>
        node.id === C ? {...node, records: node.records.map((record) => ({...record, slots: []}))} : node,
      )
      const plan = {items: [{steps: [{kind: 'announce', node: A, slots: '0'}]}]} as unknown as FixPlan
      expect(namesOf(neededToFix({...view, nodes}, plan))).toEqual({a: ['cluster|bumpepoch'], c: ['cluster|setslot']})
    })

    it.each(['move', 'gather', 'yield'] as const)(
      'to %s keys: to send and to take them, and to compare them',
      (kind) => {
        const needs = fix({kind, from: A, to: B, slots: '0'})
        expect(needs['a']).toEqual(
          expect.arrayContaining(['migrate', 'cluster|setslot', 'dump', 'watch', 'exec', 'del']),
        )
        expect(needs['a']).not.toContain('restore-asking')
        expect(needs['b']).toEqual(expect.arrayContaining(['restore-asking', 'select', 'dump', 'type']))
        expect(needs['b']).not.toContain('migrate')
      },
    )

    it('asks for each command once', () => {
      const names = fix({kind: 'close', node: A, slots: '0'}, {kind: 'move', from: A, to: B, slots: '1'})['a'] ?? []
      expect(new Set(names).size).toBe(names.length)
    })
  })
})

describe('what was found out', () => {
  const told = (permissions: readonly (readonly [NeededCommand, Permission])[]): NodePermissions => ({
    node: {id: A, address: '10.0.0.1:7000'},
    user: 'bob',
    permissions: new Map(permissions),
  })

  it('is no refusal where a node has no such command and the change does without', () => {
    expect(judgePermissions([told([[NEEDED.eval, 'unknown-command']])])).toEqual([])
    expect(judgePermissions([told([[NEEDED.functionList, 'unknown-command']])])).toEqual([])
    expect(judgePermissions([told([[NEEDED.failover, 'unknown-command']])])).toHaveLength(1)
    expect(judgePermissions([told([[NEEDED.functionList, 'denied']])])).toHaveLength(1)
  })

  it('is a warning where a user may touch some keys, and which there are is not known', () => {
    const {told: open, warnings} = leaveKeysOpen([
      told([
        [NEEDED.restore, 'denied-key'],
        [NEEDED.dump, 'denied'],
        [NEEDED.del, 'allowed'],
      ]),
      told([[NEEDED.dump, 'allowed']]),
    ])
    expect(warnings).toEqual([
      'on 10.0.0.1:7000 user bob may not touch every key with restore: one beyond its patterns ends it',
    ])
    expect(judgePermissions(open).flatMap(({commands}) => commands)).toEqual(['dump'])
  })
})
