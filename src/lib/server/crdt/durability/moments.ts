import type {Server} from '../../server.js'

/** How much of what changes the state had gone out by then. */
export interface Moment {
  /** Bytes of the stream to replicas. */
  readonly streamOffset: number
  /** Bytes for the append-only file. */
  readonly fileBytes: number
}

/** Of the state as it is now. */
export function momentOf({appendOnly, replication}: Server): Moment {
  return {fileBytes: appendOnly.takenBytes + appendOnly.gatheredBytes, streamOffset: replication.offset}
}

/**
 * The shard will not come to lack what its state was then by the loss of this node: all its replicas have it, also those that
 * are away, which may take over when they come back; and so has the disk, if there is an append-only file.
 *
 * Without either there is nothing to be waited for: README.md of the folder above says what is lost then.
 */
export function isKept({appendOnly, cluster, replication: {replicas}}: Server, moment: Moment): boolean {
  const known = cluster === undefined ? 0 : cluster.core.replicasOf(cluster.core.myself).length
  // One that has just come may not be known to the cluster yet.
  const awaited = Math.max(known, replicas.attached.size)
  if (awaited > 0 && replicas.countAcknowledged(moment.streamOffset) < awaited) return false
  return appendOnly.state !== 'on' || appendOnly.keptBytes >= moment.fileBytes
}
