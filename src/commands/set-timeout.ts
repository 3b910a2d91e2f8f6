import {Args} from '@oclif/core'
import {ClusterCommand} from '../lib/cli/base-command.js'
import {parseDuration} from '../lib/cli/duration.js'
import {badFlag} from '../lib/cli/flags.js'
import {renderAmount} from '../lib/cli/render/numbers.js'
import {renderTable} from '../lib/cli/render/table.js'
import {CliError} from '../lib/kernel/errors.js'
import {renderAddress} from '../lib/model/address.js'
import {
  NODE_TIMEOUT_MS_MIN,
  readTimeouts,
  requireSettable,
  setTimeouts,
  type TimeoutChange,
} from '../lib/operations/set-timeout.js'

export default class SetTimeout extends ClusterCommand {
  static override summary = 'Set cluster-node-timeout on every node, and keep it over restarts.'
  static override description =
    'Either all nodes take it or none does. A node without a configuration file takes it until its next restart, which is said.'

  static override usage = '<%= command.id %> SEED MS [FLAGS]'

  static override examples = [
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 5000',
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 15s --yes --json',
  ]

  static override args = {
    seed: Args.string({description: 'HOST:PORT of any node of the cluster.', required: true}),
    timeout: Args.string({
      description: `Milliseconds, or a length of time such as 5s; at least ${NODE_TIMEOUT_MS_MIN} ms.`,
      ignoreStdin: true,
      required: true,
    }),
  }

  async run(): Promise<TimeoutChange> {
    const {args} = await this.parse(SetTimeout)
    const timeoutMs = timeoutOf(args.timeout)
    const cluster = await this.connect(args.seed)
    const {nodes, unreachable} = cluster.view
    if (unreachable.length > 0) {
      const names = unreachable.map(({address, reason}) => `${renderAddress(address)}: ${reason}`)
      throw new CliError('CLUSTER_UNHEALTHY', `not all nodes can be told: ${names.join('; ')}`, {
        suggestions: [`shoal check ${args.seed}`],
      })
    }
    await requireSettable(cluster)
    const before = await readTimeouts(cluster)
    const present = [...new Set(before.values())].sort((a, b) => a - b).join(', ')
    await this.confirm(
      `Change cluster-node-timeout of ${renderAmount(nodes.length, 'node')} from ${present} to ${timeoutMs} ms?`,
    )
    const change = await setTimeouts(cluster, before, timeoutMs)
    const rows = change.nodes.map(({address, after, before: old, persisted}) => [
      address,
      String(old),
      String(after),
      persisted ? 'yes' : 'no',
    ])
    const columns = [
      {title: 'node'},
      {align: 'right' as const, title: 'before'},
      {align: 'right' as const, title: 'now'},
      {title: 'kept over restarts'},
    ]
    this.print(renderTable(columns, rows).join('\n'))
    for (const warning of change.warnings) this.progress(`Warning: ${warning}`)
    return change
  }
}

function timeoutOf(text: string): number {
  const ms = /^\d+$/.test(text) ? Number(text) : parseDuration(text)
  if (ms !== undefined && ms >= NODE_TIMEOUT_MS_MIN && ms <= 2 ** 31) return ms
  throw badFlag(`${JSON.stringify(text)} is not a node timeout of at least ${NODE_TIMEOUT_MS_MIN} milliseconds`)
}
