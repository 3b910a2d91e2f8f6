import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {EmbeddedLinks, faultWords} from './embedded-links.js'
import type {NodeSpec, Probe} from './engine.js'
import type {LinkControl} from './links.js'
import {writeSecretFile} from './local/launch.js'
import {LocalEngine, type LocalEngineOptions} from './local/local-engine.js'
import {renderNodeConf} from './node-conf.js'
import {packageFile} from './package-root.js'

export interface EmbeddedEngineOptions extends LocalEngineOptions {
  /** Another program that takes a configuration file, for tests. Its name must end in `server.js`. */
  readonly serverEntry?: string
}

/** In the node's folder. */
const FAULT_FILE = 'faults.conf'
/** The nodes make faults between them themselves. */
const MAKES_FAULTS = [
  ['enable-fault-command', 'local'],
  ['fault-file', FAULT_FILE],
] as const

/** Nodes as detached processes of Shoal's own server: `node .../bin/server.js FOLDER/ENVIRONMENT/nodes/NAME/node.conf`. */
export class EmbeddedEngine extends LocalEngine {
  readonly kind = 'embedded'
  readonly links: LinkControl = new EmbeddedLinks((environment) => this.list(environment))
  private readonly serverEntry: string

  constructor({serverEntry = packageFile('bin', 'server.js'), ...options}: EmbeddedEngineOptions) {
    super(options, {nodes: 'nodes', program: /server\.js/})
    this.serverEntry = serverEntry
  }

  async probe(): Promise<Probe> {
    if (process.platform === 'win32') {
      return {available: false, reason: 'embedded nodes of an environment need a Unix process table'}
    }
    if (!existsSync(this.serverEntry)) return {available: false, reason: `${this.serverEntry} is missing`}
    return {available: true}
  }

  /** Nodes have one address for all, and nothing in common. */
  async prepare(): Promise<ReadonlyMap<string, string>> {
    return new Map()
  }

  protected async commandOf(): Promise<readonly [string, ...string[]]> {
    return [process.execPath, this.serverEntry]
  }

  /** Also without faults: those of an earlier start have ended. */
  protected override async beforeStart({faults, name}: NodeSpec, folder: string): Promise<void> {
    const words = faults === undefined ? ['0'] : faultWords(name, faults.layout, faults.rules)
    await writeSecretFile(join(folder, FAULT_FILE), `${[...words, 'AT', String(Date.now())].join(' ')}\n`)
  }

  protected async configurationOf(spec: NodeSpec, folder: string): Promise<string> {
    return renderNodeConf({...spec, settings: [...MAKES_FAULTS, ...(spec.settings ?? [])]}, folder)
  }
}
