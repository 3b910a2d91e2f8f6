import {once} from 'node:events'
import {createServer, type Server} from 'node:net'
import type {Engine, Execution, NodeRef, NodeSpec, Probe} from '../../src/lib/engine/engine.js'
import {takenPorts} from '../../src/lib/engine/ports.js'
import {CliError} from '../../src/lib/kernel/errors.js'
import {FakeLinks} from './env-fake-links.js'

interface FakeNode {
  readonly ref: NodeRef
  readonly spec: NodeSpec
  readonly server: Server
}

/**
 * An engine whose nodes are sockets of this process that answer every line with PONG. It keeps the promises of
 * `Engine`, as the contract suite shows, and can be told to break a start.
 */
export class FakeEngine implements Engine {
  readonly kind = 'fake'
  readonly links = new FakeLinks((environment, name) => {
    const node = this.nodes.get(`${environment}/${name}`)
    return node !== undefined && !node.ref.paused
  })
  readonly nodes = new Map<string, FakeNode>()
  /** Names of stopped nodes that still keep something, as `ENVIRONMENT/NODE`. */
  readonly kept = new Set<string>()
  /** Node names whose start fails from now on. */
  readonly failing = new Set<string>()
  /** Called in the middle of each start, after its port is bound. */
  onStart: (spec: NodeSpec) => Promise<void> | void = () => undefined
  private lastPid = 1_000_000

  async probe(): Promise<Probe> {
    return {available: true}
  }

  async start(spec: NodeSpec, signal: AbortSignal): Promise<NodeRef> {
    requireNotAborted(signal)
    const {address, environment, name} = spec
    const [port] = await takenPorts(address.host, [address.port, spec.busPort])
    if (port !== undefined) throw new CliError('PORT_IN_USE', `port ${port} is taken`, {details: {node: name, port}})
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy()).on('data', () => socket.write('+PONG\r\n'))
    })
    server.listen({exclusive: true, host: address.host, port: address.port})
    await once(server, 'listening')
    try {
      await this.onStart(spec)
      requireNotAborted(signal)
      if (this.failing.has(name)) throw new CliError('NODE_START_FAILED', `node ${name} was told to fail`)
    } catch (error) {
      server.close()
      throw error
    }
    const pid = ++this.lastPid
    const ref = {
      address,
      environment,
      memoryBytes: 1 << 20,
      name,
      paused: false,
      pid,
      startToken: String(pid),
      uptimeMs: 0,
    }
    this.nodes.set(`${environment}/${name}`, {ref, server, spec})
    this.kept.add(`${environment}/${name}`)
    return ref
  }

  async list(environment?: string): Promise<NodeRef[]> {
    return [...this.nodes.values()]
      .map(({ref}) => ref)
      .filter((ref) => environment === undefined || ref.environment === environment)
      .sort((a, b) => `${a.environment}/${a.name}`.localeCompare(`${b.environment}/${b.name}`))
  }

  async stop(node: NodeRef): Promise<void> {
    const key = `${node.environment}/${node.name}`
    const found = this.nodes.get(key)
    if (found?.ref.startToken !== node.startToken) return
    this.nodes.delete(key)
    this.links.forget(node.environment, node.name)
    found.server.close()
    await once(found.server, 'close')
  }

  async prepare(): Promise<ReadonlyMap<string, string>> {
    return new Map()
  }

  async has(environment: string): Promise<boolean> {
    const keys = [...this.nodes.keys(), ...this.kept]
    return keys.some((key) => key.startsWith(`${environment}/`))
  }

  async signal(node: NodeRef, name: NodeJS.Signals): Promise<boolean> {
    const isThere = this.nodes.has(`${node.environment}/${node.name}`)
    if (isThere && name === 'SIGKILL') await this.stop(node)
    return isThere
  }

  async pause(node: NodeRef): Promise<boolean> {
    return this.setPaused(node, true)
  }

  async unpause(node: NodeRef): Promise<boolean> {
    return this.setPaused(node, false)
  }

  private setPaused(node: NodeRef, paused: boolean): boolean {
    const key = `${node.environment}/${node.name}`
    const found = this.nodes.get(key)
    if (found) this.nodes.set(key, {...found, ref: {...found.ref, paused}})
    return found !== undefined
  }

  async *logs(_environment: string, name: string): AsyncGenerator<string> {
    yield `last words of ${name}`
  }

  execution(_node: NodeRef, [file, ...args]: readonly [string, ...string[]]): Execution {
    return {args, file}
  }

  async logTail(_environment: string, name: string): Promise<string[]> {
    return [`last words of ${name}`]
  }

  async discardNode(environment: string, name: string): Promise<void> {
    this.kept.delete(`${environment}/${name}`)
  }

  async discard(environment: string): Promise<void> {
    this.links.rules.delete(environment)
    for (const key of this.kept) if (key.startsWith(`${environment}/`)) this.kept.delete(key)
  }
}

function requireNotAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new CliError('INTERRUPTED', 'interrupted')
}
