import {MESSAGE_FLAG} from '../../src/lib/protocol/bus/message.js'
import type {ClusterCore} from '../../src/lib/server/cluster/core.js'
import type {ClusterState} from '../../src/lib/server/cluster/state.js'
import type {ClusterEffect} from '../../src/lib/server/cluster/types.js'
import type {Mutation} from './mutations.js'

/** Bugs in elections and manual failovers, planted around the core as in mutations.ts. */

function stateOf(core: ClusterCore): ClusterState {
  return (core as unknown as {readonly state: ClusterState}).state
}

function asksForVotes(effects: readonly ClusterEffect[]): boolean {
  return effects.some((effect) => effect.kind === 'send' && effect.message.body.type === 'auth-request')
}

/** Siblings are taken to have nothing: whoever draws the shortest delay goes first. */
export const rankIgnored: Mutation = {
  before: (core) => {
    const bent = [...core.nodes.values()].map((node) => [node, node.replOffset] as const)
    for (const [node] of bent) node.replOffset = -1
    return () => {
      // What the step itself has heard stays.
      for (const [node, offset] of bent) if (node.replOffset === -1) node.replOffset = offset
    }
  },
  name: 'rank ignored',
}

/** A candidate that crashes may ask in the same epoch again. */
export const requestNotPersisted: Mutation = {
  effects: (effects) => (asksForVotes(effects) ? effects.filter(({kind}) => kind !== 'save') : effects),
  name: 'no save before a request for votes',
}

/** One vote is enough. */
export const noQuorumNeeded: Mutation = {
  before: (core, input) => {
    const state = stateOf(core)
    if (input.kind !== 'packet' || input.message.body.type !== 'auth-ack') return undefined
    const {size, stateDirty} = state
    state.size = 1
    state.stateDirty = false
    return () => {
      state.size = size
      state.stateDirty ||= stateDirty
    }
  },
  name: 'no quorum needed',
}

function withDataAge(name: string, age: (real: number) => number): Mutation {
  return {
    before: (core) => {
      const {ports} = stateOf(core)
      const bent = ports as {primaryDataAgeMs: () => number}
      const real = ports.primaryDataAgeMs
      bent.primaryDataAgeMs = () => age(real())
      return () => {
        bent.primaryDataAgeMs = real
      }
    },
    name,
  }
}

/** Any copy is taken for a new one. */
export const ageIgnored = withDataAge('age of the data ignored', (real) => (Number.isFinite(real) ? 0 : real))

/** A replica amid a full sync takes over with nothing. */
export const copyNotNeeded = withDataAge('no copy needed', (real) => (Number.isFinite(real) ? real : 0))

/** A replica that is asked to take over does not wait for the rest of the stream. */
export const offsetNotAwaited: Mutation = {
  input: (core, input) => {
    if (input.kind !== 'packet' || !(input.message.header.messageFlags & MESSAGE_FLAG.paused)) return input
    const {body, header} = input.message
    return {...input, message: {body, header: {...header, offset: core.replicationOffset()}}}
  },
  name: 'manual failover does not wait for the offset',
}

/** The primary that is asked goes on taking writes. */
export const pauseLeftOut: Mutation = {
  effects: (effects) => effects.filter(({kind}) => kind !== 'pause-writes'),
  name: 'manual failover without a pause',
}

/** A replica serves as a primary before its promotion is on the disk. */
export const promotedBeforeSave: Mutation = {
  effects: (effects) =>
    effects.some((effect) => effect.kind === 'role-changed' && !effect.primary)
      ? effects.filter(({kind}) => kind !== 'save')
      : effects,
  name: 'promotion not persisted',
}

/** A replica tells its primary, and so WAIT, of what is not in its data yet. */
export const acksBeforeApply: Mutation = {acksBeforeApply: true, name: 'acknowledged before it is applied'}

/** A snapshot says that it holds a change more than it does: whoever starts from it never gets that one. */
export const placeAhead: Mutation = {
  name: 'a snapshot whose place in the stream is ahead of its data',
  placeAhead: true,
}
