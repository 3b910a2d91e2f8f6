import {CrdbCommand} from '../../../lib/cli/crdb/crdb-command.js'
import {renderTaskList} from '../../../lib/cli/render/crdb.js'
import {readTasks} from '../../../lib/operations/crdb/task-file.js'
import {summariseTask, type TaskSummary} from '../../../lib/operations/crdb/task-list.js'

export default class CrdbTaskList extends CrdbCommand {
  static override summary = 'List changes of active-active databases.'
  static override description =
    'Those that ended stay for 500 seconds. One whose process was killed is brought to an end first: undone, or finished.'
  static override examples = ['<%= config.bin %> <%= command.id %>']

  async run(): Promise<{tasks: TaskSummary[]}> {
    await this.parse(CrdbTaskList)
    await this.recover()
    const tasks = (await readTasks(this.parts.tasks)).map(summariseTask)
    this.print(renderTaskList(tasks))
    return {tasks}
  }
}
