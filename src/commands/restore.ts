import {Flags} from '@oclif/core'
import {backupArgs, folderOf, parallelFlag} from '../lib/cli/backup-flags.js'
import {ClusterCommand} from '../lib/cli/base-command.js'
import {PhaseDrawing} from '../lib/cli/phase-drawing.js'
import {renderRestorePlan, renderRestoreResult} from '../lib/cli/render/backup.js'
import {renderAmount} from '../lib/cli/render/numbers.js'
import {
  prepareRestore,
  type RestoreOptions,
  type RestorePhase,
  type RestorePlan,
  type RestoreResult,
  restoreCluster,
} from '../lib/operations/backup/restore.js'
import {requireRoom} from '../lib/plan/backup/plan-restore.js'

/** The `--json` document. */
interface RestoreDocument {
  /**
   * `conflicts`: keys of the cluster that differ were kept (exit 5); `different`: it does not hold what was written (9);
   * `partial`: keys that are too big for one command were left out (6).
   */
  readonly status: 'restored' | 'conflicts' | 'different' | 'partial' | 'planned'
  readonly plan: RestorePlan
  readonly warnings: readonly string[]
  /** Absent after `--dry-run`. */
  readonly result?: RestoreResult
}

const PHASES: Readonly<Record<RestorePhase, string>> = {
  check: 'Checking the backup',
  write: 'Writing the keys',
  verify: 'Comparing every key',
}

export default class Restore extends ClusterCommand {
  static override summary = 'Bring a backup into a cluster of any shape.'
  static override description =
    'Reads the backup from end to end first and restores nothing of one that is damaged. Every key goes to the node that ' +
    'serves its slot now, with its time of expiry. Keys that the cluster holds already are compared: equal ones are left ' +
    'alone, so a run that was cut short is continued by the same command; others are reported and kept, unless --replace ' +
    'lets the backup win (exit 5). Keys of more than 500 MiB are too big for one command; they are left out and named ' +
    '(exit 6). At the end every key is compared with the backup.'

  static override usage = '<%= command.id %> SEED FOLDER [FLAGS]'

  static override examples = [
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 backup-of-monday --dry-run',
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 backup-of-monday --yes',
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 backup-of-monday --replace --acl',
  ]

  static override args = backupArgs

  static override flags = {
    replace: Flags.boolean({summary: 'Let the backup win over keys and functions of the cluster that differ.'}),
    functions: Flags.boolean({allowNo: true, default: true, summary: 'Restore the functions, on every primary.'}),
    acl: Flags.boolean({
      summary: 'Restore the ACL users too, on every node, with the rules and passwords they had; others stay.',
    }),
    verify: Flags.boolean({allowNo: true, default: true, summary: 'Compare every key at the end.'}),
    'ignore-memory': Flags.boolean({summary: 'Go on although the keys do not seem to fit below maxmemory.'}),
    'dry-run': Flags.boolean({summary: 'Check the backup, show what would go where, and change nothing.'}),
    parallel: parallelFlag,
  }

  async run(): Promise<RestoreDocument> {
    const {args, flags} = await this.parse(Restore)
    const cluster = await this.connect(args.seed)
    const drawing = new PhaseDrawing(this.interactive, (text) => this.progress(text))
    const options: RestoreOptions = {
      folder: folderOf(args.folder),
      replace: flags.replace,
      functions: flags.functions,
      acl: flags.acl,
      verify: flags.verify,
      parallel: flags.parallel,
      signal: this.signal,
      onPhase: (phase, totalBytes) => drawing.begin(PHASES[phase], totalBytes),
      onProgress: ({file}, bytes) => drawing.take(file, bytes),
      onWarning: (message) => this.progress(`Warning: ${message}`),
    }
    try {
      const prepared = await prepareRestore(cluster, options)
      const {plan, warnings} = prepared
      drawing.end()
      this.showPlan(renderRestorePlan(plan, this.style))
      for (const warning of warnings) this.progress(`Warning: ${warning}`)
      if (flags['dry-run']) return {status: 'planned', plan, warnings}
      if (!flags['ignore-memory']) requireRoom(plan.targets)
      await this.confirm(`Restore ${renderAmount(plan.backup.totals.keys, 'key')}?`)
      const result = await restoreCluster(cluster, prepared, options)
      drawing.end()
      this.print(renderRestoreResult(result, this.style))
      return {status: this.statusOf(result), plan, warnings, result}
    } finally {
      drawing.stop()
    }
  }

  private statusOf({keys, skipped, verified}: RestoreResult): 'restored' | 'conflicts' | 'different' | 'partial' {
    if (keys.conflict > 0) {
      this.exitWith(5)
      return 'conflicts'
    }
    if (verified && verified.missing + verified.different > 0) {
      this.exitWith(9)
      return 'different'
    }
    if (skipped === 0) return 'restored'
    this.exitWith(6)
    return 'partial'
  }
}
