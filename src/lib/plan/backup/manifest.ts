import {CliError} from '../../kernel/errors.js'
import {parseRanges} from '../../model/slot-set.js'

/**
 * `manifest.json`: what a backup holds. It is written last, so a folder without one is no backup, or one that was cut
 * short.
 */
export const MANIFEST_FILE = 'manifest.json'
const FORMAT = 'shoal-backup'
const VERSION = 1

/** A file of the backup, by its name in the folder. */
export interface BackupFile {
  readonly file: string
  readonly bytes: number
  /** Hex. */
  readonly sha256: string
}

export interface ShardEntry extends BackupFile {
  /** Of the primary. */
  readonly id: string
  readonly address: string
  readonly slots: string
  readonly configEpoch: number
  /** Whom the data was taken from. */
  readonly source: {
    readonly id: string
    readonly address: string
    readonly role: 'primary' | 'replica'
    readonly lagBytes: number
  }
  /** History and position of the data; null if the node did not tell. */
  readonly replication: {readonly id: string; readonly offset: number} | null
  readonly redisVersion: string
  readonly rdbVersion: number
  /** Database -> keys of the shard's slots. */
  readonly keys: Readonly<Record<string, number>>
  readonly expires: number
  readonly strayKeys: number
  /** What the data took in memory. */
  readonly memoryBytes: number
}

export interface Manifest {
  readonly format: typeof FORMAT
  readonly version: typeof VERSION
  /** ISO 8601; each shard's data is of a moment between the two. */
  readonly startedAt: string
  readonly finishedAt: string
  readonly cluster: {
    readonly seed: string
    /** Of the ids of the primaries with slots: the same for two backups of one cluster that did not change hands. */
    readonly fingerprint: string
    readonly currentEpoch: number
  }
  readonly shards: readonly ShardEntry[]
  /** FUNCTION DUMP as the node gave it; null before Redis 7.0. */
  readonly functions: (BackupFile & {readonly libraries: readonly string[]}) | null
  /** ACL LIST, one user a line, with hashes of passwords; null if it was not wanted. */
  readonly acl: (BackupFile & {readonly users: readonly string[]}) | null
  /** Settings of the first primary, for whoever builds the cluster anew. */
  readonly config: Readonly<Record<string, string>>
  readonly warnings: readonly string[]
}

export function makeManifest(fields: Omit<Manifest, 'format' | 'version'>): Manifest {
  return {format: FORMAT, version: VERSION, ...fields}
}

/**
 * @param text - of the file
 * @throws {CliError} PREFLIGHT_FAILED if it is not a manifest, or one of a later version
 */
export function parseManifest(text: string): Manifest {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw notOne('it is not JSON')
  }
  const manifest = asObject(value, 'the manifest')
  if (manifest['format'] !== FORMAT) throw notOne('it is not the manifest of a backup')
  if (manifest['version'] !== VERSION) {
    throw notOne(`its version is ${JSON.stringify(manifest['version'])}, and this program knows ${VERSION}`)
  }
  const shards = asArray(manifest['shards'], 'shards')
  for (const [index, shard] of shards.entries()) {
    const where = `shards[${index}]`
    checkShard(asObject(shard, where), where)
  }
  for (const part of ['functions', 'acl'] as const) {
    if (manifest[part] !== null) checkFile(asObject(manifest[part], part), part)
  }
  for (const field of ['startedAt', 'finishedAt']) checkText(manifest[field], field)
  if (manifest['acl'] !== null) {
    const users = asArray(asObject(manifest['acl'], 'acl')['users'], 'acl.users')
    for (const [index, user] of users.entries()) checkText(user, `acl.users[${index}]`)
  }
  return manifest as unknown as Manifest
}

/** Only what is relied on: text that is shown may be anything. */
function checkShard(shard: Readonly<Record<string, unknown>>, where: string): void {
  checkFile(shard, where)
  if (typeof shard['slots'] !== 'string' || parseRanges(shard['slots']) === undefined) throw notOne(`${where}.slots`)
  for (const field of ['expires', 'strayKeys', 'memoryBytes']) checkCount(shard[field], `${where}.${field}`)
  for (const [name, count] of Object.entries(asObject(shard['keys'], `${where}.keys`))) {
    checkCount(count, `${where}.keys.${name}`)
  }
  asObject(shard['source'], `${where}.source`)
}

function checkFile({bytes, file, sha256}: Readonly<Record<string, unknown>>, where: string): void {
  // A name, not a way out of the folder.
  if (typeof file !== 'string' || !/^\w[\w.-]*$/.test(file)) throw notOne(`${where}.file`)
  checkCount(bytes, `${where}.bytes`)
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) throw notOne(`${where}.sha256`)
}

function checkCount(value: unknown, where: string): void {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw notOne(where)
}

function checkText(value: unknown, where: string): void {
  if (typeof value !== 'string') throw notOne(where)
}

function asObject(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw notOne(where)
  return value as Readonly<Record<string, unknown>>
}

function asArray(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw notOne(where)
  return value
}

function notOne(what: string): CliError {
  return new CliError('PREFLIGHT_FAILED', `${MANIFEST_FILE} cannot be used: ${what}`)
}
