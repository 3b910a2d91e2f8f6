import type {SlotRange} from '../../../model/slot-set.js'
import type {Reply} from '../../../protocol/resp/reply-parser.js'
import type {Telling} from './acknowledgements.js'
import {splitBatch, unpack} from './batch.js'
import type {PeerEffects} from './effects.js'
import {Backoff, type PeerAccess, type PeerAddress, PeerConnection} from './peer-connection.js'
import {parseAnswer, renderRequest, type SyncRequest} from './sync-request.js'

/** Why there is nothing to be had. */
export type PullRefusal =
  /** The node answers, but it is no instance of any database. */
  | 'no-instance'
  /** It is one, and will have us once it has begun, or has heard of us. */
  | 'not-yet'
  /** It is one, and will not have us: other database, removed region, cut, no primary. */
  | 'refused'

export interface PullHost {
  readonly effects: Pick<PeerEffects, 'inflate' | 'openPeerLink' | 'soon'>
  /** Monotonic. */
  nowMs(): number
  access(region: number): PeerAccess
  /** What to ask for now. @returns the request, and the packed vectors of its slots */
  request(pull: Pull): {readonly request: SyncRequest; readonly vectors: string}
  /** Hybrid time, for CRDT.ACK. */
  clock(): number
  /** @throws Error if one is no effect */
  receive(pull: Pull, effects: readonly string[]): void
  /** @throws Error if it is no slot's state */
  join(pull: Pull, slot: number, state: string): void
  heard(pull: Pull, clock: number): void
  /** The answer to `compare`: slots. */
  compared(pull: Pull, differing: readonly number[], undecided: readonly number[]): void
  /** The link came up, is in sync, or ended. */
  changed(pull: Pull): void
}

/** Of a connection that brings nothing, not even an answer. */
const SILENCE_MS_MAX = 10_000
const CONNECT_MS_MAX = 5000
const UNKNOWN_COMMAND = /^ERR unknown command/i
const NOT_YET = /^(?:CRDTNOTYET|LOADING) /

/**
 * What this shard gets from one node of another region, which owns slots that are ours too.
 *
 *     down --dial--> connecting --+SYNC--> syncing --D--> in-sync
 *      ^                |                     |              |
 *      +--- backoff ----+------- error, end, silence --------+
 */
export class Pull {
  state: 'connecting' | 'down' | 'in-sync' | 'syncing' = 'down'
  lastError = ''
  refusal: PullRefusal | undefined
  /** Of the node, once it has answered. */
  nodeId = ''
  /** Compressed, and not. */
  receivedBytes = 0
  rawBytes = 0
  slotStates = 0
  /** Hybrid time up to which all is here that the node had. */
  heardClock = 0
  /** The other side has something to collect: it has use for our vectors. */
  wantsVectors = false
  /** Undefined: it has never been asked for anything. */
  telling: Telling | undefined
  /** Regions whose effects come on this link. */
  regions: readonly number[]
  private connection: PeerConnection | undefined
  private readonly backoff = new Backoff()
  private startedMs = 0
  private heardMs = 0
  private mark = 0
  private acknowledgedMark = -1
  /** Asked, unanswered; oldest first. */
  private asked: number[] = []
  /** All that the node had then is here. */
  private completeMs: number | undefined

  constructor(
    private readonly host: PullHost,
    readonly region: number,
    readonly address: PeerAddress,
    public slots: readonly SlotRange[],
  ) {
    this.regions = [region]
  }

  /** Of what this link brings, how late it is: monotonic milliseconds; undefined: it was never in sync. */
  lagMs(nowMs: number): number | undefined {
    if (this.completeMs === undefined) return undefined
    if (this.state !== 'in-sync') return nowMs - this.completeMs
    const [oldest] = this.asked
    return oldest === undefined ? this.roundMs : Math.max(this.roundMs, nowMs - oldest)
  }

  private roundMs = 0

  /** Since something came; monotonic milliseconds; 0: there is no link that anything could come on. */
  silentMs(nowMs: number): number {
    return this.isConnected ? nowMs - this.heardMs : 0
  }

  get isConnected(): boolean {
    return this.state === 'in-sync' || this.state === 'syncing'
  }

  /** About every 50 ms. */
  tick(nowMs: number): void {
    if (this.connection === undefined) {
      if (this.backoff.isDue(nowMs)) this.connect(nowMs)
    } else if (this.state === 'connecting' && nowMs - this.startedMs > CONNECT_MS_MAX) this.fail('no answer in time')
    else if (nowMs - this.heardMs > SILENCE_MS_MAX) this.fail('nothing was heard of it for 10 seconds')
  }

  private connect(nowMs: number): void {
    this.state = 'connecting'
    this.startedMs = nowMs
    this.heardMs = nowMs
    this.asked = []
    this.mark = 0
    this.acknowledgedMark = -1
    try {
      this.connection = new PeerConnection(this.host.effects, this.address, this.host.access(this.region), {
        onEnd: (error) => this.ended(error),
        onOpen: () => this.ask(),
        onReply: (reply) => this.onReply(reply),
      })
    } catch (error) {
      this.ended((error as Error).message)
    }
  }

  /** CRDT.SYNC, also again: other slots, other regions. */
  ask(): void {
    if (this.connection === undefined) return
    const {request, vectors} = this.host.request(this)
    this.connection.command('CRDT.SYNC', renderRequest(request), vectors)
  }

  /** Waits for something of the slot that does not come. */
  askForState(slot: number): void {
    if (this.isConnected) this.connection?.command('CRDT.PULL', String(slot))
  }

  /** CRDT.COMPARE. @param vectors - packed @param digests - one after the other */
  compare(vectors: string, digests: string): void {
    if (this.isConnected) this.connection?.command('CRDT.COMPARE', vectors, digests)
  }

  /** CRDT.ACK. @param vectors - packed; undefined: only how far we are */
  acknowledge(vectors?: string): void {
    if (!this.isConnected || this.connection === undefined) return
    const nowMs = this.host.nowMs()
    const words = [String(this.host.clock()), String(this.mark), String(nowMs)]
    this.connection.command('CRDT.ACK', ...words, ...(vectors === undefined ? [] : [vectors]))
    this.asked.push(nowMs)
    this.acknowledgedMark = this.mark
  }

  /** Something came that the other side does not know to be here. */
  get owesAck(): boolean {
    return this.isConnected && this.mark !== this.acknowledgedMark
  }

  private onReply(reply: Reply): void {
    this.heardMs = this.host.nowMs()
    if (reply.kind === 'error') this.refused(reply.text)
    else if (reply.kind === 'status') this.onStatus(reply.text)
    else if (reply.kind === 'array') this.onFrame(reply.items)
    else this.fail('it answers what nobody asked')
  }

  private refused(text: string): void {
    if (UNKNOWN_COMMAND.test(text)) {
      this.fail('it is no instance of an active-active database', 'no-instance')
    } else this.fail(text, NOT_YET.test(text) ? 'not-yet' : 'refused')
  }

  private onStatus(text: string): void {
    const answer = parseAnswer(text)
    if (answer === undefined) this.fail(`it answers ${text.slice(0, 100)}`)
    else if (answer.region !== this.region) {
      this.fail(`it belongs to region ${answer.region}, not to region ${this.region}`, 'refused')
    } else {
      this.nodeId = answer.node
      this.refusal = undefined
      this.state = 'syncing'
      this.host.changed(this)
    }
  }

  private onFrame(items: readonly Reply[]): void {
    const [kind, ...words] = items.map((item) => ('text' in item ? item.text : ''))
    try {
      this.onWords(kind, words)
    } catch (error) {
      // What is wrong with it, it would be again: not before some time has passed.
      this.fail(`what it sends cannot be used: ${(error as Error).message}`)
    }
  }

  private onWords(
    kind: string | undefined,
    [first = '', second = '', third = '', fourth = '']: readonly string[],
  ): void {
    switch (kind) {
      case 'E':
        this.host.receive(this, splitBatch(this.unpacked(second, third)))
        this.mark = Number(first)
        return
      case 'S':
        this.slotStates++
        this.host.join(this, Number(first), this.unpacked(second, third).toString('latin1'))
        return
      case 'D':
        this.becomeSynced()
        return
      case 'C':
        this.host.compared(this, slotsIn(first), slotsIn(second))
        return
      case 'H':
        this.wantsVectors = fourth === '1'
        this.onHeartbeat(Number(first), Number(second), Number(third))
        return
      default:
        throw new Error('a message of an unknown kind')
    }
  }

  private unpacked(rawLength: string, data: string): Buffer {
    const bytes = unpack({data, rawLength: Number(rawLength)}, this.host.effects)
    this.receivedBytes += data.length
    this.rawBytes += bytes.length
    return bytes
  }

  private becomeSynced(): void {
    this.state = 'in-sync'
    this.lastError = ''
    this.backoff.reset()
    this.acknowledge()
    this.completeMs = this.host.nowMs()
    this.host.changed(this)
  }

  private onHeartbeat(clock: number, mark: number, echo: number): void {
    const nowMs = this.host.nowMs()
    this.mark = Math.max(this.mark, mark)
    this.asked = this.asked.filter((atMs) => atMs > echo)
    this.roundMs = Math.max(0, nowMs - echo)
    if (this.state === 'in-sync') {
      this.completeMs = echo
      this.heardClock = Math.max(this.heardClock, clock)
    }
    // It needs no answer: the next acknowledgement says the same.
    this.acknowledgedMark = this.mark
    this.host.heard(this, clock)
  }

  /** The link has to be made anew. Safe at any time. */
  fail(error: string, refusal?: PullRefusal): void {
    this.refusal = refusal
    this.connection?.close()
    this.ended(error, refusal)
  }

  private ended(error: string, refusal?: PullRefusal): void {
    this.connection = undefined
    this.state = 'down'
    this.lastError = error
    this.refusal = refusal
    this.backoff.failed(this.host.nowMs())
    this.host.changed(this)
  }

  /** Dials at the next tick, whatever came before. */
  hurry(): void {
    this.backoff.reset()
  }

  /** No event comes any more. Safe to call twice. */
  close(): void {
    this.connection?.close()
    this.connection = undefined
    this.state = 'down'
  }
}

function slotsIn(text: string): number[] {
  return text === '' ? [] : text.split(' ').map(Number)
}
