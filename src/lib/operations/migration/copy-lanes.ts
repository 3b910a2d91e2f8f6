import {deleteKeys, keysInSlot, restoreKey, switchSlot} from '../../client/migration/legacy.js'
import type {WireReply} from '../../client/migration/reply-reader.js'
import type {Wire, WireCommand} from '../../client/migration/wire.js'
import {NodeReplyError} from '../../client/reply-error.js'
import {CliError} from '../../kernel/errors.js'
import {LIST_KEYS} from './drain.js'
import type {SizedSlot} from './size-keys.js'
import type {PairContext} from './types.js'

/*
 * Moving a slot of small keys without MIGRATE, which costs the source a wait for the target and a system call per byte of
 * each answer. Instead the copy is made while nobody can see it, and a transaction switches over:
 *
 *   target  SETSLOT IMPORTING                          (the window was opened; no key of the slot is here)
 *   source  WATCH k1 k2 ..; DUMP k1; ..; PTTL k1; ..   the source is stable: it serves every key, redirects nobody
 *   target  RESTORE-ASKING k1 ..                       invisible: who comes without ASKING is sent to the source
 *   source  MULTI; EVAL "SETSLOT MIGRATING; if that is OK, DEL k1 k2 .."; EXEC
 *
 * EXEC does nothing if any of the keys was written, deleted or expired since WATCH, and the script does nothing if SETSLOT
 * is refused, as it is when the target failed over this very moment: keys deleted all the same would be written anew by
 * clients before anybody could put them back. After it the source redirects with ASK for keys that the target holds, each
 * as it last was. If nothing was done, the copies are deleted before anybody is redirected to them, and the slot goes by
 * MIGRATE. A slot that the source has marked as migrating is past the switch, one that it has not is before it: that is how
 * `resume` knows what copies are worth.
 */

/** Slots at a time: enough to fill the way to the nodes and back, few enough not to fill their queues. */
const LANES_MIN = 6
const LANES_MAX = 48
const LANES_PER_ROUND_TRIP_MS = 8

/** Beyond these a slot goes by MIGRATE: the copy passes through this process. */
const SLOT_KEYS_MAX = LIST_KEYS - 1
const SLOT_BYTES_MAX = 256 * 1024

export interface SwitchedSlot {
  readonly slot: number
  readonly keyCount: number
  /** Keys that appeared while the copy was made; they are still at the source. */
  readonly left: readonly string[]
}

export interface CopyResult {
  readonly switched: readonly SwitchedSlot[]
  /** Slots to move by MIGRATE; nothing of them is at the target, and the source does not redirect yet. */
  readonly refused: readonly number[]
}

/** A key as it was dumped. */
interface Copy {
  readonly key: string
  readonly payload: string
  /** Milliseconds; 0 = none. */
  readonly ttlMs: number
}

/** A slot whose copies are at the target, before its switch. */
interface CopiedSlot {
  readonly slot: number
  readonly copies: readonly Copy[]
}

export class CopyLanes {
  private readonly lanes: Promise<Wire>[] = []
  private readonly laneCount: number
  private off = false
  /** Why a lane ended; the others end as well, once nothing of theirs is half done. */
  private broken: {readonly error: unknown} | undefined
  private withTtl = false

  constructor(
    private readonly context: PairContext,
    roundTripMs: number,
  ) {
    this.laneCount = Math.min(LANES_MAX, Math.max(LANES_MIN, Math.ceil(roundTripMs * LANES_PER_ROUND_TRIP_MS)))
  }

  /** Whether a slot is of the kind that is copied. */
  accepts({keys}: SizedSlot): boolean {
    if (this.off || keys.length === 0 || keys.length > SLOT_KEYS_MAX) return false
    let bytes = 0
    for (const key of keys) bytes += key.bytes ?? Number.POSITIVE_INFINITY
    return bytes <= SLOT_BYTES_MAX
  }

  /**
   * @param slots - imported by the target, without keys there; stable at the source
   * @throws {CliError} if a connection is lost: then `resume` finds each slot before or after its switch
   */
  async run(slots: readonly SizedSlot[]): Promise<CopyResult> {
    const result = {switched: [] as SwitchedSlot[], refused: [] as number[]}
    const waiting = [...slots].reverse()
    const work = async (index: number) => {
      const lane = await this.lane(index)
      // The switch of one slot and the dump of the next share a write: EXEC ends the watch of the one before.
      for (let copied: CopiedSlot | undefined, next = waiting.pop(); copied || next; next = waiting.pop()) {
        const switching = copied ? this.switchCommands(copied) : []
        const replies = await lane.send([...switching, ...(next ? this.dumpCommands(next) : [])])
        if (copied) await this.onSwitched(copied, replies.slice(0, switching.length), result)
        copied = next && (await this.restore(lane, next, replies.slice(switching.length)))
        if (copied && this.broken) await this.giveUp(copied)
        if (next && !copied) result.refused.push(next.slot)
      }
    }
    const lanes = Array.from({length: Math.min(this.laneCount, slots.length)}, (_, index) =>
      work(index).catch((error: unknown) => {
        this.broken ??= {error}
        waiting.length = 0
      }),
    )
    await Promise.all(lanes)
    if (this.broken) throw this.broken.error
    return result
  }

  /** Something is wrong with the source: what was not switched is not going to be. */
  private async giveUp({copies}: CopiedSlot): Promise<never> {
    await this.discard(copies)
    throw this.broken?.error
  }

  async close(): Promise<void> {
    for (const lane of this.lanes) await lane.then((wire) => wire.close()).catch(() => undefined)
  }

  /** A watch belongs to its connection, so each slot under way needs one of its own. */
  private lane(index: number): Promise<Wire> {
    const lane = this.lanes[index] ?? this.context.openLane()
    this.lanes[index] = lane
    return lane
  }

  /** Times to live are asked for key by key only at a source that has any; the answer holds because of the watch. */
  private dumpCommands({keys}: SizedSlot): WireCommand[] {
    const names = keys.map(({key}) => key)
    const ttls = this.withTtl ? names.map((key) => ['PTTL', key]) : [['INFO', 'keyspace']]
    return [['WATCH', ...names], ...names.map((key) => ['DUMP', key]), ...ttls]
  }

  /** @returns undefined if the slot was left as it was */
  private async restore(lane: Wire, slot: SizedSlot, dumped: readonly WireReply[]): Promise<CopiedSlot | undefined> {
    const copies = dumped[0] === 'OK' ? this.copiesOf(slot.keys, dumped) : undefined
    const restored = copies ? await this.context.target.wire.send(copies.map(restoreKey)) : []
    if (copies && restored.every((reply) => reply === 'OK')) return {slot: slot.slot, copies}
    if (refusesCommand([...dumped, ...restored])) this.off = true
    await lane.send([['UNWATCH']])
    await this.discard(copies?.filter((_, index) => restored[index] === 'OK') ?? [])
    return undefined
  }

  private switchCommands({copies, slot}: CopiedSlot): WireCommand[] {
    return [['MULTI'], switchSlot(slot, this.context.target.id, copies), ['EXEC'], keysInSlot(slot, LIST_KEYS)]
  }

  private async onSwitched(
    {copies, slot}: CopiedSlot,
    answers: readonly WireReply[],
    result: {readonly switched: SwitchedSlot[]; readonly refused: number[]},
  ): Promise<void> {
    const {emit, source, target} = this.context
    const [done, left] = answers.slice(-2)
    const refusal = Array.isArray(done) ? done.find((reply) => reply instanceof NodeReplyError) : undefined
    if (!Array.isArray(done) || refusal) {
      // Unless it is the script itself that is refused, MIGRATE is refused as well, and says why.
      if (refusal || refusesCommand(answers)) this.off = true
      await this.discard(copies)
      result.refused.push(slot)
      return
    }
    emit({event: 'progress', from: source.id, to: target.id, keys: copies.length, slots: 1})
    result.switched.push({slot, keyCount: copies.length, left: Array.isArray(left) ? (left as string[]) : []})
  }

  /** @returns undefined if a key could not be dumped; a key that is gone is left out */
  private copiesOf(keys: SizedSlot['keys'], replies: readonly WireReply[]): Copy[] | undefined {
    if (!this.withTtl && hasExpiries(replies.at(-1))) {
      this.withTtl = true
      return undefined
    }
    const copies: Copy[] = []
    for (const [index, {key}] of keys.entries()) {
      const payload = replies[1 + index]
      const ttlMs = this.withTtl ? replies[1 + keys.length + index] : -1
      if (payload === null) continue
      if (typeof payload !== 'string' || typeof ttlMs !== 'number') return undefined
      copies.push({key, payload, ttlMs: ttlMs < 0 ? 0 : Math.max(1, ttlMs)})
    }
    return copies
  }

  /** Copies that nobody has seen. They must be gone before the source redirects anybody. */
  private async discard(copies: readonly Copy[]): Promise<void> {
    if (copies.length === 0) return
    const [, reply] = await this.context.target.wire.send([['ASKING'], deleteKeys(copies)])
    if (reply instanceof NodeReplyError) {
      throw new CliError('PLAN_PARTIAL', `${this.context.target.name} does not delete copies: ${reply.message}`)
    }
  }
}

/** Whether a node has keys that expire, by its INFO keyspace; yes if it does not tell. */
function hasExpiries(info: WireReply | undefined): boolean {
  const match = typeof info === 'string' ? /^db0:keys=\d+,expires=(\d+)/m.exec(info) : undefined
  return match?.[1] !== '0'
}

/** Whether a node cannot or may not do this at all, so that trying with each slot is a waste. */
function refusesCommand(replies: readonly WireReply[]): boolean {
  return replies.some((reply) => reply instanceof NodeReplyError && /^NOPERM|^ERR unknown command/i.test(reply.message))
}
