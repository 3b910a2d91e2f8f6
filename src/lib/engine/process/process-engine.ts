import {CliError} from '../../kernel/errors.js'
import type {NodeSpec, Probe} from '../engine.js'
import type {LinkControl} from '../links.js'
import {LocalEngine, type LocalEngineOptions} from '../local/local-engine.js'
import {type FoundProgram, findServerProgram, type ServerProgram} from './program.js'
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
  readonly links: LinkControl = noLinks
  private readonly searchPath: string
  /** By what was wanted. */
  private readonly found = new Map<string | undefined, Promise<FoundProgram>>()

  constructor({searchPath = process.env['PATH'] ?? '', ...options}: ProcessEngineOptions) {
    // A program that was only given this file to read, such as an editor, is no node.
    super(options, {nodes: 'process/nodes', program: /(?:^|\/)[^/ ]*server[^/ ]*/})
    this.searchPath = searchPath
  }

  async probe(program?: string): Promise<Probe> {
    if (process.platform === 'win32') return {available: false, reason: 'nodes as processes need a Unix process table'}
    const found = await this.find(program)
    return found.available ? {available: true} : found
  }

  async prepare(): Promise<ReadonlyMap<string, string>> {
    return new Map()
  }

  protected async commandOf(spec: NodeSpec): Promise<readonly [string, ...string[]]> {
    return [(await this.require(spec.program)).path]
  }

  protected async configurationOf(spec: NodeSpec, folder: string): Promise<string> {
    return renderServerConf(spec, folder, await this.require(spec.program))
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

const reason = 'redis-servers have no faults between them yet'
const noLinks: LinkControl = {
  apply: async () => {
    throw new CliError('ENVIRONMENT_LACKS', reason)
  },
  probe: async () => [],
  supports: async () => ({available: false, reason}),
}
