import {Args, Flags} from '@oclif/core'
import {ClusterCommand} from '../lib/cli/base-command.js'
import {renderDuration} from '../lib/cli/duration.js'
import {durationFlag} from '../lib/cli/flags.js'
import {renderFailover} from '../lib/cli/render/failover.js'
import {renderAddress} from '../lib/model/address.js'
import {findNode} from '../lib/model/cluster-map.js'
import {type FailoverResult, failOver, requirePromotable} from '../lib/operations/failover.js'
import {type FailoverPlan, planFailover} from '../lib/plan/failover.js'

/** The `--json` document. */
interface FailoverDocument {
  readonly plan: FailoverPlan
  /** Absent after `--dry-run`. */
  readonly result?: FailoverResult
}

export default class Failover extends ClusterCommand {
  static override summary = 'Promote a replica to primary.'
  static override description =
    'Without a flag the primary hands over: it stops its clients, the replica catches up, nothing is lost. It is done when ' +
    'every node has heard of it.'

  static override usage = '<%= command.id %> REPLICA [FLAGS]'

  static override examples = [
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7003',
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7003 --force --yes',
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7003 --dry-run --json',
  ]

  static override args = {
    replica: Args.string({description: 'HOST:PORT of the replica.', required: true}),
  }

  static override flags = {
    'dry-run': Flags.boolean({summary: 'Show what would be done and what it risks.'}),
    force: Flags.boolean({
      exclusive: ['takeover'],
      summary: 'The primary is gone: let the other primaries vote. Writes that the replica lacks are lost.',
    }),
    takeover: Flags.boolean({
      summary: 'Most primaries are gone: the replica takes the slots by itself. Only if they do not come back.',
    }),
    wait: durationFlag({default: 90_000, defaultHelp: async () => '90s', summary: 'Longest time for the whole.'}),
  }

  async run(): Promise<FailoverDocument> {
    const {args, flags} = await this.parse(Failover)
    const cluster = await this.connect(args.replica)
    const {view} = cluster
    const mode = flags.takeover ? 'takeover' : flags.force ? 'force' : 'plain'
    const plan = planFailover(view, args.replica, mode)
    this.showPlan(renderFailover(plan, view, this.style))
    if (flags['dry-run']) return {plan}
    await requirePromotable(cluster, plan.replica)
    await this.confirm('Promote it?')
    const result = await failOver(cluster, plan, {
      waitMs: flags.wait,
      onRest: (ms) =>
        this.progress(
          `waiting ${renderDuration(ms)}: it may have been promoted a moment ago, and would count those votes again`,
        ),
      signal: this.signal,
    })
    const promoted = findNode(view, plan.replica)
    const name = promoted ? renderAddress(promoted.address) : plan.replica
    this.print(`${name} is primary; every node has heard of it after ${result.durationMs} ms.`)
    return {plan, result}
  }
}
