import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {CliError} from '../../../kernel/errors.js'
import type {DockerCli} from '../docker-cli.js'
import {LABEL} from '../names.js'
import type {TarEntry} from '../tar.js'
import {importImage, requireBuildable, shoalVersion} from './build.js'
import {whole} from './contents.js'
import {entriesOfProgram, findProgram} from './elf.js'

/** What works on a node's network from beside it: programs of the firewall and of queues, and a shell to run them in. */
const SERVER = 'nettools'
/** In the tag, of an image that has what delays packets: all else works without. */
const WITH_TC = '-tc-'
const SYSTEM_PATH = '/usr/sbin:/sbin:/usr/bin:/bin:/usr/local/sbin:/usr/local/bin'
/** What iptables loads for the rules of `fault-script.ts`. */
const PLUGINS = ['xt_length', 'xt_standard', 'xt_statistic', 'xt_tcp', 'ipt_REJECT']
const PLUGIN_FOLDERS = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib']

/** @param image - of `nettoolsImage` */
export function hasTrafficControl(image: string): boolean {
  return image.includes(WITH_TC)
}

/**
 * The image of the helpers; made at its first use, and again once tc is here.
 *
 * @throws {CliError} ENVIRONMENT_LACKS where there is no iptables to put into it
 */
export async function nettoolsImage(cli: DockerCli, signal: AbortSignal): Promise<string> {
  const own = [
    '--filter',
    `label=${LABEL.server}=${SERVER}`,
    '--filter',
    `label=${LABEL.version}=${await shoalVersion()}`,
  ]
  const images = await cli.lines<{readonly Repository: string; readonly Tag: string}>(['images', ...own], {signal})
  const found = images.flatMap(({Repository, Tag}) => (Tag === '<none>' ? [] : [`${Repository}:${Tag}`]))
  const [complete] = found.filter(hasTrafficControl)
  if (complete !== undefined) return complete
  const [tc, ip] = await Promise.all(['tc', 'ip'].map((name) => findProgram(name, searchPath())))
  const [partial] = found
  if (partial !== undefined && (tc === undefined || ip === undefined)) return partial
  await requireBuildable(cli)
  const extra = tc === undefined || ip === undefined ? [] : await entriesOfQueueTools(tc, ip)
  const serverVersion = `${await shoalVersion()}${extra.length > 0 ? WITH_TC.slice(0, -1) : ''}`
  const contents = {command: ['sh'], name: `shoal-${SERVER}`, server: SERVER, serverVersion}
  return (await importImage(cli, {...contents, entries: whole([...(await entriesOfTools()), ...extra])}, signal))
    .reference
}

async function entriesOfQueueTools(tc: string, ip: string): Promise<TarEntry[]> {
  return [...(await entriesOfProgram(tc, '/usr/sbin/tc')), ...(await entriesOfProgram(ip, '/usr/sbin/ip'))]
}

async function entriesOfTools(): Promise<TarEntry[]> {
  const iptables = await requireProgram('iptables', 'apt-get install iptables')
  const [shell, sleep] = await Promise.all([requireProgram('bash', 'apt-get install bash'), requireProgram('sleep')])
  const programs = await Promise.all([
    entriesOfProgram(iptables, '/usr/sbin/iptables'),
    entriesOfProgram(shell, '/bin/bash'),
    entriesOfProgram(sleep, '/bin/sleep'),
  ])
  const folder = PLUGIN_FOLDERS.map((each) => join(each, 'xtables')).find((each) => existsSync(each)) ?? '/'
  const files = PLUGINS.map((name) => join(folder, `lib${name}.so`)).filter((file) => existsSync(file))
  const plugins = await Promise.all(files.map((file) => entriesOfProgram(file, file)))
  const restore: TarEntry = {link: 'iptables', mode: 0o777, path: '/usr/sbin/iptables-restore'}
  const sh: TarEntry = {link: 'bash', mode: 0o777, path: '/bin/sh'}
  return [...programs.flat(), ...plugins.flat(), restore, sh]
}

async function requireProgram(name: string, remedy?: string): Promise<string> {
  const file = await findProgram(name, searchPath())
  if (file !== undefined) return file
  throw new CliError('ENVIRONMENT_LACKS', `faults between nodes in Docker need ${name}, which is not here`, {
    suggestions: remedy === undefined ? [] : [remedy],
  })
}

function searchPath(): string {
  return `${process.env['PATH'] ?? ''}:${SYSTEM_PATH}`
}
