import {Args} from '@oclif/core'
import {carryOutImport, type ImportDocument, requireImportAllowed, showImportPlan} from '../lib/cli/carry-out-import.js'
import {carryOutRestore, type RestoreDocument, requireRestoreAllowed} from '../lib/cli/carry-out-restore.js'
import {resumeTasks} from '../lib/cli/crdb/resume-tasks.js'
import {finishJob} from '../lib/cli/finish-job.js'
import {choicesOf} from '../lib/cli/fix-choices.js'
import {FixingCommand} from '../lib/cli/fix-command.js'
import {badFlag} from '../lib/cli/flags.js'
import {renderAmount} from '../lib/cli/render/numbers.js'
import {type SourceFlagValues, sourceLoginFlags, sourceOptionsFrom} from '../lib/cli/source-flags.js'
import {type MoveFlagValues, moveFlags, moveOptionsOf} from '../lib/cli/tasks.js'
import {defaultStateFolder} from '../lib/environment/state-folder.js'
import {parseAddress} from '../lib/model/address.js'
import type {TaskSummary} from '../lib/operations/crdb/task-list.js'
import type {FixResult} from '../lib/operations/fix/carry-out.js'
import {summarise} from '../lib/operations/job-list.js'
import {
  type FixRecord,
  type ImportHeader,
  isLoad,
  type JobRecord,
  jobsFolder,
  type MoveHeader,
  type RestoreHeader,
} from '../lib/operations/journal.js'
import {requireSameBackup, requireSameCluster, requireSameSource} from '../lib/operations/load/load-job.js'
import {prepareImport} from '../lib/operations/load/prepare-import.js'
import {type Members, membersOf} from '../lib/operations/load/records.js'
import type {JobResult} from '../lib/operations/migration/job.js'
import type {ObservedCluster} from '../lib/operations/observe.js'
import {findResumable, observeAny, observePlanCluster, requireNotRunning} from '../lib/operations/resume.js'

/** The `--json` document: of a move or a repair its result, of an import or a restore what the command itself prints. */
type ResumeDocument =
  | {readonly result: JobResult | FixResult}
  | ImportDocument
  | RestoreDocument
  | {readonly status: 'finished'; readonly job: string}
  | {readonly tasks: readonly TaskSummary[]}

type ResumeFlags = MoveFlagValues & SourceFlagValues

export default class Resume extends FixingCommand {
  static override summary = 'Continue a job that was interrupted.'
  static override description =
    'Slots that are half moved are finished in the direction the job recorded, while clients go on. An import goes on where ' +
    'it was, a restore leaves alone what has arrived; both by the rules they were begun with, and with their exit codes. ' +
    'Passwords are in no journal: give them as to the command itself. Resuming a finished job changes nothing. Changes of ' +
    'active-active databases (`crdb task list`) are undone or finished. Without ID: those, else the newest job that is not finished.'

  static override usage = '<%= command.id %> [ID] [FLAGS]'

  static override examples = ['<%= config.bin %> jobs', '<%= config.bin %> <%= command.id %>']

  static override args = {
    id: Args.string({description: 'The job, as `shoal jobs` names it.'}),
  }

  static override flags = {...moveFlags, ...sourceLoginFlags}

  async run(): Promise<ResumeDocument> {
    const {args, flags: parsed} = await this.parse(Resume)
    const flags = parsed as typeof parsed & {timeout: number}
    const tasks = await resumeTasks(process.env, args.id, this.signal, (text) => this.progress(text))
    if (tasks.length > 0) {
      for (const {id, operation, status} of tasks) this.print(`Task ${id} (${operation}): ${status}`)
      return {tasks}
    }
    const record = await findResumable(jobsFolder(defaultStateFolder(process.env)), args.id)
    const {header} = record
    requireNotRunning(summarise(record))
    if (isLoad(header)) return this.resumeLoad(header, record, flags)
    const cluster = this.closeLater(
      await observePlanCluster(header.plan, header.seed, await this.connectOptions(header.seed), this.signal),
    )
    return {
      result: header.fix
        ? await this.resumeFix(cluster, header, header.fix, flags)
        : await this.resumeMove(cluster, header, flags),
    }
  }

  private async resumeMove(cluster: ObservedCluster, header: MoveHeader, flags: ResumeFlags): Promise<JobResult> {
    const result = await finishJob(cluster, header, {
      flags,
      folder: jobsFolder(defaultStateFolder(process.env)),
      interactive: this.interactive,
      onProgress: (text) => this.progress(text),
      signal: this.signal,
    })
    this.print(
      `Job ${header.id} is finished. Moved ${renderAmount(result.slotsMoved, 'slot')} with ${renderAmount(result.keysMoved, 'key')}.`,
    )
    return result
  }

  /** What is left of a repair is what the cluster shows. */
  private async resumeFix(
    cluster: ObservedCluster,
    {id, seed}: MoveHeader,
    decided: FixRecord,
    flags: ResumeFlags,
  ): Promise<FixResult> {
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
    return result
  }

  private async resumeLoad(
    header: ImportHeader | RestoreHeader,
    record: JobRecord,
    flags: ResumeFlags,
  ): Promise<ResumeDocument> {
    const {command, id} = header
    if (summarise(record).state === 'finished') {
      this.print(`Job ${id} is finished; nothing was changed.`)
      return {status: 'finished', job: id}
    }
    const {replace} = command === 'import' ? header.import : header.restore
    if (flags.replace && !replace) {
      throw badFlag(`job ${id} was begun without --replace, and goes on as it was begun`, [
        `The same ${command} with --replace takes it up by the new rule.`,
      ])
    }
    this.progress(`Going on with job ${id}`)
    return command === 'import' ? this.resumeImport(header, record, flags) : this.resumeRestore(header, record)
  }

  private async resumeImport(header: ImportHeader, record: JobRecord, flags: ResumeFlags): Promise<ImportDocument> {
    const {database, functions, members, move, replace, retryMs, source, verify} = header.import
    const login = await sourceOptionsFrom(flags, process.env)
    const cluster = await this.connectMembers(header, members)
    const options = {move, replace, restart: false, verify, retryMs}
    const folder = jobsFolder(defaultStateFolder(process.env))
    const wanted = {from: parseAddress(source), login, database, functions, options, jobsFolder: folder}
    const prepared = await prepareImport(cluster, wanted, this.signal)
    requireSameSource(header, prepared.source.facts.runId)
    showImportPlan(prepared, this.host)
    const allowed = await requireImportAllowed(cluster, prepared, options, this.host)
    return carryOutImport(cluster, allowed, {events: flags.events, options, resumed: record}, this.host)
  }

  private async resumeRestore(header: RestoreHeader, record: JobRecord): Promise<RestoreDocument> {
    const {members, takenAt: _takenAt, ...wanted} = header.restore
    const cluster = await this.connectMembers(header, members)
    const folder = jobsFolder(defaultStateFolder(process.env))
    return carryOutRestore(cluster, {...wanted, jobsFolder: folder, resumed: record}, this.host, async (prepared) => {
      requireSameBackup(header, prepared.manifest.finishedAt)
      return requireRestoreAllowed(cluster, prepared, this.host)
    })
  }

  /** By the seed of then, else by another node of then. */
  private async connectMembers(header: ImportHeader | RestoreHeader, members: Members): Promise<ObservedCluster> {
    const addresses = [header.seed, ...members.map(({address}) => address)]
    const cluster = this.closeLater(await observeAny(addresses, await this.connectOptions(...addresses), this.signal))
    requireSameCluster(header, members, membersOf(cluster.view))
    return cluster
  }
}
