import {readFileSync} from 'node:fs'
import {join, resolve} from 'node:path'
import {expect, it} from 'vitest'
import {neededAt} from '../../../src/lib/plan/move-permissions.js'
import {NEEDED} from '../../../src/lib/plan/permissions.js'

it('documents every permission that is looked at', () => {
  const text = readFileSync(join(resolve(import.meta.dirname, '../../..'), 'docs/permissions.md'), 'utf8')
  const rules = new Set([...text.replaceAll('\\|', '|').matchAll(/\+([a-z|-]+)/g)].map(([, name]) => name))
  const needed = [...neededAt(new Set(['source', 'target']), true), ...Object.values(NEEDED)].map(({name}) => name)
  expect(needed.filter((name) => !rules.has(name))).toEqual([])
})
