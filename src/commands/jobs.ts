import {BaseCommand} from '../lib/cli/base-command.js'
import {renderTable} from '../lib/cli/render/table.js'
import {defaultStateFolder} from '../lib/environment/store.js'
import {type JobSummary, jobsFolder, listJobs} from '../lib/operations/journal.js'

export default class Jobs extends BaseCommand {
  static override summary = 'List the jobs that changed clusters from this machine.'
  static override description =
    'A job is running, finished, stopped (with a reason), or broken-off: its process is gone without a word. ' +
    'Stopped and broken-off jobs can be resumed.'

  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --json']

  async run(): Promise<{jobs: readonly JobSummary[]}> {
    await this.parse(Jobs)
    const jobs = await listJobs(jobsFolder(defaultStateFolder(process.env)))
    if (jobs.length === 0) this.note('No jobs.')
    else {
      const columns = ['job', 'state', 'slots', 'keys', 'seed', 'reason'].map((title) => ({title}))
      const rows = jobs.map(({id, keysMoved, reason = '', seed, slotCount, slotsDone, state}) => [
        id,
        state,
        `${slotsDone}/${slotCount}`,
        String(keysMoved),
        seed,
        reason,
      ])
      this.print(renderTable(columns, rows).join('\n'))
    }
    return {jobs}
  }
}
