import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {planEnvironment} from '../../src/lib/environment/spec.js'
import {EnvironmentStore} from '../../src/lib/environment/store.js'
import {packageFolder, runShoal, stateDir} from '../support/cli.js'
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

  it('offers names of environments, and of nodes where a command takes them', async () => {
    const nothing = await completion.offers('ps', '--name', '')
    expect(nothing).toEqual([''])
    const store = new EnvironmentStore(stateDir())
    for (const [name, primaries] of [
      ['default', 1],
      ['blue', 3],
      ['black', 1],
    ] as const) {
      const spec = planEnvironment({name, primaries, regions: [], replicas: 0})
      await store.write({faults: [], formed: true, peerHosts: {}, spec, version: 2})
    }
    expect((await completion.offers('ps', '--name', '')).sort()).toEqual(['black', 'blue', 'default'])
    expect((await completion.offers('ps', '--name', 'bl')).sort()).toEqual(['black', 'blue'])
    expect(await completion.offers('cli', '')).toEqual(['n1'])
    expect(await completion.offers('stop', '--name', 'blue', '')).toEqual(['n1', 'n2', 'n3'])
    expect(await completion.offers('logs', 'n1', '--name', 'blue', 'n3')).toEqual(['n3'])
    expect(await completion.offers('exec', 'n1', '--', '')).toEqual([''])
    expect(await completion.offers('logs', '--foll')).toEqual(['--follow'])
  })

  it('knows every command', async () => {
    const manifest = JSON.parse(readFileSync(join(packageFolder(), 'oclif.manifest.json'), 'utf8'))
    const names = new Set(Object.keys(manifest.commands).map((id) => id.split(':')[0]))
    expect(await completion.offers('')).toEqual(expect.arrayContaining([...names]))
    const zsh = readFileSync(join(cache, 'shoal', 'autocomplete', 'functions', 'zsh', '_shoal'), 'utf8')
    for (const name of names) expect(zsh).toMatch(new RegExp(`^ *${name}\\)$`, 'm'))
    expect(zsh).toContain('--takeover"[')
  })
})
