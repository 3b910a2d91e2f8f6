import {CliError} from '../kernel/errors.js'
import {nearest} from '../kernel/nearest.js'
import {requireEnvironmentName} from './spec.js'
import type {EnvironmentState, EnvironmentStore} from './store.js'

/**
 * The environment of that name, as it was meant to be.
 *
 * @throws {CliError} BAD_FLAG, NOT_FOUND with the nearest name, ENVIRONMENT_EXISTS if its file cannot be read
 */
export async function requireEnvironment(store: EnvironmentStore, rawName: string): Promise<EnvironmentState> {
  const name = requireEnvironmentName(rawName)
  const state = await store.read(name)
  if (state) return state
  const names = await store.names()
  const meant = nearest(
    name,
    names.filter((each) => each !== name),
  )
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`
  throw new CliError('NOT_FOUND', `there is no environment ${name}${hint}`, {
    details: {environments: names, ...(meant !== undefined && {didYouMean: [meant]})},
    suggestions: [names.length > 0 ? 'shoal ps' : `shoal up --name ${name}`],
  })
}
