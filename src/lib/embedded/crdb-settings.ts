import {nearest} from '../kernel/nearest.js'
import {CRDB_DEFAULTS, type CrdbSettings, type StreamIdMode} from '../model/crdb.js'

/** Database settings by the names that crdb-cli and rladmin give them. */
export interface CrdbDatabaseConfig {
  /** Which ids XADD takes. Default `strict`: `*` or milliseconds; the rest of the id tells the region. */
  readonly crdt_xadd_id_uniqueness_mode?: StreamIdMode
  readonly causal_consistency?: boolean
  /** Bytes, or `512mb`, `1GB`, `10g`; of each region. Default 0: no limit. */
  readonly memory_size?: number | string
  /** `noeviction` (default), `allkeys-lru`, ... */
  readonly eviction_policy?: string
  /** Bytes of effects kept per shard for regions that are away: `auto` (1 % of the memory size, 1 to 250 MB), or a number of MB. */
  readonly crdt_repl_backlog_size?: number | 'auto'
  /** HINCRBY of a field that HSET made. Default false: refused, as the product does. */
  readonly crdt_hincrby_on_fields?: boolean
  /** TYPE answers `counter` for what INCR made, as old releases did. Default false. */
  readonly crdt_counter_type?: boolean
}

/** A setting that there is not, or a value that it does not take. */
export class CrdbSettingError extends Error {
  override readonly name = 'CrdbSettingError'
}

type Read = (value: unknown) => Partial<CrdbSettings>

const MODES: readonly StreamIdMode[] = ['strict', 'semi-strict', 'liberal']
const POLICIES = [
  'noeviction',
  ...['lru', 'lfu', 'random'].map((what) => `allkeys-${what}`),
  ...['lru', 'lfu', 'random', 'ttl'].map((what) => `volatile-${what}`),
]
const MEGABYTE = 1024 * 1024
const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  g: 1024 * MEGABYTE,
  gb: 1024 * MEGABYTE,
  k: 1024,
  kb: 1024,
  m: MEGABYTE,
  mb: MEGABYTE,
}
const SIZE = /^(\d{1,15})([a-z]{0,2})$/i

const READERS: Readonly<Record<keyof CrdbDatabaseConfig, Read>> = {
  causal_consistency: (value) => ({causalConsistency: flag('causal_consistency', value)}),
  crdt_counter_type: (value) => ({counterType: flag('crdt_counter_type', value)}),
  crdt_repl_backlog_size: (value) => ({backlogBytes: backlog(value)}),
  crdt_xadd_id_uniqueness_mode: (value) => ({streamIdMode: oneOf('crdt_xadd_id_uniqueness_mode', value, MODES)}),
  eviction_policy: (value) => ({evictionPolicy: oneOf('eviction_policy', value, POLICIES)}),
  crdt_hincrby_on_fields: (value) => ({hincrbyOnFields: flag('crdt_hincrby_on_fields', value)}),
  memory_size: (value) => ({memorySize: bytes('memory_size', value)}),
}

/** @throws {CrdbSettingError} that names the setting, and the nearest there is */
export function readCrdbConfig(config: CrdbDatabaseConfig): CrdbSettings {
  let settings = CRDB_DEFAULTS
  for (const [name, value] of Object.entries(config)) {
    if (value === undefined) continue
    const read = Object.hasOwn(READERS, name) ? READERS[name as keyof CrdbDatabaseConfig] : undefined
    if (read === undefined) throw new CrdbSettingError(unknownSetting(name))
    settings = {...settings, ...read(value)}
  }
  return settings
}

function unknownSetting(name: string): string {
  const names = Object.keys(READERS)
  const meant = nearest(name, names)
  return `there is no database setting ${name}${meant ? `; did you mean ${meant}?` : `. There are ${names.join(', ')}`}`
}

function flag(name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw new CrdbSettingError(`${name} is true or false, not ${shown(value)}`)
}

function oneOf<T extends string>(name: string, value: unknown, values: readonly T[]): T {
  const found = values.find((one) => one === value)
  if (found !== undefined) return found
  const meant = typeof value === 'string' ? nearest(value, values) : undefined
  throw new CrdbSettingError(
    `${name} is one of ${values.join(', ')}, not ${shown(value)}${meant ? `; did you mean ${meant}?` : ''}`,
  )
}

function bytes(name: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  const [, digits = '', unit = ''] = (typeof value === 'string' && SIZE.exec(value)) || []
  const factor = UNITS[unit.toLowerCase()]
  if (digits !== '' && factor !== undefined) return Number(digits) * factor
  throw new CrdbSettingError(`${name} is a number of bytes, or as 512mb or 1GB, not ${shown(value)}`)
}

function backlog(value: unknown): number {
  if (value === 'auto') return 0
  if (typeof value === 'number' && value > 0) return Math.round(value * MEGABYTE)
  throw new CrdbSettingError(`crdt_repl_backlog_size is auto or a number of MB, not ${shown(value)}`)
}

function shown(value: unknown): string {
  return JSON.stringify(value) ?? String(value)
}
