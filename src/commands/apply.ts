import {Args, Flags} from '@oclif/core'
import {MoveCommand, type MoveResult} from '../lib/cli/move-command.js'
import {moveFlags, planFlags} from '../lib/cli/tasks.js'
import {renderAddress} from '../lib/model/address.js'
import {prepareRest, readPlanFile} from '../lib/operations/carry-plan.js'
import {observePlanCluster} from '../lib/operations/resume.js'

export default class Apply extends MoveCommand {
  static override summary = 'Carry out a plan that --plan-out has written.'
  static override description =
    'What is done already is left alone, so a plan may be applied again. Refused if a primary of the plan is none any ' +
    'more and no replica took its place, or if slots of the plan went elsewhere.'

  static override usage = '<%= command.id %> FILE [FLAGS]'

  static override examples = [
    '<%= config.bin %> reshard 127.0.0.1:7000 --from all --to 127.0.0.1:7003 --slots 4096 --dry-run --plan-out plan.json',
    '<%= config.bin %> <%= command.id %> plan.json',
    '<%= config.bin %> <%= command.id %> plan.json --yes --json',
  ]

  static override args = {
    file: Args.string({description: 'The plan.', required: true}),
  }

  static override flags = {
    seed: Flags.string({
      helpValue: 'HOST:PORT',
      summary: 'Any node of the cluster. By default the primaries the plan names.',
    }),
    'dry-run': planFlags['dry-run'],
    ...moveFlags,
  }

  async run(): Promise<MoveResult> {
    const {args, flags} = await this.parse(Apply)
    const plan = await readPlanFile(args.file)
    const options = await this.connectOptions(
      ...(flags.seed === undefined ? plan.basedOn.primaries.map(({address}) => address) : [flags.seed]),
    )
    const cluster = this.closeLater(await observePlanCluster(plan, flags.seed, options, this.signal))
    const rest = await prepareRest(cluster, plan, {signal: this.signal})
    return this.carryOut(cluster, rest, {command: 'apply', seed: renderAddress(cluster.seed), flags})
  }
}
