import {chmod, mkdir, readdir, readFile, rename, rm, writeFile} from 'node:fs/promises'
import {join, resolve} from 'node:path'
import {CliError, messageOf} from '../../kernel/errors.js'
import {nearest} from '../../kernel/nearest.js'
import type {CrdbConfig, CrdbInstance} from '../../model/crdb.js'

/**
 * The active-active databases that were made from this machine (mode 0600, for they hold credentials):
 *
 *     STATE/crdbs/GUID.json
 *
 * What a database *is*, its nodes say (CRDT.CONFIG GET); this says where they are.
 */
export interface KnownDatabase {
  readonly version: 1
  /** As this machine told it to the nodes last. */
  readonly config: CrdbConfig
  /** One for each of `config.instances`, in their order. */
  readonly instances: readonly KnownInstance[]
  /** Of clients, if it was made with one. */
  readonly password?: string
  /** Taken out without being spoken to: `purge-instance` cleans them up. */
  readonly abandoned?: readonly KnownInstance[]
  /** The port it was made with; none where all of its instances are clusters of their own. */
  readonly port?: number
}

/** How this machine gets at an instance. */
export interface KnownInstance {
  readonly id: number
  readonly place: InstancePlace
  /** `HOST:PORT` where this machine reaches its nodes; those of an environment all, of another cluster the ones it was named by. */
  readonly seeds: readonly string[]
  /** What a user of this machine logs in with. */
  readonly login: Login
}

export type InstancePlace =
  | {readonly kind: 'region'; readonly environment: string; readonly region: string}
  /** A cluster that stood before: it is left standing. */
  | {readonly kind: 'endpoint'; readonly endpoint: string}

export interface Login {
  readonly username?: string
  readonly password?: string
  /** Paths of PEM files, or what is in them. */
  readonly clientCert?: string
  readonly clientKey?: string
  readonly trustedCa?: string
}

/** An instance with what the nodes know of it. */
export interface DatabaseInstance extends KnownInstance {
  readonly config: CrdbInstance
}

export function instancesOf({config, instances}: KnownDatabase): DatabaseInstance[] {
  return config.instances.flatMap((each) => {
    const known = instances.find(({id}) => id === each.id)
    return known ? [{...known, config: each}] : []
  })
}

/** @param stateFolder - of all of Shoal's state */
export function crdbsFolder(stateFolder: string): string {
  return join(resolve(stateFolder), 'crdbs')
}

/** All of them, by name. A file that is none is left out. */
export async function readDatabases(folder: string): Promise<KnownDatabase[]> {
  const names = await readdir(folder).catch(() => [] as string[])
  const found = await Promise.all(
    names
      .filter((name) => name.endsWith('.json'))
      .map(async (name) => {
        try {
          const known = JSON.parse(await readFile(join(folder, name), 'utf8')) as KnownDatabase | null
          return known?.version === 1 && Array.isArray(known.instances) ? [known] : []
        } catch {
          return []
        }
      }),
  )
  return found.flat().sort((a, b) => (a.config.name < b.config.name ? -1 : 1))
}

/** @throws {CliError} ENVIRONMENT_LACKS if it cannot be written */
export async function writeDatabase(folder: string, known: KnownDatabase): Promise<void> {
  const path = join(folder, `${known.config.guid}.json`)
  const draft = `${path}.${process.pid}.tmp`
  try {
    await mkdir(folder, {mode: 0o700, recursive: true})
    await writeFile(draft, `${JSON.stringify(known, null, 2)}\n`, {mode: 0o600})
    await chmod(draft, 0o600)
    await rename(draft, path)
  } catch (error) {
    throw new CliError('ENVIRONMENT_LACKS', `${path} cannot be written: ${messageOf(error)}`, {
      cause: error,
      suggestions: ['Set SHOAL_STATE_DIR to a folder that can be written.'],
    })
  }
}

/** That it is gone is fine. */
export async function forgetDatabase(folder: string, guid: string): Promise<void> {
  await rm(join(folder, `${guid}.json`), {force: true})
}

/**
 * The database that somebody means.
 *
 * @param word - guid, also as `crdb:GUID`, or name; undefined: the only one there is
 * @throws {CliError} NOT_FOUND with the nearest name; BAD_FLAG where there are several and none is named
 */
export function chooseDatabase(databases: readonly KnownDatabase[], word: string | undefined): KnownDatabase {
  const names = databases.map(({config}) => config.name)
  if (word === undefined) {
    const [only, another] = databases
    if (only && !another) return only
    if (!only)
      throw new CliError('NOT_FOUND', 'there is no active-active database', {suggestions: ['shoal crdb create --help']})
    throw new CliError('BAD_FLAG', `which database? There are ${names.join(', ')}`, {
      details: {databases: databases.map(({config: {guid, name}}) => ({guid, name}))},
      suggestions: [`--crdb-guid ${names[0]}`, 'shoal crdb list'],
    })
  }
  const wanted = word.replace(/^crdb:/, '')
  const found = databases.find(({config}) => config.guid === wanted.toLowerCase() || config.name === wanted)
  if (found) return found
  const meant = nearest(wanted, names)
  throw new CliError('NOT_FOUND', `there is no database ${word}${meant ? `. Did you mean ${meant}?` : ''}`, {
    details: {databases: databases.map(({config: {guid, name}}) => ({guid, name}))},
    suggestions: ['shoal crdb list'],
  })
}
