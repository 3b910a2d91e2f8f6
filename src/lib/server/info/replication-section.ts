import type {Server} from '../server.js'
import type {InfoFacts, InfoField} from './facts.js'

export function renderReplication({nowMs, server}: InfoFacts): InfoField[] {
  const {link, replicas} = server.replication
  const fields: InfoField[] = [['role', link === undefined ? 'master' : 'slave']]
  if (link !== undefined) fields.push(...ofLink(server, nowMs))
  fields.push(['connected_slaves', replicas.attached.size])
  const {minReplicasMaxLag, minReplicasToWrite, replBacklogSize} = server.config.values
  if (minReplicasToWrite > 0 && minReplicasMaxLag > 0) fields.push(['min_slaves_good_slaves', replicas.goodCount])
  fields.push(...ofReplicas(server, nowMs))
  const {backlog} = replicas
  const {id, id2, offset, secondOffset} = server.replication
  fields.push(
    ['master_failover_state', server.replication.failover.state],
    ['master_replid', id],
    ['master_replid2', id2],
    ['master_repl_offset', offset],
    ['second_repl_offset', secondOffset],
    ['repl_backlog_active', backlog === undefined ? 0 : 1],
    ['repl_backlog_size', replBacklogSize],
    ['repl_backlog_first_byte_offset', backlog === undefined ? 0 : backlog.firstOffset],
    ['repl_backlog_histlen', backlog === undefined ? 0 : backlog.length],
  )
  return fields
}

function ofLink(server: Server, nowMs: number): InfoField[] {
  const {link, offset} = server.replication
  const {downSinceMs, heardMs, isSyncing, isUp, loadedBytes, primary} = link!
  const {replicaAnnounced, replicaPriority, replicaReadOnly} = server.config.values
  const fields: InfoField[] = [
    ['master_host', primary.host],
    ['master_port', primary.port],
    ['master_link_status', isUp ? 'up' : 'down'],
    ['master_last_io_seconds_ago', isUp ? Math.floor((nowMs - heardMs) / 1000) : -1],
    ['master_sync_in_progress', isSyncing ? 1 : 0],
    ['slave_read_repl_offset', offset],
    ['slave_repl_offset', offset],
  ]
  if (isSyncing) {
    fields.push(
      ['master_sync_total_bytes', -1],
      ['master_sync_read_bytes', loadedBytes],
      ['master_sync_left_bytes', -1],
      ['master_sync_perc', '0.00'],
      ['master_sync_last_io_seconds_ago', Math.floor((nowMs - heardMs) / 1000)],
    )
  }
  if (!isUp) fields.push(['master_link_down_since_seconds', Math.floor((nowMs - downSinceMs) / 1000)])
  fields.push(
    ['slave_priority', replicaPriority],
    ['slave_read_only', replicaReadOnly ? 1 : 0],
    ['replica_announced', replicaAnnounced ? 1 : 0],
  )
  return fields
}

function ofReplicas(server: Server, nowMs: number): InfoField[] {
  const {replicas} = server.replication
  return [...replicas.attached.values()].map((replica, i) => {
    const {ackOffset, client, state} = replica
    const lag = state === 'online' ? replica.lagSeconds(nowMs) : 0
    const port = replicas.factsOf(client).port
    return [`slave${i}`, `ip=${replicas.ipOf(client)},port=${port},state=${state},offset=${ackOffset},lag=${lag}`]
  })
}

export function renderClusterSection({server}: InfoFacts): InfoField[] {
  return [['cluster_enabled', server.isCluster ? 1 : 0]]
}
