// Runs a command with a dockerd of its own: node --import tsx test/support/docker-daemon.ts COMMAND...
// Only as `provisionDocker().wrap` starts it: the firewall, the mounts and the processes it sees must be nobody else's.
import {execFileSync, spawn} from 'node:child_process'
import {once} from 'node:events'
import {mkdirSync, openSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {setTimeout as delay} from 'node:timers/promises'

const START_MS_MAX = 30_000
const STOP_MS_MAX = 15_000

const [command, ...args] = process.argv.slice(2)
if (command === undefined) throw new Error('which command?')

// In memory: nothing is left of it, overlays work wherever the machine's own files lie, and a daemon of the system, which
// would listen below /run, is reached by nothing here.
const folder = '/run/shoal-docker'
execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', '/run'])
execFileSync('ip', ['link', 'set', 'lo', 'up'])
mkdirSync(folder)

const host = `unix://${join(folder, 'docker.sock')}`
const log = join(folder, 'dockerd.log')
const output = openSync(log, 'w')
const daemon = spawn(
  'dockerd',
  [
    ['--data-root', join(folder, 'data')],
    ['--exec-root', join(folder, 'exec')],
    ['--pidfile', join(folder, 'dockerd.pid')],
    ['--host', host],
    '--bridge=none',
  ].flat(),
  {stdio: ['ignore', output, output]},
)
const ended = once(daemon, 'exit')

async function waitUntilReady(): Promise<void> {
  const deadline = Date.now() + START_MS_MAX
  while (daemon.exitCode === null && Date.now() < deadline) {
    const answer = spawn('docker', ['--host', host, 'version'], {stdio: 'ignore'})
    const [code] = await once(answer, 'exit')
    if (code === 0) return
    await delay(50)
  }
  throw new Error(`dockerd does not answer:\n${readFileSync(log, 'utf8').split('\n').slice(-20).join('\n')}`)
}

await waitUntilReady()
const env: NodeJS.ProcessEnv = {...process.env, DOCKER_HOST: host}
for (const name of ['DOCKER_CONTEXT', 'DOCKER_TLS_VERIFY', 'DOCKER_CERT_PATH']) delete env[name]
const child = spawn(command, args, {env, stdio: 'inherit'})
const [code] = await once(child, 'exit')
daemon.kill('SIGTERM')
await Promise.race([ended, delay(STOP_MS_MAX, undefined, {ref: false})])
daemon.kill('SIGKILL')
process.exitCode = code ?? 1
