import type {ClusterConfig} from '../server/cluster/types.js'
import type {Server} from '../server/server.js'

/** The bus listens this far above the client port, unless told otherwise. */
export const BUS_PORT_OFFSET = 10000

/** The settings as the cluster core takes them. */
export function clusterConfigOf({config: {values}}: Server): ClusterConfig {
  return {
    port: values.port,
    busPort: values.clusterPort || values.port + BUS_PORT_OFFSET,
    nodeTimeoutMs: values.clusterNodeTimeout,
    requireFullCoverage: values.clusterRequireFullCoverage,
    allowReadsWhenDown: values.clusterAllowReadsWhenDown,
    allowPubsubshardWhenDown: values.clusterAllowPubsubshardWhenDown,
    allowReplicaMigration: values.clusterAllowReplicaMigration,
    migrationBarrier: values.clusterMigrationBarrier,
    replicaNoFailover: values.clusterReplicaNoFailover,
    announceIp: values.clusterAnnounceIp,
    announceHostname: values.clusterAnnounceHostname,
    announcePort: values.clusterAnnouncePort,
    announceBusPort: values.clusterAnnounceBusPort,
    preferredEndpointType: values.clusterPreferredEndpointType,
    linkSendbufLimitBytes: values.clusterLinkSendbufLimit,
  }
}
