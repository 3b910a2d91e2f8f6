import {Flags} from '@oclif/core'
import {CrdbCommand} from '../../../lib/cli/crdb/crdb-command.js'
import {taskIdFlag} from '../../../lib/cli/crdb/flags.js'
import {renderTask} from '../../../lib/cli/render/crdb.js'
import {readTask} from '../../../lib/operations/crdb/task-file.js'
import {summariseTask, type TaskSummary} from '../../../lib/operations/crdb/task-list.js'

export default class CrdbTaskStatus extends CrdbCommand {
  static override summary = 'Show how a change of an active-active database goes.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --task-id 633aaea3-97ee-4bcb-af39-a9cb25d7d4da --verbose',
  ]
  static override flags = {
    'task-id': taskIdFlag(),
    verbose: Flags.boolean({allowNo: true, summary: 'Also its steps and errors.'}),
  }

  async run(): Promise<TaskSummary> {
    const {flags} = await this.parse(CrdbTaskStatus)
    const id = flags['task-id']
    await readTask(this.parts.tasks, id)
    await this.recover()
    const task = summariseTask(await readTask(this.parts.tasks, id))
    this.print(renderTask(task, flags.verbose))
    return task
  }
}
