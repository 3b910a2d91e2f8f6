import {describe, expect, it} from 'vitest'
import type {ErrorDocument} from '../../src/lib/kernel/errors.js'
import {runShoal} from '../support/cli.js'
import {claimPorts} from '../support/ports.js'

describe('maintenance', () => {
  it.each<[name: string, words: string[], code: string, exit: number]>([
    ['without a word', [], 'BAD_FLAG', 2],
    ['without a node', ['on'], 'BAD_FLAG', 2],
    ['with another word', ['pause', '127.0.0.1:1'], 'BAD_FLAG', 2],
    ['of what is no address', ['on', 'localhost'], 'BAD_FLAG', 2],
    ['of an id without a seed', ['on', 'f'.repeat(40)], 'BAD_FLAG', 2],
    ['with a seed that is none', ['on', 'f'.repeat(40), '--seed', 'x'], 'BAD_ADDRESS', 2],
    ['with --discard where it makes no sense', ['on', '127.0.0.1:1', '--discard'], 'BAD_FLAG', 2],
    ['with --drain where it makes no sense', ['off', '127.0.0.1:1', '--drain'], 'BAD_FLAG', 2],
    ['with a time that is none', ['on', '127.0.0.1:1', '--wait', 'soon'], 'BAD_FLAG', 2],
  ])('refuses a call %s', async (_, words, code, exit) => {
    const run = await runShoal(['maintenance', ...words, '--json'])
    expect([run.code, run.json<ErrorDocument>().error.code], run.stdout).toEqual([exit, code])
  })

  it('exits 7 if the node does not answer and nothing is known of it', async () => {
    const run = await runShoal(['maintenance', 'on', `127.0.0.1:${await claimPorts()}`, '--json'])
    expect([run.code, run.json<ErrorDocument>().error.code]).toEqual([7, 'UNREACHABLE'])
  })

  it('has nothing to forget of a node that was never noted', async () => {
    const run = await runShoal(['maintenance', 'off', '127.0.0.1:1', '--discard', '--json'])
    expect([run.code, run.json()]).toEqual([0, {action: 'off', status: 'nothing'}])
  })

  it('shows examples in its help', async () => {
    const {code, stdout} = await runShoal(['maintenance', '--help'])
    expect(code).toBe(0)
    for (const text of ['EXAMPLES', 'shoal maintenance on 127.0.0.1:7000', '--drain', '--discard', '--json']) {
      expect(stdout).toContain(text)
    }
    expect(stdout).not.toContain('--cluster-')
  })
})
