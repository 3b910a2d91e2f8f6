import {Flags} from '@oclif/core'
import {backupArgs, folderOf, parallelFlag} from '../../lib/cli/backup-flags.js'
import {ClusterCommand} from '../../lib/cli/base-command.js'
import {drawLanes} from '../../lib/cli/lanes.js'
import {renderManifest} from '../../lib/cli/render/backup.js'
import {TransferLane} from '../../lib/cli/transfer-lane.js'
import {findNode, keyCountOf} from '../../lib/model/cluster-map.js'
import {backupCluster, prepareBackup} from '../../lib/operations/backup/backup.js'
import type {Manifest} from '../../lib/plan/backup/manifest.js'

/** The `--json` document. */
interface BackupResult {
  readonly status: 'saved'
  readonly folder: string
  readonly manifest: Manifest
}

export default class Backup extends ClusterCommand {
  static override summary = 'Save the data, functions and users of a cluster to a folder.'
  static override description =
    'Takes one snapshot per shard, of one moment each, from a replica in sync where there is one, and writes it as an RDB ' +
    'file that redis-server can load. The folder must be new or empty. Its manifest.json is written last: a folder ' +
    'without one is no backup. The files can be read by their owner alone; they hold the hashes of the users’ passwords.'

  static override usage = '<%= command.id %> SEED FOLDER [FLAGS]'

  static override examples = [
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 backup-of-monday',
    '<%= config.bin %> <%= command.id %> 127.0.0.1:7000 backup-of-monday --no-acl --parallel 2 --json',
  ]

  static override args = backupArgs

  static override flags = {
    acl: Flags.boolean({
      allowNo: true,
      default: true,
      summary: 'Save the ACL users as well, with the hashes of their passwords.',
    }),
    parallel: parallelFlag,
  }

  async run(): Promise<BackupResult> {
    const {args, flags} = await this.parse(Backup)
    const folder = folderOf(args.folder)
    const cluster = await this.connect(args.seed)
    const shards = await prepareBackup(cluster, this.signal)
    const lanes = new Map(shards.map((shard) => [shard.id, new TransferLane(`${shard.address}: slots ${shard.slots}`)]))
    const expected = new Map(
      shards.map(({id}) => {
        const node = findNode(cluster.view, id)
        return [id, node ? keyCountOf(node) : 0]
      }),
    )
    const warnings: string[] = []
    const run = () =>
      backupCluster(cluster, shards, {
        folder,
        acl: flags.acl,
        parallel: flags.parallel,
        signal: this.signal,
        onProgress: ({id}, {bytes, keys}) => {
          const total = expected.get(id) ?? 0
          lanes.get(id)?.take(bytes, total > 0 ? keys / total : undefined, performance.now())
        },
        onDone: ({id}) => lanes.get(id)?.end(),
        onWarning: (message) => {
          // Drawing and printing do not mix: what is said under the list waits for its end.
          if (this.interactive) warnings.push(message)
          else this.progress(`Warning: ${message}`)
        },
      })
    try {
      const manifest = this.interactive ? await drawLanes([...lanes.values()], run) : await run()
      this.print(renderManifest(manifest, folder, this.style))
      return {status: 'saved', folder, manifest}
    } finally {
      for (const message of warnings) this.progress(`Warning: ${message}`)
    }
  }
}
