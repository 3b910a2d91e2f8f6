import {throwIfAborted, withDeadline} from '../../client/abort.js'
import {type PeerReport, readPeers} from '../../client/crdt.js'
import {CliError, messageOf} from '../../kernel/errors.js'
import {isAway, LOOK_MS} from './instance-nodes.js'
import {type DatabaseInstance, instancesOf, type KnownDatabase} from './known.js'
import {type Opened, openInstances} from './sync.js'

/** How far behind each region is what the others write. */
export interface LagReport {
  readonly guid: string
  readonly name: string
  readonly links: readonly RegionLag[]
  /** Instances that do not answer this machine. */
  readonly silent: readonly {readonly id: number; readonly cluster: string; readonly error: string}[]
}

/** What one region takes from another. */
export interface RegionLag {
  /** Ids of the instances: who takes, and from whom. */
  readonly region: number
  readonly from: number
  /** The worst of its shards. */
  readonly status: PeerReport['status']
  /** How late what comes is, at most; milliseconds; null: nothing has come yet. */
  readonly lagMs: number | null
  /** Effects that it has not acknowledged; null: it does not ask for any. */
  readonly pendingEffects: number | null
  readonly lastError: string
}

const FROM_BAD_TO_GOOD: readonly PeerReport['status'][] = ['down', 'out-of-sync', 'syncing', 'in-sync']

/**
 * Keeps its connections: for looks one after the other. A region that did not answer the look before is asked again, but not
 * waited for: those that live are shown in time.
 */
export class LagWatcher {
  private readonly regions: readonly WatchedRegion[]

  constructor(private readonly known: KnownDatabase) {
    this.regions = instancesOf(known).map((instance) => new WatchedRegion(instance))
  }

  /** Takes LOOK_MS at most. @throws {CliError} CREDENTIALS_REFUSED, INTERRUPTED */
  async look(signal: AbortSignal): Promise<LagReport> {
    const {config} = this.known
    await Promise.all(this.regions.map((region) => region.look(signal)))
    throwIfAborted(signal)
    const answered = this.regions.flatMap(({reports}) => reports ?? [])
    return {
      guid: config.guid,
      name: config.name,
      links: answered.flatMap(({id, shards}) =>
        config.instances.filter((other) => other.id !== id).map((other) => lagOf(id, other.id, shards, answered)),
      ),
      silent: this.regions.flatMap(({error, instance: {config: each, id}}) =>
        error === undefined ? [] : [{cluster: each.cluster, error, id}],
      ),
    }
  }

  close(): void {
    for (const region of this.regions) region.close()
  }
}

interface Reports {
  readonly id: number
  /** By shard. */
  readonly shards: readonly (readonly PeerReport[])[]
}

/** What one region said last, or why it did not. */
class WatchedRegion {
  reports: Reports | undefined
  /** Also of one that answers for some of its slots only. */
  error: string | undefined
  private opened: Opened | undefined
  private asking: Promise<void> | undefined
  private failure: unknown
  private isClosed = false

  constructor(readonly instance: DatabaseInstance) {}

  /** @throws what no waiting mends */
  async look(signal: AbortSignal): Promise<void> {
    const wasSilent = this.error !== undefined
    this.asking ??= this.ask(signal).finally(() => {
      this.asking = undefined
    })
    if (!wasSilent) {
      await withDeadline(this.asking, LOOK_MS, () => new CliError('TIMED_OUT', `no answer within ${LOOK_MS} ms`)).catch(
        (error) => this.silent(messageOf(error)),
      )
    }
    if (this.failure !== undefined) throw this.failure
  }

  private async ask(signal: AbortSignal): Promise<void> {
    try {
      this.opened ??= await openInstances([this.instance], signal, LOOK_MS)
      const {away, open} = this.opened
      if (this.isClosed || !open[0]) {
        this.hangUp()
        this.silent(away[0]?.error.message ?? '')
        return
      }
      const {instance, nodes} = open[0]
      this.reports = {id: instance.id, shards: await Promise.all(nodes.primaries.map(readPeers))}
      this.error = nodes.gap?.message
      // The slots may be elsewhere by the next look.
      if (nodes.gap) this.hangUp()
    } catch (error) {
      this.hangUp()
      if (isAway(error)) this.silent(error.message)
      else this.failure = error
    }
  }

  private silent(error: string): void {
    this.reports = undefined
    this.error = error
  }

  private hangUp(): void {
    this.opened?.close()
    this.opened = undefined
  }

  close(): void {
    this.isClosed = true
    this.hangUp()
  }
}

function lagOf(region: number, from: number, shards: Reports['shards'], all: readonly Reports[]): RegionLag {
  const reports = shards.flatMap((report) => report.find((peer) => peer.region === from) ?? [])
  const isWhole = reports.length === shards.length && shards.length > 0
  const lags = reports.map(({lagMs}) => lagMs)
  const sender = all.find(({id}) => id === from)
  const pending = (sender?.shards ?? []).map(
    (report) => report.find((peer) => peer.region === region)?.pendingEffects ?? null,
  )
  return {
    region,
    from,
    status: isWhole
      ? (FROM_BAD_TO_GOOD.find((status) => reports.some((report) => report.status === status)) ?? 'down')
      : 'down',
    lagMs: lags.length === 0 || lags.includes(null) ? null : Math.max(...(lags as number[])),
    pendingEffects:
      pending.length === 0 || pending.includes(null) ? null : (pending as number[]).reduce((a, b) => a + b, 0),
    lastError: reports.find(({lastError}) => lastError !== '')?.lastError ?? '',
  }
}
