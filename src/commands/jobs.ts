import {BaseCommand} from '../lib/cli/base-command.js'
import {renderJobs} from '../lib/cli/render/jobs.js'
import {defaultStateFolder} from '../lib/environment/state-folder.js'
import {type JobSummary, listJobs} from '../lib/operations/job-list.js'
import {jobsFolder} from '../lib/operations/journal.js'

export default class Jobs extends BaseCommand {
  static override summary = 'List the jobs that changed clusters from this machine.'
  static override description =
    'Moves of slots, repairs, imports and restores. A job is running, finished, stopped (with a reason), or broken-off: its ' +
    'process is gone without a word. Stopped and broken-off jobs can be resumed.'

  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --json']

  async run(): Promise<{jobs: readonly JobSummary[]}> {
    await this.parse(Jobs)
    const jobs = await listJobs(jobsFolder(defaultStateFolder(process.env)))
    if (jobs.length === 0) this.note('No jobs.')
    else this.print(renderJobs(jobs))
    return {jobs}
  }
}
