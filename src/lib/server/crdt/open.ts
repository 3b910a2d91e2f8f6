import type {CrdbConfig} from '../../model/crdb.js'
import {hashSlot} from '../../protocol/hash-slot.js'
import type {Command} from '../commands/command.js'
import {crdtCommands} from '../commands/crdt/index.js'
import type {Server} from '../server.js'
import {changeBehavior} from './capture/behavior.js'
import {Capture} from './capture/capture.js'
import {OwnedExpiry} from './capture/expiry.js'
import {CrdtError} from './core/crdt-error.js'
import {CrdtState} from './core/state.js'
import {CrdtDatabase} from './crdt-database.js'
import {attachDurability, detachDurability} from './durability/attach.js'
import {PlacedStates} from './placed-states.js'
import {Projection} from './projection/projection.js'

export interface CrdtOpening {
  /** This node's instance id, 1..63. */
  readonly region: number
  readonly config: CrdbConfig
  /** How far ahead a clock may be that is believed. */
  readonly maxDriftMs?: number
}

/**
 * The node holds an instance of an active-active database from now on: clients' changes go into the core, and what comes
 * from elsewhere shows in its data.
 *
 * @throws CrdtError if it is not in cluster mode, has data, or holds one already
 */
export function openCrdt(server: Server, {config, maxDriftMs, region}: CrdtOpening): CrdtDatabase {
  if (server.crdt !== undefined) throw new CrdtError('the node holds an instance of an active-active database already')
  if (!server.isCluster) throw new CrdtError('a node of an active-active database must be in cluster mode')
  if (server.databases.some(({size}) => size > 0)) throw new CrdtError('the node has data: only an empty one can join')
  const core = new CrdtState({
    inputMs: () => server.state.nowMs,
    nowMs: () => server.effects.nowMs(),
    region,
    slotOf: hashSlot,
    ...(maxDriftMs === undefined ? {} : {maxDriftMs}),
  })
  const placed = new PlacedStates(server.databases[0]!, (slot, key, stored) => core.displaced(slot, key, stored))
  core.place(placed)
  const crdt = new CrdtDatabase(server, core, region, config)
  attachDurability(crdt)
  const {state} = server
  const capture = new Capture(crdt)
  core.observer = new Projection(server, core)
  crdt.endUnit = () => capture.settle()
  state.propagation.setCapture(capture)
  state.expiry = new OwnedExpiry(crdt)
  const restoreBehavior = changeBehavior(crdt)
  const added = addCommands(server)
  server.crdt = crdt
  crdt.close = () => {
    capture.settle()
    restoreBehavior()
    removeCommands(server, added)
    state.propagation.setCapture(undefined)
    state.expiry = undefined
    core.observer = undefined
    placed.leave()
    server.crdt = undefined
    detachDurability(crdt)
    crdt.close = () => undefined
  }
  return crdt
}

/** A server's own table, which others only read. */
function tableOf({commands}: Server): Map<string, Command> {
  return commands as Map<string, Command>
}

function addCommands(server: Server): Command[] {
  const table = tableOf(server)
  const added: Command[] = []
  for (const defined of crdtCommands) {
    if (table.has(defined.name)) continue
    const command = defined.copy()
    added.push(command)
    table.set(command.name, command)
    table.set(command.name.toUpperCase(), command)
    server.acl.ids.adopt(command)
  }
  return added
}

function removeCommands(server: Server, commands: readonly Command[]): void {
  const table = tableOf(server)
  for (const {name} of commands) {
    table.delete(name)
    table.delete(name.toUpperCase())
  }
}
