import type {RawConnection} from '../../../support/raw-resp.js'
import {type BothServers, bulks} from '../harness.js'
import {heard} from '../listener.js'
import {alike, eachAlike, isStaleRefusal} from './agreed.js'
import {DEFAULTS} from './generic-commands.js'
import type {Request} from './lua.js'
import type {Client, Step} from './script.js'

/** Where a script is performed: the same clients at both servers. */

/** The first difference there was, if any. */
export class Difference extends Error {
  constructor(
    /** Of the step at fault, or beyond the last if the data differ in the end. */
    readonly step: number,
    what: string,
    theirs: string,
    ours: string,
  ) {
    super(`${what}\n  redis-server: ${shown(theirs)}\n  this node:    ${shown(ours)}`)
  }
}

/** A deadline was over before both servers had surely set it: what they did with it says nothing. */
export class Stalled extends Error {}

/** A difference that is agreed on, and after which the data differ: the rest of the script says nothing. */
export class Parted extends Error {}

const SHOWN_LENGTH = 2500
const shown = (reply: string): string => JSON.stringify(reply).slice(0, SHOWN_LENGTH)

type Pair = readonly [theirs: RawConnection, ours: RawConnection]
type Replies = readonly [theirs: string, ours: string]

/** A connection's transaction, and for c and d what they wait for. */
interface State {
  queued: Request[] | undefined
  waitingFor: Request | undefined
}

const CLIENTS: readonly Client[] = ['a', 'b', 'c', 'd', 'reader']
/** Commands of one client that are sent in one write. */
const BATCH_MAX = 20
const PURGED_WITHIN_MS = 20_000

export interface StageOptions {
  readonly resp: '2' | '3'
  readonly inCluster: boolean
  /** A deadline that a script waits for is so far away: longer than both servers take to set it, or it is `Stalled`. */
  readonly soonMs: number
}

export class Stage {
  private readonly pairs = new Map<Client | 'keeper' | 'listener', Pair>()
  private readonly states = new Map<Client, State>()
  private readonly ids = new Map<Client, Replies>()
  /** Invalidations that came among replies. */
  private readonly pushed = new Map<RawConnection, string[]>()
  /** Commands whose replies were compared, those within scripts and transactions counted by their replies alone. */
  compared = 0

  private constructor(
    private readonly servers: BothServers,
    private readonly options: StageOptions,
  ) {}

  /** New clients at empty servers. */
  static async open(servers: BothServers, options: StageOptions): Promise<Stage> {
    const stage = new Stage(servers, options)
    await stage.join('keeper', [
      ['FLUSHALL'],
      ['SCRIPT', 'FLUSH'],
      ['FUNCTION', 'FLUSH'],
      ['CONFIG', 'SET', ...DEFAULTS.flat(), 'notify-keyspace-events', 'KEAmn'],
      ['DEBUG', 'SET-ACTIVE-EXPIRE', '0'],
    ])
    await stage.join('listener', [['PSUBSCRIBE', '__key*']])
    for (const client of CLIENTS) {
      await stage.join(client, [['HELLO', client === 'reader' ? '3' : options.resp]])
      stage.states.set(client, {queued: undefined, waitingFor: undefined})
      stage.ids.set(client, await stage.call(client, ['CLIENT', 'ID']))
    }
    await stage.call('reader', ['CLIENT', 'TRACKING', 'ON'])
    return stage
  }

  private async join(who: Client | 'keeper' | 'listener', opening: readonly (readonly string[])[]): Promise<void> {
    const pair = await this.servers.both()
    this.pairs.set(who, pair)
    for (const one of pair) {
      for (const reply of await one.batch(opening)) if (reply.startsWith('-')) throw new Error(`refused: ${reply}`)
    }
  }

  close(): void {
    for (const one of [...this.pairs.values()].flat()) one.close()
  }

  /** @throws Difference, Stalled, Parted */
  async perform(steps: readonly Step[]): Promise<void> {
    for (let at = 0; at < steps.length; ) {
      const next = this.endOfBatch(steps, at)
      const step = steps[at]!
      const isInAnyOrder = this.looksAround(step)
      if (step.kind === 'command' && this.states.get(step.who)!.waitingFor === undefined) {
        await this.batch(steps, at, next)
      } else if (step.kind !== 'command') {
        await this.special(step, at)
      }
      await this.hear(at, next, isInAnyOrder, steps.slice(at, next).some(swapsDatabases))
      at = next
    }
  }

  /** Goes over keys in an order that is a matter of hash tables: what that sets off comes in any order. */
  private looksAround(step: Step): boolean {
    if (step.kind !== 'command') return step.kind === 'purge' || step.kind === 'scan'
    const isExec = /^exec$/i.test(step.argv[0]!)
    return looksUpByElement(step) || (isExec && (this.states.get(step.who)!.queued ?? []).some(looksUpByElement))
  }

  /** What one client sends in a row is sent at once. */
  private endOfBatch(steps: readonly Step[], at: number): number {
    const first = steps[at]!
    if (first.kind !== 'command' || isWaiter(first.who) || isAlone(first)) return at + 1
    let end = at + 1
    while (end < steps.length && end - at < BATCH_MAX) {
      const step = steps[end]!
      if (step.kind !== 'command' || step.who !== first.who || isAlone(step)) break
      end++
    }
    return end
  }

  private async batch(steps: readonly Step[], from: number, to: number): Promise<void> {
    const requests = steps.slice(from, to) as (Step & {kind: 'command'})[]
    const {who} = requests[0]!
    const pair = this.pairs.get(who)!
    const state = this.states.get(who)!
    if (isWaiter(who)) {
      for (const one of pair) one.post(requests[0]!.argv)
      state.waitingFor = requests[0]!
      // What is sent after it on another connection is answered after it.
      await this.settle()
      return
    }
    const argvs = requests.map(({argv}) => argv)
    const [theirs, ours] = await this.ask(pair, argvs)
    for (const [i, request] of requests.entries()) {
      this.check(from + i, state, request, theirs[i]!, ours[i]!)
    }
  }

  private check(at: number, state: State, request: Request, theirs: string, ours: string): void {
    this.compared++
    const name = request.argv[0]!.toUpperCase()
    const isExec = name === 'EXEC' && state.queued !== undefined && /^[*]\d/.test(theirs)
    const isAlike = isExec ? eachAlike(state.queued!, theirs, ours) : alike(request, theirs, ours)
    if (!isAlike) this.differ(at, request, theirs, ours)
    if (theirs === '+QUEUED\r\n') state.queued!.push(request)
    else if (name === 'MULTI' && theirs === '+OK\r\n') state.queued = []
    // An EXEC that fails ends it too, unlike a DISCARD with arguments.
    else if (name === 'EXEC' || (name === 'DISCARD' && theirs === '+OK\r\n')) state.queued = undefined
  }

  private async special(step: Exclude<Step, {kind: 'command'}>, at: number): Promise<void> {
    if (step.kind === 'purge') {
      await this.purge()
      return
    }
    const {who} = step
    // Inside of a transaction nothing is answered.
    if (this.states.get(who)!.queued !== undefined) return
    switch (step.kind) {
      case 'scan':
        return await this.scan(at, who, step.argv)
      case 'transfer':
        return await this.transfer(at, who, step.from, step.argv)
      case 'lapse': {
        const soon = Date.now() + this.options.soonMs
        const argv = step.argv.map((word) => (word === '{soon}' ? String(soon) : word))
        const replies = await this.call(who, argv)
        if (Date.now() >= soon) throw new Stalled()
        this.compare(at, {argv}, replies)
        while (Date.now() <= soon + 1) await pause()
        return
      }
      case 'unblock': {
        const replies = await Promise.all(
          this.pairs.get(who)!.map((one, i) => one.call('CLIENT', 'UNBLOCK', this.idOf(step.whom, i), step.how)),
        )
        this.compare(at, {argv: ['CLIENT', 'UNBLOCK', step.whom]}, replies as [string, string])
      }
    }
  }

  private idOf(who: Client, server: number): string {
    return this.ids.get(who)![server]!.slice(1, -2)
  }

  private compare(at: number, request: Request, [theirs, ours]: Replies): void {
    this.compared++
    if (!alike(request, theirs, ours)) this.differ(at, request, theirs, ours)
  }

  private differ(at: number, request: Request, theirs: string, ours: string): never {
    if (isStaleRefusal(theirs, ours)) throw new Parted()
    throw new Difference(at, `replies to ${JSON.stringify(request.argv)}`, theirs, ours)
  }

  private async call(who: Client | 'keeper', argv: readonly string[]): Promise<Replies> {
    const [theirs, ours] = await this.ask(this.pairs.get(who)!, [argv])
    return [theirs[0]!, ours[0]!]
  }

  private async ask(pair: Pair, argvs: readonly (readonly string[])[]): Promise<[theirs: string[], ours: string[]]> {
    return (await Promise.all(pair.map((one) => this.replies(one, argvs)))) as [string[], string[]]
  }

  /** One to each command; what came unasked among them is kept for `hear`. */
  private async replies(one: RawConnection, argvs: readonly (readonly string[])[]): Promise<string[]> {
    const replies: string[] = []
    for (let got = await one.batch(argvs); ; got = await one.replies(argvs.length - replies.length)) {
      for (const message of got) {
        if (!message.startsWith('>')) replies.push(message)
        else this.pushed.set(one, [...(this.pushed.get(one) ?? []), `${message}(before reply ${replies.length})`])
      }
      if (replies.length === argvs.length) return replies
    }
  }

  /** All that a walk finds, which may come more than once. */
  private async scan(at: number, who: Client, argv: readonly string[]): Promise<void> {
    const cursorAt = argv.indexOf('0')
    const size = argv[0] === 'HSCAN' || argv[0] === 'ZSCAN' ? 2 : 1
    const walks = await Promise.all(
      this.pairs.get(who)!.map(async (one) => {
        const found = new Set<string>()
        for (let cursor = '0'; ; ) {
          const asked = [...argv.slice(0, cursorAt), cursor, ...argv.slice(cursorAt + 1)]
          const reply = (await this.replies(one, [asked]))[0]!
          if (reply.startsWith('-')) return reply
          const [next, ...items] = bulks(reply)
          for (let i = 0; i < items.length; i += size) found.add(JSON.stringify(items.slice(i, i + size)))
          if (next === '0') return [...found].sort().join()
          cursor = next!
        }
      }),
    )
    this.compare(at, {argv}, walks as [string, string])
  }

  /** One payload for both, from each of them by turns: elements of a hash table come in one order then. */
  private async transfer(at: number, who: Client, from: string, argv: readonly string[]): Promise<void> {
    const dumps = await this.call(who, ['DUMP', from])
    this.compare(at, {argv: ['DUMP', from]}, dumps)
    if (dumps[0].startsWith('$-1')) return
    const payload = dumps[at % 2]!.slice(dumps[at % 2]!.indexOf('\n') + 1, -2)
    const restore = argv.map((word) => (word === '{payload}' ? payload : word))
    this.compare(at, {argv: restore}, await this.call(who, restore))
  }

  /** The keys that ran out are removed by both in their own time, in any order. */
  private async purge(): Promise<void> {
    const keeper = this.pairs.get('keeper')!
    const databases = this.options.inCluster ? ['0'] : ['0', '1']
    await Promise.all(keeper.map((one) => one.call('DEBUG', 'SET-ACTIVE-EXPIRE', '1')))
    const giveUpMs = Date.now() + PURGED_WITHIN_MS
    for (const one of keeper) {
      for (const database of databases) {
        if (!this.options.inCluster) await one.call('SELECT', database)
        // KEYS passes over what has run out and leaves it there, DBSIZE counts it.
        for (;;) {
          const [keys, size] = await one.batch([['KEYS', '*'], ['DBSIZE']])
          if (keys!.slice(1, keys!.indexOf('\r')) === size!.slice(1, -2)) break
          if (Date.now() > giveUpMs) throw new Error('keys that ran out are not removed')
          await pause()
        }
      }
    }
    await Promise.all(keeper.map((one) => one.call('DEBUG', 'SET-ACTIVE-EXPIRE', '0')))
  }

  /** A round trip on a connection that nobody else uses: by then, all that was set off before has arrived. */
  private async settle(): Promise<void> {
    await this.call('keeper', ['PING'])
    await this.call('keeper', ['PING'])
    await pause()
  }

  /** What steps `from`..`to` - 1 made the servers send unasked, and to those who waited. */
  private async hear(from: number, to: number, inAnyOrder: boolean, swaps = false): Promise<void> {
    const hearing = ['listener', 'reader'] as const
    const hear = async (one: RawConnection): Promise<string[]> => [
      ...(this.pushed.get(one) ?? []),
      ...(await heard(one)),
    ]
    const all = await Promise.all(hearing.flatMap((who) => this.pairs.get(who)!.map(hear)))
    this.pushed.clear()
    for (const [i, who] of hearing.entries()) {
      const [theirs, ours] = all.slice(i * 2)
      if (inAnyOrder) for (const messages of [theirs!, ours!]) messages.sort()
      const at = theirs!.findIndex((message, i) => message !== ours![i])
      if (at >= 0 || theirs!.length !== ours!.length) {
        if (swaps && (['c', 'd'] as const).some((one) => this.states.get(one)!.waitingFor !== undefined))
          throw new Parted()
        const shownFrom = Math.max(0, (at < 0 ? Math.min(theirs!.length, ours!.length) : at) - 1)
        const [expected, actual] = [theirs, ours].map((messages) =>
          messages!
            .slice(shownFrom, shownFrom + 6)
            .map((message) => bulks(message).join(' '))
            .join(' | '),
        )
        throw new Difference(to - 1, `what the ${who} heard in steps ${from} to ${to - 1}`, expected!, actual!)
      }
    }
    if (CLIENTS.every((who) => this.states.get(who)!.waitingFor === undefined)) return
    await pause()
    for (const who of CLIENTS) {
      const state = this.states.get(who)!
      if (state.waitingFor === undefined) continue
      const [theirs, ours] = this.pairs.get(who)!.map((one) => one.arrived().join(''))
      this.compared++
      if (!alike(state.waitingFor, theirs!, ours!)) {
        throw new Difference(to - 1, `what ${who} got for ${JSON.stringify(state.waitingFor.argv)}`, theirs!, ours!)
      }
      if (theirs !== '') state.waitingFor = undefined
    }
  }

  /** Nobody waits and nothing is queued any more. @throws Difference */
  async end(at: number): Promise<void> {
    for (const who of ['a', 'b'] as const) {
      if (this.states.get(who)!.queued !== undefined) await this.call(who, ['DISCARD'])
      this.states.get(who)!.queued = undefined
    }
    for (const whom of ['c', 'd'] as const) await this.special({how: 'ERROR', kind: 'unblock', who: 'a', whom}, at)
    await this.hear(at, at + 1, false)
  }

  get keepers(): Pair {
    return this.pairs.get('keeper')!
  }
}

/** SORT with patterns, of a set or a sorted set for one. */
function looksUpByElement({argv, inner}: Request): boolean {
  const isSort = /^sort(?:_ro)?$/i.test(argv[0]!) && argv.some((word) => /^(?:by|get)$/i.test(word))
  return isSort || (inner?.requests.some(looksUpByElement) ?? false)
}

/**
 * Keys that SWAPDB brings to clients who wait for them are tried there in the order of a hash table, which begins with
 * chance; and a list is popped there without a word to those who have read the key, here with one.
 */
function swapsDatabases(step: Step): boolean {
  return /swapdb/i.test(JSON.stringify(step))
}

const isAlone = (request: Request): boolean => looksUpByElement(request) || /^exec$/i.test(request.argv[0]!)

const isWaiter = (who: Client): boolean => who === 'c' || who === 'd'

/** One turn of the event loop: what has arrived has been read. */
function pause(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
