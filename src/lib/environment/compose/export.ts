import {basename} from 'node:path'
import {CliError} from '../../kernel/errors.js'
import {differencesOf} from '../differences.js'
import {openEnvironment} from '../open.js'
import {type EnvironmentRequest, type EnvironmentSpec, planEnvironment} from '../spec.js'
import type {EnvironmentStore} from '../store.js'
import type {ProjectOptions} from './project.js'

const VALKEY_IMAGE = 'valkey/valkey:8.1'

/**
 * What to export: the environment of that name, or, where the request says how it is to be, one that need not exist. The
 * password may be another in either case: it is the project's own.
 *
 * @throws {CliError} as `openEnvironment`; ENVIRONMENT_EXISTS if it is there and is another
 */
export async function specToExport(store: EnvironmentStore, request: EnvironmentRequest): Promise<EnvironmentSpec> {
  const {name, password, ...rest} = request
  const isDescribed = Object.keys(rest).length > 0
  if (isDescribed && !(await store.read(name))) return planEnvironment(request)
  const {spec} = await openEnvironment(store, name)
  const differences = differencesOf({...rest, name}, spec)
  if (differences.length > 0) {
    throw new CliError('ENVIRONMENT_EXISTS', `environment ${name} exists: ${differences.join(', ')}`, {
      details: {differences, name},
      suggestions: [`shoal compose --name ${name}`, 'shoal compose --name OTHER'],
    })
  }
  return {...spec, ...(password !== undefined && {password})}
}

/** The image by which an environment's nodes run elsewhere: its own if it has one that others have too, else the like of it. */
export function imageOf({engine, program}: EnvironmentSpec): ProjectOptions {
  if (program === undefined || engine === 'embedded') return {}
  // What Shoal builds is on this machine only, and has no shell.
  if (engine === 'docker' && !basename(program).startsWith('shoal-')) return {image: program}
  return basename(program)
    .replace(/^shoal-/, '')
    .startsWith('valkey')
    ? {image: VALKEY_IMAGE}
    : {}
}
