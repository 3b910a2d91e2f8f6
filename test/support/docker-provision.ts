import {execFileSync, spawnSync} from 'node:child_process'
import {resolve} from 'node:path'

/**
 * A Docker of their own for the tests. Its daemon, and all that speaks to it, runs in new network, mount and process
 * namespaces: bridges, firewall rules, mounts and containers are gone when the command ends, however it ends, and no
 * other Docker of this machine is touched. Needs root on Linux, and Debian's packages, which apt installs if they are missing.
 */
const PROGRAMS: Readonly<Record<string, string>> = {
  docker: 'docker.io',
  dockerd: 'docker.io',
  'docker-compose': 'docker-compose',
  ip: 'iproute2',
  iptables: 'iptables',
  unshare: 'util-linux',
}
const DAEMON = resolve(import.meta.dirname, 'docker-daemon.ts')
const NAMESPACES = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']

export type DockerForTests =
  | {
      readonly found: true
      readonly version: string
      /** A command line that runs `command` with DOCKER_HOST naming a daemon that ends with it. */
      wrap(command: readonly [string, ...string[]]): [string, ...string[]]
    }
  | {readonly found: false /** For people. */; readonly reason: string}

function isMissing(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`], {stdio: 'ignore'}).status !== 0
}

function install(packages: readonly string[]): void {
  // A service of the system's would only be in the way: what is needed is started by the tests.
  const env = {...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1'}
  const apt = (...args: string[]) =>
    execFileSync('apt-get', ['-qq', '-o', 'Acquire::Retries=2', ...args], {env, stdio: 'pipe', timeout: 300_000})
  apt('update')
  apt('install', '-y', '--no-install-recommends', ...packages)
}

/** Finds Docker's programs, or installs them. Never throws: what is missing is an answer with its reason. */
export function provisionDocker(): DockerForTests {
  if (process.platform !== 'linux') return {found: false, reason: 'the tests start a dockerd, which needs Linux'}
  if (process.getuid?.() !== 0) return {found: false, reason: 'the tests start a dockerd, which needs root'}
  const missing = Object.keys(PROGRAMS).filter(isMissing)
  if (missing.length > 0) {
    if (isMissing('apt-get')) return {found: false, reason: `no ${missing.join(', ')}, and apt is not at hand`}
    try {
      install([...new Set(missing.map((program) => PROGRAMS[program] as string))])
    } catch (error) {
      const detail = String((error as {stderr?: unknown}).stderr ?? '').trim() || String(error)
      return {found: false, reason: `no ${missing.join(', ')}, and apt gave none: ${detail.split('\n').at(-1)}`}
    }
  }
  const {status, stderr} = spawnSync('unshare', [...NAMESPACES, 'true'], {encoding: 'utf8'})
  if (status !== 0) return {found: false, reason: `no namespaces of their own for the tests: ${stderr.trim()}`}
  const version = /version ([\w.+~-]+)/.exec(execFileSync('dockerd', ['--version'], {encoding: 'utf8'}))?.[1]
  return {
    found: true,
    version: version ?? 'unknown',
    // The shell is the first process of the namespace, and as such waits for what others left.
    wrap: (command) => [
      'unshare',
      ...NAMESPACES,
      'sh',
      '-c',
      '"$@" & wait $!',
      'sh',
      process.execPath,
      '--import',
      'tsx',
      DAEMON,
      ...command,
    ],
  }
}
