import {Args, Flags} from '@oclif/core'
import {durationFlag} from '../lib/cli/flags.js'
import {MoveCommand, type MoveResult} from '../lib/cli/move-command.js'
import {renderAddNode} from '../lib/cli/render/add-node.js'
import {moveFlags, planFlags} from '../lib/cli/tasks.js'
import {parseAddress} from '../lib/model/address.js'
import {
  addNode,
  fairShare,
  prepareAddNode,
  requireAddable,
  requireFillable,
  requireTwoNodes,
} from '../lib/operations/add-node.js'
import {prepareRebalance} from '../lib/operations/rebalance.js'
import type {AddNodePlan} from '../lib/plan/add-node.js'

/** The `--json` document. */
interface AddNodeResult {
  readonly status: 'added' | 'nothing-to-do' | 'planned'
  readonly plan: AddNodePlan
  readonly warnings: readonly string[]
  /** After `--rebalance`. */
  readonly rebalance?: MoveResult
}

export default class AddNode extends MoveCommand {
  static override summary = 'Add an empty node to a cluster, as a primary or as a replica.'
  static override description =
    'Refuses, changing nothing, unless the node is reachable, in cluster mode and empty, and the user may do all it takes, ' +
    'the move of --rebalance included. A node that no member reaches by its bus port is forgotten again. Done when every node ' +
    'agrees, so that slots can move at once. A run that was cut short is continued by the same command.'

  static override usage = '<%= command.id %> NEW SEED [FLAGS]'

  static override examples = [
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7006 127.0.0.1:7000',
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7006 127.0.0.1:7000 --rebalance --yes',
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7007 127.0.0.1:7000 --replica',
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7007 127.0.0.1:7000 --replica --primary-id 127.0.0.1:7006 --dry-run',
  ]

  static override args = {
    node: Args.string({description: 'HOST:PORT of the new node.', required: true}),
    seed: Args.string({description: 'HOST:PORT of any node of the cluster.', required: true}),
  }

  static override flags = {
    replica: Flags.boolean({
      aliases: ['cluster-slave', 'cluster-replica'],
      exclusive: ['rebalance'],
      summary: 'Join as a replica, of the primary that needs one most.',
    }),
    'primary-id': Flags.string({
      aliases: ['cluster-master-id', 'cluster-primary-id'],
      dependsOn: ['replica'],
      helpValue: 'ID',
      summary: 'Replicate this primary: id or HOST:PORT.',
    }),
    rebalance: Flags.boolean({summary: 'Give it its share of the slots at once.'}),
    'skip-bus-check': Flags.boolean({summary: 'Do not try the bus port from here.'}),
    'timeout-join': durationFlag({
      default: 30_000,
      defaultHelp: async () => '30s',
      summary: 'How long the nodes may take to find each other, and to agree.',
    }),
    'dry-run': planFlags['dry-run'],
    ...moveFlags,
  }

  async run(): Promise<AddNodeResult> {
    const {args, flags} = await this.parse(AddNode)
    const [address, seed] = [parseAddress(args.node), parseAddress(args.seed)]
    requireTwoNodes(address, seed)
    const cluster = await this.connect(args.seed)
    const request = {replica: flags.replica, primary: flags['primary-id']}
    const prepared = this.closeLater(
      await prepareAddNode(cluster, address, request, {
        connect: await this.connectOptions(),
        probeBus: !flags['skip-bus-check'],
        signal: this.signal,
      }),
    )
    const {plan, warnings} = prepared
    this.showPlan(renderAddNode(plan, args.node, cluster.view, this.style))
    for (const warning of warnings) this.progress(`Warning: ${warning}`)
    if (flags['dry-run']) return {status: 'planned', plan, warnings}
    const isDone = plan.steps.length === 0
    if (!isDone) {
      await requireAddable(cluster, prepared)
      if (flags.rebalance) await requireFillable(cluster, prepared, flags.transfer)
      await this.confirm('Add it?')
      await addNode(cluster, prepared, {
        joinTimeoutMs: flags['timeout-join'],
        onProgress: (text) => this.progress(text),
        signal: this.signal,
        takeBack: true,
      })
      this.print(`${args.node} is a ${plan.role} of this cluster. All nodes agree.`)
    }
    const status = isDone ? ('nothing-to-do' as const) : ('added' as const)
    if (!flags.rebalance) return {status, plan, warnings}
    const moves = await prepareRebalance(cluster, fairShare(plan.node), {by: 'slots'}, this.signal)
    const options = {command: 'rebalance' as const, seed: args.seed, flags}
    return {status, plan, warnings, rebalance: await this.carryOut(cluster, moves, options)}
  }
}
