import type {CommandDocs} from '../command.js'
import {block, int, oneof, str, word} from './build.js'

export const clusterDocs: Readonly<Record<string, CommandDocs>> = {
  asking: {summary: 'Sent by cluster clients after an -ASK redirect', complexity: 'O(1)'},
  cluster: {summary: 'A container for cluster commands', complexity: 'Depends on subcommand.'},
  'cluster|addslots': {
    summary: 'Assign new hash slots to receiving node',
    complexity: 'O(N) where N is the total number of hash slot arguments',
    arguments: [int('slot', {multiple: true})],
  },
  'cluster|addslotsrange': {
    summary: 'Assign new hash slots to receiving node',
    complexity: 'O(N) where N is the total number of the slots between the start slot and end slot arguments.',
    arguments: [block('start-slot_end-slot', [int('start-slot'), int('end-slot')], {multiple: true})],
  },
  'cluster|bumpepoch': {summary: 'Advance the cluster config epoch', complexity: 'O(1)'},
  'cluster|cancelslotmigrations': {
    summary: 'Cancel all ongoing atomic slot migrations away from this node',
    complexity: 'O(N) where N is the number of migrations',
  },
  'cluster|count-failure-reports': {
    summary: 'Return the number of failure reports active for a given node',
    complexity: 'O(N) where N is the number of failure reports',
    arguments: [str('node-id')],
  },
  'cluster|countkeysinslot': {
    summary: 'Return the number of local keys in the specified hash slot',
    complexity: 'O(1)',
    arguments: [int('slot')],
  },
  'cluster|delslots': {
    summary: 'Set hash slots as unbound in receiving node',
    complexity: 'O(N) where N is the total number of hash slot arguments',
    arguments: [int('slot', {multiple: true})],
  },
  'cluster|delslotsrange': {
    summary: 'Set hash slots as unbound in receiving node',
    complexity: 'O(N) where N is the total number of the slots between the start slot and end slot arguments.',
    arguments: [block('start-slot_end-slot', [int('start-slot'), int('end-slot')], {multiple: true})],
  },
  'cluster|failover': {
    summary: 'Forces a replica to perform a manual failover of its master.',
    complexity: 'O(1)',
    arguments: [oneof('options', [word('force', 'FORCE'), word('takeover', 'TAKEOVER')], {optional: true})],
  },
  'cluster|flushslots': {summary: "Delete a node's own slots information", complexity: 'O(1)'},
  'cluster|forget': {summary: 'Remove a node from the nodes table', complexity: 'O(1)', arguments: [str('node-id')]},
  'cluster|getkeysinslot': {
    summary: 'Return local key names in the specified hash slot',
    complexity: 'O(log(N)) where N is the number of requested keys',
    arguments: [int('slot'), int('count')],
  },
  'cluster|getslotmigrations': {
    summary: 'List ongoing and past atomic slot migrations of this node',
    complexity: 'O(N) where N is the number of migrations',
  },
  'cluster|help': {summary: 'Show helpful text about the different subcommands', complexity: 'O(1)'},
  'cluster|info': {summary: 'Provides info about Redis Cluster node state', complexity: 'O(1)'},
  'cluster|keyslot': {
    summary: 'Returns the hash slot of the specified key',
    complexity: 'O(N) where N is the number of bytes in the key',
    arguments: [str('key')],
  },
  'cluster|links': {
    summary: 'Returns a list of all TCP links to and from peer nodes in cluster',
    complexity: 'O(N) where N is the total number of Cluster nodes',
  },
  'cluster|meet': {
    summary: 'Force a node cluster to handshake with another node',
    complexity: 'O(1)',
    history: [['4.0.0', 'Added the optional `cluster_bus_port` argument.']],
    arguments: [str('ip'), int('port'), int('cluster_bus_port', {since: '4.0.0', optional: true})],
  },
  'cluster|migrateslots': {
    summary: 'Move slots of this node to others atomically',
    complexity: 'O(N) where N is the total number of the slots between the start slot and end slot arguments.',
    arguments: [
      block(
        'migration',
        [
          block('start-slot_end-slot', [int('start-slot'), int('end-slot')], {
            multiple: true,
            token: 'SLOTSRANGE',
          }),
          str('node-id', {token: 'NODE'}),
        ],
        {multiple: true},
      ),
    ],
  },
  'cluster|myid': {summary: 'Return the node id', complexity: 'O(1)'},
  'cluster|nodes': {
    summary: 'Get Cluster config for the node',
    complexity: 'O(N) where N is the total number of Cluster nodes',
  },
  'cluster|replicas': {
    summary: 'List replica nodes of the specified master node',
    complexity: 'O(1)',
    arguments: [str('node-id')],
  },
  'cluster|replicate': {
    summary: 'Reconfigure a node as a replica of the specified master node',
    complexity: 'O(1)',
    arguments: [str('node-id')],
  },
  'cluster|reset': {
    summary: 'Reset a Redis Cluster node',
    complexity: 'O(N) where N is the number of known nodes. The command may execute a FLUSHALL as a side effect.',
    arguments: [oneof('hard_soft', [word('hard', 'HARD'), word('soft', 'SOFT')], {optional: true})],
  },
  'cluster|saveconfig': {summary: 'Forces the node to save cluster state on disk', complexity: 'O(1)'},
  'cluster|set-config-epoch': {
    summary: 'Set the configuration epoch in a new node',
    complexity: 'O(1)',
    arguments: [int('config-epoch')],
  },
  'cluster|setslot': {
    summary: 'Bind a hash slot to a specific node',
    complexity: 'O(1)',
    arguments: [
      int('slot'),
      oneof('subcommand', [
        str('node-id', {token: 'IMPORTING'}),
        str('node-id', {token: 'MIGRATING'}),
        str('node-id', {token: 'NODE'}),
        word('stable', 'STABLE'),
      ]),
    ],
  },
  'cluster|shards': {
    summary: 'Get array of cluster slots to node mappings',
    complexity: 'O(N) where N is the total number of cluster nodes',
  },
  'cluster|slaves': {
    summary: 'List replica nodes of the specified master node',
    complexity: 'O(1)',
    docFlags: ['deprecated'],
    deprecatedSince: '5.0.0',
    replacedBy: '`CLUSTER REPLICAS`',
    arguments: [str('node-id')],
  },
  'cluster|slots': {
    summary: 'Get array of Cluster slot to node mappings',
    complexity: 'O(N) where N is the total number of Cluster nodes',
    docFlags: ['deprecated'],
    deprecatedSince: '7.0.0',
    replacedBy: '`CLUSTER SHARDS`',
    history: [
      ['4.0.0', 'Added node IDs.'],
      ['7.0.0', 'Added additional networking metadata field.'],
    ],
  },
  'cluster|syncslots': {
    summary: 'What nodes say to each other while slots migrate atomically',
    complexity: 'Depends on subcommand.',
    docFlags: ['syscmd'],
  },
  readonly: {summary: 'Enables read queries for a connection to a cluster replica node', complexity: 'O(1)'},
  readwrite: {summary: 'Disables read queries for a connection to a cluster replica node', complexity: 'O(1)'},
}
