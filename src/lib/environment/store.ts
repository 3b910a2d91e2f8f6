import {chmod, mkdir, readdir, readFile, rename, rm, rmdir, writeFile} from 'node:fs/promises'
import {dirname, join, resolve} from 'node:path'
import {ENGINES} from '../engine/engine.js'
import {CliError, messageOf} from '../kernel/errors.js'
import type {FaultRecord} from './faults/record.js'
import {type EnvironmentSpec, PERSISTENCES, planEnvironment, TOPOLOGIES} from './spec.js'

/**
 * What an environment is meant to be: names, ports, secrets (mode 0600). What it *is*, the engine says.
 *
 *     STATE/environments/NAME/environment.json   this file
 *     STATE/environments/NAME/nodes/NODE/        the engine's
 *     STATE/environments/NAME.lock               while one process changes it; which, stands in NAME.lock.holder
 */
export interface EnvironmentState {
  readonly version: 2
  readonly spec: EnvironmentSpec
  /** Hosts under which nodes are known to each other, by name; what `Engine.prepare` said. */
  readonly peerHosts: Readonly<Record<string, string>>
  /** Those in force, oldest first. The engine says what is true; this says what was meant. */
  readonly faults: readonly FaultRecord[]
  /** The number of the fault made last, in force or not: no id is used twice. */
  readonly lastFault?: number
  /** False from the first process until the cluster is ready: what an interrupted `up` left is not an environment. */
  readonly formed: boolean
}

const FILE_NAME = 'environment.json'

export class EnvironmentStore {
  /** One folder per environment below it. */
  readonly folder: string

  constructor(stateFolder: string) {
    this.folder = join(resolve(stateFolder), 'environments')
  }

  /** Names of the environments that have a folder, ascending. */
  async names(): Promise<string[]> {
    const entries = await readdir(this.folder, {withFileTypes: true}).catch((error) => {
      if (isMissing(error)) return []
      throw unusable(this.folder, error)
    })
    return entries
      .filter((entry) => entry.isDirectory() && !entry.name.includes('.'))
      .map(({name}) => name)
      .sort()
  }

  /** @throws {CliError} ENVIRONMENT_EXISTS if there is a file that is not one of ours */
  async read(name: string): Promise<EnvironmentState | undefined> {
    const path = join(this.folder, name, FILE_NAME)
    try {
      return parseState(await readFile(path, 'utf8'))
    } catch (error) {
      if (isMissing(error)) return undefined
      throw new CliError('ENVIRONMENT_EXISTS', `${path} cannot be read: ${messageOf(error)}`, {
        suggestions: [`shoal down --name ${name}`],
      })
    }
  }

  /** @throws {CliError} ENVIRONMENT_LACKS if the state folder cannot be written */
  async write(state: EnvironmentState): Promise<void> {
    const folder = join(this.folder, state.spec.name)
    const path = join(folder, FILE_NAME)
    const draft = `${path}.${process.pid}.tmp`
    try {
      await mkdir(folder, {mode: 0o700, recursive: true})
      await writeFile(draft, `${JSON.stringify(state, null, 2)}\n`, {mode: 0o600})
      await chmod(draft, 0o600)
      await rename(draft, path)
    } catch (error) {
      throw unusable(folder, error)
    }
  }

  /** Deletes all that an environment keeps. Nothing there is fine. */
  async remove(name: string): Promise<void> {
    await rm(join(this.folder, name), {force: true, recursive: true})
  }

  lockPath(name: string): string {
    return join(this.folder, `${name}.lock`)
  }

  /**
   * Makes the folder.
   *
   * @returns the topmost folder that was missing, for `prune`
   * @throws {CliError} ENVIRONMENT_LACKS
   */
  async makeFolder(): Promise<string | undefined> {
    return mkdir(this.folder, {mode: 0o700, recursive: true}).catch((error) => {
      throw unusable(this.folder, error)
    })
  }

  /** Removes folders that hold nothing: `environments`, and those above it up to `topmost`, if this run made them. */
  async prune(topmost: string | undefined): Promise<void> {
    const last = topmost ?? this.folder
    for (let folder = this.folder; folder.length >= last.length; folder = dirname(folder)) {
      try {
        await rmdir(folder)
      } catch {
        return
      }
    }
  }
}

function parseState(text: string): EnvironmentState {
  const state = JSON.parse(text) as (Omit<Partial<EnvironmentState>, 'version'> & {readonly version?: number}) | null
  if (state?.version !== 1 && state?.version !== 2) throw new Error('written by another version of Shoal')
  const spec = (state.version === 1 ? upgradeSpec(state.spec) : state.spec) as Partial<EnvironmentSpec> | undefined
  const {basePort, engine = '', name, nodes, persistence = '', primaries, replicas, topology = ''} = spec ?? {}
  const isSpec =
    typeof name === 'string' && [basePort, primaries, replicas].every(Number.isInteger) && Array.isArray(nodes)
  const isKnown = [
    ENGINES.some((each) => each === engine),
    PERSISTENCES.some((each) => each === persistence),
    TOPOLOGIES.some((each) => each === topology),
  ]
  if (!isSpec || isKnown.includes(false)) throw new Error('not an environment')
  const {faults = [], formed = false, lastFault, peerHosts = {}} = state
  const numbered = lastFault === undefined ? {} : {lastFault}
  return {...numbered, faults, formed, peerHosts, spec: spec as EnvironmentSpec, version: 2}
}

/** Version 1 had embedded clusters only, with Redis's own node timeout. */
function upgradeSpec(spec: Partial<EnvironmentSpec> | undefined): EnvironmentSpec | undefined {
  return spec && planEnvironment({nodeTimeoutMs: 15_000, ...spec, name: spec.name ?? ''})
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}

function unusable(folder: string, error: unknown): CliError {
  return new CliError('ENVIRONMENT_LACKS', `the state folder ${folder} cannot be used: ${messageOf(error)}`, {
    cause: error,
    suggestions: ['Set SHOAL_STATE_DIR to a folder that can be written.'],
  })
}
