import type {ClusterEffect, PrimaryAddress, ReplicationFacts} from '../server/cluster/types.js'
import type {Server} from '../server/server.js'

/** Replication as the cluster drives it. */
export interface ClusterReplication extends ReplicationFacts {
  /** Copies this primary from now on; undefined: none, as a primary with the data at hand. */
  follow(primary: PrimaryAddress | undefined): void
}

/** A node's own replication, as the cluster drives it. */
export function replicationOf({effects, replication}: Server): ClusterReplication {
  return {
    follow(primary) {
      if (primary === undefined) replication.become()
      else replication.follow(primary)
    },
    primaryDataAgeMs: () => replication.link?.dataAgeMs(effects.nowMs()) ?? Number.POSITIVE_INFINITY,
    primaryLinkUp: () => replication.link?.isUp ?? false,
    replicationOffset: () => replication.offset,
  }
}

/** Effects that need neither sockets nor nodes.conf. */
export type ServerSideEffect = Exclude<ClusterEffect, {kind: 'close-link' | 'dial' | 'save' | 'send'}>

/** @param busNowMs - now, by the clock that the cluster core is given */
export function applyToServer(
  server: Server,
  replication: ClusterReplication,
  effect: ServerSideEffect,
  busNowMs: number,
): void {
  switch (effect.kind) {
    case 'log':
      server.effects.log(effect.level, effect.text)
      return
    case 'delete-slot-keys':
      server.migrations.dropSlots(effect.slots)
      return
    case 'empty-database':
      server.databases[0]!.flush()
      server.crdt?.core.clear()
      server.tracking.invalidateAll()
      return
    case 'deliver-publish':
      if (effect.sharded) server.pubsub.publishToShard(effect.channel, effect.message)
      else server.pubsub.publish(effect.channel, effect.message)
      return
    case 'slots-lost':
      server.pubsub.dropSlots(effect.slots)
      server.migrations.onSlotsLost(effect.slots)
      return
    case 'role-changed':
      replication.follow(effect.primary)
      server.migrations.look()
      return
    case 'pause-writes':
      server.migrations.onFailoverPause()
      // The bus's clock runs on where the system's is set.
      server.pauseForFailover(server.effects.nowMs() + effect.untilMs - busNowMs)
      return
    case 'resume-writes':
      server.endFailoverPause()
      return
    case 'state-changed':
      // Routing and INFO read the core itself.
      return
  }
}
