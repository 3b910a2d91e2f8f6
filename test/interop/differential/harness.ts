import {afterAll, beforeAll, expect, it} from 'vitest'
import {type StartedNode, startNode} from '../../../src/embedded.js'
import {type Rng, seededRng} from '../../../src/lib/kernel/rng.js'
import {type RedisNode, startRedis} from '../../support/peers.js'
import {RawConnection} from '../../support/raw-resp.js'

/** The same random commands to a real redis-server and to the embedded node: every reply must be the same bytes. */

const BATCH = 25
/** `DIFFERENTIAL_SEEDS=N` for a long run: N times as many seeds. */
const MULTIPLE = Number(process.env['DIFFERENTIAL_SEEDS'] ?? 1)
const SEED_STEP = 1000
/** Of the commands before a difference, shown with it. */
const HISTORY = 8

export interface BothServers {
  /** A connection to each: redis-server's first. */
  readonly both: () => Promise<[theirs: RawConnection, ours: RawConnection]>
  readonly ports: () => [theirs: number, ours: number]
}

/** Starts both for the enclosing `describe`. @param settings - of both, as in redis.conf */
export function bothServers(settings: Readonly<Record<string, string>> = {}): BothServers {
  let redis: RedisNode
  let node: StartedNode
  beforeAll(async () => {
    const all = {'enable-debug-command': 'yes', ...settings}
    redis = await startRedis({args: Object.entries(all).flatMap(([name, value]) => [`--${name}`, value])})
    node = await startNode({settings: all})
  })
  afterAll(async () => {
    await node?.stop()
    await redis?.stop()
  })
  return {
    both: async () => [await RawConnection.open(redis.port), await RawConnection.open(node.port)],
    ports: () => [redis.port, node.port],
  }
}

export interface RandomCommands {
  readonly makeCommand: (rng: Rng) => string[]
  readonly seeds: readonly number[]
  readonly commandsPerSeed: number
  /** Brings a reply into a form that both give: the order of a set's members, for one. Default: as it is. */
  readonly normal?: (command: readonly string[], reply: string) => string
  /** Keys whose values may differ by what `normal` evens out: they are not compared in the end. */
  readonly inexactKeys?: readonly string[]
}

/** One test per seed and protocol: all replies alike, and in the end all data. */
export function describeRandomCommands({both}: BothServers, options: RandomCommands): void {
  const {commandsPerSeed, inexactKeys = [], makeCommand, normal = (_command, reply) => reply, seeds} = options
  for (const seed of seeds.flatMap((one) => Array.from({length: MULTIPLE}, (_, i) => one + i * SEED_STEP))) {
    for (const resp of ['2', '3']) {
      it(`answers ${commandsPerSeed} random commands alike (seed ${seed}, RESP${resp})`, async () => {
        const rng = seededRng(seed * 10 + Number(resp))
        const [theirs, ours] = await both()
        for (const connection of [theirs, ours]) {
          // Which expired key is already gone when DBSIZE asks depends on timers.
          await connection.batch([['FLUSHALL'], ['HELLO', resp], ['DEBUG', 'SET-ACTIVE-EXPIRE', '0']])
        }
        const history: string[][] = []
        for (let done = 0; done < commandsPerSeed; done += BATCH) {
          const commands = Array.from({length: BATCH}, () => makeCommand(rng))
          const [expected, actual] = await Promise.all([theirs.batch(commands), ours.batch(commands)])
          commands.forEach((command, i) => {
            history.push(command)
            const shown = {command, history: history.slice(-HISTORY)}
            expect({...shown, reply: normal(command, actual[i]!)}).toEqual({
              ...shown,
              reply: normal(command, expected[i]!),
            })
          })
        }
        if (inexactKeys.length > 0) {
          await Promise.all([theirs, ours].map((one) => one.batch([['DISCARD'], ['DEL', ...inexactKeys]])))
        }
        await expectSameData(theirs, ours)
        theirs.close()
        ours.close()
      })
    }
  }
}

/** By DEBUG DIGEST. */
export async function expectSameData(theirs: RawConnection, ours: RawConnection): Promise<void> {
  await Promise.all([theirs, ours].map((one) => one.call('DISCARD')))
  const [expected, actual] = await Promise.all([theirs, ours].map((one) => one.call('DEBUG', 'DIGEST')))
  expect(actual).toBe(expected)
}

export function mixedCase(rng: Rng, word: string): string {
  return rng.chance(0.3) ? word.toLowerCase() : word
}

/** Up to `max` of the words, any of them repeatedly. */
export function some(rng: Rng, words: readonly string[], max: number): string[] {
  return Array.from({length: rng.below(max + 1)}, () => mixedCase(rng, rng.pick(words)))
}

/** The bulk strings of a reply, at any depth. */
export function bulks(reply: string): string[] {
  return [...reply.matchAll(/\$\d+\r\n(.*)\r\n/g)].map((match) => match[1]!)
}
