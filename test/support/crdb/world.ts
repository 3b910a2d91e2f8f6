import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {expect} from 'vitest'
import {type RunOptions, type RunResult, runShoal} from '../cli.js'
import {callRedis} from '../peers.js'
import {claimPorts} from '../ports.js'
import {processesWith, temporaryFolder, waitFor} from '../processes.js'

export const REGIONS = ['cluster1.local', 'cluster2.local', 'cluster3.local'] as const

/** Participating clusters of one engine, in a state folder of their own, and what clients see of them. */
export class CrdbWorld {
  readonly state: string
  private readonly claimed: Promise<number>

  /** @param engine - flags of `up` */
  constructor(private readonly engine: readonly string[] = []) {
    this.state = join(temporaryFolder('crdb'), 'state')
    // Ports of three instances, of those to come, and of further nodes.
    this.claimed = claimPorts(40)
  }

  shoal(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return runShoal(args, {...options, env: {SHOAL_STATE_DIR: this.state, ...options.env}})
  }

  /** Runs what must succeed. */
  async done(...args: string[]): Promise<RunResult> {
    const run = await this.shoal(args)
    expect(run.code, `${args.join(' ')}\n${run.stdout}${run.stderr}`).toBe(0)
    return run
  }

  up(...more: string[]): Promise<RunResult> {
    return this.done('up', '--regions', REGIONS.join(), '--topology', 'crdb', ...this.engine, ...more)
  }

  /** The published command line, but for its port. */
  async createArgs(...more: string[]): Promise<string[]> {
    const instances = REGIONS.flatMap((region) => ['--instance', `fqdn=${region},username=r@r.com,password=test`])
    const port = ['--port', String(await this.claimed)]
    const shape = more.includes('--shards-count') ? [] : ['--replication', 'false', '--shards-count', '1']
    return ['crdb', 'create', '--name', 'mycrdb', '--memory-size', '512mb', ...shape, ...port, ...instances, ...more]
  }

  /** Of instance `id`. */
  async port(id: number): Promise<number> {
    return (await this.claimed) + 2 * (id - 1)
  }

  async call(id: number, ...command: string[]): Promise<unknown> {
    return callRedis(await this.port(id), command)
  }

  /** What a command says at each instance, once they all say the same. */
  async agreement(ids: readonly number[], ...command: string[]): Promise<unknown> {
    let replies: unknown[] = []
    await waitFor(
      async () => {
        replies = await Promise.all(ids.map((id) => this.call(id, ...command)))
        const texts = replies.map((reply) => JSON.stringify(Array.isArray(reply) ? [...reply].sort() : reply))
        return texts.every((text) => text === texts[0])
      },
      {what: `instances to agree about ${command.join(' ')}`},
    )
    return replies[0]
  }

  /** Names of nodes, as the environment has them on record. */
  async nodes(): Promise<string[]> {
    const run = await this.done('ps', '--json')
    const {environments} = run.json<{environments: {nodes: {name: string; state: string}[]}[]}>()
    return environments.flatMap(({nodes}) =>
      nodes.map(({name, state}) => (state === 'running' ? name : `${name} ${state}`)),
    )
  }

  async down(): Promise<void> {
    await this.shoal(['down'])
    for (const pid of processesWith(this.state)) process.kill(pid, 'SIGKILL')
  }

  /** What is left on this machine. */
  remains(): string[] {
    const nodes = join(this.state, 'environments', 'default', 'nodes')
    return [...processesWith(this.state).map(String), ...(existsSync(nodes) ? [nodes] : [])]
  }
}
