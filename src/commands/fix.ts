import {Flags} from '@oclif/core'
import {choicesOf} from '../lib/cli/fix-choices.js'
import {FixingCommand} from '../lib/cli/fix-command.js'
import {renderFix} from '../lib/cli/render/fix.js'
import {renderAmount} from '../lib/cli/render/numbers.js'
import {seedArgs} from '../lib/cli/seed.js'
import {moveFlags, moveOptionsOf, planFlags} from '../lib/cli/tasks.js'
import {type FixResult, leftUndecided} from '../lib/operations/fix/carry-out.js'
import {type FixRecord, KEEPS, newJobId} from '../lib/operations/journal.js'
import {type FixPlan, undecidedOf} from '../lib/plan/fix/fix.js'

/** The `--json` document. */
interface FixDocument {
  readonly plan: FixPlan
  /** Absent after `--dry-run`, and if there was nothing to do. */
  readonly result?: FixResult
}

const {replace: _replace, transfer: _transfer, ...fixMoveFlags} = moveFlags

export default class Fix extends FixingCommand {
  static override summary = 'Repair slots: half moved, without owner, with two owners, or with keys elsewhere.'
  static override description =
    'Shows for each slot what is wrong, what will be done, why, and what it risks, and asks before it does it. Half-moved ' +
    'slots are finished in the direction they were going, while clients are redirected: a key that is there is found at ' +
    'every moment. What cannot be decided safely is left for you to decide.'

  static override usage = '<%= command.id %> SEED [FLAGS]'

  static override examples = [
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 --dry-run',
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 --yes',
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 --owner 0-99=127.0.0.1:7001',
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 --keep owner',
  ]

  static override args = seedArgs

  static override flags = {
    'dry-run': planFlags['dry-run'],
    owner: Flags.string({
      helpValue: 'SLOTS=NODE',
      multiple: true,
      multipleNonGreedy: true,
      summary: 'Who shall own slots that are wrong, where you know better. Repeatable.',
    }),
    keep: Flags.option({options: KEEPS})({
      summary: 'Which value stays where a key is at two nodes and differs. Without it such keys are reported and left.',
    }),
    'fix-with-unreachable-primaries': Flags.boolean({
      aliases: ['cluster-fix-with-unreachable-primaries', 'cluster-fix-with-unreachable-masters'],
      summary: 'Give up primaries that do not answer and have no replica with their keys: what only they have is lost.',
    }),
    'search-multiple-owners': Flags.boolean({
      aliases: ['cluster-search-multiple-owners'],
      hidden: true,
      summary: 'Look for keys of slots at nodes that do not own them; this is always done.',
    }),
    replace: Flags.boolean({
      aliases: ['cluster-replace'],
      exclusive: ['keep'],
      hidden: true,
      summary: "As redis-cli's: the copy that is moved wins.",
    }),
    ...fixMoveFlags,
  }

  async run(): Promise<FixDocument> {
    const {args, flags} = await this.parse(Fix)
    const cluster = await this.connect(args.seed)
    let decided: FixRecord = {
      owners: flags.owner ?? [],
      withUnreachable: flags['fix-with-unreachable-primaries'],
      ...(flags.keep !== undefined && {keep: flags.keep}),
    }
    let prepared = await this.prepareFix(cluster, choicesOf(cluster.view, decided))
    this.showPlan(renderFix(prepared.plan, this.style, this.columns))
    const {items} = prepared.plan
    if (flags['dry-run'] || items.length === 0) return {plan: prepared.plan}
    if (this.interactive && !flags.yes && undecidedOf(prepared.plan).length > 0) {
      const {askFix} = await import('../lib/cli/wizard/ask-fix.js')
      decided = await askFix(cluster.view, undecidedOf(prepared.plan), decided, this.signal)
      prepared = await this.prepareFix(cluster, choicesOf(cluster.view, decided))
      this.showPlan(renderFix(prepared.plan, this.style, this.columns))
    }
    const {plan} = prepared
    if (plan.items.every(({steps}) => steps.length === 0)) throw leftUndecided(undecidedOf(plan))
    const slotCount = plan.items.reduce((sum, item) => sum + (item.steps.length > 0 ? item.slotCount : 0), 0)
    await this.requireFixable(cluster, prepared)
    await this.confirm(`Repair ${renderAmount(slotCount, 'slot')}?`)
    const result = await this.carryOutFix(cluster, prepared, {
      decided,
      events: flags.events,
      jobId: newJobId('fix'),
      options: moveOptionsOf({...flags, replace: flags.replace, transfer: 'migrate'}),
      resumed: false,
      seed: args.seed,
    })
    this.print(renderFixResult(result))
    return {plan, result}
  }
}

function renderFixResult(result: FixResult): string {
  const done = [
    ...(result.replicasPromoted > 0 ? [`promoted ${renderAmount(result.replicasPromoted, 'replica')}`] : []),
    ...(result.slotsAssigned > 0 ? [`gave ${renderAmount(result.slotsAssigned, 'slot')} an owner`] : []),
    ...(result.slotsMoved > 0
      ? [`moved ${renderAmount(result.slotsMoved, 'slot')} with ${renderAmount(result.keysMoved, 'key')}`]
      : []),
    ...(result.keysGathered > 0 ? [`brought ${renderAmount(result.keysGathered, 'key')} to their owners`] : []),
  ]
  const text = done.length > 0 ? `${done.join(', ')}. ` : ''
  return `Repaired: ${text}Every slot has one owner with all its keys, and none is open.`
}
