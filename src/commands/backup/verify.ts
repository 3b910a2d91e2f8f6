import {Args} from '@oclif/core'
import {folderOf, parallelFlag} from '../../lib/cli/backup-flags.js'
import {BaseCommand} from '../../lib/cli/base-command.js'
import {renderBackupReport} from '../../lib/cli/render/backup.js'
import {readManifest} from '../../lib/operations/backup/read-backup.js'
import {type BackupReport, verifyBackup} from '../../lib/operations/backup/verify-backup.js'

export default class BackupVerify extends BaseCommand {
  static override summary = 'Check a backup from end to end; needs no cluster.'
  static override description =
    'Reads every file: sizes and checksums as the manifest has them, the structure of the RDB files and their own ' +
    'checksums, the number of keys. Exits 9 if anything is damaged.'

  static override usage = '<%= command.id %> FOLDER [FLAGS]'

  static override examples = [
    '<%= config.bin %> <%= command.id %> backup-of-monday',
    '<%= config.bin %> <%= command.id %> backup-of-monday --json',
  ]

  static override args = {
    folder: Args.string({description: 'Folder of the backup.', ignoreStdin: true, required: true}),
  }

  static override flags = {parallel: parallelFlag}

  async run(): Promise<BackupReport> {
    const {args, flags} = await this.parse(BackupVerify)
    const folder = folderOf(args.folder)
    const manifest = await readManifest(folder)
    const {report} = await verifyBackup(folder, manifest, {
      parallel: flags.parallel,
      signal: this.signal,
      onProgress: () => undefined,
    })
    this.print(renderBackupReport(report, this.style))
    if (report.status === 'damaged') this.exitWith(9)
    return report
  }
}
