import {execFile} from 'node:child_process'
import {mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {promisify} from 'node:util'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {packageFolder, shoalEnv} from '../support/cli.js'
import {callRedis} from '../support/peers.js'
import {claimPorts} from '../support/ports.js'
import {endProcess, processesWith, spawnTracked, temporaryFolder, waitFor} from '../support/processes.js'
import {setUpCompletion} from './completion-shell.js'

const run = promisify(execFile)
const INSTALL_TIMEOUT_MS = 180_000

/** What a careful user compiles with: the declarations of packages are checked, too. */
const STRICT = {
  exactOptionalPropertyTypes: true,
  module: 'nodenext',
  moduleResolution: 'nodenext',
  noEmit: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  strict: true,
  target: 'es2022',
  types: ['node'],
}

const PROGRAM = `
import {
  type CrdbOptions,
  type CrdbRegion,
  type CrdbVerification,
  SettleError,
  type StartedCluster,
  type StartedCrdb,
  type StartedNode,
  startCluster,
  startCrdb,
  startNode,
} from 'shoal/embedded'

const options: CrdbOptions = {config: {crdt_xadd_id_uniqueness_mode: 'liberal'}, regions: 2, settings: {}}

export async function count(): Promise<number> {
  const crdb: StartedCrdb = await startCrdb(options)
  try {
    const region: CrdbRegion = crdb.region(1)
    await region.call('INCR', 'count')
    await crdb.partition([[1], [2]])
    await crdb.heal()
    await crdb.settle({timeoutMs: 1000})
    const {differences}: CrdbVerification = await crdb.verify()
    return differences.length + region.nodes.length + crdb.regions.length
  } catch (error) {
    if (error instanceof SettleError) return error.message.length
    throw error
  } finally {
    await crdb.stop()
  }
}

export async function nodes(): Promise<[StartedCluster, StartedNode]> {
  return [await startCluster({primaries: 3}), await startNode({port: 0})]
}

// @ts-expect-error: no such option
await startCrdb({region: 2})
// @ts-expect-error: it is a number
export const text: string = await count()
`

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

  it('has types that a strict program is compiled with, and checked by', async () => {
    const program = join(folder, 'program')
    // Whoever writes for Node.js has these; of the package's own tools nothing else is there.
    for (const name of ['@types/node', 'undici-types']) {
      mkdirSync(dirname(join(program, 'node_modules', name)), {recursive: true})
      symlinkSync(join(packageFolder(), 'node_modules', name), join(program, 'node_modules', name))
    }
    writeFileSync(join(program, 'package.json'), '{"private": true, "type": "module"}\n')
    writeFileSync(join(program, 'tsconfig.json'), JSON.stringify({compilerOptions: STRICT, files: ['program.ts']}))
    writeFileSync(join(program, 'program.ts'), PROGRAM)
    const tsc = join(packageFolder(), 'node_modules', '.bin', 'tsc')
    const {code, stdout} = await run(tsc, ['-p', program]).then(
      () => ({code: 0, stdout: ''}),
      (error) => error,
    )
    expect([code, stdout]).toEqual([0, ''])
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
