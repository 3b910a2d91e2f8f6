import {readFileSync} from 'node:fs'
import {join, resolve} from 'node:path'
import {expect, it} from 'vitest'
import type {FixPlan} from '../../../../src/lib/plan/fix/fix.js'
import {
  neededAtSource,
  neededForTimeout,
  neededToAdd,
  neededToFix,
  neededToImport,
  neededToPromote,
  neededToRestore,
} from '../../../../src/lib/plan/permissions/change-permissions.js'
import {neededAt} from '../../../../src/lib/plan/permissions/move-permissions.js'
import {NEEDED} from '../../../../src/lib/plan/permissions/needed-commands.js'
import type {Needs} from '../../../../src/lib/plan/permissions/permissions.js'
import {idOf, viewOf} from '../view-of.js'

const text = readFileSync(join(resolve(import.meta.dirname, '../../../..'), 'docs/permissions.md'), 'utf8')
const rulesIn = (part: string) =>
  new Set([...part.replaceAll('\\|', '|').matchAll(/\+([a-z|-]+)/g)].map(([, name]) => name))

it('documents every permission that is looked at', () => {
  const rules = rulesIn(text)
  const needed = [...neededAt(new Set(['source', 'target']), 'copy'), ...Object.values(NEEDED)].map(({name}) => name)
  expect(needed.filter((name) => !rules.has(name))).toEqual([])
})

const A = idOf('a')
const FIX = (['move', 'gather', 'assign', 'close', 'announce', 'failover'] as const).map((kind) => ({
  steps: [{kind, node: A, from: A, to: A, slots: '0'}],
}))
const WRITE = {primaries: [A], absolute: true, loads: [A], users: [A]}

it.each<[row: string, needs: Needs]>([
  ['`add-node`', neededToAdd({node: A, role: 'replica', steps: ['meet', 'functions', 'replicate']}, [A], A)],
  ['`failover`', neededToPromote(A)],
  ['`set-timeout`', neededForTimeout([A])],
  ['`fix`', neededToFix(viewOf([{name: 'a'}]), {items: FIX} as unknown as FixPlan)],
  ['`import`, at the cluster', neededToImport({...WRITE, count: true, move: true})],
  ['`import`, at the source', new Map([[A, neededAtSource({absolute: true, move: true})]])],
  ['`restore`', neededToRestore(WRITE)],
])('documents in the row of %s what it looks at', (row, needs) => {
  const line = text.split('\n').find((each) => each.startsWith(`| ${row}`)) ?? ''
  const rules = rulesIn(line)
  expect([...needs.values()].flat().flatMap(({name}) => (rules.has(name) ? [] : name))).toEqual([])
})
