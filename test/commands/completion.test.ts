import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {packageFolder, runShoal} from '../support/cli.js'
import {temporaryFolder} from '../support/processes.js'
import {type Completion, setUpCompletion} from './completion-shell.js'

describe('shell completion', () => {
  let cache: string
  let completion: Completion

  beforeAll(async () => {
    cache = temporaryFolder('completion')
    completion = await setUpCompletion([process.execPath, join(packageFolder(), 'bin', 'run.js')], cache)
  })

  it('explains how to set it up, for each shell, and in the help', async () => {
    expect(completion.instructions).toContain('shoal autocomplete script bash')
    const env = {XDG_CACHE_HOME: cache}
    const zsh = await runShoal(['autocomplete', 'zsh'], {env})
    expect([zsh.code, zsh.stdout]).toEqual([0, expect.stringContaining('>> ~/.zshrc')])
    const help = await runShoal(['--help'])
    expect(help.stdout).toMatch(/^ {2}autocomplete /m)
    expect((await runShoal(['autocomplete', '--help'])).stdout).toContain('shoal autocomplete bash')
  })

  const table: [words: string[], offered: string[]][] = [
    [['resh'], ['reshard']],
    [['re'], ['rebalance', 'reshard', 'restart', 'restore', 'resume']],
    [['node', 'st'], ['start']],
    [['reshard', '--fr'], ['--from']],
    [['reshard', '127.0.0.1', ':', '7000', '--fr'], ['--from']],
    [['reshard', 'host', '--to', 'a*b[', '--slo'], ['--slots']],
    [['failover', '[', '::', '1', ']', ':', '7000', '--tak'], ['--takeover']],
    [['call', 'host', '--cluster'], ['']],
    [['xyzzy', '--fr'], ['']],
  ]
  for (const [words, offered] of table) {
    it(`offers ${offered.join(', ') || 'nothing'} in bash for shoal ${words.join(' ')}`, async () => {
      expect((await completion.offers(...words)).sort()).toEqual(offered)
    })
  }

  it('knows every command', async () => {
    const manifest = JSON.parse(readFileSync(join(packageFolder(), 'oclif.manifest.json'), 'utf8'))
    const names = new Set(Object.keys(manifest.commands).map((id) => id.split(':')[0]))
    expect(await completion.offers('')).toEqual(expect.arrayContaining([...names]))
    const zsh = readFileSync(join(cache, 'shoal', 'autocomplete', 'functions', 'zsh', '_shoal'), 'utf8')
    for (const name of names) expect(zsh).toMatch(new RegExp(`^ *${name}\\)$`, 'm'))
    expect(zsh).toContain('--takeover"[')
  })
})
