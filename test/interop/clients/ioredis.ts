import {Redis, type RedisOptions} from 'ioredis'
import type {Bench} from './scenarios.js'

type Options = Omit<RedisOptions, 'replyMapping'> & {readonly replyMapping?: 'legacy' | 'resp3'}

/** A client of ioredis that ends with its scenario. */
export function connect(bench: Bench, options: Options = {}): Redis {
  const client = new Redis(bench.port, '127.0.0.1', {retryStrategy: () => 5, ...options})
  client.on('error', () => undefined)
  bench.defer(() => client.disconnect())
  return client
}
