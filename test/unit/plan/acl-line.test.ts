import {expect, it} from 'vitest'
import {canonicalUser} from '../../../src/lib/plan/acl-line.js'

const HEAD = 'user app on sanitize-payload'

it.each([
  ['passwords and patterns', '#a #b ~x ~y &c -@all +get', '&c ~y ~x #b #a -@all +get'],
  ['commands, as redis-server 7.0 tells them at each node', '-@all +set +get +acl|list', '-@all +acl|list +get +set'],
  ['commands of both kinds', '+@all -config +config|get -get', '+@all -get -config +config|get'],
  ['subcommands', '-@all +cluster|nodes +cluster|info', '-@all +cluster|info +cluster|nodes'],
  [
    'selectors, and what is in them',
    '-@all (~a ~b -@all +set +get) (~c +ping)',
    '-@all (~c +ping) (~b ~a -@all +get +set)',
  ],
])('takes for one user another order of %s', (_, one, other) => {
  expect(canonicalUser(`${HEAD} ${one}`)).toBe(canonicalUser(`${HEAD} ${other}`))
})

it.each([
  ['a rule before or after a category', '+get -@all', '-@all +get'],
  ['a rule before or after all commands', '+get -@all +@read', '+@read +get -@all'],
  [
    'a command denied before or after its subcommand is allowed',
    '+@all -config +config|get',
    '+@all +config|get -config',
  ],
  ['a pattern in a selector or outside', '~a (~b +get)', '~b (~a +get)'],
  ['a flag', 'nopass -@all', '-@all'],
])('tells users apart by %s', (_, one, other) => {
  expect(canonicalUser(`${HEAD} ${one}`)).not.toBe(canonicalUser(`${HEAD} ${other}`))
})
