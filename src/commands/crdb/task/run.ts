import {Args} from '@oclif/core'
import {CrdbCommand} from '../../../lib/cli/crdb/crdb-command.js'
import {runTask} from '../../../lib/operations/crdb/task-run.js'
import {crdbWork} from '../../../lib/operations/crdb/work.js'

/** What `--no-wait` starts: a process of its own that carries a task out. */
export default class CrdbTaskRun extends CrdbCommand {
  static override hidden = true
  static override enableJsonFlag = false
  static override summary = 'Carry out a task that was made with --no-wait.'
  static override args = {id: Args.string({description: 'Of the task.', ignoreStdin: true, required: true})}

  async run(): Promise<object> {
    const {args} = await this.parse(CrdbTaskRun)
    return runTask(this.parts, crdbWork, args.id, this.signal, this.events)
  }
}
