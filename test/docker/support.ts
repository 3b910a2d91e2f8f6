import {execFileSync} from 'node:child_process'
import {existsSync, readdirSync} from 'node:fs'
import {delimiter, dirname, join} from 'node:path'
import {DockerCli} from '../../src/lib/engine/docker/docker-cli.js'
import {buildServerImage} from '../../src/lib/engine/docker/image/build.js'
import type {Layout, NodeSpec} from '../../src/lib/engine/engine.js'
import {requirePeers} from '../support/peers.js'
import {claimPorts} from '../support/ports.js'

/** One call of docker; its output by lines. */
export function docker(...args: string[]): string[] {
  const text = execFileSync('docker', args, {encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe']})
  return text.split('\n').filter((line) => line !== '')
}

/** Names of the nodes of an environment that have a container, ascending. */
export function nodesKept(environment: string): string[] {
  const filter = `label=dev.shoal.env=${environment}`
  return docker('ps', '--all', '--filter', filter, '--format', '{{.Label "dev.shoal.node"}}').sort()
}

/** Whatever Docker has of an environment. */
export function remains(environment: string): string[] {
  const filter = ['--filter', `label=dev.shoal.env=${environment}`]
  return [
    ...docker('ps', '--all', ...filter, '--format', '{{.Names}}'),
    ...docker('network', 'ls', ...filter, '--format', '{{.Name}}'),
    ...docker('volume', 'ls', ...filter, '--format', '{{.Name}}'),
  ]
}

/** An image of the real redis-server that the other tests use as well. */
export async function redisImage(): Promise<string> {
  const {folder} = requirePeers()
  // Debian's packages, where they are but unpacked, stand behind scripts that say where the libraries are.
  const unpacked = dirname(folder)
  const isUnpacked = existsSync(join(unpacked, 'usr', 'bin', 'redis-server'))
  const program = isUnpacked ? join(unpacked, 'usr', 'bin') : folder
  const {LD_LIBRARY_PATH: libraries, PATH: path = ''} = process.env
  process.env['PATH'] = [program, path].join(delimiter)
  if (isUnpacked) process.env['LD_LIBRARY_PATH'] = librariesBelow(unpacked)
  try {
    return (await buildServerImage(new DockerCli(), 'redis-server', new AbortController().signal)).reference
  } finally {
    process.env['PATH'] = path
    if (libraries === undefined) delete process.env['LD_LIBRARY_PATH']
    else process.env['LD_LIBRARY_PATH'] = libraries
  }
}

function librariesBelow(folder: string): string {
  const files = readdirSync(folder, {recursive: true, withFileTypes: true})
  const libraries = files.filter(({name}) => /^lib.+\.so(?:\.|$)/.test(name))
  return [...new Set(libraries.map(({parentPath}) => parentPath))].join(delimiter)
}

/** Nodes of an environment, as they are given to an engine. */
export async function layoutFor(environment: string, program: string, count: number): Promise<Layout> {
  const base = await claimPorts(count)
  const nodes = Array.from(
    {length: count},
    (_, index): NodeSpec => ({
      address: {host: '127.0.0.1', port: base + index},
      busPort: base + index + 10000,
      cluster: true,
      environment,
      name: `n${index + 1}`,
      program,
    }),
  )
  return {environment, nodes}
}

/** The layout with what `prepare` said. */
export function withHosts(layout: Layout, hosts: ReadonlyMap<string, string>): Layout {
  const nodes = layout.nodes.map((node) => {
    const peerHost = hosts.get(node.name)
    return peerHost === undefined ? node : {...node, peerHost}
  })
  return {...layout, nodes}
}
