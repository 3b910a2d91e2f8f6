import {ClusterCommand} from '../lib/cli/base-command.js'
import {renderInfo} from '../lib/cli/render/info.js'
import {seedArgs} from '../lib/cli/seed.js'
import {ownersOf} from '../lib/model/cluster-map.js'
import {type ClusterSummary, OWNER_SILENT, shardIndexOfSlots, summarizeCluster} from '../lib/model/cluster-summary.js'

export default class Info extends ClusterCommand {
  static override summary = 'Show the primaries of a cluster, and a map of its slots.'
  static override description =
    'One line per primary: address, id, keys, slots, replicas, memory; then the totals and a map of all 16384 slots, one ' +
    'colour (or letter) per primary. Nodes that do not answer are named; exits 7 if one of them owns slots. Use check to judge the health.'

  static override usage = '<%= command.id %> SEED [FLAGS]'

  static override examples = [
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000',
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 --json',
  ]

  static override args = seedArgs

  async run(): Promise<ClusterSummary> {
    const {args} = await this.parse(Info)
    const {view} = await this.connect(args.seed)
    const summary = summarizeCluster(view)
    const owners = shardIndexOfSlots(ownersOf(view), summary.shards)
    this.print(renderInfo(summary, owners, this.style, this.columns))
    // What is shown of the others holds, but a script must not take it for the whole.
    if (owners.includes(OWNER_SILENT)) this.exitWith(7)
    return summary
  }
}
