import {rm} from 'node:fs/promises'
import {join} from 'node:path'
import {CliError} from '../../kernel/errors.js'
import type {Layout, NodeSpec, Probe} from '../engine.js'
import {LocalEngine, type LocalEngineOptions} from '../local/local-engine.js'
import {hasLoopbackNet, peerHostOf} from './addresses.js'
import {ProcessLinks, proxiedNodes} from './links.js'
import {type FoundProgram, findServerProgram, type ServerProgram} from './program.js'
import {ProxyProcesses} from './proxy-process.js'
import {renderServerConf} from './server-conf.js'

export interface ProcessEngineOptions extends LocalEngineOptions {
  /** Where redis-server or valkey-server is looked for, as in PATH, which is the default. */
  readonly searchPath?: string
}

/**
 * Nodes as detached processes of the redis-server or valkey-server of this machine:
 *
 *     /usr/bin/redis-server FOLDER/ENVIRONMENT/process/nodes/NAME/node.conf
 */
export class ProcessEngine extends LocalEngine {
  readonly kind = 'process'
  readonly links: ProcessLinks
  private readonly proxies: ProxyProcesses
  private readonly searchPath: string
  /** By what was wanted. */
  private readonly found = new Map<string | undefined, Promise<FoundProgram>>()

  constructor({searchPath = process.env['PATH'] ?? '', ...options}: ProcessEngineOptions) {
    // A program that was only given this file to read, such as an editor, is no node.
    super(options, {nodes: 'process/nodes', program: /(?:^|\/)[^/ ]*server[^/ ]*/})
    this.searchPath = searchPath
    this.proxies = new ProxyProcesses(this.folder)
    this.links = new ProcessLinks({
      proxies: this.proxies,
      running: async (environment) =>
        new Set((await this.list(environment)).filter(({paused}) => !paused).map(({name}) => name)),
      supports: () => this.supportsLinks(),
    })
  }

  async probe(program?: string): Promise<Probe> {
    if (process.platform === 'win32') return {available: false, reason: 'nodes as processes need a Unix process table'}
    const found = await this.find(program)
    return found.available ? {available: true} : found
  }

  /** The link proxy; none where nothing can stand between the nodes, which then reach each other directly. */
  async prepare({environment, nodes}: Layout, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const programs = await Promise.all(nodes.map(({program}) => this.require(program)))
    if (!(await hasLoopbackNet()) || programs.some(({hasPeerAddresses}) => !hasPeerAddresses)) return new Map()
    const isNew = (await this.list(environment)).length === 0
    const ready = this.proxies.ensure(environment, proxiedNodes(nodes), signal)
    // Nodes that are yet to start need it only when they do; if it cannot be had, they hear of that.
    if (isNew) ready.catch(() => undefined)
    else await ready
    return new Map(nodes.map(({address, name}) => [name, peerHostOf(address.port)]))
  }

  override async has(environment: string): Promise<boolean> {
    return (await super.has(environment)) || this.proxies.isRunning(environment)
  }

  protected override waitForShared(environment: string): Promise<void> {
    return this.proxies.settled(environment)
  }

  override async discard(environment: string): Promise<void> {
    await this.proxies.end(environment)
    await super.discard(environment)
    await rm(join(this.folder, environment, 'process'), {force: true, recursive: true})
  }

  protected async commandOf(spec: NodeSpec): Promise<readonly [string, ...string[]]> {
    return [(await this.require(spec.program)).path]
  }

  protected async configurationOf(spec: NodeSpec, folder: string): Promise<string> {
    return renderServerConf(spec, folder, await this.require(spec.program))
  }

  private async supportsLinks(): Promise<Probe> {
    if (!(await hasLoopbackNet())) {
      return {
        available: false,
        reason: 'faults between processes need all of 127.0.0.0/8 as on Linux',
        remedy: 'shoal up --engine embedded',
      }
    }
    const found = await this.find(undefined)
    // Without one on PATH each environment has its own, and was made with or without a proxy by what that can do.
    if (!found.available || found.program.hasPeerAddresses) return {available: true}
    const {path, version} = found.program
    const reason = `faults between processes need a server of 7.0 or later; ${path} is ${version}`
    return {available: false, reason, remedy: 'shoal up --engine embedded'}
  }

  private find(program: string | undefined): Promise<FoundProgram> {
    const known = this.found.get(program) ?? findServerProgram(program, this.searchPath)
    this.found.set(program, known)
    return known
  }

  /** @throws {CliError} ENVIRONMENT_LACKS */
  private async require(program: string | undefined): Promise<ServerProgram> {
    const found = await this.find(program)
    if (found.available) return found.program
    throw new CliError('ENVIRONMENT_LACKS', found.reason, {
      suggestions: found.remedy === undefined ? [] : [found.remedy],
    })
  }
}
