import {bitmapCommands} from './bitmap/index.js'
import {clusterCommands} from './cluster/index.js'
import type {Command} from './command.js'
import {connectionCommands} from './connection/index.js'
import {crdtConfig} from './crdt/config.js'
import {genericCommands} from './generic/index.js'
import {geoCommands} from './geo/index.js'
import {hashCommands} from './hash/index.js'
import {hyperloglogCommands} from './hyperloglog/index.js'
import {listCommands} from './list/index.js'
import {migrationCommands} from './migration/index.js'
import {persistenceCommands} from './persistence/index.js'
import {pubsubCommands} from './pubsub/index.js'
import {replicationCommands} from './replication/index.js'
import {scriptingCommands} from './scripting/index.js'
import {fault} from './server/fault/fault-command.js'
import {serverCommands} from './server/index.js'
import {setCommands} from './set/index.js'
import {sortedSetCommands} from './sorted-set/index.js'
import {streamCommands} from './stream/index.js'
import {stringCommands} from './string/index.js'
import {transactionCommands} from './transactions/index.js'

/** Every group of commands; a new group adds its line here. */
const GROUPS: readonly (readonly Command[])[] = [
  bitmapCommands,
  clusterCommands,
  connectionCommands,
  genericCommands,
  listCommands,
  geoCommands,
  hashCommands,
  hyperloglogCommands,
  migrationCommands,
  persistenceCommands,
  pubsubCommands,
  replicationCommands,
  scriptingCommands,
  serverCommands,
  setCommands,
  sortedSetCommands,
  streamCommands,
  stringCommands,
  transactionCommands,
]

/** All commands without subcommands, each once. */
export function allCommands(): Command[] {
  return GROUPS.flat()
}

/**
 * A table of its own for each server. By name in lower and in upper case, the two spellings clients use; the dispatcher lowers any other.
 *
 * @param hasFaults - with SHOAL.FAULT, which no Redis has: where it is not allowed it is not there, and COMMAND says so too
 */
export function commandTable(hasFaults = false): ReadonlyMap<string, Command> {
  const table = new Map<string, Command>()
  for (const defined of [...allCommands(), crdtConfig, ...(hasFaults ? [fault] : [])]) {
    const command = defined.copy()
    table.set(command.name, command)
    table.set(command.name.toUpperCase(), command)
  }
  return table
}
