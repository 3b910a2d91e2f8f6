import {bool, choice, int, long, memory, text} from '../parameter.js'

const acts = true

function checkHostname(value: string): string | undefined {
  if (value.length >= 256) return 'Hostnames must be less than 256 characters'
  return /^[A-Za-z0-9.-]*$/.test(value)
    ? undefined
    : 'Hostnames may only contain alphanumeric characters, hyphens or dots'
}

/** The cluster (wire.md 1.17). Times are milliseconds; announced values take effect at once. */
export const clusterParameters = {
  clusterEnabled: bool('cluster-enabled', false, {acts, immutable: true}),
  clusterConfigFile: text('cluster-config-file', 'nodes.conf', {acts, immutable: true}),
  clusterPort: int('cluster-port', 0, 0, 65_535, {acts, immutable: true}),
  clusterNodeTimeout: long('cluster-node-timeout', 15_000, 0, {acts}),
  clusterRequireFullCoverage: bool('cluster-require-full-coverage', true, {acts}),
  clusterAllowReadsWhenDown: bool('cluster-allow-reads-when-down', false, {acts}),
  clusterAllowPubsubshardWhenDown: bool('cluster-allow-pubsubshard-when-down', true, {acts}),
  clusterReplicaValidityFactor: int('cluster-replica-validity-factor', 10, 0, undefined, {
    acts,
    alias: 'cluster-slave-validity-factor',
  }),
  clusterReplicaNoFailover: bool('cluster-replica-no-failover', false, {acts, alias: 'cluster-slave-no-failover'}),
  clusterMigrationBarrier: int('cluster-migration-barrier', 1, 0, undefined, {acts}),
  clusterAllowReplicaMigration: bool('cluster-allow-replica-migration', true, {acts}),
  clusterAnnounceIp: text('cluster-announce-ip', '', {acts}),
  clusterAnnounceHostname: text('cluster-announce-hostname', '', {acts, check: checkHostname}),
  clusterAnnouncePort: int('cluster-announce-port', 0, 0, 65_535, {acts}),
  clusterAnnounceTlsPort: int('cluster-announce-tls-port', 0, 0, 65_535, {acts}),
  clusterAnnounceBusPort: int('cluster-announce-bus-port', 0, 0, 65_535, {acts}),
  clusterPreferredEndpointType: choice(
    'cluster-preferred-endpoint-type',
    'ip',
    ['ip', 'hostname', 'unknown-endpoint'],
    {acts},
  ),
  clusterLinkSendbufLimit: memory('cluster-link-sendbuf-limit', 0),
} as const
