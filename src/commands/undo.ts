import {Args} from '@oclif/core'
import {MoveCommand, type MoveResult} from '../lib/cli/move-command.js'
import {renderRevivals} from '../lib/cli/render/revive.js'
import {moveFlags, planFlags} from '../lib/cli/tasks.js'
import {defaultStateFolder} from '../lib/environment/state-folder.js'
import {findUndoable, prepareRest, requireEnded, reversePlan} from '../lib/operations/carry-plan.js'
import {summarise} from '../lib/operations/job-list.js'
import {jobsFolder} from '../lib/operations/journal.js'
import type {ObservedCluster} from '../lib/operations/observe.js'
import {observePlanCluster, requireNotRunning} from '../lib/operations/resume.js'
import {requireRevivable, reviveNodes} from '../lib/operations/revive.js'
import {moveDocument} from '../lib/plan/moves/reshard-document.js'
import {remainingMoves} from '../lib/plan/moves/reshard-resume.js'
import {planRevivals, type Revival} from '../lib/plan/revive.js'

/** The `--json` document. */
interface UndoResult extends MoveResult {
  /** Nodes that became replicas since, made primaries again first; absent if there are none. */
  readonly revivals?: readonly Revival[]
}

/** Bound on a node finding the others again. */
const JOIN_MS = 30_000

export default class Undo extends MoveCommand {
  static override summary = 'Bring the slots of a job back to where they came from.'
  static override description =
    'The keys come along, those written since included. The plan is shown first, and is a job of its own. Without ID: the ' +
    'newest job that moved slots. A job that was interrupted must be resumed first. A primary that gave its last slot away ' +
    'and follows another since is made a primary again before, after a question of its own.'

  static override usage = '<%= command.id %> [ID] [FLAGS]'

  static override examples = [
    '<%= config.bin %> jobs',
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> reshard-20260101-120000-4711 --dry-run',
  ]

  static override args = {
    id: Args.string({description: 'The job, as `shoal jobs` names it.'}),
  }

  static override flags = {'dry-run': planFlags['dry-run'], ...moveFlags}

  async run(): Promise<UndoResult> {
    const {args, flags} = await this.parse(Undo)
    const record = await findUndoable(jobsFolder(defaultStateFolder(process.env)), args.id)
    const {plan, seed} = record.header
    requireNotRunning(summarise(record))
    requireEnded(summarise(record))
    const cluster = this.closeLater(await observePlanCluster(plan, seed, await this.connectOptions(seed), this.signal))
    const back = reversePlan(plan)
    const revivals = planRevivals(cluster.view, back)
    if (revivals.length > 0) {
      this.showPlan(renderRevivals(revivals, cluster.view, this.style))
      if (!flags['dry-run']) {
        const moves = moveDocument(cluster.view, remainingMoves(cluster.view, back), () => 0)
        await requireRevivable(cluster, revivals, moves, flags.transfer)
        await this.revive(cluster, revivals)
      }
    }
    const revived = flags['dry-run'] ? revivals.map(({node}) => node) : []
    const rest = await prepareRest(cluster, back, {revived, signal: this.signal})
    const done = await this.carryOut(cluster, rest, {command: 'undo', seed, flags})
    return revivals.length > 0 ? {revivals, ...done} : done
  }

  /** A primary that gave its last slot away may have become a replica, and must be a primary again to get them back. */
  private async revive(cluster: ObservedCluster, revivals: readonly Revival[]): Promise<void> {
    await this.confirm(`Make ${revivals.length === 1 ? 'it a primary' : 'them primaries'} again?`)
    await reviveNodes(cluster, revivals, {
      joinTimeoutMs: JOIN_MS,
      onProgress: (text) => this.progress(text),
      signal: this.signal,
    })
  }
}
