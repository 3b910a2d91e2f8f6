import {createHash} from 'node:crypto'
import {readFile} from 'node:fs/promises'
import {arch as machineArch} from 'node:os'
import {Readable} from 'node:stream'
import {CliError} from '../../../kernel/errors.js'
import {packageFile} from '../../package-root.js'
import {type DockerCli, toCliError} from '../docker-cli.js'
import {LABEL} from '../names.js'
import {type TarEntry, writeTar} from '../tar.js'
import {type Contents, contentsOfServer} from './contents.js'

/** Which server is put into an image: one found on PATH, or Shoal's own. */
export const IMAGE_SERVERS = ['redis-server', 'valkey-server', 'shoal'] as const
export type ImageServer = (typeof IMAGE_SERVERS)[number]

export interface PlannedImage {
  /** Names what is in it: the same contents have the same. */
  readonly reference: string
  readonly server: string
  readonly serverVersion: string
  readonly fileCount: number
  /** Of all files, before Docker packs them. */
  readonly bytes: number
}

export interface BuiltImage extends PlannedImage {
  /** False if it was there already. */
  readonly built: boolean
}

const REMEDY = ['docker pull redis:7', 'shoal up --engine docker --image redis:7']

/** Containers of this machine's programs need no registry: an archive of the program and its libraries is an image. */
export async function buildServerImage(
  cli: DockerCli,
  server: ImageServer,
  signal: AbortSignal,
  tag?: string,
): Promise<BuiltImage> {
  await requireBuildable(cli)
  const image = await importImage(cli, await contentsOfServer(server), signal)
  if (tag !== undefined) {
    await cli.run(['tag', image.reference, tag], {signal}).catch((error) => {
      throw toCliError(error)
    })
  }
  return image
}

/** @throws {CliError} ENVIRONMENT_LACKS where this machine's programs do not run in the daemon's containers */
export async function requireBuildable(cli: DockerCli): Promise<void> {
  requireLinux()
  const theirs = await cli.run(['version', '--format', '{{.Server.Os}}/{{.Server.Arch}}']).catch((error) => {
    throw toCliError(error)
  })
  const own = `linux/${machineArch() === 'x64' ? 'amd64' : machineArch()}`
  if (theirs === own) return
  throw new CliError('ENVIRONMENT_LACKS', `the Docker daemon runs on ${theirs}, the programs here are for ${own}`, {
    suggestions: REMEDY,
  })
}

function requireLinux(): void {
  if (process.platform === 'linux') return
  throw new CliError('ENVIRONMENT_LACKS', 'an image holds Linux programs, and this is another system', {
    suggestions: REMEDY,
  })
}

/** What `buildServerImage` would make. Needs no Docker. */
export async function planServerImage(server: ImageServer): Promise<PlannedImage> {
  requireLinux()
  return describeContents(await contentsOfServer(server))
}

function describeContents({command, entries, name, server, serverVersion}: Contents): PlannedImage {
  const files = entries.flatMap(({content}) => (content ? [content.length] : []))
  return {
    bytes: files.reduce((total, length) => total + length, 0),
    fileCount: files.length,
    reference: `${name}:${serverVersion}-${hashOf(entries, command)}`,
    server,
    serverVersion,
  }
}

/** Makes the image unless it is there. */
export async function importImage(cli: DockerCli, contents: Contents, signal: AbortSignal): Promise<BuiltImage> {
  const {command, entries, server, serverVersion} = contents
  const planned = describeContents(contents)
  const {reference} = planned
  if ((await cli.inspect('image', [reference], {signal})).length > 0) return {...planned, built: false}
  const changes = [
    `CMD ${JSON.stringify(command)}`,
    'ENV PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
    'WORKDIR /data',
    `LABEL ${LABEL.version}=${await shoalVersion()}`,
    `LABEL ${LABEL.server}=${server}`,
    `LABEL ${LABEL.serverVersion}=${serverVersion}`,
  ]
  const args = ['import', ...changes.flatMap((change) => ['--change', change]), '-', reference]
  try {
    await cli.run(args, {input: Readable.from(writeTar(entries)), signal, timeoutMs: 180_000})
  } catch (error) {
    throw toCliError(error)
  }
  return {...planned, built: true}
}

function hashOf(entries: readonly TarEntry[], command: readonly string[]): string {
  const hash = createHash('sha256').update(command.join('\0'))
  for (const {content, link = '', mode, path} of entries) {
    hash.update(`\0${path}\0${mode}\0${link}\0${content?.length ?? -1}\0`)
    if (content) hash.update(content)
  }
  return hash.digest('hex').slice(0, 12)
}

export async function shoalVersion(): Promise<string> {
  return (JSON.parse(await readFile(packageFile('package.json'), 'utf8')) as {version: string}).version
}
