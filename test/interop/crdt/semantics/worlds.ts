import {setImmediate} from 'node:timers/promises'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {type CrdbDatabaseConfig, type PlainReply, type StartedCrdb, startCrdb} from '../../../../src/embedded.js'

/**
 * Little stories about an active-active database, each told in four worlds: two and three regions, connected and partitioned.
 *
 *   rows('crdb.md 3.2: counter', (row) => {
 *     row('DEL takes away what it saw', async (world) => {
 *       await world.at(1, 'INCRBY @k 10')
 *       await world.meanwhile(async () => {
 *         await world.at(1, 'DEL @k')
 *         await world.at(2, 'INCRBY @k 5')
 *       })
 *       await world.everywhere('GET @k', '5')
 *     })
 *   })
 *
 * Connected: every command is everywhere before the next comes. Partitioned: within `meanwhile` no region hears of another.
 * In the world of two regions what the third does is left out.
 *
 * Time stands still but for one millisecond before each command: a later line has a later clock, in whatever region.
 */
export class World {
  private isApart = false
  private standsStill = false
  private static count = 0
  private readonly number = ++World.count

  constructor(
    readonly db: StartedCrdb,
    readonly regionCount: number,
    /** Partitioned. */
    readonly apart: boolean,
  ) {}

  /** `@k` becomes a key of this story; all `@` keys are of one slot, `@@k` of another. */
  words(line: string): string[] {
    return line
      .split(' ')
      .map((word) => word.replace('@@', `{other${this.number}}`).replace('@', `{story${this.number}}`))
  }

  /** One value of a partition, or another. */
  either<T>(ifApart: T, ifConnected: T): T {
    return this.apart ? ifApart : ifConnected
  }

  /** Of a command in a region. Undefined: there is no such region in this world. @throws the error reply */
  async at(region: number, line: string | readonly string[]): Promise<PlainReply | undefined> {
    if (region > this.regionCount) return undefined
    if (!this.standsStill) this.db.advanceClock(1)
    const reply = await this.reads(region, line)
    if (!this.isApart) await this.db.settle()
    return reply
  }

  /** The same without an effect on others, and no time passes. */
  reads(region: number, line: string | readonly string[]): Promise<PlainReply> {
    const [name = '', ...rest] = typeof line === 'string' ? this.words(line) : line
    return this.db.region(region).call(name, ...rest)
  }

  /** What regions do without hearing of each other, in a partitioned world. */
  async meanwhile(run: () => Promise<void>): Promise<void> {
    if (this.apart) await this.db.partition(this.regions.map((id) => [id]))
    this.isApart = this.apart
    await run()
    this.isApart = false
    await this.db.heal()
    await this.db.settle()
  }

  /** All of it within one millisecond, which is later than all that was before. */
  async atOnce(run: () => Promise<void>): Promise<void> {
    this.db.advanceClock(1)
    this.standsStill = true
    await run()
    this.standsStill = false
  }

  /** Time passes everywhere. */
  async pass(ms: number): Promise<void> {
    this.db.advanceClock(ms)
    if (!this.isApart) await this.db.settle()
  }

  /** Time passes everywhere until something has come to its end. */
  async passUntil(done: Promise<unknown>): Promise<void> {
    let isDone = false
    const end = (): void => {
      isDone = true
    }
    done.then(end, end)
    while (!isDone) {
      this.db.advanceClock(1)
      await setImmediate()
    }
  }

  get regions(): number[] {
    return Array.from({length: this.regionCount}, (_, i) => i + 1)
  }

  /** Every region gives this answer. Sets and hashes are compared whatever their order. */
  async everywhere(line: string, expected: unknown): Promise<void> {
    for (const region of this.regions) await this.answers(region, line, expected)
  }

  /** A region that there is gives this answer. */
  async answers(region: number, line: string, expected: unknown): Promise<void> {
    if (region > this.regionCount) return
    const reply = ordered(line, await this.reads(region, line))
    expect({line, region, reply}).toEqual({line, region, reply: ordered(line, expected as PlainReply)})
  }

  /** A region refuses the command. */
  async refuses(region: number, line: string, error: RegExp): Promise<void> {
    if (region > this.regionCount) return
    await expect(this.reads(region, line), line).rejects.toThrow(error)
  }

  /** Every region gives one answer. @returns it */
  async alike(line: string): Promise<PlainReply> {
    const first = ordered(line, await this.reads(1, line))
    await this.everywhere(line, first)
    return first
  }
}

const UNORDERED = new Set(['SMEMBERS', 'HKEYS', 'HVALS', 'KEYS', 'SINTER', 'SUNION', 'SDIFF'])

function ordered(line: string, reply: PlainReply): PlainReply {
  const name = line.split(' ')[0] as string
  if (!Array.isArray(reply)) return reply
  if (UNORDERED.has(name)) return [...reply].sort()
  if (name !== 'HGETALL') return reply
  const pairs = Array.from({length: reply.length / 2}, (_, i) => [reply[i * 2], reply[i * 2 + 1]] as [string, string])
  return pairs.sort(([a], [b]) => (a < b ? -1 : 1)).flat()
}

export type Story = (world: World) => Promise<void>
export type Row = (name: string, story: Story) => void

/** A fixed time in ms: what a run does is what the next does. */
export const STARTED_MS = 1_900_000_000_000

/** Rows of one topic; each is told in all four worlds. @param config - of their databases */
export function rows(topic: string, tell: (row: Row) => void, config: CrdbDatabaseConfig = {}): void {
  describe(topic, () => {
    const databases = new Map<number, StartedCrdb>()
    beforeAll(async () => {
      for (const regions of [2, 3]) {
        const db = await startCrdb({config, regions})
        db.setClock(STARTED_MS)
        databases.set(regions, db)
      }
    })
    afterAll(async () => {
      for (const db of databases.values()) await db.stop()
    })

    const row: Row = (name, story) => {
      for (const regions of [2, 3]) {
        for (const apart of [false, true]) {
          it(`${name} (${regions} regions, ${apart ? 'partitioned' : 'connected'})`, async () => {
            const db = databases.get(regions)!
            await db.heal()
            await story(new World(db, regions, apart))
            await db.heal()
            await db.settle()
            expect(await db.verify()).toMatchObject({differences: [], equal: true})
          })
        }
      }
    }
    tell(row)
  })
}
