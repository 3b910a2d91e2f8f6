/**
 * Nodes inside the caller's process: `import {startCrdb, startCluster, startNode} from 'shoal/embedded'`.
 *
 * They are real nodes on real loopback ports; any client and any other node can talk to them. Nothing is printed, no
 * signal is caught, and after `stop()` nothing keeps the process alive.
 */

export type {CallArgument, PlainReply} from './lib/embedded/calls.js'
export type {CrdbRegion} from './lib/embedded/crdb-region.js'
export type {CrdbDatabaseConfig} from './lib/embedded/crdb-settings.js'
export {type ClusterOptions, type StartedCluster, startCluster} from './lib/embedded/start-cluster.js'
export {
  type CrdbOptions,
  SettleError,
  type SettleOptions,
  type StartedCrdb,
  startCrdb,
} from './lib/embedded/start-crdb.js'
export {type NodeOptions, type StartedNode, startNode} from './lib/embedded/start-node.js'
export type {CrdbDifference, CrdbVerification} from './lib/embedded/verify-crdb.js'
