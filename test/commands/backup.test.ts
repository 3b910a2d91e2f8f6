import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {runShoal} from '../support/cli.js'
import {claimPorts} from '../support/ports.js'
import {temporaryFolder} from '../support/processes.js'

interface Failure {
  readonly error: {readonly code: string; readonly exitCode: number; readonly suggestions: readonly string[]}
}

describe('backup and restore, given what makes no sense', () => {
  it.each<[string, string[], string, number]>([
    ['backup without a folder', ['backup', '127.0.0.1:1'], 'BAD_FLAG', 2],
    ['backup of no address', ['backup', 'here', 'x'], 'BAD_ADDRESS', 2],
    ['backup of nothing at a time', ['backup', '127.0.0.1:1', 'x', '--parallel', '0'], 'BAD_FLAG', 2],
    ['backup verify without a folder', ['backup', 'verify'], 'BAD_FLAG', 2],
    ['backup verify of a folder that is not there', ['backup', 'verify', 'not-there'], 'NOT_FOUND', 4],
    ['restore without a folder', ['restore', '127.0.0.1:1'], 'BAD_FLAG', 2],
    ['restore with a flag that is none', ['restore', '127.0.0.1:1', 'x', '--everything'], 'BAD_FLAG', 2],
  ])('refuses %s', async (_, words, code, exit) => {
    const cwd = temporaryFolder('cwd')
    const run = await runShoal([...words, '--json'], {cwd})
    expect([run.code, run.json<Failure>().error.code]).toEqual([exit, code])
    expect(existsSync(join(cwd, 'x'))).toBe(false)
  })

  it('says that nobody answers, and leaves no folder behind', async () => {
    const folder = join(temporaryFolder('backup'), 'x')
    const seed = `127.0.0.1:${await claimPorts()}`
    const runs = await Promise.all(['backup', 'restore'].map((name) => runShoal([name, seed, folder, '--json'])))
    expect(runs.map((run) => [run.code, run.json<Failure>().error.code])).toEqual([
      [7, 'UNREACHABLE'],
      [7, 'UNREACHABLE'],
    ])
    expect(existsSync(folder)).toBe(false)
  })

  it.each([['backup'], ['backup', 'verify'], ['restore']])('helps with examples: %s %s', async (...words) => {
    const run = await runShoal([...words.filter(Boolean), '--help'])
    expect(run.code).toBe(0)
    expect(run.stdout).toMatch(/EXAMPLES\n\s+\$ shoal /)
  })
})
