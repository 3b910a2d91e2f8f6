import {renderAddress} from '../model/address.js'
import type {EnvironmentStatus} from './status.js'

/** An environment in short. */
export interface EnvironmentSummary extends Pick<EnvironmentStatus, 'engine' | 'name' | 'state' | 'topology'> {
  readonly nodes: number
  /** Paused ones are not. */
  readonly running: number
  /** Faults in force. */
  readonly faults: number
  /** HOST:PORT of a node to begin with: one that runs, if any does. */
  readonly seed?: string
}

export function summarize({engine, faults, name, nodes, state, topology}: EnvironmentStatus): EnvironmentSummary {
  const running = nodes.filter((node) => node.state === 'running')
  const address = (running[0] ?? nodes[0])?.address
  return {
    faults: faults.length,
    name,
    nodes: nodes.length,
    running: running.length,
    state,
    ...(engine && {engine}),
    ...(topology && {topology}),
    ...(address && {seed: renderAddress(address)}),
  }
}
