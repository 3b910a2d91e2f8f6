import {type Engine, type Layout, peerAddress} from '../../engine/engine.js'
import {renderAddress} from '../../model/address.js'
import type {SelectableNode} from '../../plan/faults/selector.js'
import {accessOf, type EnvironmentParts, layoutOf} from '../parts.js'
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
export async function selectableNodes(
  parts: EnvironmentParts,
  state: EnvironmentState,
  signal: AbortSignal,
): Promise<SelectableNode[]> {
  return knownNodes(parts, state, await readScene(parts, state), signal)
}

/** As `selectableNodes`, where it is known already who is awake. */
export async function knownNodes(
  {driver}: EnvironmentParts,
  state: EnvironmentState,
  {awake, layout}: Scene,
  signal: AbortSignal,
): Promise<SelectableNode[]> {
  const {nodes} = layout
  // Asking a paused node would take until the connection is given up.
  const addresses = nodes.filter(({name}) => awake.has(name)).map(peerAddress)
  const facts = addresses.length === 0 ? [] : await driver.describe({...accessOf(state), addresses}, signal)
  const factsAt = new Map(facts.map((fact) => [renderAddress(fact.address), fact]))
  const nameAt = new Map(nodes.map((node) => [renderAddress(peerAddress(node)), node.name]))
  return nodes.map((node) => {
    const fact = factsAt.get(renderAddress(peerAddress(node)))
    const replicaOf = fact?.primary && nameAt.get(renderAddress(fact.primary))
    return {
      name: node.name,
      ...(fact && {role: fact.role, slots: fact.slots}),
      ...(replicaOf !== undefined && {replicaOf}),
      ...(node.region !== undefined && {region: node.region}),
    }
  })
}
