import type {Engine, Layout} from '../../engine/engine.js'
import type {SelectableNode} from '../../plan/faults/selector.js'
import {selectableNodes} from '../choose-nodes.js'
import {accessOf, type EnvironmentParts, layoutOf} from '../parts.js'
import {nodesOf} from '../spec.js'
import type {EnvironmentState} from '../store.js'

/** A node that links are not tried with, because nothing comes from it. */
export interface SkippedNode {
  readonly name: string
  readonly reason: 'paused' | 'stopped'
}

/** Who is there. */
export interface Scene {
  readonly engine: Engine
  readonly layout: Layout
  /** Of all nodes. */
  readonly names: readonly string[]
  /** Of those that run and are not paused. */
  readonly awake: ReadonlySet<string>
  readonly skipped: readonly SkippedNode[]
}

export async function readScene({engines}: EnvironmentParts, {peerHosts, spec}: EnvironmentState): Promise<Scene> {
  const engine = engines.of(spec.engine)
  const layout = layoutOf(spec, peerHosts)
  const refs = new Map((await engine.list(spec.name)).map((ref) => [ref.name, ref]))
  const names = layout.nodes.map(({name}) => name)
  const skipped = names.flatMap((name): SkippedNode[] => {
    const ref = refs.get(name)
    if (!ref) return [{name, reason: 'stopped'}]
    return ref.paused ? [{name, reason: 'paused'}] : []
  })
  const asleep = new Set(skipped.map(({name}) => name))
  return {awake: new Set(names.filter((name) => !asleep.has(name))), engine, layout, names, skipped}
}

/**
 * All nodes of an environment with their roles and slots by their own word, for selectors. Of those that are stopped, paused
 * or do not answer only name and region are known.
 */
export async function knownNodes(
  {driver}: EnvironmentParts,
  state: EnvironmentState,
  {awake}: Scene,
  signal: AbortSignal,
): Promise<SelectableNode[]> {
  const {peerHosts, spec} = state
  const whole = accessOf(state)
  // Asking a paused node would take until the connection is given up.
  const addresses = nodesOf(spec, peerHosts).flatMap(({name}, index) =>
    awake.has(name) ? (whole.addresses[index] ?? []) : [],
  )
  const facts = addresses.length === 0 ? [] : await driver.describe({...whole, addresses}, signal)
  return selectableNodes(state, facts)
}
