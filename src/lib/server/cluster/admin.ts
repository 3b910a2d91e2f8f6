import {NODE_FLAG} from '../../protocol/bus/message.js'
import {bumpEpochWithoutConsensus, claimImportedSlot} from './epochs.js'
import {endManualFailover} from './failover-state.js'
import {deleteNode, startHandshake} from './handshake.js'
import {normalizeIp} from './ip.js'
import {broadcastPong} from './messages.js'
import type {ClusterNode} from './node.js'
import {announceRole, becomeReplicaOf, markPrimary} from './roles.js'
import {bindSlot, closeAllSlots, setImporting, setMigrating, unbindAllSlotsOf, unbindSlot} from './slots.js'
import {BLACKLIST_TTL_MS, type ClusterState} from './state.js'
import {ClusterRefusal} from './types.js'

/** What CLUSTER subcommands change (wire.md 1.16). Each checks everything first and throws Redis's text. */

function refuse(text: string): never {
  throw new ClusterRefusal(`ERR ${text}`)
}

function requireNode(state: ClusterState, id: string, unknown: string): ClusterNode {
  return state.nodes.get(id) ?? refuse(`${unknown} ${id}`)
}

export function meet(state: ClusterState, ip: string, port: number, busPort: number): void {
  const literal = normalizeIp(ip)
  const isPort = (value: number) => value > 0 && value <= 65535
  if (literal === undefined || !isPort(port) || !isPort(busPort)) {
    refuse(`Invalid node address specified: ${ip}:${port}`)
  }
  startHandshake(state, {ip: literal, port, busPort, plainPort: 0}, NODE_FLAG.meet)
}

export function forget(state: ClusterState, id: string): void {
  const node = requireNode(state, id, 'Unknown node')
  if (node.isMyself) refuse("I tried hard but I can't forget myself...")
  if (node === state.myself.primary) refuse("Can't forget my master!")
  state.blacklistNode(node.id, BLACKLIST_TTL_MS)
  deleteNode(state, node)
  state.save()
}

export function addSlots(state: ClusterState, slots: readonly number[]): void {
  checkSlots(slots, (slot) => {
    if (state.owners[slot]) refuse(`Slot ${slot} is already busy`)
  })
  for (const slot of slots) {
    setImporting(state, slot, undefined)
    bindSlot(state, slot, state.myself)
  }
  state.save()
}

export function delSlots(state: ClusterState, slots: readonly number[]): void {
  checkSlots(slots, (slot) => {
    if (!state.owners[slot]) refuse(`Slot ${slot} is already unassigned`)
  })
  for (const slot of slots) unbindSlot(state, slot)
  state.save()
}

function checkSlots(slots: readonly number[], check: (slot: number) => void): void {
  const seen = new Set<number>()
  for (const slot of slots) {
    check(slot)
    if (seen.has(slot)) refuse(`Slot ${slot} specified multiple times`)
    seen.add(slot)
  }
}

export function flushSlots(state: ClusterState): void {
  if (state.ports.keyCount() > 0) refuse('DB must be empty to perform CLUSTER FLUSHSLOTS.')
  unbindAllSlotsOf(state, state.myself)
  state.save()
}

export function setSlotMigrating(state: ClusterState, slot: number, to: string): void {
  requirePrimaryHere(state)
  if (state.owners[slot] !== state.myself) refuse(`I'm not the owner of hash slot ${slot}`)
  setMigrating(state, slot, requirePrimary(state, to, "I don't know about node"))
  state.save()
}

export function setSlotImporting(state: ClusterState, slot: number, from: string): void {
  requirePrimaryHere(state)
  if (state.owners[slot] === state.myself) refuse(`I'm already the owner of hash slot ${slot}`)
  setImporting(state, slot, requirePrimary(state, from, "I don't know about node"))
  state.save()
}

export function setSlotStable(state: ClusterState, slot: number): void {
  requirePrimaryHere(state)
  setImporting(state, slot, undefined)
  setMigrating(state, slot, undefined)
  state.save()
}

export function setSlotNode(state: ClusterState, slot: number, id: string): void {
  requirePrimaryHere(state)
  const {myself} = state
  const node = requirePrimary(state, id, 'Unknown node')
  const wasMine = state.owners[slot] === myself
  const hasKeys = state.ports.countKeysInSlot(slot) > 0
  if (wasMine && node !== myself && hasKeys) {
    refuse(`Can't assign hashslot ${slot} to a different node while I still hold keys for this hash slot.`)
  }
  if (!hasKeys) setMigrating(state, slot, undefined)
  unbindSlot(state, slot)
  bindSlot(state, slot, node)
  state.save()
  if (wasMine && node !== myself && myself.slots.count === 0 && state.config.allowReplicaMigration) {
    state.log('warning', `My last slot went to ${node.id}. I become its replica.`)
    becomeReplicaOf(state, node)
    state.save(true)
  }
  if (node !== myself || !state.importing.has(slot)) return
  setImporting(state, slot, undefined)
  claimImportedSlot(state)
}

function requirePrimaryHere({myself}: ClusterState): void {
  if (myself.isReplica) refuse('Please use SETSLOT only with masters.')
}

function requirePrimary(state: ClusterState, id: string, unknown: string): ClusterNode {
  const node = requireNode(state, id, unknown)
  return node.isReplica ? refuse('Target node is not a master') : node
}

export function bumpEpoch(state: ClusterState): boolean {
  if (state.isHandingOver) refuse('Slots are being handed over to another node')
  return bumpEpochWithoutConsensus(state)
}

export function setConfigEpoch(state: ClusterState, epoch: number): void {
  if (epoch < 0) refuse(`Invalid config epoch specified: ${epoch}`)
  if (state.nodes.size > 1) {
    refuse('The user can assign a config epoch only when the node does not know any other node.')
  }
  if (state.myself.configEpoch !== 0) refuse('Node config epoch is already non-zero')
  state.myself.configEpoch = epoch
  state.currentEpoch = Math.max(state.currentEpoch, epoch)
  state.log('warning', `configEpoch set to ${epoch} via CLUSTER SET-CONFIG-EPOCH`)
  state.stateDirty = true
  state.save()
}

export function replicate(state: ClusterState, id: string): void {
  const {myself} = state
  const node = requireNode(state, id, 'Unknown node')
  if (node === myself) refuse("Can't replicate myself")
  if (node.isReplica) refuse('I can only replicate a master, not a replica.')
  if (myself.isPrimary && (myself.slots.count > 0 || state.ports.keyCount() > 0)) {
    refuse('To set a master the node must be empty and without assigned slots.')
  }
  becomeReplicaOf(state, node)
  state.save()
  broadcastPong(state)
}

/** Forgets everything; hard: also who we are. */
export function reset(state: ClusterState, hard: boolean): void {
  const {myself} = state
  if (myself.isPrimary && state.ports.keyCount() > 0) {
    refuse("CLUSTER RESET can't be called with master nodes containing keys")
  }
  if (myself.isReplica) {
    markPrimary(state, myself)
    announceRole(state)
    state.emit({kind: 'empty-database'})
  }
  state.election = undefined
  endManualFailover(state)
  closeAllSlots(state)
  unbindAllSlotsOf(state, myself)
  for (const node of [...state.list()]) {
    if (node === myself) continue
    deleteNode(state, node)
  }
  myself.clear(NODE_FLAG.migrateTo)
  if (hard) {
    state.currentEpoch = 0
    state.lastVoteEpoch = 0
    myself.configEpoch = 0
    state.renameNode(myself, state.rng.hex(40))
    state.log('warning', `Node hard reset, now I'm ${myself.id}`)
  }
  state.stateDirty = true
  state.save()
}
