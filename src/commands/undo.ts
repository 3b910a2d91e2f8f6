import {Args} from '@oclif/core'
import {MoveCommand, type MoveResult} from '../lib/cli/move-command.js'
import {moveFlags, planFlags} from '../lib/cli/tasks.js'
import {defaultStateFolder} from '../lib/environment/store.js'
import {findUndoable, prepareRest, requireEnded, reversePlan} from '../lib/operations/carry-plan.js'
import {jobsFolder, summarise} from '../lib/operations/journal.js'
import {observePlanCluster, requireNotRunning} from '../lib/operations/resume.js'

export default class Undo extends MoveCommand {
  static override summary = 'Bring the slots of a job back to where they came from.'
  static override description =
    'The keys come along, those written since included. The plan is shown first, and is a job of its own. Without ID: the ' +
    'newest job that moved slots. A job that was interrupted must be resumed first.'

  static override usage = '<%= command.id %> [ID] [FLAGS]'

  static override examples = [
    '<%= config.bin %> jobs',
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> reshard-20260101-120000-4711 --dry-run',
  ]

  static override args = {
    id: Args.string({description: 'The job, as `shoal jobs` names it.'}),
  }

  static override flags = {'dry-run': planFlags['dry-run'], ...moveFlags}

  async run(): Promise<MoveResult> {
    const {args, flags} = await this.parse(Undo)
    const record = await findUndoable(jobsFolder(defaultStateFolder(process.env)), args.id)
    const {plan, seed} = record.header
    requireNotRunning(summarise(record))
    requireEnded(summarise(record))
    const cluster = this.closeLater(await observePlanCluster(plan, seed, await this.connectOptions(), this.signal))
    const back = await prepareRest(cluster, reversePlan(plan), this.signal)
    return this.carryOut(cluster, back, {command: 'undo', seed, flags})
  }
}
