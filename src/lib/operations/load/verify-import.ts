import {NodeReplyError} from '../../client/reply-error.js'
import {CliError} from '../../kernel/errors.js'
import {hashSlot} from '../../protocol/hash-slot.js'
import {printableKey} from '../migration/busy-keys.js'
import {type ClusterWriter, conflictOf} from './cluster-writer.js'
import type {Source, SourceLink} from './source.js'
import {
  cutIntoChunks,
  dumpCommands,
  isCarriable,
  readDumps,
  type SizedKey,
  sizeKeys,
  sourceRefusal,
} from './source-reader.js'
import type {DumpedKey, KeyConflict} from './types.js'

/**
 * How an import is checked at its end: `full` compares every key of the source with the cluster's by value and time of
 * expiry, `count` looks whether the cluster has a key of each name, `none` trusts the nodes' answers.
 */
export const VERIFY_MODES = ['full', 'count', 'none'] as const
export type VerifyMode = (typeof VERIFY_MODES)[number]

/** Names kept of each kind of problem; the rest is counted. */
const NAMES_MAX = 100

/** What was found; grows while pages are verified. */
export class Verification {
  checked = 0
  missing = 0
  different = 0
  readonly missingKeys: string[] = []
  readonly differentKeys: KeyConflict[] = []

  constructor(
    readonly mode: Exclude<VerifyMode, 'none'>,
    private readonly source: Source,
    private readonly writer: ClusterWriter,
  ) {}

  /**
   * Verifies keys of one page. A key that expired, or was deleted at the source since it was listed, is no problem.
   *
   * @param take - waits for room for so many bytes, and has them given back after the work
   */
  async page(
    link: SourceLink,
    keys: readonly string[],
    take: <T>(bytes: number, work: () => Promise<T>) => Promise<T>,
  ): Promise<void> {
    if (keys.length === 0) return
    if (this.mode === 'count') {
      await this.countPage(link, keys)
      return
    }
    // Those that were too big to be brought are too big to be compared, and reported already.
    const sized = (await sizeKeys(link, this.source, keys)).filter(isCarriable)
    for (const chunk of cutIntoChunks(sized)) {
      // Both sides' payloads are here at a time.
      await take(sumOf(chunk) * 2, () => this.compareChunk(link, chunk))
    }
  }

  private async compareChunk(link: SourceLink, chunk: readonly SizedKey[]): Promise<void> {
    const dumped = await this.read(
      link,
      chunk.map(({key}) => key),
    )
    this.checked += dumped.length
    await Promise.all(dumped.map((key) => this.compareKey(link, key)))
  }

  private async compareKey(link: SourceLink, key: DumpedKey): Promise<void> {
    const first = await this.writer.comparer.compare(key)
    if (first.kind === 'same') return
    // The source may have changed it, or its time may have come, between the two looks.
    const [present] = await this.read(link, [key.key])
    if (!present) return
    const second = await this.writer.comparer.compare(present)
    if (second.kind === 'same') return
    if (second.kind === 'missing') this.noteMissing(key.key)
    else {
      this.different++
      if (this.differentKeys.length < NAMES_MAX) this.differentKeys.push(conflictOf(present, second))
    }
  }

  private async countPage(link: SourceLink, keys: readonly string[]): Promise<void> {
    const absent = await this.absentOf(keys)
    this.checked += keys.length
    if (absent.length === 0) return
    const still = await link.send(absent.map((key) => ['EXISTS', key]))
    for (const [index, key] of absent.entries()) {
      if (still[index] instanceof NodeReplyError) throw sourceRefusal('EXISTS', still[index])
      if (still[index] === 1) this.noteMissing(key)
    }
  }

  private async absentOf(keys: readonly string[]): Promise<string[]> {
    const there = await existAt(this.writer, keys)
    return keys.filter((_, index) => !there[index])
  }

  private noteMissing(key: string): void {
    this.missing++
    if (this.missingKeys.length < NAMES_MAX) this.missingKeys.push(printableKey(key))
  }

  private async read(link: SourceLink, keys: readonly string[]): Promise<DumpedKey[]> {
    return readDumps(this.source, keys, await link.send(dumpCommands(this.source, keys)))
  }
}

/** Whether the cluster has keys of these names. @throws {CliError} as `KeyRouter.send` */
export async function existAt({router}: ClusterWriter, keys: readonly string[]): Promise<boolean[]> {
  const replies = await Promise.all(keys.map((key) => router.send(hashSlot(key), [['EXISTS', key]], key.length)))
  return replies.map(([reply], index) => {
    if (!(reply instanceof NodeReplyError)) return reply === 1
    const name = router.ownerName(hashSlot(keys[index] as string))
    throw new CliError('PLAN_PARTIAL', `${name} does not tell whether keys exist: ${reply.message}`)
  })
}

function sumOf(chunk: readonly SizedKey[]): number {
  return chunk.reduce((sum, {bytes}) => sum + bytes, 0)
}
