import {execFile} from 'node:child_process'
import {access, constants} from 'node:fs/promises'
import {basename, delimiter, resolve} from 'node:path'
import {promisify} from 'node:util'
import {messageOf} from '../../kernel/errors.js'
import type {Probe} from '../engine.js'

/** A server of this machine. */
export interface ServerProgram {
  /** Absolute. */
  readonly path: string
  /** As it says, such as `7.0.15`. */
  readonly version: string
  /**
   * 7.0 and later: it dials its peers from an address of its own, and tells clients another address than its peers; so
   * something can stand between nodes. The bus port can be chosen.
   */
  readonly hasPeerAddresses: boolean
}

export type FoundProgram = {readonly available: true; readonly program: ServerProgram} | (Probe & {available: false})

const NAMES = ['redis-server', 'valkey-server']
/** The oldest with what a node is started with here. */
const MIN_VERSION = [6, 2] as const
const PEER_ADDRESSES_VERSION = [7, 0] as const
const VERSION_TIMEOUT_MS = 5000
const REMEDY =
  'Install redis-server or valkey-server (apt install redis-server, brew install valkey), or give --server PATH.'

const run = promisify(execFile)

/**
 * Finds the server and asks for its version. Never throws.
 *
 * @param wanted - a path, or a name to look for in `searchPath`; redis-server, else valkey-server without
 * @param searchPath - folders as in PATH
 */
export async function findServerProgram(wanted: string | undefined, searchPath: string): Promise<FoundProgram> {
  const names = wanted === undefined ? NAMES : [wanted]
  const path = await firstExecutable(names.flatMap((name) => candidatesOf(name, searchPath)))
  if (path === undefined) {
    const reason =
      wanted === undefined ? `no ${NAMES.join(' and no ')} on PATH` : `${wanted} is no program that can be run`
    return {available: false, reason, remedy: REMEDY}
  }
  if (!/server[^/ ]*$/.test(path)) {
    const reason = `${basename(path)} cannot be told from other processes: a name that contains "server" is needed`
    return {available: false, reason, remedy: `ln -s ${path} ${basename(path)}-server`}
  }
  return askVersion(path)
}

function candidatesOf(name: string, searchPath: string): string[] {
  if (name.includes('/')) return [resolve(name)]
  return searchPath.split(delimiter).flatMap((folder) => (folder === '' ? [] : [resolve(folder, name)]))
}

async function firstExecutable(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const isExecutable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isExecutable) return path
  }
  return undefined
}

async function askVersion(path: string): Promise<FoundProgram> {
  let text: string
  try {
    text = (await run(path, ['--version'], {timeout: VERSION_TIMEOUT_MS})).stdout
  } catch (error) {
    const [line] = messageOf(error).split('\n')
    return {available: false, reason: `${path} --version failed: ${line}`, remedy: REMEDY}
  }
  const version = parseServerVersion(text)
  if (version === undefined) {
    return {available: false, reason: `${path} is neither redis-server nor valkey-server`, remedy: REMEDY}
  }
  if (!isAtLeast(version, MIN_VERSION)) {
    const reason = `${path} is ${version}; ${MIN_VERSION.join('.')} is the oldest that Shoal drives`
    return {available: false, reason, remedy: REMEDY}
  }
  return {available: true, program: {hasPeerAddresses: isAtLeast(version, PEER_ADDRESSES_VERSION), path, version}}
}

/** Of what `--version` prints: `Redis server v=7.0.15 sha=...`, `Valkey server v=8.1.1 sha=...`. */
export function parseServerVersion(text: string): string | undefined {
  return /^(?:\w+ )?server v=(\d+\.\d+\.\d+)/i.exec(text)?.[1]
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [hasMajor = 0, hasMinor = 0] = version.split('.').map(Number)
  return hasMajor > major || (hasMajor === major && hasMinor >= minor)
}
