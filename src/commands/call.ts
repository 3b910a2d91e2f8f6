import {Args, Flags} from '@oclif/core'
import {ClusterCommand} from '../lib/cli/base-command.js'
import {badFlag} from '../lib/cli/flags.js'
import {renderCall} from '../lib/cli/render/call.js'
import {type CallOutcome, callNodes} from '../lib/operations/call.js'

/** The `--json` document. */
interface CallResult {
  readonly command: readonly string[]
  readonly nodes: readonly CallOutcome[]
}

export default class Call extends ClusterCommand {
  static override summary = 'Send one command to every node of a cluster.'
  static override description =
    'All nodes are asked at the same time. Exits 3 if no node took the command, 6 if some did. ' +
    'Put -- before a command with words that begin with a dash.'

  static override usage = '<%= command.id %> SEED [FLAGS] COMMAND [ARG...]'

  static override examples = [
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 DBSIZE',
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 --only-primaries CONFIG GET maxmemory',
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 -- SET {a} -1',
  ]

  static override strict = false

  static override args = {
    seed: Args.string({description: 'HOST:PORT of any node of the cluster.', required: true}),
    command: Args.string({description: 'The command and its arguments.', ignoreStdin: true}),
  }

  static override flags = {
    'only-primaries': Flags.boolean({
      aliases: ['cluster-only-primaries', 'cluster-only-masters'],
      exclusive: ['only-replicas'],
      summary: 'Ask primaries only.',
    }),
    'only-replicas': Flags.boolean({aliases: ['cluster-only-replicas'], summary: 'Ask replicas only.'}),
  }

  async run(): Promise<CallResult> {
    const {args, argv, flags} = await this.parse(Call)
    const [name, ...words] = (argv as string[]).slice(1)
    if (name === undefined) throw badFlag('No command to send', ['shoal call 127.0.0.1:7000 DBSIZE'])
    const role = flags['only-primaries'] ? 'primary' : flags['only-replicas'] ? 'replica' : undefined
    const cluster = await this.connect(args.seed)
    const nodes = await callNodes(cluster, [name, ...words], role)
    if (nodes.length === 0) this.print(`This cluster has no ${role ?? 'node'}.`)
    else this.print(renderCall(nodes, this.style))
    const failures = nodes.filter(({error}) => error !== undefined).length
    if (failures > 0) this.exitWith(failures === nodes.length ? 3 : 6)
    return {command: [name, ...words], nodes}
  }
}
