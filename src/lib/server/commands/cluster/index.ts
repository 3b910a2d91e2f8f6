import {type Command, type CommandFlag, type CommandHandler, defineCommand} from '../command.js'
import {helpLines} from '../server/help.js'
import * as change from './changes.js'
import {inCluster} from './context.js'
import * as migration from './migrations.js'
import * as report from './reports.js'

/** CLUSTER, ASKING, READONLY, READWRITE. */

const READ: readonly CommandFlag[] = ['stale']
const ADMIN: readonly CommandFlag[] = ['admin', 'stale']
const CHANGE: readonly CommandFlag[] = ['admin', 'stale', 'no_async_loading']
const VARIES = ['nondeterministic_output']

function sub(
  name: string,
  arity: number,
  since: string,
  flags: readonly CommandFlag[],
  run: CommandHandler,
  tips: readonly string[] = [],
): Command {
  return defineCommand({name, arity, since, flags, run, tips, group: 'cluster'})
}

const help = inCluster(({reply}) =>
  reply.simples(
    helpLines('CLUSTER', [
      ['ADDSLOTS <slot> [<slot> ...]', 'Give unowned slots to this node.'],
      ['ADDSLOTSRANGE <start slot> <end slot> [<start slot> <end slot> ...]', 'The same for inclusive ranges.'],
      ['BUMPEPOCH', 'Take a new config epoch unless ours is the greatest.'],
      ['CANCELSLOTMIGRATIONS', 'End all migrations of slots away from this node.'],
      ['COUNT-FAILURE-REPORTS <node-id>', 'How many others hold the node for unreachable.'],
      ['COUNTKEYSINSLOT <slot>', 'Number of keys of the slot on this node.'],
      ['DELSLOTS <slot> [<slot> ...]', 'Forget who owns the slots.'],
      ['DELSLOTSRANGE <start slot> <end slot> [<start slot> <end slot> ...]', 'The same for inclusive ranges.'],
      ['FAILOVER [FORCE|TAKEOVER]', 'Promote this replica.'],
      ['FORGET <node-id>', 'Drop a node from the table, for a minute at least.'],
      ['GETKEYSINSLOT <slot> <count>', 'Keys of the slot on this node, newest first.'],
      ['GETSLOTMIGRATIONS', 'Migrations from and to this node, newest first.'],
      ['FLUSHSLOTS', 'Give up all slots of this node; it must be empty.'],
      ['INFO', 'State of the cluster as this node sees it.'],
      ['KEYSLOT <key>', 'Hash slot of a key.'],
      ['LINKS', 'Open connections of the cluster bus.'],
      ['MEET <ip> <port> [<bus-port>]', 'Join with the cluster of another node.'],
      [
        'MIGRATESLOTS SLOTSRANGE <start slot> <end slot> [...] NODE <node-id> [SLOTSRANGE ... NODE ...]',
        'Move slots of this node to others, atomically.',
      ],
      ['MYID', 'Id of this node.'],
      [
        'NODES',
        'One line per known node:',
        '<id> <ip:port@bus-port> <flags> <master> <ping> <pong> <epoch> <link> <slot> ...',
      ],
      ['REPLICATE <node-id>', 'Make this node a replica of a master.'],
      ['REPLICAS <node-id>', 'Lines of the replicas of a master.'],
      ['RESET [HARD|SOFT]', 'Forget the cluster; HARD: become another node.'],
      ['SAVECONFIG', 'Write the cluster configuration to disk.'],
      ['SET-CONFIG-EPOCH <epoch>', 'Give a fresh node its config epoch.'],
      ['SETSLOT <slot> (IMPORTING|MIGRATING|NODE <node-id>|STABLE)', 'Move one slot, step by step.'],
      ['SHARDS', 'Masters with their slots and replicas.'],
      ['SLOTS', 'Runs of slots with the nodes that serve them.'],
    ]),
  ),
)

const cluster = defineCommand({
  name: 'cluster',
  arity: -2,
  group: 'cluster',
  since: '3.0.0',
  subcommands: [
    sub('addslots', -3, '3.0.0', CHANGE, change.addSlots),
    sub('addslotsrange', -4, '7.0.0', CHANGE, change.addSlotsRange),
    sub('bumpepoch', 2, '3.0.0', CHANGE, change.bumpEpoch, VARIES),
    sub('cancelslotmigrations', 2, '9.0.0', CHANGE, migration.cancelSlotMigrations),
    sub('count-failure-reports', 3, '3.0.0', ADMIN, report.countFailureReports, VARIES),
    sub('countkeysinslot', 3, '3.0.0', READ, report.countKeysInSlot),
    sub('delslots', -3, '3.0.0', CHANGE, change.delSlots),
    sub('delslotsrange', -4, '7.0.0', CHANGE, change.delSlotsRange),
    sub('failover', -2, '3.0.0', CHANGE, change.failover),
    sub('flushslots', 2, '3.0.0', CHANGE, change.flushSlots),
    sub('forget', 3, '3.0.0', CHANGE, change.forget),
    sub('getkeysinslot', 4, '3.0.0', READ, report.getKeysInSlot, VARIES),
    sub('getslotmigrations', 2, '9.0.0', ADMIN, migration.getSlotMigrations, VARIES),
    sub('help', 2, '5.0.0', ['loading', 'stale'], help),
    sub('info', 2, '3.0.0', READ, report.info, VARIES),
    sub('keyslot', 3, '3.0.0', READ, report.keySlot),
    sub('links', 2, '7.0.0', READ, report.links, VARIES),
    sub('meet', -4, '3.0.0', CHANGE, change.meet),
    sub('migrateslots', -7, '9.0.0', CHANGE, migration.migrateSlots),
    sub('myid', 2, '3.0.0', READ, report.myId),
    sub('nodes', 2, '3.0.0', READ, report.nodes, VARIES),
    sub('replicas', 3, '5.0.0', ADMIN, report.replicas, VARIES),
    sub('replicate', 3, '3.0.0', CHANGE, change.replicate),
    sub('reset', -2, '3.0.0', ['admin', 'noscript', 'stale'], change.reset),
    sub('saveconfig', 2, '3.0.0', CHANGE, change.saveConfig),
    sub('set-config-epoch', 3, '3.0.0', CHANGE, change.setConfigEpoch),
    sub('setslot', -4, '3.0.0', CHANGE, change.setSlot),
    sub('shards', 2, '7.0.0', READ, report.shards, VARIES),
    sub('slaves', 3, '3.0.0', ADMIN, report.replicas, VARIES),
    sub('slots', 2, '3.0.0', READ, report.slots, VARIES),
    sub('syncslots', -3, '9.0.0', [...CHANGE, 'noscript'], migration.syncSlots),
  ],
})

function mode(
  name: string,
  since: string,
  flags: readonly CommandFlag[],
  run: Parameters<typeof inCluster>[0],
): Command {
  return defineCommand({name, arity: 1, since, flags, run: inCluster(run), group: 'cluster', acl: ['connection']})
}

const asking = mode('asking', '3.0.0', ['fast'], ({client, reply}) => {
  client.asking = true
  reply.ok()
})

const readonly = mode('readonly', '3.0.0', ['loading', 'stale', 'fast'], ({client, reply}) => {
  client.isReadonly = true
  reply.ok()
})

const readwrite = mode('readwrite', '3.0.0', ['loading', 'stale', 'fast'], ({client, reply}) => {
  client.isReadonly = false
  reply.ok()
})

export const clusterCommands: readonly Command[] = [cluster, asking, readonly, readwrite]
