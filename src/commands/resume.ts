import {Args} from '@oclif/core'
import {finishJob} from '../lib/cli/finish-job.js'
import {choicesOf} from '../lib/cli/fix-choices.js'
import {FixingCommand} from '../lib/cli/fix-command.js'
import {renderAmount} from '../lib/cli/render/numbers.js'
import {type MoveFlagValues, moveFlags, moveOptionsOf} from '../lib/cli/tasks.js'
import {defaultStateFolder} from '../lib/environment/store.js'
import type {FixResult} from '../lib/operations/fix/carry-out.js'
import {type FixRecord, type JobHeader, jobsFolder, summarise} from '../lib/operations/journal.js'
import type {JobResult} from '../lib/operations/migration/job.js'
import type {ObservedCluster} from '../lib/operations/observe.js'
import {findResumable, observePlanCluster, requireNotRunning} from '../lib/operations/resume.js'

export default class Resume extends FixingCommand {
  static override summary = 'Continue a job that was interrupted.'
  static override description =
    'Slots that are half moved are finished in the direction the job recorded, while clients go on. ' +
    'Resuming a finished job changes nothing. Without ID: the newest job that is not finished.'

  static override usage = '<%= command.id %> [ID] [FLAGS]'

  static override examples = ['<%= config.bin %> jobs', '<%= config.bin %> <%= command.id %>']

  static override args = {
    id: Args.string({description: 'The job, as `shoal jobs` names it.'}),
  }

  static override flags = {...moveFlags}

  async run(): Promise<{result: JobResult | FixResult}> {
    const {args, flags} = await this.parse(Resume)
    const folder = jobsFolder(defaultStateFolder(process.env))
    const record = await findResumable(folder, args.id)
    const {header} = record
    requireNotRunning(summarise(record))
    const cluster = this.closeLater(
      await observePlanCluster(header.plan, header.seed, await this.connectOptions(), this.signal),
    )
    if (header.fix) return this.resumeFix(cluster, header, header.fix, flags)
    const result = await finishJob(cluster, header, {
      flags,
      folder,
      interactive: this.interactive,
      onProgress: (text) => this.progress(text),
      signal: this.signal,
    })
    this.print(
      `Job ${header.id} is finished. Moved ${renderAmount(result.slotsMoved, 'slot')} with ${renderAmount(result.keysMoved, 'key')}.`,
    )
    return {result}
  }

  /** What is left of a repair is what the cluster shows. */
  private async resumeFix(
    cluster: ObservedCluster,
    {id, seed}: JobHeader,
    decided: FixRecord,
    flags: MoveFlagValues,
  ): Promise<{result: FixResult}> {
    const prepared = await this.prepareFix(cluster, choicesOf(cluster.view, decided), id)
    await this.requireFixable(cluster, prepared)
    const result = await this.carryOutFix(cluster, prepared, {
      decided,
      events: flags.events,
      jobId: id,
      options: moveOptionsOf({...flags, transfer: 'migrate'}),
      resumed: true,
      seed,
    })
    this.print(`Job ${id} is finished. Every slot has one owner with all its keys, and none is open.`)
    return {result}
  }
}
