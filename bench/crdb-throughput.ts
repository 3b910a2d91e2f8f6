import {Redis} from 'ioredis'
import {runOk, start, stop, until, untilPong} from './processes.js'
import {commandOf} from './served.js'

/** What clients of a node lose by its being part of an active-active database: each of these of redis-benchmark. */
export const TESTS = ['set', 'incr', 'sadd', 'hset', 'lpush', 'zadd'] as const

const LIMIT_MS = 300_000
const CLIENTS = 50
const KEYS = 100_000
const SAME_SETTINGS = ['appendonly', 'appendfsync', 'save', 'maxmemory', 'maxmemory-policy'] as const

export interface PlainNode {
  readonly port: number
  stop(): Promise<void>
}

/** The same node as a cluster of its own, without a database. @param like - port of one with a database: its persistence and limit */
export async function startLike(port: number, like: number): Promise<PlainNode> {
  const other = new Redis(like, '127.0.0.1')
  const settings = (await other.config('GET', ...SAME_SETTINGS)) as string[]
  other.disconnect()
  const words = settings.map((word, i) => (i % 2 === 0 ? `--${word}` : word))
  const child = start(...commandOf('shoal-server', port, ['--cluster-enabled', 'yes', ...words]))
  await untilPong(port)
  const link = new Redis(port, '127.0.0.1')
  await link.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
  await until('a cluster', async () => /cluster_state:ok/.test(String(await link.cluster('INFO'))))
  link.disconnect()
  return {port, stop: () => stop(child)}
}

/** Requests per second, of redis-benchmark. */
async function rate(test: string, port: number, pipeline: number, requests: number): Promise<number> {
  const words = ['-p', port, '-t', test, '-n', requests, '-r', KEYS, '-P', pipeline, '-c', CLIENTS, '--csv'].map(String)
  const {output} = await runOk('redis-benchmark', words, LIMIT_MS)
  const found = /^"\w+[^"]*","([\d.]+)"/m.exec(output.slice(output.indexOf('\n')))
  if (found === null) throw new Error(`redis-benchmark gives no rate of ${test}: ${output}`)
  return Number(found[1])
}

/**
 * Requests per second of one by those of the other. They take turns, in runs so short that what else goes on on this
 * machine meets both; the first run of each, which makes the keys, does not count.
 *
 * @param size - `requests` of the first run, half as many of each that counts, `runs` that count of each node
 */
export async function rateRatios(
  test: string,
  port: number,
  plainPort: number,
  {pipeline, requests, runs}: {pipeline: number; requests: number; runs: number},
): Promise<number[]> {
  for (const one of [plainPort, port]) await rate(test, one, pipeline, requests)
  const ratios: number[] = []
  for (let run = 0; run < runs; run++) {
    const plain = await rate(test, plainPort, pipeline, requests / 2)
    ratios.push((await rate(test, port, pipeline, requests / 2)) / plain)
  }
  return ratios
}
