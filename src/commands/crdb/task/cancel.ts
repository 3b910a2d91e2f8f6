import {CrdbCommand} from '../../../lib/cli/crdb/crdb-command.js'
import {taskIdFlag} from '../../../lib/cli/crdb/flags.js'
import {readTask} from '../../../lib/operations/crdb/task-file.js'
import {cancelTask, type TaskSummary} from '../../../lib/operations/crdb/task-list.js'

export default class CrdbTaskCancel extends CrdbCommand {
  static override summary = 'Stop a change of an active-active database.'
  static override description =
    'Resolves when what it had done is undone. Prints nothing. Once a change is committed it is too late (406).'
  static override examples = ['<%= config.bin %> <%= command.id %> --task-id 633aaea3-97ee-4bcb-af39-a9cb25d7d4da']
  static override flags = {'task-id': taskIdFlag()}

  async run(): Promise<TaskSummary> {
    const {flags} = await this.parse(CrdbTaskCancel)
    const id = flags['task-id']
    await readTask(this.parts.tasks, id)
    await this.recover()
    return cancelTask(this.parts.tasks, id, this.signal)
  }
}
