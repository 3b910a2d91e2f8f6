import {Flags} from '@oclif/core'
import {ClusterCommand} from '../lib/cli/base-command.js'
import {durationFlag} from '../lib/cli/flags.js'
import {showImport} from '../lib/cli/import-progress.js'
import {renderImportPlan, renderImportResult, renderSurvey} from '../lib/cli/render/import.js'
import {renderAmount} from '../lib/cli/render/numbers.js'
import {seedArgs} from '../lib/cli/seed.js'
import {sourceFlags, sourceOptionsFrom} from '../lib/cli/source-flags.js'
import {requireEventsUseful} from '../lib/cli/tasks.js'
import {defaultStateFolder} from '../lib/environment/store.js'
import {parseAddress} from '../lib/model/address.js'
import {requireHealthy, settledView} from '../lib/operations/fitness.js'
import {prepareFunctions} from '../lib/operations/load/functions.js'
import {broughtBefore, type ImportResult, runImport} from '../lib/operations/load/run-import.js'
import {openSource} from '../lib/operations/load/source.js'
import {type SourceSurvey, surveySource} from '../lib/operations/load/survey-source.js'
import {VERIFY_MODES} from '../lib/operations/load/verify-import.js'
import {type ImportPlan, planImport, requireRoom} from '../lib/plan/import.js'

/** The `--json` document. */
interface ImportDocument {
  /** `conflicts`: exit 5; `partial`: some keys are missing, too big, or were left at the source, exit 6. */
  readonly status: 'imported' | 'conflicts' | 'partial' | 'planned'
  readonly plan: ImportPlan
  /** After `--dry-run`. */
  readonly survey?: SourceSurvey
  readonly result?: ImportResult
}

export default class Import extends ClusterCommand {
  static override summary = 'Bring the keys of a standalone server into a cluster.'
  static override description =
    'Keys are COPIED and the source is left as it is, unless --move says otherwise: redis-cli deletes them there unless ' +
    '--cluster-copy is given. They travel through this process, so the nodes need not reach the source. Times to live are ' +
    'kept to the millisecond. A key that the cluster has already is compared; one that differs is reported, never ' +
    'overwritten without --replace. A run that broke off is continued by the same command.\n\n' +
    'Exits 5 if keys differ on both sides, 6 if keys are missing or were left out; the report names them.'

  static override usage = '<%= command.id %> SEED --from HOST:PORT [FLAGS]'

  static override examples = [
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 --from 127.0.0.1:6379',
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 --from 127.0.0.1:6379 --dry-run',
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 --from 127.0.0.1:6379 --move --replace --yes --json',
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 --from db.example:6380 --from-tls --from-askpass',
  ]

  static override args = seedArgs

  static override flags = {
    ...sourceFlags,
    move: Flags.boolean({
      default: false,
      summary: 'Delete each key at the source once the cluster is seen to have it, and it has not changed since.',
    }),
    copy: Flags.boolean({
      aliases: ['cluster-copy'],
      exclusive: ['move'],
      hidden: true,
      summary: 'Leave the source as it is, which is the default.',
    }),
    replace: Flags.boolean({
      aliases: ['cluster-replace'],
      default: false,
      summary: 'Let the source win where a key is on both sides and differs.',
    }),
    functions: Flags.boolean({summary: 'Load the libraries of functions as well, at every primary.'}),
    verify: Flags.option({options: VERIFY_MODES, default: 'full' as const})({
      summary:
        'Afterwards: compare every key by value and expiry (full), look whether each is there (count), or trust (none).',
    }),
    'dry-run': Flags.boolean({summary: 'Show what is there and what would be done, and change nothing.'}),
    restart: Flags.boolean({default: false, summary: 'Begin with the first key, however far an earlier run got.'}),
    'ignore-memory': Flags.boolean({summary: 'Go on although the keys do not seem to fit below maxmemory.'}),
    wait: durationFlag({
      default: 60_000,
      defaultHelp: async () => '60s',
      summary: 'How long nodes may be away, load or fail over before the import gives up.',
    }),
    events: Flags.boolean({summary: 'Print what happens as JSON lines on stderr.'}),
    // redis-cli's bound on each MIGRATE, of which there is none here.
    'cluster-timeout': Flags.integer({hidden: true, summary: 'Accepted, and of no effect.'}),
  }

  async run(): Promise<ImportDocument> {
    const {args, flags} = await this.parse(Import)
    requireEventsUseful(flags)
    const from = parseAddress(flags.from)
    const sourceOptions = await sourceOptionsFrom(flags as typeof flags & {timeout: number}, process.env)
    const cluster = await this.connect(args.seed)
    const source = await openSource(from, sourceOptions, flags['from-db'], this.signal)
    const view = await settledView(cluster, this.signal)
    requireHealthy(view)
    const {move, replace, restart, verify} = flags
    const stateFolder = defaultStateFolder(process.env)
    const plan = planImport(view, source.facts, {
      database: flags['from-db'],
      functions: flags.functions,
      keysBrought: await broughtBefore({cluster, source, options: {move, replace, restart}}, stateFolder),
      move,
    })
    const functions = flags.functions
      ? await prepareFunctions(cluster, source, {replace, signal: this.signal})
      : undefined
    this.showPlan(renderImportPlan(plan, this.style))
    for (const warning of plan.warnings) this.progress(`Warning: ${warning}`)
    if (flags['dry-run']) {
      const survey = await surveySource(cluster, source, {retryMs: flags.wait, signal: this.signal})
      this.print(renderSurvey(survey))
      return {status: 'planned', plan, survey}
    }
    if (!flags['ignore-memory']) requireRoom(plan)
    await this.confirm(`${move ? 'Move' : 'Copy'} ${renderAmount(plan.keyCount, 'key')}?`)
    const result = await showImport({
      how: flags.events ? 'events' : this.interactive ? 'tasks' : 'silent',
      keyCount: plan.keyCount,
      phases: move || verify === 'none' ? ['copy'] : ['copy', 'verify'],
      onWarning: (message) => this.progress(`Warning: ${message}`),
      run: (emit) =>
        runImport({
          cluster,
          source,
          functions,
          options: {move, replace, restart, verify, retryMs: flags.wait},
          stateFolder,
          emit,
          stop: this.signal,
        }),
    })
    this.print(renderImportResult(result, plan, this.style))
    return {status: this.statusOf(result), plan, result}
  }

  private statusOf({conflict, kept, skipped, verified}: ImportResult): 'imported' | 'conflicts' | 'partial' {
    const {different, missing} = 'different' in verified ? verified : {different: 0, missing: 0}
    if (conflict + different > 0) {
      this.exitWith(5)
      return 'conflicts'
    }
    if (missing + kept + skipped === 0) return 'imported'
    this.exitWith(6)
    return 'partial'
  }
}
