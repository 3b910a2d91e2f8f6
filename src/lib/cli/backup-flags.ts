import {resolve} from 'node:path'
import {Args, Flags} from '@oclif/core'

/** Of the commands that read or write a backup. */
export const backupArgs = {
  seed: Args.string({description: 'HOST:PORT of any node of the cluster.', required: true}),
  folder: Args.string({description: 'Folder of the backup.', ignoreStdin: true, required: true}),
}

export const parallelFlag = Flags.integer({
  default: 8,
  helpValue: 'N',
  max: 64,
  min: 1,
  summary: 'At most this many shards at a time.',
})

/** As messages name it. */
export function folderOf(argument: string): string {
  return resolve(argument)
}
