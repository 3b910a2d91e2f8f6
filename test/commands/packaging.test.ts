import {execFile} from 'node:child_process'
import {mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {packageFolder, shoalEnv} from '../support/cli.js'
import {callRedis} from '../support/peers.js'
import {claimPorts} from '../support/ports.js'
import {endProcess, processesWith, spawnTracked, temporaryFolder, waitFor} from '../support/processes.js'
import {setUpCompletion} from './completion-shell.js'

const run = promisify(execFile)
const INSTALL_TIMEOUT_MS = 180_000

describe('the package, installed into an empty folder', () => {
  let folder: string
  let packed: string[]

  /** A program of the installed package, as npm links it. */
  const bin = (name: string) => join(folder, 'node_modules', '.bin', name)

  beforeAll(async () => {
    // Not `temporaryFolder`: the server's path must not lie below a state folder of this run.
    folder = mkdtempSync(join(tmpdir(), 'shoal-installed-'))
    // Scripts would build dist/ anew below the feet of other tests; the test command built it already.
    const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]
    const {stdout} = await run('npm', pack, {cwd: packageFolder(), env: npmEnv()})
    const [{files}] = JSON.parse(stdout) as [{files: {path: string}[]}]
    packed = files.map(({path}) => path)
    const archive = readdirSync(folder).find((name) => name.endsWith('.tgz'))
    writeFileSync(join(folder, 'package.json'), '{"private": true}\n')
    const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', `./${archive}`]
    await run('npm', install, {cwd: folder, env: npmEnv(), timeout: INSTALL_TIMEOUT_MS})
  }, INSTALL_TIMEOUT_MS + 30_000)

  afterAll(() => {
    rmSync(folder, {force: true, recursive: true})
  })

  it('holds what it needs and nothing of the tests', () => {
    expect(packed).toEqual(expect.arrayContaining(['bin/run.js', 'bin/server.js', 'oclif.manifest.json', 'LICENSE']))
    expect(packed.filter((path) => /^(?:src|test|bench|scripts|\.cache)\//.test(path))).toEqual([])
  })

  it('has a shoal that knows its version and its commands', async () => {
    const {version} = JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8'))
    const {stdout} = await run(bin('shoal'), ['--version'], {env: shoalEnv()})
    expect(stdout).toMatch(new RegExp(`^shoal/${version.replaceAll('.', '\\.')} `))
    const help = await run(bin('shoal'), ['--help'], {env: shoalEnv()})
    for (const command of ['up', 'down', 'ps', 'create', 'check', 'reshard'])
      expect(help.stdout).toContain(`  ${command}`)
  })

  it('completes command lines in bash', async () => {
    const completion = await setUpCompletion([bin('shoal')], temporaryFolder('completion'))
    expect(completion.instructions).toContain('shoal autocomplete script bash')
    expect(await completion.offers('resh')).toEqual(['reshard'])
    expect(await completion.offers('reshard', '127.0.0.1', ':', '7000', '--fr')).toEqual(['--from'])
  })

  it('names the nearest command', async () => {
    const {code, stderr} = await run(bin('shoal'), ['rehsard'], {env: shoalEnv()}).catch((error) => error)
    expect([code, stderr]).toEqual([2, expect.stringContaining('Did you mean reshard?')])
  })

  it('brings a cluster up and down', async () => {
    const basePort = await claimPorts(6)
    const env = shoalEnv()
    const up = await run(bin('shoal'), ['up', '--base-port', String(basePort), '--json'], {env})
    expect(JSON.parse(up.stdout)).toMatchObject({change: 'created', environment: {state: 'ok'}})
    expect(processesWith(join(folder, 'node_modules', 'shoal', 'bin', 'server.js'))).toHaveLength(6)
    expect(await callRedis(basePort, ['CLUSTER', 'INFO'])).toContain('cluster_state:ok')
    await run(bin('shoal'), ['down'], {env})
    expect(processesWith(folder)).toEqual([])
  })

  it('has a shoal-server that takes the arguments of redis-server', async () => {
    const port = await claimPorts()
    const child = spawnTracked(bin('shoal-server'), ['--port', String(port), '--bind', '127.0.0.1', '--save', ''], {
      cwd: temporaryFolder('server'),
    })
    await waitFor(async () => (await callRedis(port, ['PING'])) === 'PONG', {what: 'PONG of shoal-server'})
    expect(await callRedis(port, ['SET', 'a', '1'])).toBe('OK')
    await endProcess(child)
    expect(child.exitCode).toBe(0)
  })
})

/** npm started by npm must not take over the settings of the outer one. */
function npmEnv(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(
    ([name]) => !/^npm_(?:config_(?:prefix|local_prefix|global)|package_|lifecycle_)/.test(name),
  )
  return Object.fromEntries(entries)
}
