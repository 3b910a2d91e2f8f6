// What `npm test` runs: build if stale, typecheck, lint, real peers, every vitest project, and one closing line.
//
//   npm test                             everything
//   npm test -- --only unit,sim          some vitest projects, without typecheck and lint
//   npm test -- --only unit slot-set     further arguments go to vitest
//   REQUIRE_PEERS=1 npm test             a test that lacks its real redis-servers or Docker fails instead of being skipped
import {spawn} from 'node:child_process'
import {randomUUID} from 'node:crypto'
import {existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync} from 'node:fs'
import {createRequire} from 'node:module'
import {availableParallelism} from 'node:os'
import {delimiter, dirname, join, relative} from 'node:path'
import {fileURLToPath} from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const require = createRequire(import.meta.url)
const RUN_MARK = 'SHOAL_TEST_RUN'
const run = randomUUID()
/**
 * Rounds, one after the other: tests that compute get a processor each, tests that wait for one process at a time
 * share. A file of `interop` waits for whole clusters most of its time; one of `soak` has more nodes at work than two
 * processors can serve at once. `docker` has a daemon of its own, which ends with the round.
 */
const ROUNDS = [
  {projects: ['unit', 'sim'], workers: availableParallelism()},
  {projects: ['commands'], workers: availableParallelism() + 1},
  {projects: ['interop'], workers: availableParallelism() + 2},
  {projects: ['soak'], workers: 1},
  {docker: true, projects: ['docker'], workers: availableParallelism()},
]

/** The program of a development dependency, as its package.json names it. */
function binOf(name, program = name) {
  const file = require.resolve(`${name}/package.json`)
  const {bin} = JSON.parse(readFileSync(file, 'utf8'))
  return join(dirname(file), typeof bin === 'string' ? bin : bin[program])
}

/** Runs a command line; resolves to its exit code (1 if a signal ended it). */
function execute([file, ...args], options = {}) {
  return new Promise((resolve) => {
    const child = spawn(file, args, {cwd: root, stdio: 'inherit', ...options})
    child.once('exit', (code) => resolve(code ?? 1))
  })
}

const node = (args) => execute([process.execPath, ...args])

/** Modification times (ms) below a path, folders included: a removed file shows in its folder. */
function timesBelow(path) {
  if (!existsSync(path)) return []
  const {mtimeMs} = statSync(path)
  if (!statSync(path).isDirectory()) return [mtimeMs]
  return [mtimeMs, ...readdirSync(path).flatMap((name) => timesBelow(join(path, name)))]
}

function isBuildStale() {
  const inputs = ['src', 'package.json', 'tsconfig.json', 'scripts/build.js'].flatMap((name) =>
    timesBelow(join(root, name)),
  )
  const outputs = timesBelow(join(root, 'dist'))
  return (
    outputs.length === 0 || !existsSync(join(root, 'oclif.manifest.json')) || Math.max(...inputs) > Math.min(...outputs)
  )
}

function parseArguments(args) {
  const only = []
  const rest = []
  for (let index = 0; index < args.length; index++) {
    const arg = args[index]
    if (arg === '--only') only.push(...(args[++index] ?? '').split(','))
    else if (arg.startsWith('--only=')) only.push(...arg.slice('--only='.length).split(','))
    else rest.push(arg)
  }
  return {only: only.filter((name) => name !== ''), rest}
}

/** Processes of this run that outlived it (Linux: the mark is in their environment). They are ended and named. */
function endLeftovers() {
  if (process.platform !== 'linux') return []
  const found = []
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue
    try {
      if (!readFileSync(`/proc/${name}/environ`, 'utf8').includes(`${RUN_MARK}=${run}`)) continue
      found.push(`${name}: ${readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ')}`)
      process.kill(Number(name), 'SIGKILL')
    } catch {
      // Gone, or another user's: not ours.
    }
  }
  return found
}

/** Counts of the report, and the names of what was skipped, one line per group of a file. */
function readReport(file) {
  if (!existsSync(file)) return {failed: 1, passed: 0, skipped: 0, skippedGroups: new Map()}
  const {testResults} = JSON.parse(readFileSync(file, 'utf8'))
  const counts = {failed: 0, passed: 0, skipped: 0}
  const skippedGroups = new Map()
  for (const {assertionResults, name, status} of testResults) {
    // A file that cannot be loaded has no tests to count, but it has failed.
    if (status === 'failed' && !assertionResults.some((test) => test.status === 'failed')) counts.failed++
    for (const {ancestorTitles, fullName, status: state} of assertionResults) {
      if (state === 'passed') counts.passed++
      else if (state === 'failed') counts.failed++
      else {
        counts.skipped++
        // A group that was skipped as a whole says so, and why, in its own name.
        const whole = ancestorTitles.find((each) => each.includes('[skipped'))
        const group = `${relative(root, name)}: ${whole ?? fullName}`
        skippedGroups.set(group, (skippedGroups.get(group) ?? 0) + 1)
      }
    }
  }
  return {...counts, skippedGroups}
}

/** @param load - imports TypeScript and calls what finds or fetches what tests need */
async function provision(load) {
  const {register} = await import('tsx/esm/api')
  const unregister = register()
  const found = await load()
  await unregister()
  return found
}

const findRealPeers = () => provision(async () => (await import('../test/support/peers-provision.ts')).provisionPeers())
const findDocker = () => provision(async () => (await import('../test/support/docker-provision.ts')).provisionDocker())

/** The rounds of the projects asked for. A name that is in none gets its own, for vitest to complain about. */
function roundsOf(only) {
  if (only.length === 0) return ROUNDS
  const known = ROUNDS.flatMap(({projects}) => projects)
  const strangers = {projects: only.filter((name) => !known.includes(name)), workers: 1}
  const chosen = ROUNDS.map((round) => ({...round, projects: round.projects.filter((name) => only.includes(name))}))
  return [...chosen, strangers].filter(({projects}) => projects.length > 0)
}

/** @param docker - the Docker to run it with, if any */
async function runRound({docker, environment, projects, rest, workers}) {
  const file = join(root, '.cache', `test-report-${randomUUID()}.json`)
  mkdirSync(dirname(file), {recursive: true})
  const chosen = projects.flatMap((name) => ['--project', name])
  const asTheyCome = `--reporter=${join(root, 'scripts', 'failures-reporter.js')}`
  const reporters = ['--reporter=default', asTheyCome, '--reporter=json', `--outputFile.json=${file}`]
  const options = ['run', '--passWithNoTests', `--maxWorkers=${workers}`, ...chosen, ...reporters, ...rest]
  const command = [process.execPath, binOf('vitest'), ...options]
  const code = await execute(docker ? docker.wrap(command) : command, {env: environment})
  const report = readReport(file)
  rmSync(file, {force: true})
  return {code, report}
}

async function main() {
  const {only, rest} = parseArguments(process.argv.slice(2))
  const problems = []
  // The tests of the other projects import src/ and need no build.
  const needsBuild = only.length === 0 || only.some((name) => ['commands', 'docker', 'interop', 'soak'].includes(name))
  if (needsBuild && isBuildStale()) {
    console.log('build: dist is older than src')
    if ((await node([join(root, 'scripts', 'build.js')])) !== 0) {
      console.log('the build failed, nothing was tested\n0 passed, 1 failed, 0 skipped')
      return 1
    }
  }
  if (only.length === 0) {
    const [types, lint] = await Promise.all([
      node([binOf('typescript', 'tsc'), '-p', 'tsconfig.test.json']),
      node([binOf('@biomejs/biome', 'biome'), 'check', '.']),
    ])
    if (types !== 0) problems.push('typecheck')
    if (lint !== 0) problems.push('lint')
  }

  const peers = await findRealPeers()
  console.log(peers.found ? `real peers: redis ${peers.version} in ${peers.folder}` : `real peers: ${peers.reason}`)
  const environment = {...process.env, [RUN_MARK]: run}
  if (peers.found) environment.PATH = [peers.folder, process.env.PATH].join(delimiter)
  else environment.SHOAL_TEST_NO_PEERS = peers.reason

  const total = {failed: 0, passed: 0, skipped: 0}
  const skippedGroups = new Map()
  const rounds = roundsOf(only)
  const docker = rounds.some((round) => round.docker) ? await findDocker() : undefined
  if (docker) console.log(docker.found ? `docker: ${docker.version}, a daemon of its own` : `docker: ${docker.reason}`)
  if (docker && !docker.found) environment.SHOAL_TEST_NO_DOCKER = docker.reason
  for (const round of rounds) {
    const {projects} = round
    const own = round.docker && docker.found ? {docker} : {}
    const {code, report} = await runRound({...own, environment, projects, rest, workers: round.workers})
    for (const key of Object.keys(total)) total[key] += report[key]
    for (const [group, count] of report.skippedGroups) skippedGroups.set(group, count)
    if (code !== 0 && report.failed === 0) problems.push(`vitest exited ${code} for ${projects.join(', ')}`)
  }

  const leftovers = endLeftovers()
  if (leftovers.length > 0) {
    problems.push('left processes behind')
    console.log(`processes left behind by tests:\n${leftovers.map((line) => `  ${line}`).join('\n')}`)
  }
  if (skippedGroups.size > 0) {
    console.log('skipped:')
    for (const [group, count] of skippedGroups) console.log(`  ${group} (${count})`)
  }
  if (problems.length > 0) console.log(`failed beside the tests: ${problems.join(', ')}`)
  const failed = total.failed + problems.length
  console.log(`${total.passed} passed, ${failed} failed, ${total.skipped} skipped`)
  return failed === 0 ? 0 : 1
}

process.exitCode = await main()
