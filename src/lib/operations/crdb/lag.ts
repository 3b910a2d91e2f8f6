import {type PeerReport, readPeers} from '../../client/crdt.js'
import {instancesOf, type KnownDatabase} from './known.js'
import type {Opened, OpenInstance} from './sync.js'
import {openInstances} from './sync.js'

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

/** Keeps its connections: for looks one after the other. */
export class LagWatcher {
  private opened: Opened | undefined

  constructor(private readonly known: KnownDatabase) {}

  /** @throws {CliError} CREDENTIALS_REFUSED, INTERRUPTED */
  async look(signal: AbortSignal): Promise<LagReport> {
    const {config} = this.known
    const opened = this.opened ?? (await openInstances(instancesOf(this.known), signal))
    this.opened = opened
    const outcomes = await Promise.allSettled(opened.open.map(reportsOf))
    const answered = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    const lost = outcomes.flatMap((outcome, index) =>
      outcome.status === 'rejected' ? [{error: outcome.reason as Error, instance: opened.open[index]!.instance}] : [],
    )
    const silent = [...opened.away, ...lost]
    // Whoever was silent may be back by the next look, and at other nodes.
    if (silent.length > 0) this.close()
    return {
      guid: config.guid,
      name: config.name,
      links: answered.flatMap(({id, shards}) =>
        config.instances.filter((other) => other.id !== id).map((other) => lagOf(id, other.id, shards, answered)),
      ),
      silent: silent.map(({error, instance}) => ({
        cluster: instance.config.cluster,
        error: error.message,
        id: instance.id,
      })),
    }
  }

  close(): void {
    this.opened?.close()
    this.opened = undefined
  }
}

interface Reports {
  readonly id: number
  /** By shard. */
  readonly shards: readonly (readonly PeerReport[])[]
}

async function reportsOf({instance, nodes}: OpenInstance): Promise<Reports> {
  return {id: instance.id, shards: await Promise.all(nodes.primaries.map(readPeers))}
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
