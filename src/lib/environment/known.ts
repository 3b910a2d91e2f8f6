import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import type {Address} from '../model/address.js'
import {renderAddress} from '../model/address.js'
import {passwordOf} from './spec.js'
import type {EnvironmentState} from './store.js'

/** What helps to reach the nodes of an environment. */
export interface KnownEnvironment {
  readonly name: string
  readonly password?: string
  /** By the HOST:PORT that a node announces: where this machine reaches it, if elsewhere. */
  readonly addressMap: ReadonlyMap<string, Address>
}

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '::1'])

/**
 * The environment that a node of that address belongs to. Cheap: it is asked by every command that is given a seed, so files are
 * not judged; one that cannot be read is passed over.
 *
 * @param seeds - HOST:PORT as this machine or as other nodes know them, or anything else
 * @param stateFolder - of all of Shoal's state
 */
export function knownEnvironment(seeds: readonly string[], stateFolder: string): KnownEnvironment | undefined {
  const folder = join(stateFolder, 'environments')
  const wanted = new Set(seeds)
  for (const name of namesIn(folder)) {
    const state = stateIn(join(folder, name, 'environment.json'))
    const {nodes = []} = state?.spec ?? {}
    const {peerHosts = {}} = state ?? {}
    const own = nodes.find(({name: node, port}) => {
      const hosts = [...LOOPBACK, ...(peerHosts[node] === undefined ? [] : [peerHosts[node]])]
      return hosts.some((host) => wanted.has(renderAddress({host, port})))
    })
    if (!own) continue
    const password = passwordOf(state?.spec ?? {}, own)
    const elsewhere = nodes.filter((node) => peerHosts[node.name] !== undefined)
    return {
      addressMap: new Map(
        elsewhere.map(({name: node, port}) => [
          renderAddress({host: peerHosts[node] as string, port}),
          {host: '127.0.0.1', port},
        ]),
      ),
      name,
      ...(password !== undefined && {password}),
    }
  }
  return undefined
}

/** Synchronous: a handful of small files is read sooner than a thread is asked to. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => !name.endsWith('.lock'))
  } catch {
    return []
  }
}

function stateIn(file: string): Partial<EnvironmentState> | undefined {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as Partial<EnvironmentState> | null) ?? undefined
  } catch {
    return undefined
  }
}
