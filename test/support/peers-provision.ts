import {execFileSync, spawnSync} from 'node:child_process'
import {chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {delimiter, join, resolve} from 'node:path'

/**
 * Real redis programs for the tests, and the terminal they drive the wizard in. Those on PATH are taken if they are 7.0.x; else, where apt is at hand, Debian's
 * packages are unpacked into `.cache/peers/` of the project. Nothing of the system is changed and no right is needed.
 */
export const PEER_PROGRAMS = [
  'redis-server',
  'redis-cli',
  'redis-benchmark',
  'redis-check-rdb',
  'redis-check-aof',
  'tmux',
] as const
export const PEER_VERSION = /^7\.0\.\d+$/
const PACKAGES = ['redis-server', 'redis-tools', 'tmux']

const ROOT = resolve(import.meta.dirname, '../..')
const CACHE = join(ROOT, '.cache', 'peers')
const UNPACKED = join(CACHE, 'redis-7.0')

export type Peers =
  | {readonly found: true /** Holds the programs. */; readonly folder: string; readonly version: string}
  | {readonly found: false /** For people. */; readonly reason: string}

/** The version that `redis-server` in the folder (or on PATH without one) says it is. */
function versionOf(program: string): string | undefined {
  const {error, stdout} = spawnSync(program, ['--version'], {encoding: 'utf8'})
  if (error) return undefined
  return /v=(\S+)/.exec(stdout)?.[1] ?? /(\d+\.\d+\.\d+)/.exec(stdout)?.[1]
}

function findOnPath(): Peers {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    if (folder === '' || !existsSync(join(folder, 'redis-server'))) continue
    const version = versionOf(join(folder, 'redis-server'))
    if (version === undefined || !PEER_VERSION.test(version)) {
      return {found: false, reason: `redis-server on PATH is ${version ?? 'unusable'}, the tests need 7.0.x`}
    }
    const missing = PEER_PROGRAMS.filter((program) => !existsSync(join(folder, program)))
    if (missing.length > 0) return {found: false, reason: `${missing.join(', ')} not beside redis-server on PATH`}
    return {folder, found: true, version}
  }
  return {found: false, reason: 'no redis-server on PATH'}
}

function findUnpacked(): Peers {
  const folder = join(UNPACKED, 'bin')
  const isWhole = PEER_PROGRAMS.every((program) => existsSync(join(folder, program)))
  const version = isWhole ? versionOf(join(folder, 'redis-server')) : undefined
  if (version === undefined || !PEER_VERSION.test(version)) return {found: false, reason: 'none unpacked'}
  return {folder, found: true, version}
}

/** What is at hand now, without fetching anything. `PEERS_FROM=apt` passes over the programs on PATH. */
export function findPeers(): Peers {
  const onPath = process.env['PEERS_FROM'] === 'apt' ? undefined : findOnPath()
  if (onPath?.found) return onPath
  const unpacked = findUnpacked()
  return unpacked.found ? unpacked : (onPath ?? unpacked)
}

function has(program: string): boolean {
  return spawnSync(program, ['--version'], {stdio: 'ignore'}).error === undefined
}

/** A private apt state, used only where the system's package lists are missing. */
function privateAptOptions(): string[] {
  const state = join(CACHE, 'apt')
  mkdirSync(join(state, 'lists', 'partial'), {recursive: true})
  mkdirSync(join(state, 'cache', 'archives', 'partial'), {recursive: true})
  return ['-o', `Dir::State::lists=${join(state, 'lists')}`, '-o', `Dir::Cache=${join(state, 'cache')}`]
}

function aptOptions(): string[] {
  // As root apt would drop to a user that may not be able to enter the project's folder.
  const common = ['-o', 'APT::Sandbox::User=root', '-o', 'Acquire::Retries=1', '-o', 'Acquire::http::Timeout=20']
  const known = spawnSync('apt-cache', ['show', '--no-all-versions', ...PACKAGES], {stdio: 'ignore'}).status === 0
  if (known) return common
  const options = [...common, ...privateAptOptions()]
  execFileSync('apt-get', [...options, 'update', '-qq'], {stdio: 'pipe', timeout: 120_000})
  return options
}

/**
 * The packages and the libraries they need, in turn, except what the system has and the C library, which must be the
 * system's. Only libraries are followed: what the packages need to be *installed* is of no use here.
 */
function packagesToFetch(options: readonly string[]): string[] {
  const wanted = new Set(PACKAGES)
  for (const name of wanted) {
    const text = execFileSync('apt-cache', [...options, 'depends', name], {encoding: 'utf8'})
    for (const [, needed] of text.matchAll(/^\s+\|?Depends: ((?:lib|lua-)[a-z0-9+.-]+)$/gm)) {
      if (needed !== undefined && !/^libc6|^libgcc|^libcrypt1|^libpam/.test(needed) && !isInstalled(needed))
        wanted.add(needed)
    }
  }
  return [...wanted]
}

function isInstalled(name: string): boolean {
  const {stdout} = spawnSync('dpkg-query', ['--status', name], {encoding: 'utf8'})
  return /^Status: install ok installed$/m.test(stdout)
}

/** Each program becomes a wrapper that finds the unpacked libraries; `exec` keeps the process id. */
function writeWrappers(folder: string): void {
  const libraries = readdirSync(folder, {recursive: true, withFileTypes: true})
    .filter((entry) => /^lib.+\.so(?:\.|$)/.test(entry.name))
    .map((entry) => entry.parentPath.slice(folder.length + 1))
  const path = [...new Set(libraries)].map((each) => `$root/${each}`).join(':')
  mkdirSync(join(folder, 'bin'))
  for (const program of PEER_PROGRAMS) {
    const file = join(folder, 'bin', program)
    const lines = [
      '#!/bin/sh',
      'root=$(dirname "$(dirname "$(readlink -f "$0")")")',
      `export LD_LIBRARY_PATH="${path}\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"`,
      `exec "$root/usr/bin/${program}" "$@"`,
    ]
    writeFileSync(file, `${lines.join('\n')}\n`)
    chmodSync(file, 0o755)
  }
}

function unpack(): void {
  mkdirSync(CACHE, {recursive: true})
  const staging = mkdtempSync(join(CACHE, 'staging-'))
  try {
    const options = aptOptions()
    const downloads = join(staging, 'debs')
    mkdirSync(downloads)
    execFileSync('apt-get', [...options, 'download', '-qq', ...packagesToFetch(options)], {
      cwd: downloads,
      stdio: 'pipe',
      timeout: 120_000,
    })
    const folder = join(staging, 'redis')
    mkdirSync(folder)
    for (const deb of readdirSync(downloads)) {
      execFileSync('dpkg-deb', ['-x', join(downloads, deb), folder], {stdio: 'pipe'})
    }
    writeWrappers(folder)
    rmSync(UNPACKED, {force: true, recursive: true})
    renameSync(folder, UNPACKED)
  } finally {
    rmSync(staging, {force: true, recursive: true})
  }
}

/** Finds the peers, or fetches them where apt is at hand. Never throws: what is missing is an answer with its reason. */
export function provisionPeers(): Peers {
  const found = findPeers()
  if (found.found) return found
  if (!has('apt-get') || !has('dpkg-deb')) return {found: false, reason: `${found.reason}, and apt is not at hand`}
  try {
    unpack()
  } catch (error) {
    const detail = String((error as {stderr?: unknown}).stderr ?? '').trim() || String(error)
    return {found: false, reason: `${found.reason}, and apt gave none: ${detail.split('\n').slice(-2).join(' ')}`}
  }
  const unpacked = findUnpacked()
  if (unpacked.found) return unpacked
  const version = versionOf(join(UNPACKED, 'bin', 'redis-server'))
  return {found: false, reason: `apt's redis-server is ${version ?? 'unusable'}, the tests need 7.0.x`}
}
