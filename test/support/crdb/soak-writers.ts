import {setTimeout as delay} from 'node:timers/promises'
import {expect} from 'vitest'
import {callRedis} from '../peers.js'
import {RawConnection} from '../raw-resp.js'

/** One of each third of the slots: 3300, 7365 and 15495. */
export const TAGS = ['b', 'c', 'a'] as const

/** What a writer did of one kind. */
class Promises {
  readonly sent = new Set<string>()
  readonly acked = new Set<string>()
}

/** Eighteen nodes on two processors have enough to do with it, and the tool that torments them has to get its turn. */
const PAUSE_MS = 40
const REMOVE_EVERY = 5

/**
 * A client of one region that adds, each once, numbered members to a set, a list and a hash that all regions write, takes some
 * of the set away again, and counts. It remembers what it was told, and turns to another node when one does not serve it.
 */
export class SoakWriter {
  readonly members = new Promises()
  readonly removed = new Promises()
  readonly entries = new Promises()
  readonly fields = new Promises()
  readonly increments = new Promises()
  readonly sums = new Promises()
  isRunning = true
  private next = 0
  private readonly running: Promise<void>

  /** @param ports - of the region's nodes, now @param life - tells it from earlier clients of the region and tag */
  constructor(
    readonly region: number,
    readonly tag: string,
    private readonly ports: () => readonly number[],
    private readonly life: number,
  ) {
    this.running = this.run()
  }

  /** Commands that were answered with success. */
  get acknowledged(): number {
    return this.increments.acked.size
  }

  private async run(): Promise<void> {
    for (let turn = 0; this.isRunning; turn++) {
      const ports = this.ports()
      const connection = await RawConnection.open(ports[turn % ports.length]!).catch(() => undefined)
      while (connection !== undefined && this.isRunning && (await this.step(connection))) await delay(PAUSE_MS)
      connection?.close()
      await delay(PAUSE_MS)
    }
  }

  /** @returns false if this node does not take writes */
  private async step(connection: RawConnection): Promise<boolean> {
    const {life, region, tag} = this
    const nameOf = (number: number): string => `${region}:${life}:${number}`
    const name = nameOf(this.next++)
    const key = (kind: string): string => `{${tag}}${kind}`
    const steps: [Promises, string, string[]][] = [
      [this.increments, name, ['INCR', key('count')]],
      [this.members, name, ['SADD', key('set'), name]],
      [this.fields, name, ['HSET', key('hash'), name, name]],
      [this.sums, name, ['HINCRBY', key('sums'), 'total', '1']],
    ]
    if (this.next % REMOVE_EVERY === 0) {
      // Of those that were there, so that the removal has seen it.
      const old = nameOf(this.next - REMOVE_EVERY)
      if (this.members.acked.has(old)) steps.push([this.removed, old, ['SREM', key('set'), old]])
    }
    // The last: who has it has what came before.
    steps.push([this.entries, name, ['RPUSH', key('list'), name]])
    for (const [{sent}, what] of steps) sent.add(what)
    try {
      const replies = await connection.batch(steps.map(([, , command]) => command))
      // Zero: this node does not know what is to be removed.
      for (const [index, [{acked}, what]] of steps.entries()) {
        if (/^:[1-9]/.test(replies[index]!)) acked.add(what)
      }
      return replies.every((reply) => !reply.startsWith('-'))
    } catch {
      return false
    }
  }

  async stop(): Promise<void> {
    this.isRunning = false
    await this.running
  }
}

/** What one region shows of a tag. */
export interface Sight {
  readonly count: number
  readonly set: ReadonlySet<string>
  readonly list: readonly string[]
  readonly hash: ReadonlySet<string>
  readonly sum: number
}

/** Asks whichever of the nodes has the slot. @throws if none answers */
async function ask(ports: readonly number[], ...command: string[]): Promise<unknown> {
  let cause: unknown
  for (const port of ports) {
    try {
      return await callRedis(port, command)
    } catch (error) {
      cause = error
    }
  }
  throw cause
}

export async function look(ports: readonly number[], tag: string): Promise<Sight> {
  const [count, set, list, hash, sum] = await Promise.all([
    ask(ports, 'GET', `{${tag}}count`),
    ask(ports, 'SMEMBERS', `{${tag}}set`),
    ask(ports, 'LRANGE', `{${tag}}list`, '0', '-1'),
    ask(ports, 'HKEYS', `{${tag}}hash`),
    ask(ports, 'HGET', `{${tag}}sums`, 'total'),
  ])
  return {
    count: Number(count),
    hash: new Set(hash as string[]),
    list: list as string[],
    set: new Set(set as string[]),
    sum: Number(sum),
  }
}

const sizeOf = (all: readonly Promises[], which: 'acked' | 'sent'): number =>
  all.reduce((total, one) => total + one[which].size, 0)

const missing = (wanted: Iterable<string>, there: ReadonlySet<string>): string[] =>
  [...wanted].filter((one) => !there.has(one))

/** All that was acknowledged is there, and nothing twice. @param writers - all of the tag */
export function expectKept(sight: Sight, writers: readonly SoakWriter[]): void {
  const counters: [number, Promises[]][] = [
    [sight.count, writers.map(({increments}) => increments)],
    [sight.sum, writers.map(({sums}) => sums)],
  ]
  for (const [value, all] of counters) {
    expect(value).toBeGreaterThanOrEqual(sizeOf(all, 'acked'))
    expect(value).toBeLessThanOrEqual(sizeOf(all, 'sent'))
  }
  const list = new Set(sight.list)
  expect(sight.list).toHaveLength(list.size)
  for (const writer of writers) {
    expect(
      missing(
        [...writer.members.acked].filter((one) => !writer.removed.sent.has(one)),
        sight.set,
      ),
    ).toEqual([])
    expect([...writer.removed.acked].filter((one) => sight.set.has(one))).toEqual([])
    expect(missing(writer.entries.acked, list)).toEqual([])
    expect(missing(writer.fields.acked, sight.hash)).toEqual([])
  }
  expectOrder(sight.list.filter((entry) => writers.some(({entries}) => entries.acked.has(entry))))
}

/** What one client pushed stands as it was pushed. */
function expectOrder(list: readonly string[]): void {
  const last = new Map<string, number>()
  for (const entry of list) {
    const [region, life, number] = entry.split(':') as [string, string, string]
    const client = `${region}:${life}`
    expect(Number(number), `order of ${entry}`).toBeGreaterThan(last.get(client) ?? -1)
    last.set(client, Number(number))
  }
}

/** What was seen in another region than where it was written: it was exchanged. */
export class Exchanged {
  private readonly members = new Set<string>()
  private readonly entries = new Set<string>()
  private readonly fields = new Set<string>()

  add(region: number, sight: Sight): void {
    const note = (into: Set<string>, names: Iterable<string>): void => {
      for (const name of names) if (!name.startsWith(`${region}:`)) into.add(name)
    }
    note(this.members, sight.set)
    note(this.entries, sight.list)
    note(this.fields, sight.hash)
  }

  get size(): number {
    return this.entries.size
  }

  /** Nothing of it is lost, and nothing is there that nobody wrote, or twice. */
  expectKept(sight: Sight, writers: readonly SoakWriter[]): void {
    const list = new Set(sight.list)
    const removed = new Set(writers.flatMap((writer) => [...writer.removed.sent]))
    expect(
      missing(
        [...this.members].filter((one) => !removed.has(one)),
        sight.set,
      ),
    ).toEqual([])
    expect(missing(this.entries, list)).toEqual([])
    expect(missing(this.fields, sight.hash)).toEqual([])
    expect(sight.list).toHaveLength(list.size)
    // A command's increment is exchanged before what its client wrote after it.
    expect(sight.count).toBeGreaterThanOrEqual(this.size)
    expect(sight.count).toBeLessThanOrEqual(
      sizeOf(
        writers.map(({increments}) => increments),
        'sent',
      ),
    )
    expect(sight.sum).toBeLessThanOrEqual(
      sizeOf(
        writers.map(({sums}) => sums),
        'sent',
      ),
    )
  }
}
