import {defaultStateFolder} from '../environment/state-folder.js'
import {carryOutFix, type FixResult, keysOfMoves, movesOf} from '../operations/fix/carry-out.js'
import {type PreparedFix, prepareFix} from '../operations/fix/prepare.js'
import {type FixRecord, Journal, jobsFolder} from '../operations/journal.js'
import type {MoveOptions} from '../operations/migration/run-moves.js'
import type {ObservedCluster} from '../operations/observe.js'
import {requireNeeds} from '../operations/permissions.js'
import {stepsOf} from '../plan/fix/fix.js'
import type {FixChoices} from '../plan/fix/slot.js'
import {moveDocument} from '../plan/moves/reshard-document.js'
import {neededToFix} from '../plan/permissions/change-permissions.js'
import {ClusterCommand} from './base-command.js'
import {choicesOf} from './fix-choices.js'
import {showMove} from './tasks.js'
import {nodeName} from './wizard/plan-text.js'

export interface CarryOutFix {
  readonly jobId: string
  readonly decided: FixRecord
  readonly seed: string
  /** Whether the job's file is there already. */
  readonly resumed: boolean
  readonly events: boolean
  readonly options: MoveOptions
}

/** A command that repairs a cluster: `fix`, and `resume` of one that was cut short. */
export abstract class FixingCommand extends ClusterCommand {
  protected prepareFix(cluster: ObservedCluster, choices: FixChoices, jobId?: string): Promise<PreparedFix> {
    const options = {choices, jobsFolder: this.jobsFolder, signal: this.signal}
    return prepareFix(cluster, {...options, ...(jobId !== undefined && {jobId})})
  }

  /** Looks whether the user may do what the plan takes. @throws {CliError} PREFLIGHT_FAILED */
  protected requireFixable(cluster: ObservedCluster, {plan}: PreparedFix): Promise<void> {
    return requireNeeds(cluster, neededToFix(cluster.view, plan))
  }

  protected async carryOutFix(cluster: ObservedCluster, prepared: PreparedFix, how: CarryOutFix): Promise<FixResult> {
    const {decided, jobId, options, resumed, seed} = how
    const {view} = cluster
    const moves = movesOf(prepared.plan)
    const plan = moveDocument(view, moves, keysOfMoves(prepared, moves))
    const folder = this.jobsFolder
    const header = {id: jobId, command: 'fix', seed, plan, fix: decided} as const
    // A list of tasks can show moves; what else there is to do is told line by line.
    const drawn = this.interactive && moves.length > 0 && stepsOf(prepared.plan, 'failover').length === 0
    const shown = how.events ? 'events' : drawn ? 'tasks' : 'silent'
    return showMove({
      how: shown,
      nameOf: (id) => nodeName(view, id),
      onWarning: (message) => this.progress(`Warning: ${message}`),
      plan,
      run: (emit) =>
        carryOutFix({
          cluster,
          prepared,
          choices: choicesOf(view, decided),
          keep: decided.keep,
          jobId,
          jobsFolder: folder,
          openJournal: () => (resumed ? Journal.reopen(folder, jobId) : Journal.create(folder, header)),
          options,
          emit,
          onProgress: (text) => {
            if (shown !== 'tasks') this.progress(text)
          },
          stop: this.signal,
        }),
    })
  }

  private get jobsFolder(): string {
    return jobsFolder(defaultStateFolder(process.env))
  }
}
