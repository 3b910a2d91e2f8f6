import type {BackupSource} from './choose-sources.js'
import type {RdbFigures} from './tally.js'

/** A replica further behind gives data that is worth a word: older than the backup says. */
const LAG_BYTES_MAX = 10 * 1024 * 1024

/** What a shard's file lacks, and what a restore will not take from it. */
export function snapshotWarnings(
  file: string,
  {address, lagBytes}: BackupSource,
  {bigKeys, strayKeys}: Pick<RdbFigures, 'bigKeys' | 'strayKeys'>,
): string[] {
  const keys = (count: number) => `${count} ${count === 1 ? 'key' : 'keys'}`
  const warnings: string[] = []
  if (lagBytes > LAG_BYTES_MAX) {
    warnings.push(`${file} lacks what ${address} had not heard of: it was ${lagBytes} bytes behind its primary`)
  }
  if (bigKeys > 0) {
    const what = `${keys(bigKeys)} too big for one command, which a restore leaves out`
    warnings.push(`${file} holds ${what}; redis-server can load the file`)
  }
  if (strayKeys > 0) {
    warnings.push(`${file} holds ${keys(strayKeys)} of slots that the shard does not own, which a restore leaves out`)
  }
  return warnings
}
