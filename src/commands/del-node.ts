import {Args, Flags} from '@oclif/core'
import {durationFlag} from '../lib/cli/flags.js'
import {MoveCommand, type MoveResult} from '../lib/cli/move-command.js'
import {renderDelNode} from '../lib/cli/render/del-node.js'
import {moveFlags, planFlags} from '../lib/cli/tasks.js'
import {prepareDelNode, removeNode, requireRemovable} from '../lib/operations/del-node.js'
import type {DelNodePlan} from '../lib/plan/del-node.js'

/** The `--json` document. */
interface DelNodeResult {
  readonly status: 'removed' | 'planned'
  readonly plan: DelNodePlan
  readonly warnings: readonly string[]
  /** After `--drain` of a primary with slots. */
  readonly drain?: MoveResult
}

export default class DelNode extends MoveCommand {
  static override summary = 'Remove a node from a cluster, alive or dead.'
  static override description =
    'Its slots move away first (--drain), its replicas follow other primaries, all nodes forget it, and it forgets them. ' +
    'A run that was cut short is continued by the same command.'

  static override usage = '<%= command.id %> SEED NODE [FLAGS]'

  static override examples = [
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 127.0.0.1:7006',
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 127.0.0.1:7006 --drain --yes',
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 3f2a1b9c3f2a1b9c3f2a1b9c3f2a1b9c3f2a1b9c --dry-run',
  ]

  static override args = {
    seed: Args.string({description: 'HOST:PORT of another node of the cluster.', required: true}),
    node: Args.string({description: 'The node to remove: id or HOST:PORT.', ignoreStdin: true, required: true}),
  }

  static override flags = {
    drain: Flags.boolean({summary: 'Move its slots to the other primaries first.'}),
    wait: durationFlag({
      default: 30_000,
      defaultHelp: async () => '30s',
      summary: 'How long replicas may take to follow another primary, and nodes to agree.',
    }),
    'dry-run': planFlags['dry-run'],
    ...moveFlags,
  }

  async run(): Promise<DelNodeResult> {
    const {args, flags} = await this.parse(DelNode)
    const cluster = await this.connect(args.seed)
    const {drain, plan, warnings} = await prepareDelNode(cluster, args.node, flags.drain, this.signal)
    this.showPlan(renderDelNode(plan, cluster.view, this.style))
    for (const warning of warnings) this.progress(`Warning: ${warning}`)
    if (flags['dry-run'] && drain) {
      const planned = await this.carryOut(cluster, drain, {command: 'del-node', seed: args.seed, flags})
      return {status: 'planned', plan, warnings, drain: planned}
    }
    if (flags['dry-run']) return {status: 'planned', plan, warnings}
    await requireRemovable(cluster, plan)
    if (!drain) await this.confirm('Remove it?')
    const drained = drain && (await this.carryOut(cluster, drain, {command: 'del-node', seed: args.seed, flags}))
    await removeNode(cluster, plan.node, {
      onProgress: (text) => this.progress(text),
      signal: this.signal,
      waitMs: flags.wait,
    })
    this.print(`${plan.address} is removed. No node of the cluster knows it.`)
    return {status: 'removed', plan, warnings, ...(drained && {drain: drained})}
  }
}
