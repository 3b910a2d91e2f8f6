import {mkdtempSync, rmSync} from 'node:fs'
import {createServer} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {messageOf} from '../kernel/errors.js'
import {pathInDir} from '../node/config-file.js'
import {NodeLog} from '../node/log.js'
import type {NodeClock} from '../node/node-clock.js'
import {Node} from '../node/start-node.js'
import {Config} from '../server/config/config.js'
import {loadConfig} from '../server/config/load.js'
import {quoted} from '../server/config/parameter.js'

export interface NodeOptions {
  /** Any free port if absent. */
  readonly port?: number
  /** Any address of this machine; the default is 127.0.0.1. */
  readonly host?: string
  /** Where nodes.conf and the log lie; a folder of its own, deleted at `stop`, if absent. */
  readonly directory?: string
  /** Further settings by their redis.conf names; without `save` and `appendonly` nothing is saved: `{requirepass: 'secret', 'cluster-enabled': 'yes'}`. */
  readonly settings?: Readonly<Record<string, string>>
}

export interface StartedNode {
  readonly host: string
  readonly port: number
  /** Closes every connection and frees the port. Safe to call twice. */
  stop(): Promise<void>
}

export const BUS_PORT_OFFSET = 10_000
/** A port above has no room for its bus port. */
const PORT_MAX = 55_535
const TRIES_MAX = 50

/** @throws if the port is taken, a setting is unknown or wrong, or the folder cannot be used */
export async function startNode(options: NodeOptions = {}): Promise<StartedNode> {
  const {node} = await openNode(options)
  return node
}

export interface OpenedNode {
  readonly node: StartedNode
  readonly inner: Node
}

/** @param clock - the system's if absent */
export async function openNode(options: NodeOptions, clock?: NodeClock): Promise<OpenedNode> {
  const {host = '127.0.0.1', port} = options
  if (port !== undefined) return await openNodeAt(host, port, options, clock)
  for (let tries = 1; ; tries++) {
    try {
      return await openNodeAt(host, await freePort(host), options, clock)
    } catch (error) {
      // Somebody may take a port between its finding and its use.
      if (tries === TRIES_MAX || !messageOf(error).includes('Address already in use')) throw error
    }
  }
}

async function openNodeAt(
  host: string,
  port: number,
  {directory, settings = {}}: NodeOptions,
  clock: NodeClock | undefined,
): Promise<OpenedNode> {
  const folder = directory ?? mkdtempSync(join(tmpdir(), 'shoal-node-'))
  const cleanUp = (): void => {
    if (directory === undefined) rmSync(folder, {force: true, recursive: true})
  }
  try {
    // Nothing is saved unless it is asked for.
    const given = {bind: host, dir: folder, logfile: 'node.log', port: String(port), save: '', ...settings}
    const config = new Config()
    const lines = Object.entries(given).map(([name, value]) => `${name} ${name === 'bind' ? value : quoted(value)}`)
    loadConfig(config, lines.join('\n'), () => [])
    const {logfile, loglevel} = config.values
    const log = new NodeLog({file: logfile === '' ? '' : pathInDir(config, logfile), level: loglevel, pid: process.pid})
    const inner = new Node(config, log, false, clock)
    await inner.start()
    const stop = async (): Promise<void> => {
      await inner.stop()
      cleanUp()
    }
    return {inner, node: {host, port, stop}}
  } catch (error) {
    cleanUp()
    throw error
  }
}

/** A port that is free now, with a free bus port above it. */
async function freePort(host: string): Promise<number> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const port = await probe(host, 0)
    if (port !== undefined && port <= PORT_MAX && (await probe(host, port + BUS_PORT_OFFSET)) !== undefined) return port
  }
  throw new Error('found no free port')
}

function probe(host: string, port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen({exclusive: true, host, port}, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined))
    })
  })
}
