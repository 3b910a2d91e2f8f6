import type {ClusterNode} from '../cluster/node.js'
import type {InfoFacts, InfoField} from './facts.js'

/** The primary of this node if it is a replica, as the cluster knows it. */
export function primaryOf({server}: Pick<InfoFacts, 'server'>): ClusterNode | undefined {
  return server.cluster?.core.myself.primary
}

export function renderReplication(facts: InfoFacts): InfoField[] {
  const {admin, server} = facts
  const primary = primaryOf(facts)
  const {replicaAnnounced, replicaPriority, replicaReadOnly, replBacklogSize} = server.config.values
  const fields: InfoField[] = [['role', primary === undefined ? 'master' : 'slave']]
  if (primary !== undefined) {
    fields.push(
      ['master_host', primary.ip],
      ['master_port', primary.port],
      ['master_link_status', 'down'],
      ['master_last_io_seconds_ago', -1],
      ['master_sync_in_progress', 0],
      ['slave_read_repl_offset', 0],
      ['slave_repl_offset', 0],
      ['slave_priority', replicaPriority],
      ['slave_read_only', replicaReadOnly ? 1 : 0],
      ['replica_announced', replicaAnnounced ? 1 : 0],
    )
  }
  fields.push(
    ['connected_slaves', 0],
    ['master_failover_state', 'no-failover'],
    ['master_replid', admin.replicationId],
    ['master_replid2', admin.replicationId2],
    ['master_repl_offset', 0],
    ['second_repl_offset', admin.secondOffset],
    ['repl_backlog_active', 0],
    ['repl_backlog_size', replBacklogSize],
    ['repl_backlog_first_byte_offset', 0],
    ['repl_backlog_histlen', 0],
  )
  return fields
}

export function renderClusterSection({server}: InfoFacts): InfoField[] {
  return [['cluster_enabled', server.isCluster ? 1 : 0]]
}
