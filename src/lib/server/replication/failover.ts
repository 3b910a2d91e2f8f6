import type {Server} from '../server.js'
import type {AttachedReplica} from './attached-replica.js'
import {replicationEffects} from './link-effects.js'
import type {PrimaryHost, Replication} from './replication.js'

/** As INFO names them. */
export type FailoverState = 'no-failover' | 'waiting-for-sync' | 'failover-in-progress'

export interface FailoverRequest {
  /** Whom to hand over to; undefined: to whichever replica has everything first. */
  readonly target: PrimaryHost | undefined
  /** Unix milliseconds; undefined: it may take for ever. */
  readonly deadlineMs: number | undefined
  /** Hand over when the time is up, although the target lacks some of the stream. */
  readonly force: boolean
}

/** Nobody waits that long. */
const FOR_EVER = Number.MAX_SAFE_INTEGER

/**
 * FAILOVER outside of a cluster: this primary hands over to one of its replicas.
 *
 *     no-failover -> waiting-for-sync: writes wait until a replica has acknowledged the whole stream
 *                 -> failover-in-progress: this node follows it, and promotes it by PSYNC ... FAILOVER
 *                 -> no-failover: it answered; writes that waited are told where they may not go
 */
export class Failover {
  state: FailoverState = 'no-failover'
  private request: FailoverRequest | undefined = undefined

  constructor(
    private readonly server: Server,
    private readonly replication: Replication,
  ) {}

  /** @returns the replica with that address; as it announced it, else where it connects from */
  find({host, port}: PrimaryHost): AttachedReplica | undefined {
    const {replicas} = this.replication
    return [...replicas.attached.values()].find(
      ({client}) => replicas.ipOf(client) === host && replicas.factsOf(client).port === port,
    )
  }

  /** This node must be a primary with replicas, and no failover under way. */
  begin(request: FailoverRequest): void {
    const {target} = request
    this.request = request
    this.state = 'waiting-for-sync'
    this.log(`FAILOVER requested to ${target ? nameOf(target) : 'any replica'}.`)
    this.server.pauseForFailover(FOR_EVER)
    // Who asked is answered first.
    replicationEffects(this.server).soon(() => this.look(this.server.effects.nowMs()))
  }

  /** Hands over if it is time. Called whenever a replica acknowledges something, and every 100 ms. */
  look(nowMs: number): void {
    const {request} = this
    if (this.state !== 'waiting-for-sync' || request === undefined) return
    const {deadlineMs, force, target} = request
    if (deadlineMs !== undefined && nowMs >= deadlineMs) {
      if (!force || target === undefined) {
        this.abort('Replica never caught up before timeout')
        return
      }
      this.log(`FAILOVER to ${nameOf(target)} time out exceeded, failing over.`)
      this.handOver(target)
      return
    }
    const synced = this.syncedReplica(target)
    if (synced === undefined) return
    this.log(`Failover target ${nameOf(synced)} is synced, failing over.`)
    this.handOver(synced)
  }

  private syncedReplica(target: PrimaryHost | undefined): PrimaryHost | undefined {
    const {offset, replicas} = this.replication
    const isSynced = ({ackOffset, state}: AttachedReplica) => state === 'online' && ackOffset === offset
    if (target !== undefined) {
      const replica = this.find(target)
      return replica !== undefined && isSynced(replica) ? target : undefined
    }
    const any = [...replicas.attached.values()].find(isSynced)
    return any && {host: replicas.ipOf(any.client), port: replicas.factsOf(any.client).port}
  }

  private handOver(target: PrimaryHost): void {
    this.state = 'failover-in-progress'
    this.request = {deadlineMs: undefined, force: false, target}
    this.server.config.values.replicaof = target
    this.replication.follow(target)
  }

  /** The target answered the request for its stream. */
  onAnswer(isAccepted: boolean): void {
    if (this.state !== 'failover-in-progress') return
    if (isAccepted) this.end()
    else this.abort('Failover target rejected psync request')
  }

  /** This node is the primary that it was. */
  abort(reason: string): void {
    const {request, state} = this
    if (state === 'no-failover') return
    this.log(`FAILOVER ${request?.target ? `to ${nameOf(request.target)} ` : ''}aborted: ${reason}`)
    if (state === 'failover-in-progress') {
      this.replication.become()
      this.server.config.values.replicaof = undefined
    }
    this.end()
  }

  private end(): void {
    this.state = 'no-failover'
    this.request = undefined
    this.server.endFailoverPause()
  }

  private log(text: string): void {
    this.server.effects.log('notice', text)
  }
}

function nameOf({host, port}: PrimaryHost): string {
  return `${host}:${port}`
}
