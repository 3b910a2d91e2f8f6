import {copyKey, deleteKeys, keysInSlot, restoreKey, setMigrating} from '../../client/migration/legacy.js'
import type {WireReply} from '../../client/migration/reply-reader.js'
import type {Wire} from '../../client/migration/wire.js'
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
 *   source  WATCH k1 k2 ..; DUMP k1; PTTL k1; ..       the source is stable: it serves every key, redirects nobody
 *   target  RESTORE-ASKING k1 ..                       invisible: who comes without ASKING is sent to the source
 *   source  MULTI; SETSLOT MIGRATING; DEL k1 k2 ..; EXEC
 *
 * EXEC does all or nothing, and nothing if any of the keys was written, deleted or expired since WATCH. After it the
 * source redirects with ASK for keys that the target holds, each as it last was. If nothing was done, the copies are
 * deleted before anybody is redirected to them, and the slot goes by MIGRATE. A slot that the source has marked as
 * migrating is past the switch, one that it has not is before it: that is how `resume` knows what copies are worth.
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

export class CopyLanes {
  private readonly lanes: Promise<Wire>[] = []
  private readonly laneCount: number
  private off = false

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
    const switched: SwitchedSlot[] = []
    const refused: number[] = []
    let next = 0
    const work = async (lane: number) => {
      for (let slot = slots[next++]; slot; slot = slots[next++]) {
        const outcome = this.off ? undefined : await this.copy(await this.lane(lane), slot)
        if (outcome) switched.push(outcome)
        else refused.push(slot.slot)
      }
    }
    await Promise.all(Array.from({length: Math.min(this.laneCount, slots.length)}, (_, lane) => work(lane)))
    return {switched, refused}
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

  /** @returns undefined if the slot was left as it was */
  private async copy(lane: Wire, {keys, slot}: SizedSlot): Promise<SwitchedSlot | undefined> {
    const {source, target} = this.context
    const dumped = await lane.send([['WATCH', ...keys.map(({key}) => key)], ...keys.flatMap(({key}) => copyKey(key))])
    const copies = dumped[0] === 'OK' ? copiesOf(keys, dumped) : undefined
    const restored = copies ? await target.wire.send(copies.map(restoreKey)) : []
    if (!copies || restored.some((reply) => reply !== 'OK')) {
      if (refusesCommand([...dumped, ...restored])) this.off = true
      await lane.send([['UNWATCH']])
      await this.discard(copies?.filter((_, index) => restored[index] === 'OK') ?? [])
      return undefined
    }
    const answers = await lane.send([
      ['MULTI'],
      setMigrating(slot, target.id),
      ...(copies.length > 0 ? [deleteKeys(copies)] : []),
      ['EXEC'],
      keysInSlot(slot, LIST_KEYS),
    ])
    const [done, left] = answers.slice(-2)
    if (!Array.isArray(done)) {
      await this.discard(copies)
      return undefined
    }
    if (done[0] !== 'OK') {
      await this.putBack(lane, slot, copies)
      throw new CliError('PLAN_PARTIAL', `${source.name} does not migrate slot ${slot}: ${textOf(done[0])}`)
    }
    const {emit} = this.context
    emit({event: 'progress', from: source.id, to: target.id, keys: copies.length, slots: 1})
    return {slot, keyCount: copies.length, left: Array.isArray(left) ? (left as string[]) : []}
  }

  /** Copies that nobody has seen. They must be gone before the source redirects anybody. */
  private async discard(copies: readonly Copy[]): Promise<void> {
    if (copies.length === 0) return
    const [, reply] = await this.context.target.wire.send([['ASKING'], deleteKeys(copies)])
    if (reply instanceof NodeReplyError) {
      throw new CliError('PLAN_PARTIAL', `${this.context.target.name} does not delete copies: ${reply.message}`)
    }
  }

  /** The source deleted the keys but refused to redirect, which takes a target that failed over this very moment. */
  private async putBack(lane: Wire, slot: number, copies: readonly Copy[]): Promise<void> {
    const replies = await lane.send(copies.map((copy) => ['RESTORE', ...restoreKey(copy).slice(1)]))
    const refusal = replies.find((reply) => reply instanceof NodeReplyError && !reply.message.startsWith('BUSYKEY'))
    if (!(refusal instanceof NodeReplyError)) await this.discard(copies)
    else {
      const {source, target} = this.context
      const text = `keys of slot ${slot} are at ${target.name} alone, and ${source.name} does not take them back`
      throw new CliError('PLAN_PARTIAL', `${text}: ${refusal.message}`)
    }
  }
}

/** @returns undefined if a key could not be dumped; a key that is gone is left out */
function copiesOf(keys: SizedSlot['keys'], replies: readonly WireReply[]): Copy[] | undefined {
  const copies: Copy[] = []
  for (const [index, {key}] of keys.entries()) {
    const payload = replies[1 + index * 2]
    const ttlMs = replies[2 + index * 2]
    if (payload === null) continue
    if (typeof payload !== 'string' || typeof ttlMs !== 'number') return undefined
    copies.push({key, payload, ttlMs: ttlMs < 0 ? 0 : Math.max(1, ttlMs)})
  }
  return copies
}

/** Whether a node cannot or may not do this at all, so that trying with each slot is a waste. */
function refusesCommand(replies: readonly WireReply[]): boolean {
  return replies.some((reply) => reply instanceof NodeReplyError && /^NOPERM|^ERR unknown command/i.test(reply.message))
}

function textOf(reply: WireReply | undefined): string {
  return reply instanceof NodeReplyError ? reply.message : JSON.stringify(reply)
}
