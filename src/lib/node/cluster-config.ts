import type {ClusterConfig} from '../server/cluster/types.js'
import type {Server} from '../server/server.js'

/** The bus listens this far above the client port, unless told otherwise. */
export const BUS_PORT_OFFSET = 10_000

/** The settings as the cluster core takes them. */
export function clusterConfigOf({config: {values}}: Server): ClusterConfig {
  // With TLS among nodes the port they tell each other and their clients is the one with TLS.
  const port = values.tlsCluster ? values.tlsPort : values.port
  return {
    port,
    busPort: values.clusterPort || port + BUS_PORT_OFFSET,
    nodeTimeoutMs: values.clusterNodeTimeout,
    requireFullCoverage: values.clusterRequireFullCoverage,
    allowReadsWhenDown: values.clusterAllowReadsWhenDown,
    allowPubsubshardWhenDown: values.clusterAllowPubsubshardWhenDown,
    allowReplicaMigration: values.clusterAllowReplicaMigration,
    migrationBarrier: values.clusterMigrationBarrier,
    replicaValidityFactor: values.clusterReplicaValidityFactor,
    replicationPingPeriodMs: values.replPingReplicaPeriod * 1000,
    replicaNoFailover: values.clusterReplicaNoFailover,
    announceIp: values.clusterAnnounceIp,
    announceHostname: values.clusterAnnounceHostname,
    announcePort: values.clusterAnnouncePort,
    announceBusPort: values.clusterAnnounceBusPort,
    preferredEndpointType: values.clusterPreferredEndpointType,
    linkSendbufLimitBytes: values.clusterLinkSendbufLimit,
  }
}
