import {Flags} from '@oclif/core'
import {ClusterCommand} from '../lib/cli/base-command.js'
import {renderAmount} from '../lib/cli/render/numbers.js'
import {seedArgs} from '../lib/cli/seed.js'
import {moveFlags, moveOptionsOf, showMove} from '../lib/cli/tasks.js'
import {completeRequest} from '../lib/cli/wizard/complete-request.js'
import {writePlan} from '../lib/cli/wizard/plan-file.js'
import {nodeName, renderMovePlan} from '../lib/cli/wizard/plan-text.js'
import {defaultStateFolder} from '../lib/environment/store.js'
import {Journal, jobsFolder, newJobId} from '../lib/operations/journal.js'
import {type JobResult, runJob} from '../lib/operations/migration/job.js'
import {prepareReshard} from '../lib/operations/reshard.js'
import type {MovePlan} from '../lib/plan/reshard-document.js'

/** The `--json` document. */
interface ReshardResult {
  readonly plan: MovePlan
  readonly warnings: readonly string[]
  /** Absent after `--dry-run`, and if there was nothing to do. */
  readonly result?: JobResult
}

export default class Reshard extends ClusterCommand {
  static override summary = 'Move hash slots to a primary, while clients read and write.'
  static override description =
    'Without --to, --from or --slots it asks on a terminal. The plan and its cost are shown before anything is changed. ' +
    'Ctrl-C finishes the slots that are open and stops; shoal resume goes on, also after a crash.'

  static override usage = '<%= command.id %> SEED [FLAGS]'

  static override examples = [
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000',
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 --from all --to 127.0.0.1:7003 --slots 4096 --yes',
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 --to 127.0.0.1:7003 --slots 0-99,300-300 --dry-run --json',
  ]

  static override args = seedArgs

  static override flags = {
    from: Flags.string({
      aliases: ['cluster-from'],
      helpValue: 'IDS|all',
      summary: 'Primaries to take slots from: ids or HOST:PORT with commas, or all. Named slots need none.',
    }),
    to: Flags.string({aliases: ['cluster-to'], helpValue: 'ID', summary: 'Primary that gets them: id or HOST:PORT.'}),
    slots: Flags.string({
      aliases: ['cluster-slots'],
      helpValue: 'N|RANGES',
      summary: 'How many, or which: 1000, or 0-99,300-300.',
    }),
    'dry-run': Flags.boolean({summary: 'Show the plan and change nothing.'}),
    'plan-out': Flags.string({helpValue: 'FILE', summary: 'Write the plan to FILE as JSON.'}),
    ...moveFlags,
  }

  async run(): Promise<ReshardResult> {
    const {args, flags} = await this.parse(Reshard)
    const cluster = await this.connect(args.seed)
    const request = await completeRequest(cluster, flags, {interactive: this.interactive, signal: this.signal})
    const {plan, warnings} = await prepareReshard(cluster, request, this.signal)
    const view = cluster.view
    if (flags['plan-out'] !== undefined) await writePlan(flags['plan-out'], plan)
    this.note(renderMovePlan(plan, view, this.style))
    for (const warning of warnings) this.progress(`Warning: ${warning}`)
    if (flags['dry-run'] || plan.steps.length === 0) return {plan, warnings}
    await this.confirm(`Move ${renderAmount(plan.cost.slotCount, 'slot')}?`)
    const jobId = newJobId('reshard')
    const folder = jobsFolder(defaultStateFolder(process.env))
    const openJournal = () => Journal.create(folder, {id: jobId, command: 'reshard', seed: args.seed, plan})
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
