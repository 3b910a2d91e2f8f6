import {failoverTable, measureFailovers} from './failovers.js'
import {fullSyncTable, measureFullSyncs} from './full-sync.js'
import type {BenchOptions} from './options.js'
import {publish} from './report.js'

/** Replication beside redis-server's: full syncs, failovers. */
export async function benchReplication({basePort, only, quick, rounds}: BenchOptions): Promise<void> {
  const isWanted = (part: string) => only === undefined || part.includes(only)
  const tables: string[] = []
  const result: Record<string, unknown> = {}
  if (isWanted('full-sync')) {
    const keyCount = quick ? 100_000 : 1_000_000
    const syncs = await measureFullSyncs(basePort, rounds ?? (quick ? 1 : 5), keyCount)
    tables.push(fullSyncTable(syncs))
    Object.assign(result, {keyCount, syncs})
  }
  if (isWanted('failovers')) {
    const failovers = await measureFailovers(basePort + 10, rounds ?? (quick ? 2 : 10))
    tables.push(failoverTable(failovers))
    Object.assign(result, {failovers})
  }
  for (const shown of tables) console.log(`\n${shown}\n`)
  if (only === undefined) publish('replication', quick, result, tables)
}
