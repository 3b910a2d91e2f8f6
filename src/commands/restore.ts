import {Flags} from '@oclif/core'
import {backupArgs, folderOf, parallelFlag} from '../lib/cli/backup-flags.js'
import {ClusterCommand} from '../lib/cli/base-command.js'
import {carryOutRestore, type RestoreDocument, requireRestoreAllowed} from '../lib/cli/carry-out-restore.js'
import {renderAmount} from '../lib/cli/render/numbers.js'
import {defaultStateFolder} from '../lib/environment/state-folder.js'
import {jobsFolder} from '../lib/operations/journal.js'
import {requireRoom} from '../lib/plan/backup/plan-restore.js'

export default class Restore extends ClusterCommand {
  static override summary = 'Bring a backup into a cluster of any shape.'
  static override description =
    'Reads the backup from end to end first and restores nothing of one that is damaged. Every key goes to the node that ' +
    'serves its slot now, with its time of expiry. Keys that the cluster holds already are compared: equal ones are left ' +
    'alone; others are reported and kept, unless --replace lets the backup win (exit 5). Keys of more than 500 MiB are too ' +
    'big for one command; they are left out and named (exit 6). At the end every key is compared with the backup. A run ' +
    'that broke off is a job, continued by `shoal resume` or by the same command.'

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
    const {acl = false, functions, parallel, replace = false, verify} = flags
    const wanted = {
      folder: folderOf(args.folder),
      replace,
      functions,
      acl,
      verify,
      parallel,
      jobsFolder: jobsFolder(defaultStateFolder(process.env)),
    }
    return carryOutRestore(cluster, wanted, this.host, async (prepared) => {
      const {plan} = prepared
      if (flags['dry-run']) return undefined
      if (!flags['ignore-memory']) requireRoom(plan.targets)
      const limits = await requireRestoreAllowed(cluster, prepared, this.host)
      await this.confirm(`Restore ${renderAmount(plan.backup.totals.keys, 'key')}?`)
      return limits
    })
  }
}
