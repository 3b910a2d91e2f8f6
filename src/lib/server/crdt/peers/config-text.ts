import {CRDB_DEFAULTS, type CrdbConfig, type CrdbInstance, type CrdbSettings, REGION_MAX} from '../../../model/crdb.js'

/** A configuration that cannot be used; `message` is for whoever gave it. */
export class CrdbConfigError extends Error {
  override readonly name = 'CrdbConfigError'
}

const COMPRESSION_MAX = 6
const ENDPOINT = /^(\[[^\]]+\]|[^:\s]+):\d{1,5}$/
const MODES = new Set(['liberal', 'semi-strict', 'strict'])

/** @param json - a CrdbConfig; settings that are left out have their defaults @throws CrdbConfigError */
export function parseCrdbConfig(json: string): CrdbConfig {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (error) {
    throw new CrdbConfigError(`the configuration is no JSON: ${(error as Error).message}`)
  }
  const {guid, instances, name, removed = [], settings = {}, version} = requireObject(value, 'the configuration')
  if (!Array.isArray(instances)) throw new CrdbConfigError('instances is no list')
  if (!Array.isArray(removed) || !removed.every(isRegion)) throw new CrdbConfigError('removed is no list of ids')
  const read = instances.map(instanceFrom)
  const ids = read.map(({id}) => id)
  const twice = ids.find((id, index) => ids.indexOf(id) !== index)
  if (twice !== undefined) throw new CrdbConfigError(`two instances have the id ${twice}`)
  const gone = ids.find((id) => removed.includes(id))
  if (gone !== undefined) throw new CrdbConfigError(`the id ${gone} was given before, to an instance that was removed`)
  return {
    guid: requireText(guid, 'guid'),
    instances: read,
    name: requireText(name, 'name'),
    removed,
    settings: settingsFrom(settings),
    version: requireCount(version, 'version', 1, Number.MAX_SAFE_INTEGER),
  }
}

function instanceFrom(value: unknown): CrdbInstance {
  const {cluster, compression = 0, endpoints, id, password, username} = requireObject(value, 'an instance')
  if (!isRegion(id)) throw new CrdbConfigError(`the id of an instance is a number from 1 to ${REGION_MAX}`)
  const areEndpoints =
    Array.isArray(endpoints) && endpoints.every((one) => typeof one === 'string' && ENDPOINT.test(one))
  if (!areEndpoints) throw new CrdbConfigError(`the endpoints of instance ${id} are no list of HOST:PORT`)
  return {
    cluster: requireText(cluster, `the cluster of instance ${id}`),
    compression: requireCount(compression, `the compression of instance ${id}`, 0, COMPRESSION_MAX),
    endpoints,
    id,
    ...optionalText('password', password),
    ...optionalText('username', username),
  }
}

function optionalText<Name extends string>(name: Name, value: unknown): {[name in Name]?: string} {
  if (value === undefined || value === null) return {}
  if (typeof value !== 'string') throw new CrdbConfigError(`the ${name} of an instance is no text`)
  return {[name]: value} as {[name in Name]?: string}
}

/** Each of the kind that its default is. */
function settingsFrom(value: unknown): CrdbSettings {
  const given = requireObject(value, 'settings')
  for (const [key, fallback] of Object.entries(CRDB_DEFAULTS)) {
    const one = given[key]
    if (one === undefined || typeof one === typeof fallback) continue
    throw new CrdbConfigError(`the setting ${key} is no ${typeof fallback}`)
  }
  const unknown = Object.keys(given).find((key) => !(key in CRDB_DEFAULTS))
  if (unknown !== undefined) throw new CrdbConfigError(`there is no setting ${unknown}`)
  const settings = {...CRDB_DEFAULTS, ...given} as CrdbSettings
  if (!MODES.has(settings.streamIdMode)) throw new CrdbConfigError('streamIdMode is strict, semi-strict or liberal')
  return settings
}

function requireObject(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CrdbConfigError(`${what} is no JSON object`)
  }
  return value as Record<string, unknown>
}

function requireText(value: unknown, what: string): string {
  if (typeof value !== 'string' || value === '') throw new CrdbConfigError(`${what} is no text`)
  return value
}

function requireCount(value: unknown, what: string, min: number, max: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value
  throw new CrdbConfigError(`${what} is no number from ${min} to ${max}`)
}

function isRegion(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= REGION_MAX
}

/** What may be shown to everybody. */
export function withoutSecrets(config: CrdbConfig): CrdbConfig {
  return {...config, instances: config.instances.map(({password: _, ...shown}) => shown)}
}

/** Whoever changed what was shown to them without passwords does not mean to take them away; an empty one does. */
export function withSecretsOf(config: CrdbConfig, before: CrdbConfig): CrdbConfig {
  const instances = config.instances.map((instance) => {
    const known = before.instances.find(({id}) => id === instance.id)
    const isMeant = instance.password !== undefined || known?.password === undefined
    return isMeant || known.username !== instance.username ? instance : {...instance, password: known.password}
  })
  return {...config, instances}
}
