import {existsSync, readdirSync} from 'node:fs'
import {join} from 'node:path'
import {expect} from 'vitest'
import {type RunOptions, type RunResult, runShoal} from '../cli.js'
import {claimPorts, isPortFree} from '../ports.js'
import {processesWith, temporaryFolder, waitFor} from '../processes.js'

/** An engine that a test of whole environments runs on. */
export interface EngineWorld {
  readonly engine: 'docker' | 'embedded' | 'process'
  /** What the engine has left beyond processes, files and ports, by name: containers, networks, chains. */
  readonly leftovers: () => Promise<readonly string[]>
}

export const EMBEDDED: EngineWorld = {engine: 'embedded', leftovers: async () => []}
export const PROCESS: EngineWorld = {engine: 'process', leftovers: async () => []}

export interface PsNode {
  readonly name: string
  readonly state: string
  readonly role?: 'primary' | 'replica'
  readonly address: {readonly host: string; readonly port: number}
  readonly replicaOf?: string
  readonly slots?: readonly {readonly first: number; readonly last: number}[]
}

/** A state folder and ports of one environment, and the program run there. */
export class EnvironmentWorld {
  private constructor(
    readonly world: EngineWorld,
    readonly state: string,
    readonly basePort: number,
    readonly name: string,
  ) {}

  /** @param label - a word that no other test uses for the same engine: containers are named by it */
  static async make(world: EngineWorld, label: string): Promise<EnvironmentWorld> {
    const state = join(temporaryFolder(label), 'state')
    return new EnvironmentWorld(world, state, await claimPorts(8), `${label}-${process.pid}`)
  }

  run(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return runShoal([...args, '--name', this.name], {
      timeoutMs: 100_000,
      ...options,
      env: {SHOAL_STATE_DIR: this.state, ...options.env},
    })
  }

  /** Runs to success. @throws with all it printed, if it fails */
  async do<T = Record<string, unknown>>(args: readonly string[]): Promise<T> {
    const result = await this.run([...args, '--json'])
    expect(`${args.join(' ')}: ${result.code} ${result.code === 0 ? '' : result.stdout + result.stderr}`).toBe(
      `${args.join(' ')}: 0 `,
    )
    return result.json<T>()
  }

  up(options: RunOptions = {}): Promise<RunResult> {
    return this.run(this.upWords(), options)
  }

  upWords(): string[] {
    const {basePort, world} = this
    return ['up', '--engine', world.engine, '--base-port', String(basePort), '--node-timeout', '2000']
  }

  async ps(): Promise<{readonly state: string; readonly nodes: readonly PsNode[]} | undefined> {
    const {environments} = await this.do<{
      environments: {name: string; state: string; nodes: PsNode[]}[]
    }>(['ps'])
    return environments.find(({name}) => name === this.name)
  }

  /** No process, no file, no port, and nothing of the engine's. */
  async expectNothingLeft(): Promise<void> {
    const processes = () => processesWith(this.state)
    await waitFor(() => processes().length === 0, {what: () => `end of processes ${processes().join(', ')}`})
    expect(existsSync(this.state) ? readdirSync(this.state, {recursive: true}) : []).toEqual([])
    for (let port = this.basePort; port < this.basePort + 8; port++) {
      await waitFor(() => isPortFree(port), {what: `port ${port} to be free`})
    }
    expect((await this.world.leftovers()).filter((name) => name.includes(this.name))).toEqual([])
  }
}
