import {encodeCommand} from '../../../protocol/resp/encode-command.js'
import type {CrdtCore} from '../core/api.js'
import type {CrdtDatabase} from '../crdt-database.js'
import {lengthText, type Packer} from './batch.js'
import type {PeerEffects} from './effects.js'
import type {HeldOutput} from './held-output.js'
import {type EffectRing, lackingFrom} from './ring.js'
import type {Stability} from './stability.js'
import type {SyncRequest} from './sync-request.js'
import {type ActorKey, isWithin, NO_VECTOR, regionOf, type Vector, vectorFrom} from './vectors.js'

/** Where a feed writes to: the connection on which somebody asked. */
export interface FeedOutput {
  send(text: string): void
  /** What has not left this process. */
  readonly unsentBytes: number
  /** Calls back once most of it has left. */
  whenTaken(run: () => void): void
  close(): void
}

export interface FeedHost {
  readonly core: CrdtCore
  readonly database: Pick<CrdtDatabase, 'config'>
  readonly ring: EffectRing
  readonly stability: Pick<Stability, 'hasGarbage'>
  readonly effects: Pick<PeerEffects, 'soon'>
  readonly packer: Packer
  /** 0..6, of what this instance sends. */
  readonly compression: number
  readonly counters: FeedCounters
}

export interface FeedCounters {
  /** Asked for effects, and all of them were in the ring; slots' states had to be sent. */
  partialSyncs: number
  fullSyncs: number
  /** Slots' states that were sent. */
  slotStates: number
  /** Effects that were not sent because the receiver had them. */
  filtered: number
}

/** So much may be on its way; more stays in the ring, which costs nothing. */
const UNSENT_BYTES_MAX = 512 * 1024
/** Who gets it takes it in whole, which takes some milliseconds. */
const BATCH_BYTES = 32 * 1024
/** Looked at in one turn of the loop. */
const ENTRIES_PER_TURN = 8192
/** Bytes given out in one turn: gathering and deflating them takes some milliseconds. */
const TURN_BYTES_MAX = 64 * 1024

/**
 * What one shard of another region is sent, on the connection on which it asked for it:
 *
 *     +SYNC json                     which slots it gets; after that, as arrays of strings:
 *     E mark raw-length data         effects (batch.ts); `mark` is where in the ring they end
 *     S slot raw-length data         a slot's state: what it lacks of it is not in the ring
 *     D                              all that was there when it asked has been sent
 *     C differing undecided          answer to CRDT.COMPARE: slots (comparisons.ts)
 *     H clock mark echo 0|1          answer to CRDT.ACK, behind all that was there when it came; 1: vectors are of use
 *
 * It knows what the receiver has of each slot, so that nothing is sent twice; a receiver too slow for the ring finds its
 * place again by that.
 */
export class Feed {
  /** In the ring: all before it was sent, or was not wanted. */
  position = 0
  /** As far as the receiver says it has come. */
  acknowledged = 0
  /** Unix milliseconds. */
  heardMs: number
  sentBytes = 0
  rawBytes = 0
  isSynced = false
  request!: SyncRequest
  /** What the receiver has of each slot that is served, by slot. */
  private sent: (Vector | undefined)[] = []
  private wanted: ReadonlySet<number> = new Set()
  /** Slots whose state is to be sent, in order. */
  private states = new Set<number>()
  private isWaiting = false
  private isClosed = false

  constructor(
    private readonly host: FeedHost,
    private readonly output: HeldOutput,
    nowMs: number,
  ) {
    this.heardMs = nowMs
  }

  /** Of those that are served. */
  get slotCount(): number {
    let count = 0
    for (const vector of this.sent) if (vector !== undefined) count++
    return count
  }

  /**
   * CRDT.SYNC; the answer has been sent. @param slots - that are ours and asked for @param theirs - vectors of slots of which they know something
   */
  begin(request: SyncRequest, slots: readonly number[], theirs: ReadonlyMap<number, Vector>): void {
    this.request = request
    this.output.drop()
    this.wanted = new Set(request.regions)
    this.sent = []
    for (const slot of slots) this.sent[slot] = theirs.get(slot) ?? NO_VECTOR
    this.isSynced = false
    this.locate()
    if (this.states.size > 0) this.host.counters.fullSyncs++
    else this.host.counters.partialSyncs++
    this.pump()
  }

  /** What regions that are gone have written, nobody else will bring. */
  private readonly isWanted = (actor: ActorKey): boolean => {
    const region = regionOf(actor)
    return this.wanted.has(region) || this.host.database.config.removed.includes(region)
  }

  /** Finds the place in the ring, and the slots that it does not help with. */
  private locate(): void {
    const {core, ring} = this.host
    this.states = new Set()
    let count = 0
    this.sent.forEach((theirs, slot) => {
      if (theirs === undefined) return
      const entries = core.vectorOf(slot)
      // Nothing is lacking, and nothing was lost: so it is in most slots of a link that was down for a moment.
      if (isWithin(entries, theirs)) return
      const ours = vectorFrom(entries)
      const lacking = this.hasLost(ours, theirs) ? undefined : lackingFrom(ring, slot, ours, theirs, this.isWanted)
      if (lacking === undefined) this.states.add(slot)
      else count += lacking
    })
    this.position = ring.findStart(count, ({actor, sequence, slot}) => {
      if (!this.isWanted(actor) || this.states.has(slot)) return false
      const known = this.sent[slot]
      return known !== undefined && (known.get(actor) ?? 0) < sequence
    })
    this.acknowledged = this.position
  }

  /** It wrote what it does not know any more: its disk was behind. */
  private hasLost(ours: Vector, theirs: Vector): boolean {
    for (const [actor, sequence] of ours) {
      if (regionOf(actor) === this.request.region && (theirs.get(actor) ?? 0) < sequence) return true
    }
    return false
  }

  /** CRDT.PULL: it waits for something of the slot that does not come. */
  pull(slot: number): void {
    if (this.sent[slot] === undefined) return
    this.states.add(slot)
    this.pump()
  }

  /** What a slot's state brought here is in no ring. */
  joined(slot: number): void {
    const theirs = this.sent[slot]
    if (theirs === undefined || this.states.has(slot)) return
    const ours = vectorFrom(this.host.core.vectorOf(slot))
    if (lackingFrom(this.host.ring, slot, ours, theirs, this.isWanted) === undefined) this.states.add(slot)
    this.pump()
  }

  /** The others are another shard's. */
  keepOnly(slots: ReadonlySet<number>): void {
    this.sent.forEach((_, slot) => {
      if (slots.has(slot)) return
      this.sent[slot] = undefined
      this.states.delete(slot)
    })
  }

  /** CRDT.ACK. @param echo - goes back behind all there is */
  answer(mark: number, echo: string, nowMs: number): void {
    this.heardMs = nowMs
    this.acknowledged = Math.max(this.acknowledged, mark)
    this.pump()
    const {core, stability} = this.host
    this.send(encodeCommand(['H', String(core.clock), String(this.position), echo, stability.hasGarbage ? '1' : '0']))
  }

  /** The answer to CRDT.COMPARE. */
  compared(differing: readonly number[], undecided: readonly number[]): void {
    this.send(encodeCommand(['C', differing.join(' '), undecided.join(' ')]))
  }

  /** Sends what there is, as far as the receiver takes it. */
  pump(): void {
    if (this.isWaiting || this.isClosed) return
    let entries = 0
    const untilBytes = this.rawBytes + TURN_BYTES_MAX
    for (;;) {
      if (this.output.unsentBytes > UNSENT_BYTES_MAX) {
        this.isWaiting = true
        this.output.whenTaken(() => this.goOn())
        return
      }
      if (entries > ENTRIES_PER_TURN || this.rawBytes > untilBytes) {
        this.isWaiting = true
        this.host.effects.soon(() => this.goOn())
        return
      }
      if (this.states.size > 0) this.sendState()
      else if (this.position < this.host.ring.start) this.locate()
      else if (this.position < this.host.ring.end) entries += this.sendBatch(ENTRIES_PER_TURN - entries)
      else break
    }
    if (this.isSynced) return
    this.isSynced = true
    this.send(encodeCommand(['D']))
  }

  private goOn(): void {
    this.isWaiting = false
    this.pump()
  }

  private sendState(): void {
    const {core, counters} = this.host
    const slot = this.states.values().next().value as number
    this.states.delete(slot)
    const state = core.packSlot(slot)
    this.sent[slot] = vectorFrom(core.vectorOf(slot))
    counters.slotStates++
    this.sendPacked(['S', String(slot)], state)
  }

  /** @returns how many entries were looked at */
  private sendBatch(countMax: number): number {
    const {counters, ring} = this.host
    const {end} = ring
    let batch = ''
    let count = 0
    while (this.position < end && count <= countMax && batch.length < BATCH_BYTES) {
      const position = this.position++
      const {actor, sequence, slot} = ring.nameAt(position)
      count++
      if (!this.isWanted(actor)) continue
      const known = this.sent[slot]
      if (known === undefined) continue
      if ((known.get(actor) ?? 0) >= sequence) {
        counters.filtered++
        continue
      }
      if (known === NO_VECTOR) this.sent[slot] = new Map([[actor, sequence]])
      else known.set(actor, sequence)
      // Most of the ring is of regions that have their own links: its text is not looked at.
      const effect = ring.textAt(position)
      batch += lengthText(effect.length) + effect
    }
    if (batch !== '') this.sendPacked(['E', String(this.position)], batch)
    return count
  }

  private sendPacked(words: readonly string[], text: string): void {
    const {compression, packer} = this.host
    const {data, rawLength} = packer.pack(text, compression)
    this.rawBytes += text.length
    this.send(encodeCommand([...words, String(rawLength), data]), true)
  }

  private send(text: string, isOwn = false): void {
    this.sentBytes += text.length
    this.output.send(text, isOwn)
  }

  /** What has waited for replicas. */
  letOut(): void {
    this.output.letOut()
  }

  /** Effects that the receiver has not acknowledged yet. */
  get pendingCount(): number {
    const {ring} = this.host
    const evicted = Math.max(0, ring.start - this.acknowledged)
    return this.states.size + evicted + ring.countFrom(this.acknowledged, this.isWanted, this.sent)
  }

  /** Safe to call twice. */
  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.output.close()
  }
}
