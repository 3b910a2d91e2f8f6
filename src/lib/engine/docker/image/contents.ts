import {existsSync} from 'node:fs'
import {readdir} from 'node:fs/promises'
import {dirname, join, relative} from 'node:path'
import {CliError} from '../../../kernel/errors.js'
import {packageFile} from '../../package-root.js'
import type {TarEntry} from '../tar.js'
import type {ImageServer} from './build.js'
import {shoalVersion} from './build.js'
import {entriesOfProgram, fileEntry, findProgram} from './elf.js'

/** What an image is made of. */
export interface Contents {
  /** Repository of the image. */
  readonly name: string
  readonly server: string
  readonly serverVersion: string
  readonly command: readonly string[]
  /** Each path once; folders before what is in them. */
  readonly entries: readonly TarEntry[]
}

const BIN = '/usr/local/bin'
const PACKAGE = '/usr/local/lib/shoal'

/** @throws {CliError} ENVIRONMENT_LACKS if the server is not on PATH */
export async function contentsOfServer(server: ImageServer): Promise<Contents> {
  if (server === 'shoal') return contentsOfShoal()
  const file = await findProgram(server)
  if (file === undefined) {
    throw new CliError('ENVIRONMENT_LACKS', `there is no ${server} on PATH`, {
      suggestions: ['shoal image build --server shoal', 'docker pull redis:7'],
    })
  }
  const serverVersion = await versionOf(file)
  const name = server.replace('-server', '')
  const beside = join(dirname(file), `${name}-cli`)
  const clients = existsSync(beside) ? await entriesOfProgram(beside, join(BIN, `${name}-cli`)) : []
  const entries = whole([...(await entriesOfProgram(file, join(BIN, server))), ...clients, ...(await shellEntries())])
  return {command: [server], entries, name: `shoal-${name}`, server, serverVersion}
}

/** The node program that runs this, and what of the package a node needs: it is bundled, and needs no other package. */
async function contentsOfShoal(): Promise<Contents> {
  const start = packageFile('bin', 'server.js')
  const root = dirname(dirname(start))
  const built = join(root, 'dist')
  if (!existsSync(built)) {
    throw new CliError('ENVIRONMENT_LACKS', `${built} is missing`, {suggestions: ['npm run build']})
  }
  const files = (await readdir(built, {recursive: true, withFileTypes: true}))
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.d.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
  const own = [...files, start, join(root, 'package.json')].sort()
  const entries = whole([
    ...(await shellEntries()),
    ...(await entriesOfProgram(process.execPath, join(BIN, 'node'))),
    ...(await Promise.all(own.map((file) => fileEntry(file, join(PACKAGE, relative(root, file)))))),
  ])
  const command = [join(BIN, 'node'), join(PACKAGE, 'bin', 'server.js')]
  return {command, entries, name: 'shoal-node', server: 'shoal', serverVersion: await shoalVersion()}
}

/** A shell, where this machine has one: for people, and for looking at links from inside of a node. */
async function shellEntries(): Promise<TarEntry[]> {
  const file = await findProgram('bash')
  return file === undefined ? [] : entriesOfProgram(file, '/bin/bash')
}

async function versionOf(file: string): Promise<string> {
  const {execa} = await import('execa')
  const {stdout} = await execa(file, ['--version'], {reject: false})
  return /v=(\d[\w.]*)/.exec(stdout)?.[1] ?? 'unknown'
}

/** With the few files and the folders that any program expects. */
export function whole(entries: readonly TarEntry[]): TarEntry[] {
  const own: TarEntry[] = [
    {mode: 0o755, path: '/data'},
    {mode: 0o1777, path: '/tmp'},
    {content: Buffer.from('hosts: files dns\n'), mode: 0o644, path: '/etc/nsswitch.conf'},
    {content: Buffer.from('root:x:0:0::/data:/bin/sh\n'), mode: 0o644, path: '/etc/passwd'},
    {content: Buffer.from('root:x:0:\n'), mode: 0o644, path: '/etc/group'},
  ]
  const byPath = new Map([...own, ...entries].map((entry) => [entry.path, entry]))
  for (const path of [...byPath.keys()]) {
    for (let folder = dirname(path); folder !== '/'; folder = dirname(folder)) {
      if (!byPath.has(folder)) byPath.set(folder, {mode: 0o755, path: folder})
    }
  }
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}
