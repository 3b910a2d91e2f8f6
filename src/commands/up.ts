import {BaseCommand} from '../lib/cli/base-command.js'
import {resumeTasks} from '../lib/cli/crdb/resume-tasks.js'
import {environmentParts} from '../lib/cli/environment/parts.js'
import {environmentFlags, requestWithFile} from '../lib/cli/environment/up-request.js'
import {renderEnvironment, renderTryThis} from '../lib/cli/render/environment.js'
import {HOST} from '../lib/environment/spec.js'
import {type EnvironmentStatus, statusOf} from '../lib/environment/status.js'
import {bringUp, type UpResult} from '../lib/environment/up.js'

interface UpDocument {
  readonly change: UpResult['change']
  readonly startedNodes: readonly string[]
  /** HOST:PORT of a node to begin with; none where databases bring theirs. */
  readonly seed?: string
  readonly environment: EnvironmentStatus | undefined
}

export default class Up extends BaseCommand {
  static override summary = 'Start a cluster or a replication on this machine.'
  static override description =
    'Primaries with replicas, ready when every node agrees and every replica is in sync. The nodes run on after the ' +
    'command ends, until `down`, which deletes their data. Run again, it starts the nodes that are down, with what they kept ' +
    '(--persistence). If it fails or is interrupted, nothing is left behind.'

  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --name blue --primaries 5 --replicas 0 --base-port 17101',
    '<%= config.bin %> <%= command.id %> --file environment.yaml',
    '<%= config.bin %> <%= command.id %> --persistence rdb --set maxmemory=100mb',
    '<%= config.bin %> <%= command.id %> --engine process --server /usr/bin/valkey-server --topology replication',
    '<%= config.bin %> <%= command.id %> --engine docker --image redis:7 --regions eu,us,asia',
    '<%= config.bin %> <%= command.id %> --topology crdb --regions cluster1.local,cluster2.local,cluster3.local',
  ]

  static override flags = environmentFlags

  async run(): Promise<UpDocument> {
    const {flags} = await this.parse(Up)
    const parts = environmentParts(process.env)
    const request = await requestWithFile(flags)
    // Nodes of a database that was never complete would not come to agree.
    await resumeTasks(process.env, undefined, this.signal, (text) => this.progress(text))
    const {name} = request
    const {change, spec, startedNodes} = await bringUp(parts, request, this.signal, (text) => this.progress(text))
    const [environment] = await statusOf(parts, this.signal, name)
    if (change === 'none') this.note(`environment ${name} is up already, nothing to do`)
    if (environment) this.print(renderEnvironment(environment, this.style))
    this.note(`\n${renderTryThis(spec, this.style)}`)
    const [first] = spec.nodes
    return {change, environment, ...(first && {seed: `${HOST}:${first.port}`}), startedNodes}
  }
}
