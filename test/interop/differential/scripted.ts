import {connect, type Socket} from 'node:net'
import {expect} from 'vitest'
import {encodeRequest, replyEnd} from '../../support/raw-resp.js'

/** One step: who sends what. `{b}` in an argument stands for the client id of `b`, which differs between servers. */
export type Step = readonly [who: string, ...command: string[]]

/** How long two servers have to come to the same answers, and to stay there. */
const AGREE_MS = 3000
const PAUSE_MS = 2

/** A connection that notes what it gets, asked for or not. */
class Talker {
  received = ''
  isClosed = false
  id = ''
  sent = 0
  private readonly socket: Socket

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.setNoDelay()
    this.socket.on('data', (chunk) => {
      this.received += chunk.toString('latin1')
    })
    const onEnd = (): void => {
      this.isClosed = true
    }
    this.socket.on('close', onEnd)
    this.socket.on('error', onEnd)
  }

  send(command: readonly string[]): void {
    this.sent++
    this.socket.write(encodeRequest(command), 'latin1')
  }

  replies(): string[] {
    const found: string[] = []
    let at = 0
    for (let end = replyEnd(this.received, at); at < this.received.length && end !== undefined; ) {
      found.push(this.received.slice(at, end))
      at = end
      end = replyEnd(this.received, at)
    }
    return found
  }

  close(): void {
    this.socket.destroy()
  }
}

/** The same clients of one server. */
class Cast {
  private readonly talkers = new Map<string, Talker>()

  constructor(private readonly port: number) {}

  async join(name: string): Promise<void> {
    const talker = new Talker(this.port)
    this.talkers.set(name, talker)
    talker.send(['CLIENT', 'ID'])
    await until(() => talker.replies().length === 1)
    talker.id = talker.replies()[0]!.slice(1, -2)
    talker.received = ''
    talker.sent = 0
  }

  send([who, ...command]: Step): void {
    const argv = command.map((argument) =>
      argument.replace(/\{(\w+)\}/g, (_text, name: string) => this.talkers.get(name)!.id),
    )
    this.talkers.get(who)!.send(argv)
  }

  leave(who: string): void {
    this.talkers.get(who)!.close()
  }

  /** All that was answered so far, by client. */
  transcript(): Record<string, string[] | 'closed'> {
    return Object.fromEntries(
      [...this.talkers].map(([name, talker]) => [name, talker.isClosed ? 'closed' : talker.replies()]),
    )
  }

  /** Is an answer to come? */
  isWaiting(who: string): boolean {
    const talker = this.talkers.get(who)!
    return talker.replies().length < talker.sent
  }

  close(): void {
    for (const talker of this.talkers.values()) talker.close()
  }
}

/** Several clients of redis-server and the same of the embedded node, told the same things in the same order. */
export class Play {
  private readonly theirs: Cast
  private readonly ours: Cast
  private readonly history: string[] = []

  constructor(ports: readonly [theirs: number, ours: number]) {
    this.theirs = new Cast(ports[0])
    this.ours = new Cast(ports[1])
  }

  async join(...names: string[]): Promise<void> {
    for (const name of names) await Promise.all([this.theirs.join(name), this.ours.join(name)])
  }

  /** One after the other; after each step all clients must have got the same. */
  async run(...steps: Step[]): Promise<void> {
    for (const step of steps) {
      this.history.push(step.join(' '))
      for (const cast of [this.theirs, this.ours]) cast.send(step)
      await this.agree()
    }
  }

  async leave(who: string): Promise<void> {
    this.history.push(`${who} leaves`)
    for (const cast of [this.theirs, this.ours]) cast.leave(who)
    await pause(20)
  }

  /** Waits until the named clients have all their answers. */
  async settled(...names: string[]): Promise<void> {
    await until(() => names.every((name) => !this.theirs.isWaiting(name) && !this.ours.isWaiting(name)))
    await this.agree()
  }

  isWaiting(who: string): boolean {
    return this.theirs.isWaiting(who)
  }

  private async agree(): Promise<void> {
    await pause(PAUSE_MS)
    const same = (): boolean => JSON.stringify(this.theirs.transcript()) === JSON.stringify(this.ours.transcript())
    const deadline = Date.now() + AGREE_MS
    while (!same() && Date.now() < deadline) await pause(PAUSE_MS)
    const steps = this.history.slice(-15)
    expect({steps, ...tails(this.ours)}).toEqual({steps, ...tails(this.theirs)})
  }

  /** What everybody got in the end, from redis-server: the same as from the node. */
  transcript(): Record<string, string[] | 'closed'> {
    return this.theirs.transcript()
  }

  close(): void {
    this.theirs.close()
    this.ours.close()
  }
}

/** Enough to tell what differs. */
function tails(cast: Cast): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(cast.transcript()).map(([name, got]) => [
      name,
      got === 'closed' ? got : {count: got.length, last: got.slice(-3)},
    ]),
  )
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

async function until(isDone: () => boolean): Promise<void> {
  const deadline = Date.now() + AGREE_MS
  while (!isDone()) {
    if (Date.now() > deadline) throw new Error('no answer')
    await pause(1)
  }
}
