import type {Server} from '../../server.js'

/**
 * Where `min-replicas-to-write` asks for replicas, what this node wrote leaves for other regions once so many have it: else it
 * would come back from there after a failover, and be news to the region that wrote it.
 *
 * It waits while there are enough replicas that answer (`min-replicas-max-lag`). Without them clients' writes are refused, and
 * nobody would be served by keeping what came before.
 */
export class ReplicaWait {
  /** Of the stream of this id, what enough replicas have had at some time. */
  private reached = 0
  private id = ''

  constructor(private readonly server: Server) {}

  /** @returns how far replicas have to come before what was written until now may leave; undefined: it may */
  begin(): number | undefined {
    if (!this.isAsked) return undefined
    const {offset, replicas} = this.server.replication
    if (this.isOver(offset)) return undefined
    replicas.askForAck()
    return offset
  }

  /** @param offset - that `begin` returned */
  isOver(offset: number): boolean {
    if (!this.isAsked) return true
    const {id, replicas} = this.server.replication
    if (id !== this.id) {
      this.id = id
      this.reached = 0
    }
    if (offset <= this.reached || !replicas.areEnough) return true
    if (replicas.countAcknowledged(offset) < this.server.config.values.minReplicasToWrite) return false
    this.reached = offset
    return true
  }

  private get isAsked(): boolean {
    const {minReplicasMaxLag, minReplicasToWrite} = this.server.config.values
    return minReplicasToWrite > 0 && minReplicasMaxLag > 0
  }
}
