import {defaultStateFolder} from '../environment/state-folder.js'
import {Journal, jobsFolder, type MoveJobCommand, newJobId} from '../operations/journal.js'
import {type JobResult, runJob} from '../operations/migration/job.js'
import type {PreparedMoves} from '../operations/move-cost.js'
import {preflightMoves} from '../operations/move-preflight.js'
import type {ObservedCluster} from '../operations/observe.js'
import type {MovePlan} from '../plan/moves/reshard-document.js'
import {ClusterCommand} from './base-command.js'
import {renderAmount} from './render/numbers.js'
import {type MoveFlagValues, moveOptionsOf, showMove} from './tasks.js'
import {writePlan} from './wizard/plan-file.js'
import {nodeName, renderMovePlan} from './wizard/plan-text.js'

/** The `--json` document of a command that moves slots. */
export interface MoveResult {
  readonly plan: MovePlan
  readonly warnings: readonly string[]
  /** Absent after `--dry-run`, and if there was nothing to do. */
  readonly result?: JobResult
}

export interface CarryOut {
  readonly command: MoveJobCommand
  readonly seed: string
  readonly flags: MoveFlagValues & {readonly 'dry-run': boolean; readonly 'plan-out'?: string | undefined}
  /** Called once the operator has agreed, before anything is changed. */
  readonly onAgreed?: () => Promise<void>
}

/** A command whose plan is a move of slots: shown, confirmed, journaled, carried out. */
export abstract class MoveCommand extends ClusterCommand {
  protected async carryOut(
    cluster: ObservedCluster,
    prepared: PreparedMoves,
    {command, flags, onAgreed, seed}: CarryOut,
  ): Promise<MoveResult> {
    const {view} = cluster
    const {plan} = prepared
    if (flags['plan-out'] !== undefined) await writePlan(flags['plan-out'], plan)
    this.showPlan(renderMovePlan(plan, view, this.style))
    const {refusal, warnings: found} = await preflightMoves(cluster, prepared, flags.transfer)
    const refused = refusal && flags['dry-run'] ? [`the move would be refused: ${refusal.message}`] : []
    const warnings = [...found, ...refused]
    for (const warning of warnings) this.progress(`Warning: ${warning}`)
    if (flags['dry-run'] || plan.steps.length === 0) return {plan, warnings}
    if (refusal) throw refusal
    await this.confirm(`Move ${renderAmount(plan.cost.slotCount, 'slot')}?`)
    await onAgreed?.()
    const jobId = newJobId(command)
    const folder = jobsFolder(defaultStateFolder(process.env))
    const openJournal = () => Journal.create(folder, {id: jobId, command, seed, plan})
    const result = await showMove({
      how: flags.events ? 'events' : this.interactive ? 'tasks' : 'silent',
      nameOf: (id) => nodeName(view, id),
      onWarning: (message) => this.progress(`Warning: ${message}`),
      plan,
      run: (emit) =>
        runJob({cluster, plan, jobId, openJournal, options: moveOptionsOf(flags), emit, stop: this.signal}),
    })
    this.print(
      `Moved ${renderAmount(result.slotsMoved, 'slot')} with ${renderAmount(result.keysMoved, 'key')}. All nodes agree.`,
    )
    return {plan, warnings, result}
  }
}
