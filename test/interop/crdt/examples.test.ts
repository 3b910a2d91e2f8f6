import {execFile} from 'node:child_process'
import {readdirSync} from 'node:fs'
import {join, resolve} from 'node:path'
import {promisify} from 'node:util'
import {expect, it} from 'vitest'

const EXAMPLES = resolve(import.meta.dirname, '../../../examples')
const run = promisify(execFile)

/** As a reader starts them: the built package, one command, nothing else. */
const PROGRAMS = readdirSync(EXAMPLES).filter((name) => name.endsWith('.mjs') && name !== 'story.mjs')

it('has the four classic uses', () => {
  expect(PROGRAMS.sort()).toEqual(['cache.mjs', 'cart.mjs', 'jobs.mjs', 'votes.mjs'])
})

it.each(PROGRAMS)('%s tells its cases connected and partitioned, all as documented', async (name) => {
  const {stderr, stdout} = await run(process.execPath, [join(EXAMPLES, name)], {timeout: 60_000})
  expect(stdout).toContain('As documented.')
  expect(stdout).not.toContain('WRONG')
  for (const word of ['connected', 'partitioned', 'healed', 'the regions are equal']) expect(stdout).toContain(word)
  expect(stderr).toBe('')
})
