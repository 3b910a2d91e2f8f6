import {NODE_FLAG} from '../../src/lib/protocol/bus/message.js'
import type {ClusterCore} from '../../src/lib/server/cluster/core.js'
import type {ClusterEffect, ClusterInput} from '../../src/lib/server/cluster/types.js'

/**
 * Bugs planted around the core to see whether the checkers catch them (wire.md 8.2, "does the net catch fish?").
 *
 * The core itself has no hook: a mutation changes what goes in, what comes out, or what stands in its tables between.
 */
export interface Mutation {
  readonly name: string
  /** Changes an input; undefined swallows it. */
  readonly input?: (core: ClusterCore, input: ClusterInput) => ClusterInput | undefined
  /** Bends the tables for one step. @returns what straightens them again */
  readonly before?: (core: ClusterCore, input: ClusterInput) => (() => void) | undefined
  readonly after?: (core: ClusterCore, input: ClusterInput) => void
  readonly effects?: (effects: readonly ClusterEffect[]) => readonly ClusterEffect[]
  readonly noFsyncBeforeRename?: boolean
  readonly keepAsking?: boolean
  readonly acksBeforeApply?: boolean
  readonly placeAhead?: boolean
}

/** nodes.conf is renamed into place before its data is on the disk. */
export const noFsyncBeforeRename: Mutation = {name: 'fsync before rename left out', noFsyncBeforeRename: true}

/** What must be durable before a packet reveals it is saved after the packets of the same step. */
export const saveAfterSend: Mutation = {
  effects: (effects) => [
    ...effects.filter(({kind}) => kind !== 'save'),
    ...effects.filter(({kind}) => kind === 'save'),
  ],
  name: 'epoch persisted after it is sent',
}

/** A primary with slots that answers again is forgiven at once, not after 2 x node_timeout. */
export const failClearedAtOnce: Mutation = {
  after: (core, input) => {
    if (input.kind !== 'packet' || input.message.body.type !== 'pong') return
    core.nodes.get(input.message.header.sender)?.clear(NODE_FLAG.fail)
  },
  name: 'FAIL cleared at once',
}

/** The one that should bump never sees that another primary has its epoch. */
export const collisionIgnored: Mutation = {
  input: (core, input) => {
    if (input.kind !== 'packet') return input
    const {body, header} = input.message
    const isPrimary = (header.flags & NODE_FLAG.primary) !== 0
    if (!isPrimary || header.configEpoch !== core.myself.configEpoch || header.configEpoch === 0) return input
    return {...input, message: {body, header: {...header, configEpoch: header.configEpoch - 1}}}
  },
  name: 'epoch collision loser does not bump',
}

/** UPDATE packets are thrown away. */
export const updateIgnored: Mutation = {
  input: (_core, input) => (input.kind === 'packet' && input.message.body.type === 'update' ? undefined : input),
  name: 'UPDATE ignored',
}

/** Whoever claims a slot gets it, however old the claim. */
export const lowerClaimAccepted: Mutation = {
  before: (core, input) => {
    if (input.kind !== 'packet') return undefined
    const {slots} = input.message.header
    const bent: [{configEpoch: number}, number][] = []
    for (const node of core.nodes.values()) {
      if (node.id === input.message.header.sender || node.slots.count === 0 || !overlaps(slots, node.slots.snapshot()))
        continue
      bent.push([node, node.configEpoch])
      node.configEpoch = 0
    }
    return () => {
      for (const [node, epoch] of bent) node.configEpoch = Math.max(node.configEpoch, epoch)
    }
  },
  name: 'claim with lower epoch accepted',
}

/** A vote leaves without having been written down. */
export const voteNotPersisted: Mutation = {
  effects: (effects) => {
    const votes = effects.some((effect) => effect.kind === 'send' && effect.message.body.type === 'auth-ack')
    return votes ? effects.filter(({kind}) => kind !== 'save') : effects
  },
  name: 'vote not persisted',
}

/** A voter that has forgotten that it voted: in this epoch, and about this primary. */
export const voteTwice: Mutation = {
  before: (core, input) => {
    if (input.kind !== 'packet' || input.message.body.type !== 'auth-request') return undefined
    const {state} = core as unknown as {readonly state: {lastVoteEpoch: number}}
    const {lastVoteEpoch} = state
    state.lastVoteEpoch = 0
    for (const node of core.nodes.values()) node.votedTimeMs = 0
    return () => {
      state.lastVoteEpoch = Math.max(state.lastVoteEpoch, lastVoteEpoch)
    }
  },
  name: 'vote twice',
}

/** A connection that sent ASKING once is asking for ever. */
export const askingKept: Mutation = {keepAsking: true, name: 'ASKING not one-shot'}

function overlaps(a: Uint8Array, b: Uint8Array): boolean {
  for (let index = 0; index < a.length; index++) if (((a[index] as number) & (b[index] as number)) !== 0) return true
  return false
}
