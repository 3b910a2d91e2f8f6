import {setTimeout as delay} from 'node:timers/promises'
import type {Engine} from '../engine/engine.js'
import {reasonIn} from '../engine/log-reason.js'
import {CliError} from '../kernel/errors.js'

const WATCH_MS = 200

/**
 * Does `work` as long as all the nodes run: a node that ends is named at once, instead of being waited for in vain.
 *
 * @param work - given a signal that is the caller's, and is also aborted when a node ends
 * @throws {CliError} NODE_START_FAILED naming the node and what it logged last; whatever `work` throws
 */
export async function whileNodesRun<T>(
  engine: Engine,
  environment: string,
  names: readonly string[],
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const ended = new AbortController()
  const over = new AbortController()
  const findMissing = async () => {
    const running = new Set((await engine.list(environment)).map(({name}) => name))
    return names.find((name) => !running.has(name))
  }
  const watch = async () => {
    while (!over.signal.aborted && !ended.signal.aborted) {
      // The end of the work cuts the pause short.
      await delay(WATCH_MS, undefined, {signal: over.signal}).catch(() => undefined)
      if (!over.signal.aborted && (await findMissing()) !== undefined) ended.abort()
    }
  }
  const watching = watch()
  try {
    return await work(AbortSignal.any([signal, ended.signal]))
  } catch (error) {
    const missing = signal.aborted ? undefined : await findMissing()
    if (missing === undefined) throw error
    const log = await engine.logTail(environment, missing)
    throw new CliError('NODE_START_FAILED', `node ${missing} ended: ${reasonIn(log)}`, {
      cause: error,
      details: {log, node: missing},
    })
  } finally {
    over.abort()
    await watching
  }
}
