import {Flags} from '@oclif/core'
import {ClusterCommand} from '../lib/cli/base-command.js'
import {carryOutImport, type ImportDocument, requireImportAllowed, showImportPlan} from '../lib/cli/carry-out-import.js'
import {durationFlag} from '../lib/cli/flags.js'
import {renderSurvey} from '../lib/cli/render/import.js'
import {renderAmount} from '../lib/cli/render/numbers.js'
import {seedArgs} from '../lib/cli/seed.js'
import {sourceFlags, sourceLoginFlags, sourceOptionsFrom} from '../lib/cli/source-flags.js'
import {requireEventsUseful} from '../lib/cli/tasks.js'
import {defaultStateFolder} from '../lib/environment/state-folder.js'
import {parseAddress} from '../lib/model/address.js'
import {jobsFolder} from '../lib/operations/journal.js'
import {prepareImport} from '../lib/operations/load/prepare-import.js'
import {surveySource} from '../lib/operations/load/survey-source.js'
import {VERIFY_MODES} from '../lib/operations/load/verify-import.js'
import {requireRoom} from '../lib/plan/import.js'

export default class Import extends ClusterCommand {
  static override summary = 'Bring the keys of a standalone server into a cluster.'
  static override description =
    'Keys are COPIED and the source is left as it is, unless --move says otherwise: redis-cli deletes them there unless ' +
    '--cluster-copy is given. They travel through this process, so the nodes need not reach the source. Times to live are ' +
    'kept to the millisecond. A key that the cluster has already is compared; one that differs is reported, never ' +
    'overwritten without --replace. A run that broke off is a job, continued by `shoal resume` or by the same command.\n\n' +
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
    ...sourceLoginFlags,
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
    const login = await sourceOptionsFrom(flags as typeof flags & {timeout: number}, process.env)
    const cluster = await this.connect(args.seed)
    const {functions = false, move, replace, restart, verify, wait: retryMs} = flags
    const options = {move, replace, restart, verify, retryMs}
    const folder = jobsFolder(defaultStateFolder(process.env))
    const wanted = {from, login, database: flags['from-db'], functions, options, jobsFolder: folder}
    const prepared = await prepareImport(cluster, wanted, this.signal)
    const {plan, source} = prepared
    showImportPlan(prepared, this.host)
    if (flags['dry-run']) {
      const survey = await surveySource(cluster, source, {retryMs, signal: this.signal})
      this.print(renderSurvey(survey))
      return {status: 'planned', plan, survey}
    }
    if (!flags['ignore-memory']) requireRoom(plan)
    const allowed = await requireImportAllowed(cluster, prepared, options, this.host)
    await this.confirm(`${move ? 'Move' : 'Copy'} ${renderAmount(plan.keyCount, 'key')}?`)
    return carryOutImport(cluster, allowed, {events: flags.events, options}, this.host)
  }
}
