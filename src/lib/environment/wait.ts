import {setTimeout as delay} from 'node:timers/promises'
import {peerAddress} from '../engine/engine.js'
import {CliError} from '../kernel/errors.js'
import {renderAddress} from '../model/address.js'
import {CLUSTER_CONDITIONS, CONDITIONS, type Condition, type ConditionName, type Situation} from './conditions.js'
import {lastingFaults} from './faults/record.js'
import {openEnvironment} from './open.js'
import {accessOf, type EnvironmentParts} from './parts.js'
import {nodesOf} from './spec.js'
import type {EnvironmentState} from './store.js'

const POLL_MS = 50

/** Looks at an environment once. */
export async function situationOf(
  {driver, engines}: Pick<EnvironmentParts, 'driver' | 'engines'>,
  state: EnvironmentState,
  signal: AbortSignal,
): Promise<Situation> {
  const {peerHosts, spec} = state
  const [refs, facts] = await Promise.all([
    engines.of(spec.engine).list(spec.name),
    driver.describe(accessOf(state), signal),
  ])
  const factsAt = new Map(facts.map((fact) => [renderAddress(fact.address), fact]))
  const nodes = nodesOf(spec, peerHosts).map((node) => {
    const ref = refs.find(({name}) => name === node.name)
    const fact = ref && factsAt.get(renderAddress(peerAddress(node)))
    const running = ref === undefined ? 'stopped' : ref.paused ? 'paused' : 'running'
    return {name: node.name, state: running, ...(fact && {facts: fact})} as const
  })
  return {faults: lastingFaults(state, Date.now()), nodes, spec}
}

/**
 * Looks again and again until the condition holds. It looks at least once.
 *
 * @param state - or what reads it each time
 * @throws {CliError} TIMED_OUT naming what is missing, also in `details.problems`; INTERRUPTED
 */
export async function waitFor(
  parts: EnvironmentParts,
  state: EnvironmentState | (() => Promise<EnvironmentState>),
  condition: Condition,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const now = typeof state === 'function' ? await state() : state
    const problems = condition(await situationOf(parts, now, signal))
    if (signal.aborted) throw new CliError('INTERRUPTED', 'interrupted')
    if (problems.length === 0) return
    if (performance.now() + POLL_MS >= deadline) {
      throw new CliError('TIMED_OUT', `not so after ${timeoutMs} ms: ${problems.join('; ')}`, {
        details: {problems, timeoutMs},
        suggestions: [`shoal ps --name ${now.spec.name}`],
      })
    }
    await delay(POLL_MS, undefined, {signal}).catch(() => undefined)
  }
}

/**
 * Waits for one of the conditions that have a name. Takes no lock: others may bring it about.
 *
 * @returns how long it took, ms
 * @throws {CliError} as `waitFor`; NOT_FOUND; BAD_FLAG for what makes no sense without cluster
 */
export async function waitForCondition(
  parts: EnvironmentParts,
  name: string,
  wanted: ConditionName,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<number> {
  const startedAt = performance.now()
  const {spec} = await openEnvironment(parts.store, name)
  if (spec.topology === 'replication' && CLUSTER_CONDITIONS.includes(wanted)) {
    throw new CliError('BAD_FLAG', `environment ${name} is no cluster: ${wanted} never comes`, {
      suggestions: [`shoal wait --for replicas-synced --name ${name}`],
    })
  }
  await waitFor(parts, () => openEnvironment(parts.store, name), CONDITIONS[wanted], timeoutMs, signal)
  return Math.round(performance.now() - startedAt)
}
