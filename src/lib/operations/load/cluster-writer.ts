import {connectWire, type Wire, type WireCommand} from '../../client/migration/wire.js'
import {NodeReplyError} from '../../client/reply-error.js'
import {CliError, messageOf} from '../../kernel/errors.js'
import {primariesOf} from '../../model/cluster-map.js'
import {hashSlot} from '../../protocol/hash-slot.js'
import {kindOfPayload} from '../../protocol/rdb/compare.js'
import {PAYLOAD_BYTES_MAX} from '../../protocol/rdb/dump.js'
import {printableKey} from '../migration/busy-keys.js'
import type {ObservedCluster} from '../observe.js'
import {KeyComparer, type KeyComparison} from './compare-keys.js'
import {type ExpiryDialect, timeIn} from './expiry.js'
import {KeyRouter} from './key-router.js'
import {type Destination, ObservedSlotTable} from './slot-table.js'
import {type DumpedKey, expiresAt, type KeyConflict, type KeyOutcome, type WriterCounts} from './types.js'

export interface ClusterWriterOptions {
  /** Whether a key that the cluster holds, and that differs, gives way. Else it stays and is reported. */
  readonly replace: boolean
  /** How long nodes may be away, load, or disagree before the writer gives up. Milliseconds. Default 60 s. */
  readonly retryMs?: number | undefined
  /** Aborted: what was sent is finished, nothing more is written, and whatever waits throws INTERRUPTED. */
  readonly signal?: AbortSignal | undefined
}

const RETRY_MS = 60_000
/** Payload bytes held at most before `ready()` makes its caller wait. */
const BUFFER_BYTES_MAX = 16 * 1024 * 1024
/** Conflicts kept with their names; the rest is counted. */
const CONFLICTS_KEPT_MAX = 100

/** A node that takes in a big key answers nobody else meanwhile. Milliseconds. */
const SILENCE_MS = 30_000

/** What a key takes besides its bytes: promises, places in queues, an entry in a batch. */
const KEY_OVERHEAD_BYTES = 1000

/**
 * Writes dumped keys into a cluster: each to the owner of its slot, pipelined, all nodes side by side, while clients
 * write and slots move.
 *
 *     const writer = await ClusterWriter.open(cluster, {replace: false, signal})
 *     try {
 *       for await (const keys of batches) {
 *         await writer.ready() // waits while too much is under way: memory stays bounded
 *         writer.write(keys)   // its promise has each key's outcome; it need not be awaited
 *       }
 *       const counts = await writer.finish() // all settled; throws what went wrong, wherever that was
 *     } finally {
 *       writer.close()
 *     }
 *
 * No key of the cluster is overwritten unless `replace` says so: RESTORE goes out without REPLACE, and a key that is
 * there already is compared with the one to write. So writing the same keys again is safe and changes nothing, whether
 * an answer was lost or a whole run; a key that clients changed since then is a conflict, and stays as they made it.
 */
export class ClusterWriter {
  private readonly tally = {written: 0, replaced: 0, equal: 0, expired: 0, conflict: 0, bytes: 0}
  private readonly kept: KeyConflict[] = []
  /** Of keys here with those of the cluster; it changes nothing there. */
  readonly comparer: KeyComparer
  private buffered = 0
  private pending = 0
  private readonly waiters: (() => void)[] = []
  private failure: Error | undefined

  private constructor(
    /** For other commands on keys of the cluster. */
    readonly router: KeyRouter,
    /** How the cluster's nodes tell when a key expires. */
    readonly dialect: ExpiryDialect,
    private readonly options: ClusterWriterOptions,
  ) {
    this.comparer = new KeyComparer(router, dialect)
  }

  /**
   * @param cluster - observed, fit to be written to (`requireHealthy`); the caller holds the lock. The writer observes it
   *   again when nodes fail.
   */
  static async open(cluster: ObservedCluster, options: ClusterWriterOptions): Promise<ClusterWriter> {
    const dialect = await askDialect(cluster)
    const router = new KeyRouter({
      table: new ObservedSlotTable(cluster),
      connect: ({address, tlsName}: Destination): Promise<Wire> =>
        connectWire(address, cluster.options, tlsName).then((wire) => patient(wire)),
      retryMs: options.retryMs ?? RETRY_MS,
      signal: options.signal,
    })
    return new ClusterWriter(router, dialect, options)
  }

  /** So far; final after `finish`. */
  get counts(): WriterCounts {
    return {...this.tally}
  }

  /** The first conflicts, by name. `counts.conflict` has them all. */
  get conflicts(): readonly KeyConflict[] {
    return this.kept
  }

  /**
   * Resolves once there is room for more.
   *
   * @throws as `finish`, as soon as something went wrong
   */
  async ready(): Promise<void> {
    while (!this.failure && this.buffered >= BUFFER_BYTES_MAX) {
      await new Promise<void>((resolve) => this.waiters.push(resolve))
    }
    if (this.failure) throw await this.finalError()
  }

  /**
   * Takes keys in, whether there is room or not, in any order and of any slots. A key that is named twice is compared
   * with itself.
   *
   * @returns each key's outcome, in order, once all are settled; rejects as soon as one fails, and may be left unheard
   */
  write(keys: readonly DumpedKey[]): Promise<readonly KeyOutcome[]> {
    const outcomes = Promise.all(keys.map((key) => this.settle(key)))
    outcomes.catch(() => undefined)
    return outcomes
  }

  /**
   * Waits until all that was taken in is settled.
   *
   * @returns the final counts
   * @throws {CliError} PLAN_PARTIAL if a node refused a key (out of memory, no permission, a payload of a later version)
   *   or was away too long, and something had been written, else PREFLIGHT_FAILED or the node's own failure; INTERRUPTED;
   *   AUTH_FAILED. All with `details.counts`.
   */
  async finish(): Promise<WriterCounts> {
    while (this.pending > 0) await new Promise<void>((resolve) => this.waiters.push(resolve))
    if (this.failure) throw await this.finalError()
    return this.counts
  }

  /** Drops the connections at once. Closing twice is safe. */
  close(): void {
    this.router.close()
  }

  private async settle(key: DumpedKey): Promise<KeyOutcome> {
    const bytes = key.key.length + key.payload.length + KEY_OVERHEAD_BYTES
    this.buffered += bytes
    this.pending++
    try {
      const outcome = await this.put(key, bytes)
      this.tally[outcome]++
      if (outcome === 'written' || outcome === 'replaced') this.tally.bytes += key.payload.length
      return outcome
    } catch (error) {
      this.failure ??= error instanceof Error ? error : new Error(messageOf(error))
      this.router.stop(this.failure)
      throw this.failure
    } finally {
      this.buffered -= bytes
      this.pending--
      if (this.waiters.length > 0) for (const resolve of this.waiters.splice(0)) resolve()
    }
  }

  private async put(key: DumpedKey, bytes: number): Promise<KeyOutcome> {
    const slot = hashSlot(key.key)
    if (key.payload.length > PAYLOAD_BYTES_MAX) {
      throw this.refusal(
        key,
        slot,
        new NodeReplyError(`a payload of ${key.payload.length} bytes is too big for one command`),
      )
    }
    for (;;) {
      if (this.isExpired(key)) return 'expired'
      const [reply] = await this.router.send(slot, [restoreCommand(key)], bytes)
      if (reply === 'OK') return 'written'
      if (!(reply instanceof NodeReplyError) || reply.code !== 'BUSYKEY') throw this.refusal(key, slot, reply)
      const comparison = await this.compare(key, slot)
      if (comparison.kind === 'same') return 'equal'
      // Expired or deleted since: there is room for it now.
      if (comparison.kind === 'missing') continue
      if (!this.options.replace) {
        this.keep(key, comparison)
        return 'conflict'
      }
      const [replaced] = await this.router.send(slot, [[...restoreCommand(key), 'REPLACE']], bytes)
      if (replaced === 'OK') return 'replaced'
      throw this.refusal(key, slot, replaced)
    }
  }

  private async compare(key: DumpedKey, slot: number): Promise<KeyComparison> {
    try {
      return await this.comparer.compare(key)
    } catch (error) {
      throw error instanceof NodeReplyError ? this.refusal(key, slot, error) : error
    }
  }

  /** By the earliest of the nodes' clocks; one that ends this very moment is left to the node. */
  private isExpired(key: DumpedKey): boolean {
    const at = expiresAt(key)
    const {clockOffsetMs} = this.dialect
    return at !== undefined && clockOffsetMs !== undefined && at <= Date.now() + clockOffsetMs
  }

  private keep(key: DumpedKey, held: Extract<KeyComparison, {kind: 'different'}>): void {
    if (this.kept.length >= CONFLICTS_KEPT_MAX) return
    this.kept.push(conflictOf(key, held))
  }

  private refusal(key: DumpedKey, slot: number, reply: unknown): CliError {
    const name = this.router.ownerName(slot)
    const text = reply instanceof NodeReplyError ? reply.message : `an odd answer: ${JSON.stringify(reply)}`
    return new CliError('PLAN_PARTIAL', `${name} does not take key ${printableKey(key.key)}: ${text}`, {
      details: {address: name, key: printableKey(key.key), reply: text},
      suggestions: waysForward(text),
    })
  }

  /** The failure, with what was written until then; waits for what is still under way. */
  private async finalError(): Promise<Error> {
    await this.router.idle()
    const {failure} = this
    if (!(failure instanceof CliError)) return failure as Error
    const changed = this.tally.written + this.tally.replaced > 0
    const {code, message, suggestions} = failure
    const isRefusal = code === 'PLAN_PARTIAL'
    const final = changed
      ? ['INTERRUPTED', 'AUTH_FAILED'].includes(code)
        ? code
        : 'PLAN_PARTIAL'
      : isRefusal
        ? 'PREFLIGHT_FAILED'
        : code
    return new CliError(final, message, {
      cause: failure,
      details: {...failure.details, counts: this.counts},
      suggestions,
    })
  }
}

/** What both sides hold of a key that differs, for a report. */
export function conflictOf(key: DumpedKey, held: Extract<KeyComparison, {kind: 'different'}>): KeyConflict {
  const sourceExpireAtMs = expiresAt(key)
  return {
    key: printableKey(key.key),
    differs: held.differs,
    sourceType: kindOfPayload(key.payload),
    sourceBytes: key.payload.length,
    ...(sourceExpireAtMs !== undefined && {sourceExpireAtMs}),
    targetType: kindOfPayload(held.payload),
    targetBytes: held.payload.length,
    ...(held.expireAtMs !== undefined && {targetExpireAtMs: held.expireAtMs}),
  }
}

function restoreCommand(key: DumpedKey): WireCommand {
  const at = expiresAt(key)
  return at === undefined
    ? ['RESTORE', key.key, '0', key.payload]
    : ['RESTORE', key.key, String(Math.round(at)), key.payload, 'ABSTTL']
}

function waysForward(text: string): string[] {
  if (/^OOM\b/.test(text)) return ['Raise maxmemory, or add nodes and rebalance; then run the same command again.']
  if (/^NOPERM\b/.test(text)) return ['The user needs +restore +dump +del +pexpiretime +pttl +time on all keys (~*).']
  if (/version or checksum|Bad data format/.test(text)) {
    return ['The keys come from a later version than the cluster runs. Upgrade the cluster first.']
  }
  return []
}

/** Connecting is bounded by the operator's timeout; a node at work on a big key is given longer to answer. */
function patient(wire: Wire): Wire {
  return {
    name: wire.name,
    send: (commands, timeoutMs = SILENCE_MS) => wire.send(commands, timeoutMs),
    close: () => wire.close(),
  }
}

/** Asks the primaries for PEXPIRETIME and for their clocks. */
export async function askDialect(cluster: ObservedCluster): Promise<ExpiryDialect> {
  const answers = await Promise.all(
    primariesOf(cluster.view).map(async ({node}) => {
      const before = Date.now()
      const [info, time] = await cluster.connectionTo(node.id).pipeline([['COMMAND', 'INFO', 'pexpiretime'], ['TIME']])
      const now = timeIn(time)
      return {
        absolute: Array.isArray(info) && Array.isArray(info[0]),
        offsetMs: now === undefined ? undefined : now - (before + Date.now()) / 2,
      }
    }),
  )
  const offsets = answers.flatMap(({offsetMs}) => offsetMs ?? [])
  return {
    absolute: answers.every(({absolute}) => absolute),
    // One that does not tell may be late: then each node itself drops what is over.
    clockOffsetMs: offsets.length === answers.length ? Math.min(...offsets) : undefined,
  }
}
