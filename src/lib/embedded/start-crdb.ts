import {randomUUID} from 'node:crypto'
import {setTimeout as delay, setImmediate as nextTurn} from 'node:timers/promises'
import {type CrdbConfig, type CrdbSettings, REGION_MAX} from '../model/crdb.js'
import {shardSettings, startSettings} from '../plan/crdb/node-settings.js'
import {connectRegions, cutLinks} from './crdb-instances.js'
import {type CrdbRegion, EmbeddedRegion} from './crdb-region.js'
import {type CrdbDatabaseConfig, readCrdbConfig} from './crdb-settings.js'
import {describeLacks, lacksAmong, stillLacking} from './lacks.js'
import {formCluster} from './start-cluster.js'
import {openNode} from './start-node.js'
import {type CrdbVerification, verifyRegions} from './verify-crdb.js'

export interface CrdbOptions {
  /** 2 to 63; the default is 3. */
  readonly regions?: number
  /** Primaries of each region; the default is 1. */
  readonly shards?: number
  /** Of each shard; the default is 0. */
  readonly replicas?: number
  /** Database settings by the names of crdb-cli and rladmin: `{crdt_xadd_id_uniqueness_mode: 'liberal'}`. */
  readonly config?: CrdbDatabaseConfig
  /** Further settings of all nodes by their redis.conf names: `{requirepass: 'secret'}`. */
  readonly settings?: Readonly<Record<string, string>>
}

export interface SettleOptions {
  /** The default is 10,000. */
  readonly timeoutMs?: number
}

/** One active-active database in several regions, all in this process. */
export interface StartedCrdb {
  readonly regions: readonly CrdbRegion[]
  /** @param id - from 1 @throws RangeError if there is no such region */
  region(id: number): CrdbRegion
  /**
   * From now on regions of different groups hear nothing of each other: `[[1], [2, 3]]`. Regions that are named in none
   * are one group more. Replaces an earlier partition.
   *
   * @throws RangeError if a region is unknown or named twice
   */
  partition(groups: readonly (readonly number[])[]): Promise<void>
  /** All regions hear of each other again. */
  heal(): Promise<void>
  /**
   * Resolves when every region has applied every effect that had been applied in a region it can reach: those are equal then,
   * unless somebody writes meanwhile.
   *
   * @throws {SettleError} after `timeoutMs`: which region waits for which slots of whom
   */
  settle(options?: SettleOptions): Promise<void>
  /** Of all regions: see {@link CrdbRegion.setClock}. */
  setClock(ms: number | undefined): void
  /** Of all regions. */
  advanceClock(ms: number): void
  /**
   * Compares the regions key by key: what they hold, and what their clients see. Regions that are apart differ, which is said
   * as it is. Not while somebody writes.
   */
  verify(): Promise<CrdbVerification>
  /** Closes all; nothing keeps the process alive. Safe to call twice. */
  stop(): Promise<void>
}

/** Some region does not get what others have; the message says who waits for what. */
export class SettleError extends Error {
  override readonly name = 'SettleError'
}

const DEFAULT_REGIONS = 3
const SETTLE_WITHIN_MS = 10_000
/** So long every turn of the loop is looked at, in which the nodes work too; then every millisecond. */
const HASTE_MS = 20

/**
 * Starts the regions, resolved when each takes writes and hears of all others.
 *
 * @throws RangeError, {CliError} BAD_FLAG if an option is wrong; as `startNode`; whatever was started is stopped then
 */
export async function startCrdb(options: CrdbOptions = {}): Promise<StartedCrdb> {
  const regionCount = inRange('regions', options.regions ?? DEFAULT_REGIONS, 2, REGION_MAX)
  const given = readCrdbConfig(options.config ?? {})
  const shardCount = inRange('shards', options.shards ?? given.shardsCount, 1)
  const replicaCount = inRange('replicas', options.replicas ?? Number(given.replication), 0)
  const config: CrdbSettings = {...given, replication: replicaCount > 0, shardsCount: shardCount}
  const settings = {...startSettings(config), ...shardSettings(config), ...options.settings}
  const password = options.settings?.['requirepass']
  const regions = Array.from({length: regionCount}, (_, i) => new EmbeddedRegion(i + 1, password))
  const crdb = new EmbeddedCrdb(regions)
  try {
    await Promise.all(regions.map((region) => startRegion(region, {replicaCount, settings, shardCount})))
    await connectRegions(regions, configOf(regions, config, password))
    await crdb.settle()
  } catch (error) {
    await crdb.stop()
    throw error
  }
  return crdb
}

interface RegionPlan {
  readonly shardCount: number
  readonly replicaCount: number
  readonly settings: Readonly<Record<string, string>>
}

async function startRegion(region: EmbeddedRegion, {replicaCount, settings, shardCount}: RegionPlan): Promise<void> {
  const opened = await Promise.all(
    Array.from({length: shardCount * (replicaCount + 1)}, () =>
      openNode({settings: {...settings, 'cluster-enabled': 'yes'}}, region.clock),
    ),
  )
  for (const one of opened) region.add(one)
  await formCluster(opened, shardCount)
}

function configOf(
  regions: readonly EmbeddedRegion[],
  settings: CrdbSettings,
  password: string | undefined,
): CrdbConfig {
  return {
    guid: randomUUID(),
    instances: regions.map(({id, nodes}) => ({
      cluster: `region${id}`,
      // Loopback is faster than any deflating.
      compression: 0,
      endpoints: nodes.map(({host, port}) => `${host}:${port}`),
      id,
      ...(password === undefined ? {} : {password}),
    })),
    name: 'embedded',
    removed: [],
    settings,
    version: 1,
  }
}

function inRange(name: string, value: number, min: number, max = Number.POSITIVE_INFINITY): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value
  const range = max === Number.POSITIVE_INFINITY ? `at least ${min}` : `${min} to ${max}`
  throw new RangeError(`${name} is a whole number, ${range}, not ${value}`)
}

class EmbeddedCrdb implements StartedCrdb {
  /** Who hears of each other. */
  private groups: readonly (readonly EmbeddedRegion[])[]
  private stopping: Promise<void> | undefined

  constructor(readonly regions: readonly EmbeddedRegion[]) {
    this.groups = [regions]
  }

  region(id: number): EmbeddedRegion {
    const found = this.regions.find((region) => region.id === id)
    if (found !== undefined) return found
    throw new RangeError(`there is no region ${id}; there are ${this.regions.map((region) => region.id).join(', ')}`)
  }

  async partition(groups: readonly (readonly number[])[]): Promise<void> {
    const named = groups.flat()
    const twice = named.find((id, index) => named.indexOf(id) !== index)
    if (twice !== undefined) throw new RangeError(`region ${twice} is named twice`)
    const rest = this.regions.filter(({id}) => !named.includes(id))
    this.groups = [...groups.map((ids) => ids.map((id) => this.region(id))), rest].filter(({length}) => length > 0)
    this.cut()
  }

  async heal(): Promise<void> {
    this.groups = [this.regions]
    this.cut()
  }

  private cut(): void {
    for (const group of this.groups) {
      const others = this.regions.filter((region) => !group.includes(region)).map(({id}) => id)
      for (const region of group) cutLinks(region, others)
    }
  }

  async settle({timeoutMs = SETTLE_WITHIN_MS}: SettleOptions = {}): Promise<void> {
    const byId = new Map(this.regions.map((region) => [region.id, region]))
    const startedMs = performance.now()
    let lacks = this.groups.flatMap(lacksAmong)
    while (lacks.length > 0) {
      const tookMs = performance.now() - startedMs
      if (tookMs > timeoutMs) throw new SettleError(`after ${timeoutMs} ms ${describeLacks(lacks)}`)
      if (tookMs < HASTE_MS) await nextTurn()
      else await delay(1)
      lacks = stillLacking(lacks, byId)
    }
  }

  setClock(ms: number | undefined): void {
    for (const region of this.regions) region.setClock(ms)
  }

  advanceClock(ms: number): void {
    for (const region of this.regions) region.advanceClock(ms)
  }

  verify(): Promise<CrdbVerification> {
    return verifyRegions(this.regions)
  }

  stop(): Promise<void> {
    this.stopping ??= Promise.all(this.regions.map((region) => region.stop())).then(() => undefined)
    return this.stopping
  }
}
