import {Cluster, Redis} from 'ioredis'
import {hashSlot} from '../../src/lib/protocol/hash-slot.js'

/** Keys and clients for tests of moving slots: what was acknowledged must be there afterwards. */

export interface SlotSpan {
  readonly first: number
  readonly last: number
}

/** `count` keys whose slots lie in the span; always the same ones. */
export function keysIn({first, last}: SlotSpan, count: number, prefix: string): string[] {
  const keys: string[] = []
  for (let i = 0; keys.length < count; i++) {
    const key = `${prefix}:${i}`
    const slot = hashSlot(key)
    if (slot >= first && slot <= last) keys.push(key)
  }
  return keys
}

/** The value every base key holds: 100 bytes that name the key. */
export function baseValue(key: string): string {
  return key.padEnd(100, '.')
}

/** Sets keys at one node that owns all their slots. */
export async function fillNode(port: number, keys: readonly string[]): Promise<void> {
  const node = new Redis({port})
  try {
    for (let at = 0; at < keys.length; at += 2000) {
      const batch = node.pipeline()
      for (const key of keys.slice(at, at + 2000)) batch.set(key, baseValue(key))
      const bad = (await batch.exec())?.find(([error]) => error)
      if (bad) throw bad[0]
    }
  } finally {
    node.disconnect()
  }
}

/** @returns base keys that a node does not hold as they were set */
export async function lostAt(port: number, keys: readonly string[]): Promise<string[]> {
  const node = new Redis({port})
  const lost: string[] = []
  try {
    for (let at = 0; at < keys.length; at += 2000) {
      const part = keys.slice(at, at + 2000)
      const batch = node.pipeline()
      for (const key of part) batch.get(key)
      const replies = (await batch.exec()) ?? []
      part.forEach((key, index) => {
        if (replies[index]?.[1] !== baseValue(key)) lost.push(key)
      })
    }
    return lost
  } finally {
    node.disconnect()
  }
}

/** One key that one writer alone writes, and what it knows of it. */
interface Tracked {
  readonly key: string
  acknowledged: number
  /** Sent, but answered by an error: it may or may not have happened. */
  unknown: number
}

/**
 * Writers that keep a log of what was acknowledged: counters by INCR, registers by SET of a growing number, each read
 * back at once, and keys that come and go by SET and DEL. What is read otherwise than it was acknowledged is noted when it
 * happens: a lost write, and a deleted key that is back.
 */
export class Writers {
  readonly problems: string[] = []
  operations = 0
  private readonly counters: Tracked[]
  private readonly registers: Tracked[]
  private readonly cluster: Cluster
  private running = true
  private readonly done: Promise<unknown>

  /** @param name - of this log; the keys of another start anew */
  constructor(ports: readonly number[], span: SlotSpan, name: string, writerCount = 8, keysPerWriter = 40) {
    const track = (key: string): Tracked => ({key, acknowledged: 0, unknown: 0})
    this.counters = keysIn(span, writerCount * keysPerWriter, `${name}-counter`).map(track)
    this.registers = keysIn(span, writerCount * keysPerWriter, `${name}-register`).map(track)
    this.cluster = new Cluster(
      ports.map((port) => ({host: '127.0.0.1', port})),
      {maxRedirections: 64, retryDelayOnClusterDown: 20, retryDelayOnTryAgain: 5, slotsRefreshTimeout: 5000},
    )
    this.cluster.on('error', () => undefined)
    this.cluster.on('+node', (node: Redis) => {
      // The client does not look at the answer to the ASKING it sends; with a node that dies that would end the process.
      const asking = node.asking.bind(node)
      node.asking = () => {
        const answer = asking()
        answer.catch(() => undefined)
        return answer
      }
    })
    const share = (all: readonly Tracked[], writer: number) => all.filter((_, index) => index % writerCount === writer)
    this.done = Promise.all(
      Array.from({length: writerCount}, (_, writer) =>
        this.write(share(this.counters, writer), share(this.registers, writer)),
      ),
    )
  }

  /** Stops writing and compares the log with what the cluster holds. @returns what is wrong; empty if nothing */
  async stop(): Promise<string[]> {
    this.running = false
    await this.done
    for (const tracked of [...this.counters, ...this.registers]) {
      this.compare(tracked, Number(await this.cluster.get(tracked.key)), 'at the end')
    }
    this.cluster.disconnect()
    return this.problems
  }

  private async write(counters: readonly Tracked[], registers: readonly Tracked[]): Promise<void> {
    for (let turn = 0; this.running; turn++) {
      const counter = counters[turn % counters.length] as Tracked
      const register = registers[turn % registers.length] as Tracked
      await this.attempt(counter, () => this.cluster.incr(counter.key))
      await this.attempt(register, () => this.cluster.set(register.key, register.acknowledged + register.unknown + 1))
      this.compare(register, Number(await this.cluster.get(register.key).catch(() => Number.NaN)), 'read back')
      await this.comeAndGo(`{${register.key}}gone`)
      this.operations += 6
    }
  }

  private async comeAndGo(key: string): Promise<void> {
    try {
      await this.cluster.set(key, 'here')
      if ((await this.cluster.get(key)) !== 'here') this.problems.push(`${key} was set and is gone`)
      await this.cluster.del(key)
      if ((await this.cluster.get(key)) !== null) this.problems.push(`${key} was deleted and is back`)
    } catch {
      // An error reply acknowledges nothing, so there is nothing to hold against it.
    }
  }

  private async attempt(tracked: Tracked, send: () => Promise<unknown>): Promise<void> {
    try {
      await send()
      tracked.acknowledged++
    } catch {
      tracked.unknown++
    }
  }

  private compare({acknowledged, key, unknown}: Tracked, found: number, when: string): void {
    if (found >= acknowledged && found <= acknowledged + unknown) return
    if (Number.isNaN(found) && when === 'read back') return
    this.problems.push(`${key} ${when}: ${found}, acknowledged ${acknowledged}, unknown ${unknown}`)
  }
}
