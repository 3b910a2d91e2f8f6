import {execFileSync} from 'node:child_process'
import {join} from 'node:path'
import {expect, it} from 'vitest'

const MODULE = join(import.meta.dirname, '..', '..', '..', 'src', 'lib', 'node', 'young-generation.ts')
/** Much is loaded, and all of it stays: at first as a node's own code is, then as its data are. */
const SCRIPT = `
import {getHeapSpaceStatistics} from 'node:v8'
import {tuneCollections} from ${JSON.stringify(MODULE)}
const size = () => getHeapSpaceStatistics().find(({space_name}) => space_name === 'new_space').space_size / 2 ** 20
const kept = []
const load = (i) => kept.push({i, text: 'text ' + i})
for (let i = 0; size() < 8; i++) load(i)
tuneCollections()
for (let i = 0; i < 500_000; i++) load(i)
console.log(size())
`

it('the young generation stays at 8 MB while a node loads its data', () => {
  const args = ['--import', 'tsx', '--input-type=module', '--eval', SCRIPT]
  expect(Number(execFileSync(process.execPath, args, {encoding: 'utf8'}))).toBe(8)
})
