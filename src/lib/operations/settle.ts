import {pause, untilAborted} from '../client/abort.js'
import {CliError} from '../kernel/errors.js'
import {dissentsOf, nameNode} from '../model/cluster-map.js'
import type {ClusterView} from '../model/cluster-view.js'
import {renderRanges} from '../model/slot-set.js'

/** How often a settling cluster is asked: soon at first, since most waits are one gossip round. Milliseconds. */
const POLL_MS_FIRST = 20
const POLL_MS_MAX = 250

export interface SettleOptions {
  /** Bound on the whole wait. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/** What is still wrong: each one sentence that names nodes and slots. Empty means settled. */
export type Judge<T> = (state: T) => readonly string[]

export interface Settled<T> {
  readonly state: T
  /** What was still wrong when time ran out; empty if it settled. */
  readonly problems: readonly string[]
}

/**
 * Looks again and again until nothing is wrong or time is up. It looks at least once.
 *
 * @param look - observes; its own failures end the wait
 * @throws {CliError} INTERRUPTED on abort
 */
export async function settle<T>(
  look: () => Promise<T>,
  judge: Judge<T>,
  {timeoutMs, signal}: SettleOptions,
): Promise<Settled<T>> {
  const deadline = performance.now() + timeoutMs
  for (let waitMs = POLL_MS_FIRST; ; waitMs = Math.min(waitMs * 2, POLL_MS_MAX)) {
    const state = await untilAborted(look(), signal)
    const problems = judge(state)
    if (problems.length === 0 || performance.now() + waitMs >= deadline) return {state, problems}
    await pause(waitMs, signal)
  }
}

/**
 * As `settle`, for waits that must succeed.
 *
 * @throws {CliError} TIMED_OUT with the problems as text and in `details.problems`
 */
export async function requireSettled<T>(
  what: string,
  look: () => Promise<T>,
  judge: Judge<T>,
  options: SettleOptions,
): Promise<T> {
  const {state, problems} = await settle(look, judge, options)
  if (problems.length === 0) return state
  throw new CliError('TIMED_OUT', `${what} did not happen within ${options.timeoutMs} ms: ${problems.join('; ')}`, {
    details: {problems, timeoutMs: options.timeoutMs},
  })
}

/** Judge: every node sees the slots as their owners state them. */
export function judgeAgreement(view: ClusterView): string[] {
  return dissentsOf(view).map(
    ({node, slots}) => `${nameNode(node)} disagrees with the owners about slots ${renderRanges(slots)}`,
  )
}

/** Judge: agreement, and every node reports `cluster_state:ok`. */
export function judgeReady(view: ClusterView): string[] {
  const down = view.nodes
    .filter(({clusterInfo}) => clusterInfo.get('cluster_state') !== 'ok')
    .map((node) => `${nameNode(node)} reports the cluster as down`)
  return [...judgeAgreement(view), ...down]
}
