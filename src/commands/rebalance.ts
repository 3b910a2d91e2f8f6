import {Flags} from '@oclif/core'
import {renderDuration} from '../lib/cli/duration.js'
import {badFlag, durationFlag} from '../lib/cli/flags.js'
import {MoveCommand, type MoveResult} from '../lib/cli/move-command.js'
import {renderBalance} from '../lib/cli/render/balance.js'
import {seedArgs} from '../lib/cli/seed.js'
import {moveFlags, planFlags} from '../lib/cli/tasks.js'
import {parseWeights, spreadWeights} from '../lib/cli/weights.js'
import {prepareRebalance} from '../lib/operations/rebalance.js'
import {BALANCE_MEASURES, type BalanceMeasure, type Share} from '../lib/plan/moves/rebalance.js'

/** The `--json` document. */
interface RebalanceResult extends MoveResult {
  readonly by: BalanceMeasure
  /** What each primary that takes part carries, in slots, keys, bytes, or microseconds of CPU during the sample. */
  readonly shares: readonly Share[]
}

export default class Rebalance extends MoveCommand {
  static override summary = 'Even out what the primaries carry, while clients read and write.'
  static override description =
    'Moves as few slots as it takes, in ranges that stay together. The plan is shown before anything is changed. ' +
    'Primaries without slots are left alone unless --use-empty-primaries or a weight says otherwise; a weight of 0 empties one.'

  static override usage = '<%= command.id %> SEED [FLAGS]'

  static override examples = [
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 --dry-run',
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 --use-empty-primaries --yes',
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 --weight 127.0.0.1:7001=2 --weight 127.0.0.1:7002=0',
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 --by keys --threshold 5',
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 --by cpu --sample 1m --dry-run',
  ]

  static override args = seedArgs

  static override flags = {
    weight: Flags.string({
      aliases: ['cluster-weight'],
      helpValue: 'NODE=W',
      multiple: true,
      multipleNonGreedy: true,
      summary: 'Share of a primary (id or HOST:PORT) relative to the others, which have 1. Repeatable.',
    }),
    'use-empty-primaries': Flags.boolean({
      aliases: ['cluster-use-empty-primaries', 'cluster-use-empty-masters'],
      summary: 'Let primaries without slots take part.',
    }),
    threshold: Flags.string({
      aliases: ['cluster-threshold'],
      default: '2',
      helpValue: 'PERCENT',
      summary: 'Do nothing while all are within this much of their share.',
    }),
    by: Flags.option({options: BALANCE_MEASURES, default: 'slots' as const})({
      summary: 'What is to be even. cpu needs nodes with CLUSTER SLOT-STATS (Valkey 8, Redis 8.2).',
    }),
    sample: durationFlag({
      default: 5000,
      defaultHelp: async () => '5s',
      summary: 'How long CPU time is measured before the plan is made, with --by cpu.',
    }),
    ...planFlags,
    'dry-run': Flags.boolean({...planFlags['dry-run'], aliases: ['cluster-simulate']}),
    ...moveFlags,
  }

  async run(): Promise<RebalanceResult> {
    const {args, flags} = await this.parse(Rebalance, spreadWeights(this.argv))
    const request = {
      weights: parseWeights(flags.weight ?? []),
      useEmptyPrimaries: flags['use-empty-primaries'],
      thresholdPercent: thresholdOf(flags.threshold),
    }
    const cluster = await this.connect(args.seed)
    if (flags.by === 'cpu') this.progress(`Measuring CPU time for ${renderDuration(flags.sample)}.`)
    const measuring = flags.by === 'cpu' ? {by: flags.by, sampleMs: flags.sample} : {by: flags.by}
    const {shares, ...prepared} = await prepareRebalance(cluster, request, measuring, this.signal)
    this.showPlan(`${renderBalance(shares, flags.by, cluster.view, this.style)}\n`)
    const done = await this.carryOut(cluster, prepared, {command: 'rebalance', seed: args.seed, flags})
    return {by: flags.by, shares, ...done}
  }
}

function thresholdOf(text: string): number {
  const percent = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (percent <= 100) return percent
  throw badFlag(`--threshold takes a percentage from 0 to 100, not ${JSON.stringify(text)}`)
}
