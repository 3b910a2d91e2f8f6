import {printableKey} from '../migration/busy-keys.js'
import type {ClusterWriter} from './cluster-writer.js'
import {addTotals, type ImportTotals, TOTALS_NONE} from './page-order.js'
import {removeFromSource} from './remove-source.js'
import type {Source, SourceLink} from './source.js'
import {cutIntoChunks, dumpCommands, isCarriable, readDumps, type SizedKey, sizeKeys} from './source-reader.js'
import type {DumpedKey, KeyOutcome} from './types.js'

/** Names kept for the report; the rest is counted. */
const NAMES_MAX = 100

export interface TransferContext {
  readonly source: Source
  readonly writer: ClusterWriter
  readonly options: {readonly move: boolean}
  /** Waits for room for so many bytes, and has them given back after the work. */
  readonly take: <T>(bytes: number, work: () => Promise<T>) => Promise<T>
}

/** Brings pages of keys from a source to a cluster. */
export class PageTransfer {
  readonly keptKeys: string[] = []
  readonly skippedKeys: string[] = []

  constructor(private readonly context: TransferContext) {}

  /**
   * @returns what became of the keys, once all are settled
   * @throws {CliError} as `SourceLink.send` and `ClusterWriter.write`
   */
  async page(link: SourceLink, keys: readonly string[]): Promise<ImportTotals> {
    let totals: ImportTotals = {...TOTALS_NONE, scanned: keys.length}
    if (keys.length === 0) return totals
    const sized = await sizeKeys(link, this.context.source, keys)
    for (const {key} of sized.filter((each) => !isCarriable(each))) {
      totals = addTotals(totals, {skipped: 1})
      note(this.skippedKeys, key)
    }
    for (const chunk of cutIntoChunks(sized.filter(isCarriable))) {
      const bytes = chunk.reduce((sum, key) => sum + key.bytes, 0)
      totals = addTotals(totals, await this.context.take(bytes, () => this.chunk(link, chunk)))
    }
    return totals
  }

  private async chunk(link: SourceLink, chunk: readonly SizedKey[]): Promise<Partial<ImportTotals>> {
    const {options, source, writer} = this.context
    const names = chunk.map(({key}) => key)
    const watch = options.move ? [['WATCH', ...names]] : []
    const replies = await link.send([...watch, ...dumpCommands(source, names)])
    const watchedAt = link.generation
    const dumped = readDumps(source, names, replies.slice(watch.length))
    const outcomes = await writer.write(dumped)
    const totals = {...countOutcomes(dumped, outcomes), gone: names.length - dumped.length}
    if (!options.move) return totals
    const arrived = dumped.filter((_, index) => ARRIVED.includes(outcomes[index] as KeyOutcome))
    const {kept, removed} = await removeFromSource(source, link, writer, watchedAt, arrived)
    for (const key of kept) note(this.keptKeys, key)
    return {...totals, removed, kept: kept.length}
  }
}

const ARRIVED: readonly KeyOutcome[] = ['written', 'replaced', 'equal']

function countOutcomes(keys: readonly DumpedKey[], outcomes: readonly KeyOutcome[]): Partial<ImportTotals> {
  const counts = {written: 0, replaced: 0, equal: 0, expired: 0, conflict: 0, bytes: 0}
  for (const [index, outcome] of outcomes.entries()) {
    counts[outcome]++
    if (outcome === 'written' || outcome === 'replaced') counts.bytes += keys[index]?.payload.length ?? 0
  }
  return counts
}

function note(names: string[], key: string): void {
  if (names.length < NAMES_MAX) names.push(printableKey(key))
}
